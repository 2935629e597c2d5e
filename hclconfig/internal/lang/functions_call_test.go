package lang

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/mask"
)

// What reads files, and what hides a value. Terraform has the same names; the results of templatefile are sensitive here.
func TestFunctionsThatAreNotPure(t *testing.T) {
	for text, want := range map[string]cty.Value{
		`fileexists("testdata/greeting.tpl")`: cty.True, `fileexists("testdata/none")`: cty.False,
		`templatefile("testdata/greeting.tpl", { name = "Ada" })`: cty.StringVal("Hello Ada\n"),
		`templatefile("testdata/greeting.tpl", { name = 5 })`:     cty.StringVal("Hello 5\n"),
		`path.module`: cty.StringVal("."), `"${path.module}/x"`: cty.StringVal("./x"), `sensitive("a")`: cty.StringVal("a"),
		`lookup({ a = 1 }, "a")`: cty.NumberIntVal(1), `coalesce("", "a")`: cty.StringVal("a"), `replace("a1", "/[0-9]/", "x")`: cty.StringVal("ax"),
	} {
		value, found := valueOf(t, text)
		assert.Empty(t, found, text)
		value, _ = value.Unmark()
		assert.True(t, value.RawEquals(want), "%s is %#v", text, value)
	}
}

func TestFunctionsSayWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		`templatefile("testdata/greeting.tpl", {})`:  "The second argument has no value for a name in it. Look at line 1",
		`templatefile("testdata/greeting.tpl", "a")`: "Its second argument is a map",
		`templatefile("testdata/none.tpl", {})`:      "It does not exist.",
		`templatefile("../none.tpl", {})`:            "is not in the folder of the configuration",
		`fileexists("../../bound/guard.go")`:         "not in the folder of the configuration",
		`timestamp()`:                                "differs from run to run",
		`md5("a")`:                                   "Use sha256() instead.",
		`getenv("HOME")`:                             `Use env("NAME") instead.`,
		`trimspce("a")`:                              `Did you mean "trimspace"?`,
		`filebase64("a")`:                            "base64encode(file(PATH))",
		`yamldecode("a: &x 1\nb: *x")`:               "Aliases (*name) are not supported in YAML.",
		`path.root`:                                  "path.module is the folder",
		`join("", [for i in range(1024) : format("%9999s", "") ])`: "too large",
	} {
		_, found := valueOf(t, text)
		said := found.Error()
		assert.True(t, strings.Contains(said, want) || strings.Contains(said, "too-much-work") && want == "too large", "%s: %s", text, said)
		assert.NotContains(t, said, mask.Hidden+mask.Hidden)
	}
}
