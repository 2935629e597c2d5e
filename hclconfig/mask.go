package hclconfig

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/words"
	"iggysink/schema"
)

// mask shows lines of a file without what may be secret. It hides every literal, every comment and every stray word, but
// those inside of an attribute that is known not to be sensitive. A local or a default may be on its way to a password,
// so their literals are hidden too.
type mask struct {
	text   []byte
	json   bool
	parsed bool // otherwise nothing is known about what is where, and nearly everything is hidden

	shows    []span // what may be shown
	reaches  []int  // how far each and those before it reach, when they are sorted
	contexts []contextOf
	tokens   []token // of the whole file, made at the first use
	ready    bool
}

// span is a piece of the file, in bytes.
type span struct{ start, end int }

type contextOf struct {
	span
	title string
}

// token is a piece that is hidden unless a span covers it.
type token struct {
	span
	comment bool
}

const (
	hiddenText = schema.SecretMask
	longLine   = 8192 // bytes, from which on a line is not looked at as a whole
)

func newMask(text []byte, isJSON bool) *mask { return &mask{text: text, json: isJSON} }

func spanOf(r hcl.Range) span { return span{r.Start.Byte, r.End.Byte} }

// showBlock lets the type and the labels of a block be seen.
func (m *mask) showBlock(b *hcl.Block) {
	m.shows = append(m.shows, spanOf(b.TypeRange))
	for _, r := range b.LabelRanges {
		m.shows = append(m.shows, spanOf(r))
	}
}

// showName lets a name be seen.
func (m *mask) showName(rng hcl.Range) { m.shows = append(m.shows, spanOf(rng)) }

// context notes where a block at the top of a file begins, as the context of what follows.
func (m *mask) context(b *hcl.Block) {
	title := b.Type
	for _, label := range b.Labels {
		title += ` "` + printable(label) + `"`
	}
	m.contexts = append(m.contexts, contextOf{span{header(b).Start.Byte, blockEnd(b)}, title})
}

// blockEnd returns the byte behind a block.
func blockEnd(b *hcl.Block) int {
	if body, isNative := b.Body.(*hclsyntax.Body); isNative {
		return body.SrcRange.End.Byte
	}
	return b.Body.MissingItemRange().End.Byte
}

// shown lets the value of an attribute be seen, but for what stands inside of env() behind the name: it takes the place
// of a secret.
func (l *loader) shown(a *hcl.Attribute) {
	m := l.masks[a.Range.Filename]
	rng := spanOf(a.Expr.Range())
	expr, isNative := a.Expr.(hclsyntax.Expression)
	if !isNative {
		if text := string(m.text[rng.start:rng.end]); !strings.Contains(text, "${") && !strings.Contains(text, `\u`) {
			m.shows = append(m.shows, rng)
		}
		return
	}
	m.showExpr(expr)
}

// showExpr is shown for an expression of the native syntax.
func (m *mask) showExpr(expr hclsyntax.Expression) {
	rng := spanOf(expr.Range())
	from := rng.start
	_ = hclsyntax.VisitAll(expr, func(node hclsyntax.Node) hcl.Diagnostics { // gives none itself
		call, isCall := node.(*hclsyntax.FunctionCallExpr)
		if isCall && call.Name == "env" && len(call.Args) > 1 && call.StartRange().Start.Byte >= from {
			m.shows = append(m.shows, span{from, call.Args[0].Range().End.Byte})
			from = call.CloseParenRange.Start.Byte
		}
		return nil
	})
	m.shows = append(m.shows, span{from, rng.end})
}

// snippet returns the first line of a range.
func (m *mask) snippet(rng hcl.Range) *Snippet {
	at := rng.Start.Byte
	if rng.Start.Line == 0 || at > len(m.text) {
		return nil
	}
	start := bytes.LastIndexByte(m.text[:at], '\n') + 1
	end := len(m.text)
	if i := bytes.IndexByte(m.text[at:], '\n'); i >= 0 {
		end = at + i
	}
	if end-start > longLine { // a file may stand on one line: only what is close matters
		if !m.parsed {
			return nil
		}
		for start = max(start, at-longLine/2); !utf8.RuneStart(m.text[start]); start++ {
		}
		for end = min(end, at+longLine/2); end < len(m.text) && !utf8.RuneStart(m.text[end]); end++ {
		}
	}
	line := bytes.TrimSuffix(m.text[start:end], []byte("\r"))
	if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
		return nil
	}
	s := &Snippet{Line: rng.Start.Line, Context: m.contextAt(at)}
	to := max(at, min(rng.End.Byte, start+len(line)))
	s.render(line, m.hidden(span{start, start + len(line)}), at-start, to-start)
	if s.Code == "" { // a comment alone
		return nil
	}
	s.cut()
	return s
}

func (m *mask) contextAt(at int) string {
	title := ""
	for _, c := range m.contexts {
		if c.start <= at && at <= c.end {
			title = c.title
		}
	}
	return title
}

// render writes a line with its hidden pieces replaced, and finds the highlight again in what it wrote.
func (s *Snippet) render(line []byte, hidden []token, from, to int) {
	var b strings.Builder
	at := 0
	s.Start, s.End = -1, -1
	advance := func(end int, text string, replaced bool) {
		move := func(p int, atEnd bool) int {
			switch {
			case !replaced:
				return b.Len() + p - at
			case atEnd:
				return b.Len() + len(text)
			}
			return b.Len()
		}
		if s.Start < 0 && from < end {
			s.Start = move(from, false)
		}
		if s.End < 0 && to <= end {
			s.End = move(to, to > at)
		}
		b.WriteString(text)
		at = end
	}
	for _, h := range hidden {
		advance(h.start, string(line[at:h.start]), false)
		if h.comment {
			advance(h.end, "", true)
		} else {
			advance(h.end, hiddenText, true)
		}
	}
	advance(len(line), string(line[at:]), false)
	s.Code = strings.TrimRight(b.String(), " \t")
	if s.Start < 0 {
		s.Start = len(s.Code)
	}
	s.Start = min(s.Start, len(s.Code))
	s.End = min(max(s.Start, s.End), len(s.Code))
}

// cut keeps the part of a long line that matters: a whole JSON file may stand on one.
func (s *Snippet) cut() {
	const widest = 160
	if len(s.Code) <= widest {
		return
	}
	from := max(0, s.Start-widest/4)
	to := min(len(s.Code), from+widest)
	for from > 0 && !utf8.RuneStart(s.Code[from]) {
		from--
	}
	for to < len(s.Code) && !utf8.RuneStart(s.Code[to]) {
		to++
	}
	begin, end := "", ""
	if from > 0 {
		begin = "..."
	}
	if to < len(s.Code) {
		end = "..."
	}
	s.Start, s.End = s.Start-from+len(begin), min(s.End, to)-from+len(begin)
	s.Code = begin + s.Code[from:to] + end
}

// hidden returns the pieces of a line to hide, in bytes of the line, in order and apart from each other.
func (m *mask) hidden(line span) []token {
	if !m.parsed {
		return rawHidden(m.text[line.start:line.end], m.text)
	}
	if !m.ready {
		m.ready = true
		if m.json {
			m.tokens = jsonTokens(m.text)
		} else {
			m.tokens = nativeTokens(m.text)
		}
		slices.SortFunc(m.shows, func(a, b span) int { return a.start - b.start })
		reach := 0
		for _, s := range m.shows {
			reach = max(reach, s.end)
			m.reaches = append(m.reaches, reach)
		}
	}
	var out []token
	first, _ := slices.BinarySearchFunc(m.tokens, line.start, func(t token, at int) int { return t.end - at })
	for _, t := range m.tokens[first:] {
		if t.start >= line.end {
			break
		}
		if !t.comment && m.isShown(t.span) {
			continue
		}
		start, end := max(t.start, line.start)-line.start, min(t.end, line.end)-line.start
		if n := len(out); n > 0 && out[n-1].end == start && !t.comment {
			out[n-1].end = end
		} else if start < end {
			out = append(out, token{span{start, end}, t.comment})
		}
	}
	return out
}

// isShown reports whether a piece that may be shown covers t.
func (m *mask) isShown(t span) bool {
	behind, _ := slices.BinarySearchFunc(m.shows, t.start+1, func(s span, at int) int { return s.start - at })
	return behind > 0 && m.reaches[behind-1] >= t.end
}

// nativeTokens returns every literal, comment and word that is neither the name of something nor a known beginning.
func nativeTokens(text []byte) []token {
	all, _ := hclsyntax.LexConfig(text, "", hcl.InitialPos) // the file parses
	return hiddenOf(all)
}

// hiddenOf returns those of the tokens that nativeTokens does.
func hiddenOf(all hclsyntax.Tokens) (out []token) {
	bound := boundNames(all)
	for i, t := range all {
		hide, comment := false, false
		switch t.Type {
		case hclsyntax.TokenQuotedLit:
			hide = !isLookedUp(all, i)
		case hclsyntax.TokenStringLit, hclsyntax.TokenNumberLit:
			hide = true
		case hclsyntax.TokenComment:
			hide, comment = true, true
		case hclsyntax.TokenIdent:
			hide = !isName(all, i, bound)
		}
		if hide {
			out = append(out, token{spanOf(t.Range), comment})
		}
	}
	return out
}

// isLookedUp reports whether a text is the name of an environment variable or a file, and not what it holds.
func isLookedUp(all hclsyntax.Tokens, i int) bool {
	if i < 3 || all[i-1].Type != hclsyntax.TokenOQuote || all[i-2].Type != hclsyntax.TokenOParen {
		return false
	}
	function := string(all[i-3].Bytes)
	return function == "env" || function == "file"
}

// boundNames returns what a name may begin with: the scopes, the fields of a url, and the words that a for or a dynamic
// block gives a meaning.
func boundNames(all hclsyntax.Tokens) map[string]bool {
	bound := map[string]bool{"var": true, "local": true, "each": true}
	for _, field := range words.TemplateFields() {
		bound[field] = true
	}
	for i, t := range all {
		switch word := string(t.Bytes); {
		case t.Type != hclsyntax.TokenIdent:
		case word == "for": // for NAME in, or for NAME, NAME in
			for _, t := range all[i+1 : min(i+4, len(all))] {
				if t.Type == hclsyntax.TokenIdent {
					bound[string(t.Bytes)] = true
				}
			}
		case word == "dynamic" && i+2 < len(all) && all[i+2].Type == hclsyntax.TokenQuotedLit:
			bound[string(all[i+2].Bytes)] = true
		case word == "iterator" && i+2 < len(all) && all[i+1].Type == hclsyntax.TokenEqual:
			bound[string(all[i+2].Bytes)] = true
		}
	}
	return bound
}

// isName reports whether a word names something, and is not a secret that lost its quotes.
func isName(all hclsyntax.Tokens, i int, bound map[string]bool) bool {
	switch all[min(i+1, len(all)-1)].Type {
	case hclsyntax.TokenEqual, hclsyntax.TokenOParen, hclsyntax.TokenOBrace, hclsyntax.TokenOQuote:
		return true
	}
	for i > 1 && all[i-1].Type == hclsyntax.TokenDot && all[i-2].Type == hclsyntax.TokenIdent {
		i -= 2
	}
	word := string(all[i].Bytes)
	return bound[word] || slices.Contains(plainWords(), word)
}

// plainWords are the words of the language that stand alone: those of conditions and loops, and types.
func plainWords() []string {
	return []string{"true", "false", "null", "for", "in", "if", "else", "endif", "endfor", "string", "number", "bool", "any"}
}

var (
	// rawHeader is the first line of a block.
	rawHeader = regexp.MustCompile(`^\s*(sink|stream|dead_letter|iggy|admin|tls|circuit_breaker|variable|locals)` +
		`(\s+"[\w.-]*")*\s*\{?\s*$`)
	// rawAttribute is a name with one simple value. Two on one line, or a string without its end, do not match.
	rawAttribute = regexp.MustCompile(`^\s*"?([A-Za-z_][\w-]*)"?\s*[=:]\s*("[^"=:#]*"|[\w.]*),?\s*$`)
	rawName      = regexp.MustCompile(`^\s*"?[A-Za-z_][\w-]*"?\s*[=:]\s*`)
	rawBrackets  = regexp.MustCompile(`^[\s{}\[\](),]*$`)
)

// rawHidden hides in a line of a file that does not parse all but what is plainly no secret.
func rawHidden(line, text []byte) []token {
	plain := bytes.TrimPrefix(line, []byte("\ufeff")) // a byte order mark is what may be wrong with the line
	if rawHeader.Match(plain) || rawBrackets.Match(plain) {
		return nil
	}
	if m := rawAttribute.FindSubmatch(line); m != nil && !bytes.Contains(text, []byte("locals")) && isHarmless(string(m[1])) {
		return nil
	}
	start := len(line) - len(bytes.TrimLeft(line, " \t"))
	if m := rawName.Find(line); m != nil {
		start = len(m)
	}
	end := len(bytes.TrimRight(line, " \t{[("))
	if start >= end {
		return nil
	}
	return []token{{span: span{start, end}}}
}

// isHarmless reports whether an attribute of that name is sensitive nowhere.
func isHarmless(name string) bool {
	found, harmless := false, true
	for table := range words.ConfigBlock().All() {
		if a := table.Setting(name); a != nil {
			found, harmless = true, harmless && !a.Sensitive
		}
	}
	return found && harmless
}
