package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/language"
)

// explained returns what explain prints, and its exit code.
func explained(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"explain"}, args...), strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), code
}

// flat is text without its line breaks and indents.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

func TestEveryRuleIsExplained(t *testing.T) {
	for _, r := range language.Rules() {
		out, errs, code := explained(t, r.ID)
		if code != exitOK || !strings.Contains(flat(out), flat(r.Doc)) || !strings.Contains(out, "("+string(r.Severity)+")") {
			t.Errorf("explain %s: exit %d\n%s%s", r.ID, code, out, errs)
		}
	}
}

// Each attribute has its documentation, its default and, unless nothing can be said, an example that HCL reads.
func TestEveryBlockAndAttributeIsExplained(t *testing.T) {
	example := regexp.MustCompile(`(?m)^  example    (.*)$`)
	seen := 0
	for _, topic := range newTopics() {
		seen++
		out, errs, code := explained(t, topic.name())
		if code != exitOK || topic.doc() == "" || !strings.Contains(flat(out), flat(topic.doc())) {
			t.Errorf("explain %s: exit %d\n%s%s", topic.name(), code, out, errs)
		}
		a := topic.attribute
		if a == nil {
			continue
		}
		for _, row := range []string{"type", "default", "example", "since"} {
			if !regexp.MustCompile(`(?m)^  ` + row + ` +\S`).MatchString(out) {
				t.Errorf("explain %s has no row %s:\n%s", topic.name(), row, out)
			}
		}
		if a.Default != nil && !strings.Contains(out, "\n  default    "+language.Literal(a.Default)+"\n") {
			t.Errorf("explain %s does not tell the default:\n%s", topic.name(), out)
		}
		shown := example.FindStringSubmatch(out)
		if len(shown) != 2 {
			t.Errorf("explain %s has no example", topic.name())
			continue
		}
		file, diags := hclsyntax.ParseConfig([]byte(shown[1]+"\n"), "", hcl.InitialPos)
		if attributes, more := file.Body.JustAttributes(); diags.HasErrors() || more.HasErrors() || attributes[a.Name] == nil {
			t.Errorf("explain %s: the example %s is no attribute", topic.name(), shown[1])
		}
	}
	if seen < 60 {
		t.Errorf("only %d topics", seen)
	}
}

// The words of a type come from the JSON Schema: a keyword that they do not know would be silently left out.
func TestWordsOfTypes(t *testing.T) {
	for name, want := range map[string]string{
		"sink.max_retries":          "integer, 0 to 4294967295",
		"sink.success_status_codes": "list, each element integer, 200 to 599",
		"sink.headers":              "map, each value a string",
		"sink.enabled":              "true or false",
		"sink.retry_jitter":         `one of "full", "none"`,
		"sink.stream.poll_interval": `duration above zero, such as "500ms" or "1m30s"`,
		"iggy.address":              "host and port",
		"sink.health_check_url":     "http or https URL",
	} {
		if got := schemaAt(strings.Split(name, ".")).words(); got != want {
			t.Errorf("%s is %s, not %s", name, got, want)
		}
	}
}

// The list of functions is that of the rule about unknown ones, which is made of those that there are.
func TestEveryFunctionIsExplained(t *testing.T) {
	var want []string
	for _, r := range language.Rules() {
		if r.ID == "unknown-function" {
			_, list, _ := strings.Cut(r.Doc, ": ")
			want = strings.Split(strings.TrimSuffix(list, "."), ", ")
		}
	}
	var got []string
	for _, f := range language.Functions() {
		got = append(got, f.Name)
		if out, errs, code := explained(t, f.Name); code != exitOK || !strings.Contains(flat(out), flat(f.Doc)) ||
			!strings.HasPrefix(f.Form, f.Name+"(") {
			t.Errorf("explain %s: exit %d\n%s%s", f.Name, code, out, errs)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 20 {
		t.Error(diff)
	}
}

// So is each value that an attribute or a label takes, alone and behind the name.
func TestEveryValueIsExplained(t *testing.T) {
	seen := 0
	for _, topic := range newTopics() {
		if topic.isBlock() {
			continue
		}
		for _, value := range schemaAt(topic.path).Enum {
			seen++
			for _, name := range []string{value, topic.name() + "." + value} {
				out, errs, code := explained(t, name)
				said := strings.Contains(out, language.Literal(value)+" is a value of ") ||
					strings.Contains(out, language.Literal(value)+" is also a value of ")
				if code != exitOK || !said || !strings.Contains(out, topic.name()) {
					t.Errorf("explain %s: exit %d\n%s%s", name, code, out, errs)
				}
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d values", seen)
	}
}

func TestTopicsAreTheTablesOfTheSchema(t *testing.T) {
	want := 0
	var count func(b *language.Block)
	count = func(b *language.Block) {
		want += len(b.Labels) + len(b.Attributes)
		for _, inner := range b.Blocks {
			want++
			count(inner)
		}
	}
	count(language.ConfigBlock())
	if got := len(newTopics()); got != want {
		t.Errorf("%d topics of %d", got, want)
	}
}
