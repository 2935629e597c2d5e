package mask

import (
	"bytes"
	"unicode/utf8"

	"iggysink/internal/jsonscan"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// jsonTokens returns every string that is no name, but for the names in its templates, and every number.
func jsonTokens(text []byte) (out []token) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			end, _ := jsonscan.StringEnd(text, i)
			if rest := bytes.TrimLeft(text[end:], " \t\r\n"); !bytes.HasPrefix(rest, []byte(":")) && end > i+2 {
				out = append(out, templateTokens(text, span{i + 1, end - 1})...)
			}
			i = end - 1
		case c == '-' || c >= '0' && c <= '9':
			end := jsonscan.NumberEnd(text, i)
			out = append(out, token{span: span{i, end}})
			i = end - 1
		}
	}
	return out
}

// templateTokens returns what is hidden in the text of a string: all of it, or of a template what would be hidden of it in
// the native syntax.
func templateTokens(text []byte, s span) (out []token) {
	raw := text[s.start:s.end]
	isTemplate := bytes.Contains(raw, []byte("${")) || bytes.Contains(raw, []byte("%{"))
	if !isTemplate || len(raw) > LongLine || bytes.Contains(raw, []byte(`\u`)) {
		return []token{{span: s}}
	}
	plain, places := unescaped(raw)
	if _, diags := hclsyntax.ParseTemplate(plain, "", hcl.InitialPos); diags.HasErrors() {
		return []token{{span: s}} // its pieces may not be what they seem
	}
	all, _ := hclsyntax.LexTemplate(plain, "", hcl.InitialPos)
	for _, t := range hiddenOf(all) {
		out = append(out, token{span{s.start + places[t.start], s.start + places[t.end]}, t.comment})
	}
	return out
}

// unescaped returns the text of a JSON string, and where in the string each of its bytes begins, and where it ends.
func unescaped(raw []byte) (text []byte, places []int) {
	for i := 0; i < len(raw); {
		r, size := character(raw[i:])
		for range utf8.RuneLen(r) {
			places = append(places, i)
		}
		text = utf8.AppendRune(text, r)
		i += size
	}
	return text, append(places, len(raw))
}
