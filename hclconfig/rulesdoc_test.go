package hclconfig

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iggysink/hclconfig/internal/finding"
)

// rulesDocument is the table of all rules for a reader.
const rulesDocument = "RULES.md"

func rulesMarkdown() string {
	var b strings.Builder
	b.WriteString("# The rules of `iggysink validate`\n\n" +
		"Every finding names its rule. `iggysink explain RULE` prints a row of this table, which is made from the rules\n" +
		"themselves by `go test ./hclconfig -update`. Ids are stable. An error stops a configuration from being used, a\n" +
		"warning does not.\n\n| rule | severity | finds | why, and what to do |\n|---|---|---|---|\n")
	cell := func(text string) string {
		return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`).Replace(text)
	}
	for _, r := range finding.Rules() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.ID, r.Severity, cell(r.Summary), cell(r.Doc))
	}
	return b.String()
}

func TestTheTableOfRulesIsUpToDate(t *testing.T) {
	want := rulesMarkdown()
	if *update {
		if err := os.WriteFile(rulesDocument, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(rulesDocument)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is stale; go test ./hclconfig -update writes it\n%s", rulesDocument, diff)
	}
}

func TestEveryRuleIsDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range finding.Rules() {
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(r.ID) || seen[r.ID] {
			t.Errorf("%q is no id, or is there twice", r.ID)
		}
		seen[r.ID] = true
		if r.Severity != Error && r.Severity != Warning {
			t.Errorf("%s has the severity %q", r.ID, r.Severity)
		}
		if r.Summary == "" || strings.HasSuffix(r.Summary, ".") || !strings.HasSuffix(r.Doc, ".") {
			t.Errorf("%s: the summary is no headline, or the doc no paragraph: %q, %q", r.ID, r.Summary, r.Doc)
		}
	}
}
