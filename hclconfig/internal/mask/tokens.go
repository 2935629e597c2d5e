package mask

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/words"
)

// hidden returns the pieces of a line to hide, in bytes of the line, in order and apart from each other.
func (f *File) hidden(line span) []token {
	if f.Body == nil {
		return rawHidden(f.Text[line.start:line.end], f.Text)
	}
	if !f.ready {
		f.ready = true
		if f.JSON {
			f.tokens = jsonTokens(f.Text)
		} else {
			f.tokens = nativeTokens(f.Text)
		}
		slices.SortFunc(f.shows, func(a, b span) int { return a.start - b.start })
		reach := 0
		for _, s := range f.shows {
			reach = max(reach, s.end)
			f.reaches = append(f.reaches, reach)
		}
	}
	var out []token
	first, _ := slices.BinarySearchFunc(f.tokens, line.start, func(t token, at int) int { return t.end - at })
	for _, t := range f.tokens[first:] {
		if t.start >= line.end {
			break
		}
		if !t.comment && f.isShown(t.span) {
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
func (f *File) isShown(t span) bool {
	behind, _ := slices.BinarySearchFunc(f.shows, t.start+1, func(s span, at int) int { return s.start - at })
	return behind > 0 && f.reaches[behind-1] >= t.end
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
		if at := spanOf(t.Range); hide && t.Type == hclsyntax.TokenQuotedLit {
			if at.start += shownOf(all, i); at.start < at.end {
				out = append(out, token{at, false})
			}
		} else if hide {
			out = append(out, token{at, comment})
		}
	}
	return out
}

// isLookedUp reports whether a text is the name of an environment variable or a file, and not what it holds.
func isLookedUp(all hclsyntax.Tokens, i int) bool {
	if i < 3 || all[i-1].Type != hclsyntax.TokenOQuote || all[i-2].Type != hclsyntax.TokenOParen {
		return false
	}
	return slices.Contains([]string{"env", "file", "fileexists", "templatefile"}, string(all[i-3].Bytes))
}

// boundNames returns what a name may begin with: the scopes, the fields of a url, and the words that a for or a dynamic
// block gives a meaning.
func boundNames(all hclsyntax.Tokens) map[string]bool {
	bound := map[string]bool{"var": true, "local": true, "each": true, "count": true, "path": true}
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
		case word == "variable" && i+2 < len(all) && all[i+2].Type == hclsyntax.TokenQuotedLit: // its name without var.
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
	inText := i > 0 && all[i-1].Type == hclsyntax.TokenTemplateInterp && environmentName.MatchString(word)
	return inText || bound[word] || slices.Contains(plainWords(), word)
}

// environmentName is how people name environment variables: ${NAME} is meant as one, and its value is elsewhere.
var environmentName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

var (
	// urlStart is what a url shows: its scheme and host, unless that may be a user name in front of one.
	urlStart = regexp.MustCompile(`^https?://[A-Za-z0-9._-]+(?::[0-9]{1,5})?`)
	// urlScheme is the scheme alone, in front of a host that is filled in; urlRest is the end of such a host.
	urlScheme = regexp.MustCompile(`^https?://$`)
	urlRest   = regexp.MustCompile(`^[A-Za-z0-9._-]*(?::[0-9]{1,5})?`)
)

// shownOf returns how many bytes of a piece of text may be shown because they are the scheme and the host of a url: those of
// one that begins there, or of the rest of a host behind something that is filled in.
func shownOf(all hclsyntax.Tokens, i int) int {
	next := all[min(i+1, len(all)-1)].Type
	if urlScheme.Match(all[i].Bytes) && next == hclsyntax.TokenTemplateInterp {
		return len(all[i].Bytes)
	}
	if all[max(i-1, 0)].Type == hclsyntax.TokenTemplateSeqEnd && inHost(all, i-1) {
		return hostRest(all[i].Bytes, next == hclsyntax.TokenCQuote)
	}
	return urlHost(all[i].Bytes, next == hclsyntax.TokenCQuote)
}

// inHost reports whether the text up to a token, which ends something that is filled in, is a scheme and what is filled in
// behind it.
func inHost(all hclsyntax.Tokens, i int) bool {
	depth := 0
	for ; i >= 0; i-- {
		switch all[i].Type {
		case hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCQuote:
			depth++
		case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl, hclsyntax.TokenOQuote:
			if depth--; depth < 0 {
				return false
			}
		case hclsyntax.TokenQuotedLit:
			if depth == 0 {
				return urlScheme.Match(all[i].Bytes)
			}
		}
	}
	return false
}

// hostRest returns how many bytes of a text are the end of a host, and what ends that. What follows the text is looked at
// only where it is whole.
func hostRest(text []byte, whole bool) int {
	n := len(urlRest.Find(text))
	switch {
	case n == len(text) && !whole:
		return 0
	case n == len(text), whole && string(text[n:]) == "/":
		return len(text)
	case bytes.IndexByte([]byte("/?#"), text[n]) >= 0:
		return n + 1
	}
	return 0
}

// urlHost returns how many bytes of a text may be shown because they are the scheme and the host of a url: all, if
// nothing else is in it. What follows the text is looked at only where it is whole.
func urlHost(text []byte, whole bool) int {
	n := len(urlStart.Find(text))
	switch {
	case n == 0 || n == len(text) && !whole:
		return 0
	case n == len(text), whole && string(text[n:]) == "/":
		return len(text)
	case bytes.IndexByte([]byte("/?#"), text[n]) >= 0:
		return n + 1
	}
	return 0
}

// plainWords are the words of the language that stand alone: those of conditions and loops, and types.
func plainWords() []string {
	return []string{"true", "false", "null", "for", "in", "if", "else", "endif", "endfor", "string", "number", "bool", "any"}
}

var (
	// rawHeader has the form of the first line of a block.
	rawHeader = regexp.MustCompile(`^\s*([a-z_]+)(?:\s+"[\w.-]*")*\s*\{?\s*$`)
	// rawAttribute is a name with one simple value. Two on one line, or a string without its end, do not match.
	rawAttribute = regexp.MustCompile(`^\s*"?([A-Za-z_][\w-]*)"?\s*[=:]\s*("[^"=:#]*"|[\w.]*),?\s*$`)
	rawName      = regexp.MustCompile(`^\s*"?[A-Za-z_][\w-]*"?\s*[=:]\s*`)
	rawBrackets  = regexp.MustCompile(`^[\s{}\[\](),]*$`)
	// rawAssigned is what something on a line is set to; of two equals signs the first is one too many.
	rawAssigned = regexp.MustCompile(`([A-Za-z_][\w.-]*)"?\s*(?:=|:|\s"|\s\[)`)
	// rawURL is an attribute with a url, whose sign may be missing.
	rawURL = regexp.MustCompile(`^\s*"?(?:url|health_check_url)"?\s*[=:]?\s*"https?://[A-Za-z0-9._-]+(?::[0-9]{1,5})?([/?#"].*)$`)
	rawEnd = regexp.MustCompile(`"\s*,?\s*$`)
)

// rawHidden hides in a line of a file that does not parse all but what is plainly no secret.
func rawHidden(line, text []byte) []token {
	plain := bytes.TrimLeftFunc(line, isBlank)
	lead := len(line) - len(plain)
	if isRawHeader(plain) || rawBrackets.Match(plain) {
		return nil
	}
	if m := rawAttribute.FindSubmatch(plain); m != nil && !bytes.Contains(text, []byte("locals")) && Harmless(string(m[1])) {
		return nil
	}
	if isRawHarmless(plain) && !bytes.Contains(text, []byte("locals")) {
		return nil
	}
	start := lead
	if m := rawURL.FindSubmatchIndex(plain); m != nil {
		from, end := m[2]+1, len(plain) // behind the sign that ends the host
		if plain[m[2]] == '"' {
			from--
		}
		if at := rawEnd.FindIndex(plain[m[2]:]); at != nil {
			end = m[2] + at[0]
		}
		if from >= end {
			return nil
		}
		return []token{{span: span{lead + from, lead + end}}}
	}
	if m := rawName.Find(plain); m != nil {
		start += len(m)
	}
	end := len(bytes.TrimRight(line, " \t{[("))
	if start >= end {
		return nil
	}
	return []token{{span: span{start, end}}}
}

// isBlank reports whether a character looks like a space, or like nothing: it may be what is wrong with its line.
func isBlank(c rune) bool {
	return unicode.IsSpace(c) || unicode.In(c, unicode.Zs, unicode.Cf)
}

// isRawHarmless reports whether all that a line sets is sensitive nowhere, and nothing else stands on it.
func isRawHarmless(line []byte) bool {
	if bytes.Count(line, []byte(`"`))%2 != 0 || bytes.ContainsAny(line, "#'`(\\") || bytes.Contains(line, []byte("//")) {
		return false
	}
	all := rawAssigned.FindAllSubmatchIndex(line, -1)
	for i, m := range all {
		name := string(line[m[2]:m[3]])
		isName := i > 0 && (strings.HasPrefix(name, "var.") || strings.HasPrefix(name, "each.") || slices.Contains(plainWords(), name))
		if i == 0 && m[2] != bytes.Count(line[:1], []byte(`"`)) || !Harmless(name) && !isName {
			return false
		}
	}
	return len(all) > 0
}

// isRawHeader reports whether a line begins a block of the language.
func isRawHeader(line []byte) bool {
	m := rawHeader.FindSubmatch(line)
	return len(m) > 1 && slices.Contains(words.BlockTypes(), string(m[1]))
}

// Harmless reports whether there is an attribute of that name, and none of that name is sensitive.
func Harmless(name string) bool {
	found, harmless := false, true
	for table := range words.ConfigBlock().All() {
		if a := table.Setting(name); a != nil {
			found, harmless = true, harmless && !a.Sensitive
		}
	}
	return found && harmless
}
