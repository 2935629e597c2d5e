package hclconfig

import (
	"github.com/hashicorp/hcl/v2/hclwrite"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/mask"
)

// Format returns a native configuration file with its spacing put right; nothing but spaces changes, and formatting
// again changes nothing. A file that does not parse is refused, with the findings of Load: its tokens may not be what
// they seem.
func Format(name string, text []byte) ([]byte, Diagnostics) {
	f := &mask.File{Name: name, Text: text}
	if _, found := bound.Parse(f); found.HasErrors() {
		found = found.Sorted()
		for i := range found {
			found[i].Snippet = f.Snippet(found[i].Range)
			found[i].FindFix(f.Text)
		}
		return nil, found
	}
	return hclwrite.Format(text), nil
}

// FormatShown returns a file that Format takes as it is before and after formatting, for a log: without what may be a
// secret. Hidden is what a finding hides, all literals but those that fill an attribute which is known not to be
// sensitive. Of a comment it is what stands behind an equals sign, and a hidden literal that is repeated in it.
func FormatShown(text []byte) (before, after []byte) {
	// Formatted behind the mask, the spaces between the columns do not tell how long a secret is.
	before = mask.Redacted(text)
	return before, hclwrite.Format(before)
}
