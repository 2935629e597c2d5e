package finding

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"iggysink/hclconfig/internal/mask"
)

func invalidDuration() Diagnostic {
	return Diagnostic{
		Severity: Error, Rule: "invalid-duration", Summary: "invalid duration",
		Detail: `"x" is not a unit (ms, s, m, h, d). Try "5s".`,
		Range: hcl.Range{
			Filename: "orders.hcl",
			Start:    hcl.Pos{Line: 12, Column: 17, Byte: 216}, End: hcl.Pos{Line: 12, Column: 21, Byte: 220},
		},
		Snippet: &mask.Snippet{Line: 12, Code: `  retry_delay = "5x"`, Start: 16, End: 20, Context: `sink "orders"`},
	}
}

func TestText(t *testing.T) {
	tabs := invalidDuration()
	tabs.Snippet = &mask.Snippet{Line: 12, Code: "\tä\t= \x1b[31m\"5x\"", Start: 11, End: 15}
	emptyRange := invalidDuration()
	emptyRange.Snippet.Start, emptyRange.Snippet.End = 20, 20
	for _, tt := range []struct {
		name    string
		finding Diagnostic
		want    string
	}{
		{"a value", invalidDuration(), `Error: invalid duration [invalid-duration]
  orders.hcl:12:17
   12 |   retry_delay = "5x"
      |                 ^^^^
  "x" is not a unit (ms, s, m, h, d). Try "5s".
`},
		{"a warning about no place", Diagnostic{
			Severity: Warning, Rule: "unused-variable", Summary: "unused variable", Detail: "first\nsecond",
		}, `Warning: unused variable [unused-variable]
  first
  second
`},
		{"a file as a whole", Diagnostic{
			Severity: Error, Rule: "unreadable-file", Summary: "a file cannot be read",
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
			if err := (Diagnostics{tt.finding}).WriteText(&out, false); err != nil {
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
		if err := (Diagnostics{invalidDuration()}).WriteText(out, color); err != nil {
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

func TestFindingsPrintThemselves(t *testing.T) {
	warning := Diagnostic{Severity: Warning, Rule: "unused-variable", Summary: "unused", Range: hcl.Range{Filename: "::a\n"}}
	found := Diagnostics{invalidDuration(), warning, {Severity: Error, Rule: "no-configuration", Summary: "none"}}
	want := "orders.hcl:12:17: error: [invalid-duration] invalid duration. \"x\" is not a unit (ms, s, m, h, d). Try \"5s\".\n" +
		"./::a\ufffd: warning: [unused-variable] unused\nerror: [no-configuration] none"
	var err error = found
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
	if err = found[1]; err.Error() != found[1].String() {
		t.Error(err)
	}
}
