package findings

import (
	"strings"
	"testing"

	"iggysink/hclconfig"
)

// Where warnings fail a run, each form says that and why; where there is an error, that is the reason.
func TestEachFormSaysThatWarningsFailTheRun(t *testing.T) {
	warning := hclconfig.Diagnostic{Severity: hclconfig.Warning, Rule: "raw-metadata", Summary: "raw never has metadata"}
	mistake := hclconfig.Diagnostic{Severity: hclconfig.Error, Rule: "required", Summary: "url is missing"}
	const reason = "2 warnings fail the run, since --warnings-as-errors is set"
	for format, want := range map[string]string{
		"text":   "The configuration is valid, 2 warnings.\n" + reason + ".\n",
		"json":   `"failed_by": "` + reason + `"`,
		"junit":  `failures="2"`,
		"sarif":  `"exitCodeDescription": "` + reason + `"`,
		"github": "::error title=iggysink::" + reason + ".\n",
	} {
		f := Findings{Diagnostics: hclconfig.Diagnostics{warning, warning}, WarningsFail: true}
		if got := string(write(t, format, f)); !strings.Contains(got, want) {
			t.Errorf("%s: %s", format, got)
		}
		if f.WarningsFail = false; strings.Contains(string(write(t, format, f)), want) && format != "text" {
			t.Errorf("%s says so without the flag", format)
		}
		f = Findings{Diagnostics: hclconfig.Diagnostics{warning, mistake}, WarningsFail: true}
		if got := string(write(t, format, f)); strings.Contains(got, "fail the run") || strings.Contains(got, "fails the run,") {
			t.Errorf("%s: an error is the reason: %s", format, got)
		}
	}
	if got := (Findings{Diagnostics: hclconfig.Diagnostics{warning}, WarningsFail: true}).WarningsAlone(); !strings.HasPrefix(got, "1 warning fails") {
		t.Error(got)
	}
}
