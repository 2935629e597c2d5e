// Package bound is what reading a configuration may cost: who writes one is not always who runs it.
//
//	guard.go    what HCL's parser may be given; parse.go gives it that, and mistake.go says what was meant
//	foreign.go  what is said to those who write YAML or TOML
//	cost.go     what the expressions of a configuration may cost
//	numbers.go  how large a number may be
//	file.go     which files are read, and how much of them; quota.go how much all files of a load may hold
package bound

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/internal/function"
	"iggysink/internal/jsonscan"
)

const (
	maxDepth     = 100   // of brackets
	maxRecursion = 10000 // operators and brackets of a statement: each may be a level of the parser's recursion
	maxPieces    = 5000  // that a text is cut into: HCL joins each with all before it
	maxGuarded   = 100   // findings, before the rest is not looked at
)

// Guard looks at the tokens of a file before HCL parses it: its parser recurses without a bound, and takes 24 s for the
// seven digits of an exponent. The file is one of those that q counts; nil is one by itself.
func Guard(f *mask.File, q *Quota) finding.Diagnostics {
	if q == nil {
		q = new(Quota)
	}
	var r finding.Report
	if i := BadText(f.Text); i >= 0 {
		r.At(RangeAt(f.Name, f.Text, i, i), "invalid-encoding", "", describeText(f.Text, i))
		return r.Found
	}
	g := guardian{Report: &r, Quota: q, name: f.Name, text: f.Text}
	if f.JSON {
		g.json()
		return r.Found
	}
	if i := g.tooManyWords(f.Text); i >= 0 {
		g.At(RangeAt(f.Name, f.Text, i, i+1), "too-many-blocks", manyWords, "")
		return r.Found
	}
	tokens, _ := hclsyntax.LexConfig(f.Text, f.Name, hcl.InitialPos) // the parser reports what is wrong with them
	g.tokens(tokens, nil)
	return r.Found
}

// GuardTemplate looks at a text that is to be parsed as a template. It counts as a file of the load.
func GuardTemplate(name string, text []byte, q *Quota) finding.Diagnostics {
	var r finding.Report
	g := guardian{Report: &r, Quota: q, name: name, text: text}
	if i := g.tooManyWords(text); i >= 0 {
		g.At(RangeAt(name, text, i, i+1), "too-many-blocks", manyWords, "")
		return r.Found
	}
	tokens, _ := hclsyntax.LexTemplate(text, name, hcl.InitialPos) // the parser reports what is wrong with them
	g.tokens(tokens, nil)
	return r.Found
}

// BadText returns the first byte that is not part of UTF-8 text, or -1.
func BadText(text []byte) int {
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
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return "It is UTF-16. Save it as UTF-8."
	case text[i] == 0:
		return "There is a NUL character here."
	}
	return "The byte here is not valid in UTF-8."
}

const manyWords = "more than 800,000 words and signs"

// tooManyWords returns where a text has more words and signs than there is room for, or -1. It is a bound for the number of
// tokens that costs nothing: the lexer would take a gigabyte for 2 MiB of commas.
func (g *guardian) tooManyWords(text []byte) int {
	inWord := false
	for i, c := range string(text) {
		isWord := c == '_' || c == '-' || unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c)
		if isWord && !inWord || !isWord && c != ' ' && c != '\t' && c != '\r' {
			if g.words++; g.words > maxWords {
				g.Exceeded = true
				return i
			}
		}
		inWord = isWord
	}
	return -1
}

// guardian walks tokens.
type guardian struct {
	*finding.Report
	*Quota
	name string
	text []byte
}

func (g *guardian) fail(rng hcl.Range, rule, detail string) { g.At(rng, rule, "", detail) }

// tokens checks native tokens. Where they stand inside of a JSON string, at returns the range of that string: finding
// the line of each would take for ever in a large file.
func (g *guardian) tokens(tokens hclsyntax.Tokens, at func() hcl.Range) {
	n := counts{Quota: g.Quota}
	for i, t := range tokens {
		rule, detail := n.next(tokens, i)
		if rule == "" {
			continue
		}
		rng := t.Range
		if at != nil {
			rng = at()
		}
		g.fail(rng, rule, detail)
		if rule != "number-out-of-range" || len(g.Found) >= maxGuarded {
			return
		}
	}
}

// counts is what was seen of a file's tokens.
type counts struct {
	*Quota
	depth     int // of brackets
	open      int // of them, those of blocks: no part of an expression
	recursion int // operators and brackets of the statement
	pieces    int // of a text, in a row
}

// next counts one token. It returns the rule that the token breaks, or nothing.
func (n *counts) next(tokens hclsyntax.Tokens, i int) (rule, detail string) {
	t := tokens[i]
	isText := t.Type == hclsyntax.TokenQuotedLit || t.Type == hclsyntax.TokenStringLit
	if n.pieces++; !isText {
		n.pieces = 0
	}
	switch t.Type {
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp,
		hclsyntax.TokenTemplateControl:
		if n.depth == n.open && opensBlock(tokens, i) {
			n.open, n.blocks = n.open+1, n.blocks+1
		}
		n.depth, n.recursion = n.depth+1, n.recursion+1
	case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
		n.depth--
		n.open = min(n.open, n.depth)
	case hclsyntax.TokenNewline:
		n.lines++
		n.endStatement()
	case hclsyntax.TokenComment:
		n.endStatement()
	case hclsyntax.TokenNumberLit:
		if !function.IsBounded(string(t.Bytes)) {
			return "number-out-of-range", "At most 300 digits and an exponent of at most 300."
		}
	case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit, hclsyntax.TokenIdent, hclsyntax.TokenComma, hclsyntax.TokenEqual,
		hclsyntax.TokenOQuote, hclsyntax.TokenCQuote, hclsyntax.TokenOHeredoc, hclsyntax.TokenCHeredoc:
	default: // other operators, dots and what is invalid
		n.recursion++
	}
	return n.broken()
}

// endStatement begins to count anew, unless an expression in brackets goes on.
func (n *counts) endStatement() {
	if n.depth <= n.open {
		n.recursion = 0
	}
}

func (n *counts) broken() (rule, detail string) {
	switch {
	case n.blocks > maxBlocks:
		n.Exceeded = true
		return "too-many-blocks", fmt.Sprintf("A configuration has at most %d.", maxBlocks)
	case n.lines > maxLines:
		n.Exceeded = true
		return "too-many-blocks", fmt.Sprintf("A configuration has at most %d lines.", maxLines)
	case n.pieces > maxPieces:
		return "too-much-work", fmt.Sprintf("A text has at most %d lines, and signs such as %% and $.", maxPieces)
	case n.depth > maxDepth || n.recursion > maxRecursion:
		return "too-deep", fmt.Sprintf("At most %d brackets deep, and %d operators in one statement.", maxDepth, maxRecursion)
	}
	return "", ""
}

// opensBlock reports whether a bracket is the brace behind the type or a label of a block.
func opensBlock(tokens hclsyntax.Tokens, i int) bool {
	return i > 0 && tokens[i].Type == hclsyntax.TokenOBrace &&
		(tokens[i-1].Type == hclsyntax.TokenIdent || tokens[i-1].Type == hclsyntax.TokenCQuote)
}

// json checks JSON bytes: nesting, numbers, and the templates inside of strings. It stops at what is not JSON.
func (g *guardian) json() {
	depth := 0
	for i := 0; i < len(g.text) && len(g.Found) < maxGuarded; i++ {
		switch c := g.text[i]; {
		case c == '{' || c == '[':
			if g.objects++; g.objects > maxLines {
				g.exceed(i, fmt.Sprintf("A configuration has at most %d objects and lists.", maxLines))
				return
			}
			if depth++; depth > maxDepth {
				g.fail(RangeAt(g.name, g.text, i, i+1), "too-deep", fmt.Sprintf("At most %d brackets deep.", maxDepth))
				return
			}
		case c == '}' || c == ']':
			depth--
		case c == ',':
			if g.items++; g.items > maxItems {
				g.exceed(i, fmt.Sprintf("A configuration has at most %d properties and elements.", maxItems))
				return
			}
		case c == '"':
			end, _ := jsonscan.StringEnd(g.text, i)
			if g.texts++; g.texts > maxTexts {
				g.exceed(i, fmt.Sprintf("A configuration has at most %d strings.", maxTexts))
				return
			}
			g.jsonString(i, end)
			i = end - 1
		case c == '-' || c >= '0' && c <= '9':
			end := jsonscan.NumberEnd(g.text, i)
			if !function.IsBounded(string(g.text[i:end])) {
				g.fail(RangeAt(g.name, g.text, i, end), "number-out-of-range", "At most 300 digits and an exponent of at most 300.")
			}
			i = end - 1
		}
	}
}

// exceed tells that there is no room for what begins at i.
func (g *guardian) exceed(i int, detail string) {
	g.Exceeded = true
	g.fail(RangeAt(g.name, g.text, i, i+1), "too-many-blocks", detail)
}

// jsonString checks the template in a JSON string.
func (g *guardian) jsonString(start, end int) {
	raw := g.text[start:end]
	if !bytes.ContainsAny(raw, "$%\\") { // no template
		return
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return
	}
	if !strings.Contains(text, "${") && !strings.Contains(text, "%{") {
		return
	}
	if g.tooManyWords([]byte(text)) >= 0 {
		g.At(RangeAt(g.name, g.text, start, end), "too-many-blocks", manyWords, "")
		return
	}
	tokens, _ := hclsyntax.LexTemplate([]byte(text), g.name, hcl.InitialPos)
	g.tokens(tokens, func() hcl.Range { return RangeAt(g.name, g.text, start, end) })
}

// RangeAt returns the range of the bytes from start to end, on the line of start.
func RangeAt(name string, text []byte, start, end int) hcl.Range {
	at := func(i int) hcl.Pos {
		return hcl.Pos{Line: bytes.Count(text[:i], []byte("\n")) + 1, Column: mask.Column(text, i), Byte: i}
	}
	return hcl.Range{Filename: name, Start: at(start), End: at(end)}
}
