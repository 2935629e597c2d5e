package bound

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/words"
)

// source is a file that does not parse, as its tokens. HCL says where it gave up, which may be lines behind the mistake;
// the tokens say what somebody meant.
type source struct {
	name   string
	text   []byte
	tokens hclsyntax.Tokens
}

// mistake is what we say instead of HCL's parser, and where.
type mistake struct {
	rng             hcl.Range
	summary, detail string
	last            bool // what follows it has changed places with text
}

// mistakes tells what HCL found, a line once: more on it follows from the first.
func (s *source) mistakes(r *finding.Report, diags hcl.Diagnostics) {
	lines := make(map[int]bool)
	for _, d := range diags {
		if r.Full(finding.Error) {
			continue
		}
		m, found := s.look(d)
		rng := finding.Subject(d)
		if found {
			rng = m.rng
		}
		redefined := d.Summary == "Attribute redefined"
		if lines[rng.Start.Line] && !redefined {
			continue
		}
		lines[rng.Start.Line], lines[finding.Subject(d).Start.Line] = true, true
		if found {
			r.At(m.rng, "syntax", m.summary, m.detail)
		} else {
			r.Syntax(d)
		}
		if m.last || strings.HasPrefix(d.Summary, "Unterminated") || d.Summary == "Invalid multi-line string" {
			return // from here on text and quotes have changed places
		}
	}
}

// look returns what the tokens around a finding say about it, if they say more than HCL.
func (s *source) look(d *hcl.Diagnostic) (m mistake, found bool) {
	i := s.at(finding.Subject(d).Start.Byte)
	if i < 0 {
		return m, false
	}
	switch d.Summary {
	case "Invalid character":
		return s.character(i)
	case "Invalid multi-line string":
		return s.openInText(i)
	case "Unterminated template string":
		return s.openText(i)
	case "Missing newline after argument":
		return s.behindValue(i)
	case "Invalid block definition", "Argument or block definition required":
		return s.statement(i)
	case "Missing key/value separator", "Missing attribute value":
		if m, found = s.key(i); found {
			return m, true
		}
		return s.bracket(s.firstOfLine(i))
	case "Missing item separator", "Missing argument separator", "Unbalanced parentheses", "Missing close bracket on index",
		"Missing attribute separator", "Unterminated function call", "Unterminated tuple constructor expression",
		"Unterminated object constructor expression", "Unclosed configuration block", "Missing closing parenthesis",
		"Missing close bracket on splat index", "Unclosed index brackets", "Missing newline after block definition":
		return s.bracket(i)
	}
	return m, false
}

// at returns the token that begins at a byte, or the one around it.
func (s *source) at(start int) int {
	return slices.IndexFunc(s.tokens, func(t hclsyntax.Token) bool {
		return t.Range.Start.Byte == start || t.Range.Start.Byte < start && start < t.Range.End.Byte
	})
}

// kind returns the type of a token, that of the end where there is none.
func (s *source) kind(i int) hclsyntax.TokenType {
	if i < 0 || i >= len(s.tokens) {
		return hclsyntax.TokenEOF
	}
	return s.tokens[i].Type
}

// firstOfLine returns the first token on the line of token i.
func (s *source) firstOfLine(i int) int {
	line := s.tokens[i].Range.Start.Line
	for i > 0 && s.tokens[i-1].Range.Start.Line == line {
		i--
	}
	return i
}

// lastOfLine returns the last token on the line of token i that is neither its end nor a comment.
func (s *source) lastOfLine(i int) int {
	last, line := i, s.tokens[i].Range.Start.Line
	for ; i < len(s.tokens) && s.tokens[i].Range.Start.Line == line; i++ {
		switch s.kind(i) {
		case hclsyntax.TokenNewline, hclsyntax.TokenComment, hclsyntax.TokenEOF:
		default:
			last = i
		}
	}
	return last
}

// character names a character that means nothing.
func (s *source) character(i int) (mistake, bool) {
	t := s.tokens[i]
	rng := t.Range
	for j := i + 1; j < len(s.tokens) && bytes.Equal(s.tokens[j].Bytes, t.Bytes) && s.tokens[j].Range.Start == rng.End; j++ {
		rng.End = s.tokens[j].Range.End
	}
	const quotes = `Text stands in double quotes, such as "5s".`
	switch text := string(t.Bytes); {
	case text == `\` && s.kind(i+1) == hclsyntax.TokenOQuote, text == `\` && s.kind(i+1) == hclsyntax.TokenCQuote:
		return mistake{rng, `a quote in ${ ... } has no \ before it`, `Between ${ and } write " as it is: "${env("NAME")}".`, true}, true
	case text == ";":
		return mistake{rng, "unexpected semicolon", "Write each attribute and block on its own line, without a semicolon.", false}, true
	case text == "'", text == "`":
		return mistake{rng, "text needs double quotes", "The quote is \", as in \"5s\".", false}, true
	case text == "\r":
		return mistake{rng, "a line ends with CR alone", "Save the file with LF, or CR and LF, at the end of a line.", false}, true
	default:
		c, _ := utf8.DecodeRune(t.Bytes)
		detail := "It has no meaning here. " + quotes
		name := characterName(c)
		switch {
		case looksEmpty(name):
			detail = "It looks like a space, or is invisible. Remove it, or write a space."
		case strings.Contains(name, "QUOTATION"):
			detail = quotes
		}
		return mistake{rng, strings.TrimSpace(fmt.Sprintf("invalid character U+%04X %s", c, name)), detail, false}, true
	}
}

// looksEmpty reports whether nobody sees a character, by its name.
func looksEmpty(name string) bool {
	return slices.ContainsFunc([]string{"SPACE", "WIDTH", "JOINER", "SEPARATOR"}, func(word string) bool {
		return strings.Contains(name, word)
	})
}

// characterName names characters that programs put into text on their own.
func characterName(c rune) string {
	names := map[rune]string{
		0x00A0: "NO-BREAK SPACE", 0x00AD: "SOFT HYPHEN", 0x1680: "OGHAM SPACE MARK", 0x180E: "MONGOLIAN VOWEL SEPARATOR",
		0x2000: "EN QUAD SPACE", 0x2001: "EM QUAD SPACE", 0x2002: "EN SPACE", 0x2003: "EM SPACE", 0x2007: "FIGURE SPACE",
		0x2009: "THIN SPACE", 0x200A: "HAIR SPACE", 0x200B: "ZERO WIDTH SPACE", 0x200C: "ZERO WIDTH NON-JOINER",
		0x200D: "ZERO WIDTH JOINER", 0x200E: "LEFT-TO-RIGHT MARK", 0x200F: "RIGHT-TO-LEFT MARK", 0x2010: "HYPHEN",
		0x2013: "EN DASH", 0x2014: "EM DASH", 0x2018: "LEFT SINGLE QUOTATION MARK", 0x2019: "RIGHT SINGLE QUOTATION MARK",
		0x201C: "LEFT DOUBLE QUOTATION MARK", 0x201D: "RIGHT DOUBLE QUOTATION MARK", 0x201E: "DOUBLE LOW-9 QUOTATION MARK",
		0x2026: "HORIZONTAL ELLIPSIS", 0x2028: "LINE SEPARATOR", 0x2029: "PARAGRAPH SEPARATOR", 0x202F: "NARROW NO-BREAK SPACE",
		0x205F: "MEDIUM MATHEMATICAL SPACE", 0x2060: "WORD JOINER", 0x3000: "IDEOGRAPHIC SPACE", 0xFEFF: "ZERO WIDTH NO-BREAK SPACE",
		0xFF1D: "FULLWIDTH EQUALS SIGN", 0xFF02: "FULLWIDTH QUOTATION MARK", 0xFF0C: "FULLWIDTH COMMA",
		0xFF5B: "FULLWIDTH LEFT CURLY BRACKET", 0xFF5D: "FULLWIDTH RIGHT CURLY BRACKET", 0x00AB: "LEFT-POINTING DOUBLE ANGLE QUOTATION MARK",
		0x00BB: "RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK", 0x0085: "NEXT LINE SEPARATOR",
	}
	return names[c]
}

// openInText tells of a ${ that is not closed, and so takes the quote behind it for another text.
func (s *source) openInText(i int) (mistake, bool) {
	closed := 0
	for j := i; j >= s.firstOfLine(i); j-- {
		switch s.kind(j) {
		case hclsyntax.TokenTemplateSeqEnd:
			closed++
		case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			if closed--; closed < 0 {
				sign := strings.TrimRight(string(s.tokens[j].Bytes), "~")
				return mistake{s.tokens[j].Range, "the " + sign + " in this string is not closed", "Its closing brace } is missing.", true}, true
			}
		}
	}
	return mistake{}, false
}

// openText tells where a text begins that has no end.
func (s *source) openText(i int) (mistake, bool) {
	open := -1
	for j := range min(i+1, len(s.tokens)) {
		switch s.kind(j) {
		case hclsyntax.TokenOHeredoc, hclsyntax.TokenOQuote:
			open = j
		case hclsyntax.TokenCHeredoc, hclsyntax.TokenCQuote:
			open = -1
		}
	}
	if open < 0 || s.kind(open) != hclsyntax.TokenOHeredoc {
		return mistake{}, false
	}
	t := s.tokens[open]
	rng := t.Range
	begin := strings.TrimRight(string(t.Bytes), "\r\n")
	rng.End = hcl.Pos{Line: rng.Start.Line, Column: rng.Start.Column + len([]rune(begin)), Byte: rng.Start.Byte + len(begin)}
	marker := strings.TrimLeft(begin, "<-")
	return mistake{rng, "the heredoc " + marker + " is not closed", "It ends with a line that holds only " + marker + ".", true}, true
}

// behindValue tells what stands behind a value where its line should end.
func (s *source) behindValue(i int) (mistake, bool) {
	before := s.tokens[i].Range.Start.Byte
	switch {
	case s.kind(i) == hclsyntax.TokenEqual:
		return mistake{s.tokens[i].Range, "a comparison is ==",
			"A single = sets an attribute. Write each attribute on its own line.", false}, true
	case s.word(i, -1) == "not":
		return mistake{s.tokens[i-1].Range, "unexpected not", "Not is written as !, as in !var.NAME.", false}, true
	case s.word(i, 0) == "and" || s.word(i, 0) == "or":
		sign := map[string]string{"and": "&&", "or": "||"}[s.word(i, 0)]
		return mistake{s.tokens[i].Range, "unexpected " + s.word(i, 0), "Write " + sign + " instead.", false}, true
	case s.word(i, 0) == "if":
		return mistake{s.tokens[i].Range, "unexpected if", "A condition is QUESTION ? VALUE : VALUE.", false}, true
	case i > 0 && s.kind(i-1) == hclsyntax.TokenNumberLit && strings.Trim(s.word(i, 0), "_0123456789") == "" && s.word(i, 0) != "":
		return mistake{s.tokens[i].Range, "a number has no underscores", "Write its digits without anything between them.", false}, true
	case s.kind(i) == hclsyntax.TokenFatArrow, s.kind(i) == hclsyntax.TokenCBrack, s.kind(i) == hclsyntax.TokenCParen:
		return mistake{s.tokens[i].Range, fmt.Sprintf("unexpected %s", s.tokens[i].Bytes), "", false}, true
	case before > 0 && before < len(s.text) && !strings.ContainsRune(" \t\"", rune(s.text[before-1])):
		// Nobody has forgotten a line break right behind something, as in timeout = 5s.
		return mistake{s.tokens[i].Range, "text needs double quotes", `Such as "5s" or "https://example.com/".`, false}, true
	}
	return mistake{}, false
}

// statement tells what is wrong with a line that is neither an attribute nor a block.
func (s *source) statement(i int) (mistake, bool) {
	first := s.firstOfLine(i)
	if s.kind(first) == hclsyntax.TokenCBrace && first == i {
		return mistake{s.tokens[first].Range, "unexpected closing brace }", "", false}, true
	}
	if s.kind(first) == hclsyntax.TokenOBrack {
		return s.header(first)
	}
	if s.kind(first) != hclsyntax.TokenIdent || s.kind(first+1) == hclsyntax.TokenNewline {
		return mistake{}, false
	}
	name, next := s.tokens[first], s.tokens[first+1]
	isBlock := slices.Contains(words.BlockTypes(), string(name.Bytes))
	between := hcl.Range{Filename: s.name, Start: name.Range.End, End: next.Range.Start}
	last := s.lastOfLine(first)
	switch {
	case next.Type == hclsyntax.TokenColon && s.kind(first+2) == hclsyntax.TokenEqual, next.Type == hclsyntax.TokenPlus,
		next.Type == hclsyntax.TokenQuestion:
		return mistake{next.Range, "a value is set with =", attributeForm, false}, true
	case next.Type == hclsyntax.TokenColon && s.kind(first+2) == hclsyntax.TokenNewline:
		return mistake{next.Range, "a block has no colon", otherLanguage("YAML", name), true}, true
	case next.Type == hclsyntax.TokenColon:
		return mistake{next.Range, "a name and its value need = between them, not a colon", attributeForm, false}, true
	case isBlock && s.kind(i) == hclsyntax.TokenEqual:
		return mistake{s.tokens[i].Range, "a block has no =", `It is type "label" { ... }.`, false}, true
	case isBlock && s.kind(last+1) == hclsyntax.TokenNewline && s.kind(last+2) == hclsyntax.TokenOBrace:
		return mistake{s.tokens[last+2].Range, "the opening brace { of a block must be on the line of its type", "", false}, true
	case isBlock || s.kind(i) == hclsyntax.TokenEqual:
		return mistake{}, false
	case next.Type == hclsyntax.TokenOQuote, next.Type == hclsyntax.TokenNumberLit, next.Type == hclsyntax.TokenOBrack,
		next.Type == hclsyntax.TokenIdent && s.kind(last) != hclsyntax.TokenOBrace, next.Type == hclsyntax.TokenOHeredoc:
		return mistake{between, `"=" is missing`, attributeForm, false}, true
	}
	return mistake{}, false
}

const attributeForm = "An attribute is name = value."

// plainKey is a key that may be shown: the names of headers are no secrets.
var plainKey = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._/:+-]{0,63}$`)

// key tells of a key of a map that wants quotes, or the sign behind it.
func (s *source) key(i int) (mistake, bool) {
	start := s.firstOfLine(i)
	for j := start; j < i; j++ {
		if t := s.kind(j); t == hclsyntax.TokenOBrace || t == hclsyntax.TokenComma {
			start = j + 1
		}
	}
	end := start
	for ; end < len(s.tokens) && s.tokens[end].Range.Start.Line == s.tokens[start].Range.Start.Line; end++ {
		switch s.kind(end) {
		case hclsyntax.TokenEqual, hclsyntax.TokenColon:
			text := string(bytes.TrimSpace(s.text[s.tokens[start].Range.Start.Byte:s.tokens[end].Range.Start.Byte]))
			if end == start || !plainKey.MatchString(text) {
				return mistake{}, false
			}
			rng := hcl.RangeBetween(s.tokens[start].Range, s.tokens[end-1].Range)
			return mistake{rng, "the key of a map needs quotes", fmt.Sprintf("Write %q = VALUE.", text), false}, true
		case hclsyntax.TokenFatArrow:
			return mistake{s.tokens[end].Range, "a key and its value need = between them, not =>",
				"A map is { KEY = VALUE }. Only for uses =>.", false}, true
		}
	}
	known := slices.Contains(words.BlockTypes(), string(s.tokens[start].Bytes))
	if next := s.kind(start + 1); s.kind(start) == hclsyntax.TokenIdent && !known && next == hclsyntax.TokenOQuote {
		between := hcl.Range{Filename: s.name, Start: s.tokens[start].Range.End, End: s.tokens[start+1].Range.Start}
		return mistake{between, `"=" is missing`, "A map is { NAME = VALUE }.", false}, true
	}
	return mistake{}, false
}

// bracket tells which bracket is not closed, if that is why HCL misses something.
func (s *source) bracket(i int) (mistake, bool) {
	open := s.outdented(i)
	if open < 0 {
		open = s.openBefore(i)
		if open < 0 || s.kind(open) == hclsyntax.TokenOBrace && opensBlock(s.tokens, open) {
			return mistake{}, false
		}
		begins := s.kind(i) == hclsyntax.TokenEOF || s.kind(i) == hclsyntax.TokenNewline || s.firstOfLine(i) == i && s.beginsStatement(i)
		if !begins || s.tokens[open].Range.Start.Line >= s.tokens[i].Range.Start.Line && s.kind(i) != hclsyntax.TokenNewline {
			return mistake{}, false
		}
	}
	t := s.tokens[open]
	sign, word := "}", "brace"
	switch t.Type {
	case hclsyntax.TokenOBrack:
		sign, word = "]", "bracket"
	case hclsyntax.TokenOParen:
		sign, word = ")", "parenthesis"
	}
	m := mistake{t.Range, fmt.Sprintf("a closing %s %s is missing", word, sign),
		fmt.Sprintf("It closes what begins with %s on line %d.", t.Bytes, t.Range.Start.Line), false}
	if last := s.lastOfLine(open); last > open { // it is missing at the line's end
		m.rng.Start = s.tokens[last].Range.End
		m.rng.End = m.rng.Start
	}
	return m, true
}

// beginsStatement reports whether an attribute, a block or the end of one begins with token i.
func (s *source) beginsStatement(i int) bool {
	switch s.kind(i) {
	case hclsyntax.TokenCBrace:
		return true
	case hclsyntax.TokenIdent:
		switch s.kind(i + 1) {
		case hclsyntax.TokenEqual, hclsyntax.TokenOBrace, hclsyntax.TokenOQuote:
			return true
		}
	}
	return false
}

// openBefore returns the innermost bracket that is open in front of token i, or the first that one of another kind would
// close; otherwise -1.
func (s *source) openBefore(i int) int {
	closes := map[hclsyntax.TokenType]hclsyntax.TokenType{
		hclsyntax.TokenCBrace: hclsyntax.TokenOBrace, hclsyntax.TokenCBrack: hclsyntax.TokenOBrack, hclsyntax.TokenCParen: hclsyntax.TokenOParen,
	}
	var open []int
	for j := range i {
		opener, shuts := closes[s.kind(j)]
		switch {
		case isOpening(s.kind(j)):
			open = append(open, j)
		case !shuts && s.kind(j) != hclsyntax.TokenTemplateSeqEnd:
		case len(open) == 0:
			return -1
		case shuts && s.kind(open[len(open)-1]) != opener:
			return open[len(open)-1]
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return -1
	}
	return open[len(open)-1]
}

func isOpening(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		return true
	}
	return false
}

// outdented returns the first brace, from token i on, that is closed by one further to the left than its line begins: the
// one that closes it is that of the block around it. Where nobody indents there is none: -1.
func (s *source) outdented(i int) int {
	if s.kind(i) != hclsyntax.TokenOBrace {
		return -1
	}
	var open []int
	for j := i; j < len(s.tokens); j++ {
		switch s.kind(j) {
		default:
			if isOpening(s.kind(j)) {
				open = append(open, j)
			}
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			if len(open) == 0 {
				return -1
			}
			o := open[len(open)-1]
			open = open[:len(open)-1]
			begin := s.tokens[s.firstOfLine(o)].Range.Start.Column
			if s.firstOfLine(j) == j && s.tokens[j].Range.Start.Column < begin && o != i {
				return o
			}
		}
	}
	return -1
}

// word returns the name that stands so many tokens behind i, or nothing.
func (s *source) word(i, behind int) string {
	if i += behind; i < 0 || i >= len(s.tokens) || s.kind(i) != hclsyntax.TokenIdent {
		return ""
	}
	return string(s.tokens[i].Bytes)
}
