package hclconfig

import (
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format returns a native configuration file with its spacing put right; nothing but spaces changes, and formatting
// again changes nothing. A file that does not parse is refused, with the findings of Load: its tokens may not be what
// they seem.
func Format(name string, text []byte) ([]byte, Diagnostics) {
	f := &source{name: name, text: text}
	if _, found := parseSource(f); found.HasErrors() {
		found = found.sorted()
		m := newMask(text, false)
		for i := range found {
			found[i].Snippet = m.snippet(found[i].Range)
		}
		return nil, found
	}
	return hclwrite.Format(text), nil
}
