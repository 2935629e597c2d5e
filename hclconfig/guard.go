package hclconfig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

const (
	maxDepth     = 100   // of brackets
	maxRecursion = 10000 // operators and brackets of a statement: each may be a level of the parser's recursion
	maxDigits    = 300   // of a number
	maxExponent  = 300
	maxCheap     = 9999   // digits and exponent of what can still be converted in no time
	maxProducts  = 100    // of a statement: each may double the digits of a number
	maxBlocks    = 50_000 // of a file; objects, in JSON
)

// guard looks at the tokens of a file before HCL parses it: its parser recurses without a bound, and takes 24 s for the
// seven digits of an exponent.
func guard(f *source) Diagnostics {
	var r report
	if i := badText(f.text); i >= 0 {
		r.at(rangeAt(f.name, f.text, i, i), "invalid-encoding", "", describeText(f.text, i))
		return r.found
	}
	g := guardian{report: &r, name: f.name, text: f.text}
	if f.json {
		g.json()
		return r.found
	}
	tokens, _ := hclsyntax.LexConfig(f.text, f.name, hcl.InitialPos) // the parser reports what is wrong with them
	g.tokens(tokens, nil)
	return r.found
}

// badText returns the first byte that is not part of UTF-8 text, or -1.
func badText(text []byte) int {
	if bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) {
		return 0
	}
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRune(text[i:])
		if c == 0 || c == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return -1
}

func describeText(text []byte, i int) string {
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return "It begins with a byte order mark. Save it as UTF-8 without one."
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return "It is UTF-16. Save it as UTF-8."
	case text[i] == 0:
		return "There is a NUL character here."
	}
	return "The byte here is not valid in UTF-8."
}

// guardian walks tokens.
type guardian struct {
	*report
	name string
	text []byte
}

func (g *guardian) fail(rng hcl.Range, rule, detail string) { g.at(rng, rule, "", detail) }

// tokens checks native tokens. Where they stand inside of a JSON string, at is the range of that string.
func (g *guardian) tokens(tokens hclsyntax.Tokens, at *hcl.Range) {
	depth, blocks, recursion, products := 0, 0, 0, 0 // blocks are the brackets that are no part of an expression
	total := 0
	for i, t := range tokens {
		rng := t.Range
		if at != nil {
			rng = *at
		}
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp,
			hclsyntax.TokenTemplateControl:
			if depth == blocks && opensBlock(tokens, i) {
				blocks++
				if total++; total > maxBlocks {
					g.fail(rng, "too-many-blocks", fmt.Sprintf("A file has at most %d.", maxBlocks))
					return
				}
			}
			depth, recursion = depth+1, recursion+1
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth--
			blocks = min(blocks, depth)
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
			if depth <= blocks { // the end of a statement; an expression in brackets goes on
				recursion, products = 0, 0
			}
		case hclsyntax.TokenNumberLit, hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit:
			if !isBounded(string(t.Bytes)) && (t.Type == hclsyntax.TokenNumberLit || !isCheap(string(t.Bytes))) {
				g.fail(rng, "number-out-of-range", "At most 300 digits and an exponent of at most 300.")
			}
		case hclsyntax.TokenIdent, hclsyntax.TokenComma, hclsyntax.TokenEqual, hclsyntax.TokenOQuote,
			hclsyntax.TokenCQuote, hclsyntax.TokenOHeredoc, hclsyntax.TokenCHeredoc:
		default: // operators, dots and what is invalid
			recursion++
			if t.Type == hclsyntax.TokenStar || t.Type == hclsyntax.TokenSlash {
				products++
			}
		}
		if products > maxProducts {
			g.fail(rng, "number-out-of-range", fmt.Sprintf("At most %d multiplications and divisions in one statement.", maxProducts))
			return
		}
		if depth > maxDepth || recursion > maxRecursion {
			g.fail(rng, "too-deep", fmt.Sprintf("At most %d brackets deep, and %d operators in one statement.", maxDepth,
				maxRecursion))
			return
		}
	}
}

// opensBlock reports whether a bracket is the brace behind the type or a label of a block.
func opensBlock(tokens hclsyntax.Tokens, i int) bool {
	return i > 0 && tokens[i].Type == hclsyntax.TokenOBrace &&
		(tokens[i-1].Type == hclsyntax.TokenIdent || tokens[i-1].Type == hclsyntax.TokenCQuote)
}

// isBounded reports whether text is no number, or one that an attribute could need.
func isBounded(text string) bool { return boundedBy(text, maxDigits, maxExponent) }

// isCheap reports the same with wider bounds, for text that an operator might convert to a number: it may as well be a
// password that looks like one.
func isCheap(text string) bool { return boundedBy(text, maxCheap, maxCheap) }

// boundedBy reports whether text is no number, or one of so many digits and an exponent that is no larger.
func boundedBy(text string, digits, limit int) bool {
	text = strings.TrimSpace(text)
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(text), "e")
	if strings.Trim(mantissa, "0123456789.+-") != "" || strings.Trim(exponent, "0123456789+-") != "" {
		return true
	}
	if len(mantissa) > digits {
		return false
	}
	if !hasExponent || exponent == "" {
		return true
	}
	n, err := strconv.Atoi(exponent)
	if err != nil {
		return strings.LastIndexAny(exponent, "+-") > 0 // "1e5-3" is text; digits that do not fit are not
	}
	return n <= limit && n >= -limit
}

// json checks JSON bytes: nesting, numbers, and the templates inside of strings. It stops at what is not JSON.
func (g *guardian) json() {
	depth := 0
	for i := 0; i < len(g.text); i++ {
		switch c := g.text[i]; {
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				g.fail(rangeAt(g.name, g.text, i, i+1), "too-deep", fmt.Sprintf("At most %d brackets deep.", maxDepth))
				return
			}
		case c == '}' || c == ']':
			depth--
		case c == '"':
			end := stringEnd(g.text, i)
			g.jsonString(i, end)
			i = end - 1
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(g.text) && strings.IndexByte("0123456789.eE+-", g.text[end]) >= 0 {
				end++
			}
			if !isBounded(string(g.text[i:end])) {
				g.fail(rangeAt(g.name, g.text, i, end), "number-out-of-range", "At most 300 digits and an exponent of at most 300.")
			}
			i = end - 1
		}
	}
}

// stringEnd returns the index behind the JSON string that begins at i.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// jsonString checks the template in a JSON string.
func (g *guardian) jsonString(start, end int) {
	raw := g.text[start:end]
	if !bytes.ContainsAny(raw, "0123456789$%\\") { // neither a number nor a template
		return
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return
	}
	if isCheap(text) && !strings.Contains(text, "${") && !strings.Contains(text, "%{") {
		return
	}
	rng := rangeAt(g.name, g.text, start, end)
	tokens, _ := hclsyntax.LexTemplate([]byte(text), g.name, hcl.InitialPos)
	g.tokens(tokens, &rng)
}

// rangeAt returns the range of the bytes from start to end, on the line of start.
func rangeAt(name string, text []byte, start, end int) hcl.Range {
	at := func(i int) hcl.Pos {
		line := bytes.Count(text[:i], []byte("\n")) + 1
		begin := bytes.LastIndexByte(text[:i], '\n') + 1
		return hcl.Pos{Line: line, Column: utf8.RuneCount(text[begin:i]) + 1, Byte: i}
	}
	return hcl.Range{Filename: name, Start: at(start), End: at(end)}
}
