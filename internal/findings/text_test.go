package findings

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
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

func TestText(t *testing.T) {
	tabs := invalidDuration()
	tabs.Snippet = &hclconfig.Snippet{Line: 12, Code: "\tä\t= \x1b[31m\"5x\"", Start: 11, End: 15}
	emptyRange := invalidDuration()
	emptyRange.Snippet.Start, emptyRange.Snippet.End = 20, 20
	for _, tt := range []struct {
		name    string
		finding hclconfig.Diagnostic
		want    string
	}{
		{"a value", invalidDuration(), `Error: invalid duration [invalid-duration]
  orders.hcl:12:17
   12 |   retry_delay = "5x"
      |                 ^^^^
  "x" is not a unit (ms, s, m, h, d). Try "5s".
`},
		{"a warning about no place", hclconfig.Diagnostic{
			Severity: hclconfig.Warning, Rule: "unused-variable", Summary: "unused variable", Detail: "first\nsecond",
		}, `Warning: unused variable [unused-variable]
  first
  second
`},
		{"a file as a whole", hclconfig.Diagnostic{
			Severity: hclconfig.Error, Rule: "unreadable-file", Summary: "a file cannot be read",
			Range: hcl.Range{Filename: "orders.hcl"},
		}, "Error: a file cannot be read [unreadable-file]\n  orders.hcl\n"},
		{"the mark stands below what it marks, and no control character reaches the terminal", tabs,
			"Error: invalid duration [invalid-duration]\n  orders.hcl:12:17\n" +
				"   12 | \tä\t= \ufffd[31m\"5x\"\n" +
				"      | \t \t       ^^^^\n" +
				"  \"x\" is not a unit (ms, s, m, h, d). Try \"5s\".\n"},
		{"a place without extent has a mark", emptyRange, `Error: invalid duration [invalid-duration]
  orders.hcl:12:17
   12 |   retry_delay = "5x"
      |                     ^
  "x" is not a unit (ms, s, m, h, d). Try "5s".
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			if err := Text(&out, hclconfig.Diagnostics{tt.finding}, false); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The colours stand around whole pieces and change no letter: without them the text is the same.
func TestTextInColor(t *testing.T) {
	var plain, colored strings.Builder
	for out, color := range map[*strings.Builder]bool{&plain: false, &colored: true} {
		if err := Text(out, hclconfig.Diagnostics{invalidDuration()}, color); err != nil {
			t.Fatal(err)
		}
	}
	stripped := regexp.MustCompile(`\x1b\[[0-9;]+m`).ReplaceAllString(colored.String(), "")
	if diff := cmp.Diff(plain.String(), stripped); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{"\x1b[1;31mError:\x1b[0m", "\x1b[1;31m^^^^\x1b[0m", "\x1b[36morders.hcl:12:17\x1b[0m"} {
		if !strings.Contains(colored.String(), want) {
			t.Errorf("there is no %q in %q", want, colored.String())
		}
	}
}

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{
		"":                0,
		"abc":             3,
		"e\u0301":         1, // a combining mark
		"日本":              4,
		"🚀":               2,
		"👩\u200d👩\u200d👧": 2, // one picture
		"❤\ufe0f":         2, // a character that asks for its picture
		"ｱ":               1, // a half-width letter
		"🇩🇪":              2, // a flag is two letters
		"e\u0301日x":       4,
	} {
		if got := width(text); got != want {
			t.Errorf("%q takes %d cells, not %d", text, got, want)
		}
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
