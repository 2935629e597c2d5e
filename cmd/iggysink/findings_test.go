package main

import (
	"encoding/json"
	"strings"
	"testing"

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

func TestFindingsInTextForm(t *testing.T) {
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
			if err := writeFindings(&out, hclconfig.Diagnostics{tt.finding}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFindingsAsJSON(t *testing.T) {
	result := &hclconfig.Result{Needs: []hclconfig.Need{{Kind: "env", Name: "TOKEN"}}}
	var out strings.Builder
	if err := writeFindingsJSON(&out, result, hclconfig.Diagnostics{invalidDuration()}); err != nil {
		t.Fatal(err)
	}
	want := `{
  "format_version": "1.0",
  "valid": false,
  "error_count": 1,
  "warning_count": 0,
  "diagnostics": [
    {
      "severity": "error",
      "rule": "invalid-duration",
      "summary": "invalid duration",
      "detail": "\"x\" is not a unit (ms, s, m, h, d). Try \"5s\".",
      "range": {
        "filename": "orders.hcl",
        "start": {
          "line": 12,
          "column": 17,
          "byte": 216
        },
        "end": {
          "line": 12,
          "column": 21,
          "byte": 220
        }
      },
      "snippet": {
        "context": "sink \"orders\"",
        "code": "  retry_delay = \"5x\"",
        "start_line": 12,
        "highlight_start_offset": 16,
        "highlight_end_offset": 20,
        "values": []
      }
    }
  ],
  "needs": [
    {
      "kind": "env",
      "name": "TOKEN"
    }
  ]
}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// A reader in a script loops over the lists: they are there when empty.
func TestAValidConfigurationHasEmptyLists(t *testing.T) {
	var out strings.Builder
	if err := writeFindingsJSON(&out, &hclconfig.Result{}, nil); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"format_version": "1.0", "valid": true, "error_count": 0.0, "warning_count": 0.0, "diagnostics": []any{}, "needs": []any{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
