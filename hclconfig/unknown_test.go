package hclconfig

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// A configuration in which nothing is found has no finding either where any one of its values is not known yet: what may
// be right is not called wrong. near.txtar has every attribute that a rule looks at, close to what the rule finds.
func TestWhatIsNotKnownIsNotCalledWrong(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/near.txtar")
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	files := make(map[string]string)
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
		if f.Name == "a.hcl" {
			text = string(f.Data)
		}
	}
	delete(files, "want")
	attribute := regexp.MustCompile(`(?m)^( +"?[\w!#$%&'*+.^|~` + "`" + `-]+"? += )([^{\n]+|\{ .* \})$`)
	places := attribute.FindAllStringSubmatchIndex(text, -1)
	if len(places) < 50 {
		t.Fatalf("only %d attributes", len(places))
	}
	for _, at := range places {
		for _, unknown := range []string{"var.later", `env("LATER")`, `"${env("LATER")}x"`, "[var.later]", "{ X = var.later }"} {
			if list := text[at[4]] == '['; list != (unknown[0] == '[') && unknown != "var.later" ||
				(text[at[4]] == '{') != (unknown[0] == '{') && unknown != "var.later" {
				continue // of another type, which is wrong whatever the value will be
			}
			files["a.hcl"] = text[:at[4]] + unknown + text[at[5]:] + "\nvariable \"later\" {}\n"
			write(t, files)
			_, found := Load([]string{"."}, Options{Unknowns: true, Env: environment(map[string]string{"KEY": "k"})})
			found = slices.DeleteFunc(found, func(d Diagnostic) bool { return strings.HasPrefix(d.Rule, "unused-") })
			if len(found) > 0 {
				t.Errorf("%s%s:\n%s", text[at[2]:at[3]], unknown, inWords(new(Result), found))
			}
		}
	}
}
