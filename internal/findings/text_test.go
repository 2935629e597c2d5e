package findings

import (
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"iggysink/hclconfig"
)

func invalidDuration() hclconfig.Diagnostic {
	return hclconfig.Diagnostic{
		Severity: hclconfig.Error, Rule: "invalid-duration", Summary: "invalid duration",
		Detail: `"x" is not a unit (ms, s, m, h, d). Try "5s".`,
		Range: hcl.Range{
			Filename: "orders.hcl",
			Start:    hcl.Pos{Line: 12, Column: 17, Byte: 216}, End: hcl.Pos{Line: 12, Column: 21, Byte: 220},
		},
		Snippet: &hclconfig.Snippet{Line: 12, Code: `  retry_delay = "5x"`, Start: 16, End: 20, Context: `sink "orders"`},
	}
}

func TestUTF16Column(t *testing.T) {
	text := []byte("first\n🚀é\u0301x\xff!")
	for at, want := range map[int]int{0: 1, 3: 4, 6: 1, 10: 3, 12: 4, 14: 5, 15: 6, 16: 7, 99: 8} {
		if got := UTF16Column(text, at); got != want {
			t.Errorf("byte %d is in column %d, not %d", at, got, want)
		}
	}
}

// Counting on from the last place gives the column that counting from the start of the line does, in whatever order.
func TestRegionsFollowEachOther(t *testing.T) {
	text := []byte("a🚀é\u0301 b\n\n日本🚀x\r\n🇩🇪")
	f := Findings{Files: map[string][]byte{"a": text, "b": append([]byte("🚀\n🚀"), text...)}}
	var last cursor
	for _, name := range []string{"a", "b", "a"} {
		text := f.Files[name]
		for step := range 7 {
			for start := 0; start <= len(text); start += step + 1 {
				end := min(start+step, len(text))
				if start < len(text) && !utf8.RuneStart(text[start]) || end < len(text) && !utf8.RuneStart(text[end]) {
					continue
				}
				got := f.region(hcl.Range{Filename: name, Start: hcl.Pos{Line: 1, Byte: start}, End: hcl.Pos{Line: 1, Byte: end}}, &last)
				if want := (region{1, UTF16Column(text, start), 1, UTF16Column(text, end)}); got != want {
					t.Errorf("%s, %d to %d: %v is not %v", name, start, end, got, want)
				}
			}
		}
	}
}
