package hclconfig

import (
	"regexp"
	"strings"
	"testing"

	"iggysink/hclconfig/internal/finding"
)

func TestEveryRuleIsDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range finding.Rules() {
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(r.ID) || seen[r.ID] {
			t.Errorf("%q is no id, or is there twice", r.ID)
		}
		seen[r.ID] = true
		if r.Severity != Error && r.Severity != Warning && r.Severity != Note {
			t.Errorf("%s has the severity %q", r.ID, r.Severity)
		}
		if r.Summary == "" || strings.HasSuffix(r.Summary, ".") || !strings.HasSuffix(r.Doc, ".") {
			t.Errorf("%s: the summary is no headline, or the doc no paragraph: %q, %q", r.ID, r.Summary, r.Doc)
		}
	}
}
