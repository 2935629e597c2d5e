package findings

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"iggysink/hclconfig"
)

// The runner of GitHub Actions takes every line of a job's output for a command that begins with :: behind white space,
// and obeys ##[ anywhere in it. Neither a name of a file nor a message of a configuration reaches it, in any format.
func TestNoLineOfAnyFormIsACommandOfAConfiguration(t *testing.T) {
	d := invalidDuration()
	d.Range.Filename = "::add-mask::x.hcl"
	d.Summary = "::stop-commands::a"
	d.Detail = "first\n  ::stop-commands::b\n##[group]c\r\n::stop-commands::d"
	whole := d
	whole.Range = hcl.Range{Filename: "##[group]x.hcl"}
	for _, format := range Formats() {
		for line := range strings.Lines(string(write(t, format, Findings{Diagnostics: hclconfig.Diagnostics{d, whole}}))) {
			if format == "github" && strings.HasPrefix(line, "::error ") {
				continue // ours; what is in it is escaped
			}
			obeyed := strings.HasPrefix(strings.TrimSpace(line), "::") || format != "json" && format != "sarif" && strings.Contains(line, "##[")
			if obeyed && format != "junit" { // those three are files
				t.Errorf("%s: %q is a command", format, line)
			}
		}
	}
}

// A viewer of SARIF makes a link of [text](destination).
func TestSARIFHasNoLinkOfAConfiguration(t *testing.T) {
	d := invalidDuration()
	d.Detail = "see [the fix](https://example.com/)"
	if text := string(write(t, "sarif", Findings{Diagnostics: hclconfig.Diagnostics{d}})); strings.Contains(text, "](") {
		t.Errorf("there is a link in %s", text)
	}
}

// Two findings of one rule at one place, as for two sinks of a for_each, are two tests: GitLab knows one by its name.
func TestJUnitNamesAreUnique(t *testing.T) {
	first, second := invalidDuration(), invalidDuration()
	first.Detail, second.Detail = `In tenant["a"].`, `In tenant["b"].`
	var got junitReport
	if err := xml.Unmarshal(write(t, "junit", Findings{Diagnostics: hclconfig.Diagnostics{first, second}}), &got); err != nil {
		t.Fatal(err)
	}
	cases := got.Suites[0].Cases
	if len(cases) != 2 || cases[0].Name == cases[1].Name {
		t.Errorf("%+v", cases)
	}
}

// What XML cannot hold does not end the report.
func TestJUnitIsWellFormed(t *testing.T) {
	d := invalidDuration()
	d.Range.Filename = "a\x00\x1b\xff]]>.hcl"
	d.Snippet.Code = "\x01\ufffe\xff]]><x>" + d.Snippet.Code
	d.Summary, d.Detail = "\x02\xff", "\x0b\ufffe"
	text := write(t, "junit", Findings{Diagnostics: hclconfig.Diagnostics{d}})
	if err := xml.Unmarshal(text, new(junitReport)); err != nil {
		t.Errorf("%v in %q", err, text)
	}
}

// A finding keeps its fingerprint when lines are put above it, and shares it with no other.
func TestFingerprintsFollowTheFinding(t *testing.T) {
	prints := func(found ...hclconfig.Diagnostic) (all []string) {
		report, err := sarif.FromBytes(write(t, "sarif", Findings{Diagnostics: found}))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range report.Runs[0].Results {
			all = append(all, r.PartialFingerprints[fingerprintName])
		}
		return all
	}
	before, moved, other := invalidDuration(), invalidDuration(), invalidDuration()
	moved.Range.Start.Line, moved.Range.End.Line, moved.Snippet.Line = 99, 99, 99
	other.Snippet.Code = `  timeout = "5x"`
	other.Snippet.Start, other.Snippet.End = 12, 16
	a, b, c := prints(before)[0], prints(moved)[0], prints(before, other, moved)
	if a != b || c[0] != a || c[1] == a || c[2] == a || c[1] == c[2] {
		t.Errorf("%s, %s, %v", a, b, c)
	}
}

// GitHub refuses a whole report for one result that has no location.
func TestSARIFHasALocationForEverything(t *testing.T) {
	d := hclconfig.Diagnostic{Severity: hclconfig.Error, Rule: "no-configuration", Summary: "no configuration was found"}
	var document any
	text := write(t, "sarif", Findings{Diagnostics: hclconfig.Diagnostics{d}})
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if err := sarifSchema(t).Validate(document); err != nil {
		t.Errorf("%#v", err)
	}
	if !bytes.Contains(text, []byte(`"uri": "."`)) || !bytes.Contains(text, []byte(`"startLine": 1`)) {
		t.Errorf("no location in %s", text)
	}
}
