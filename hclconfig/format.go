package hclconfig

import (
	"slices"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/mask"
)

// Format returns a native configuration file with its spacing put right; nothing but white space changes, and formatting
// again changes nothing. It ends with a line break, and has no byte order mark. A file that does not parse is refused, with
// the findings of Load: its tokens may not be what they seem.
func Format(name string, text []byte) ([]byte, Diagnostics) {
	f := mask.New(name, text)
	f.JSON = false
	if _, found := bound.Parse(f, nil); found.HasErrors() {
		found = found.Sorted()
		for i := range found {
			found[i].Snippet = f.Snippet(found[i].Range)
			found[i].FindFix(f.Text)
		}
		return nil, found
	}
	return layout(f.Text), nil
}

// FormatShown returns a file that Format takes as it is before and after formatting, for a log: without what may be a
// secret. Hidden is what a finding hides, all literals but those that fill an attribute which is known not to be
// sensitive. Of a comment it is what stands behind an equals sign, and a hidden literal that is repeated in it.
func FormatShown(text []byte) (before, after []byte) {
	// Formatted behind the mask, the spaces between the columns do not tell how long a secret is.
	f := mask.New("", text)
	before = mask.Redacted(f.Text)
	after = layout(before)
	if mark := text[:len(text)-len(f.Text)]; len(mark) > 0 {
		before = append(slices.Clone(mark), before...)
	}
	return before, after
}

// layout is hclwrite's, with a line break at the end: tools that go by lines miss the last one otherwise.
func layout(text []byte) []byte {
	formatted := hclwrite.Format(text)
	if len(formatted) > 0 && formatted[len(formatted)-1] != '\n' {
		formatted = append(formatted, '\n')
	}
	return formatted
}
