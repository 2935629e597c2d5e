package main

import (
	"bytes"
	"slices"
	"strings"

	"iggysink/hclconfig/language"
)

// words are what the configuration language has beside the blocks and attributes of the schema, its functions last.
func words() []language.Word {
	all := language.Words()
	for _, f := range language.Functions() {
		all = append(all, f.Word)
	}
	return all
}

func explainWord(out *bytes.Buffer, w language.Word) {
	out.WriteString(w.Form + "\n\n")
	wrap(out, "  ", w.Doc)
}

// isWord reports whether name is that of w, or how it is used in expressions.
func isWord(w language.Word, name string) bool {
	uses := map[string][]string{"variable": {"var"}, "locals": {"local"}, "for_each": {"each", "each.key", "each.value"}}
	return w.Name == strings.TrimSuffix(name, "()") || slices.Contains(uses[w.Name], name)
}
