package hclconfig

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Expressions that would take for ever, or all memory, if nothing bounded them.
func TestHostileExpressions(t *testing.T) {
	const big = `locals {
  big  = join("", [for i in split("", format("%1000s", "x")) : format("%1000s", "x")])
  list = split("", format("%5000s", "x"))
  one  = local.big
}
`
	for _, tt := range []struct{ name, expr, want string }{
		{"doubling", `"` + strings.Repeat("${local.big}", 40) + `"`, "[too-much-work]"},
		{"join", `join("", [` + strings.Repeat("local.big, ", 40) + `])`, "[too-much-work]"},
		{"separator", `join(local.big, local.list)`, "[too-much-work]"},
		{"replace", `replace(local.big, " ", local.big)`, "[too-much-work]"},
		{"pattern", `replace(local.big, "/( |x)*( |y)*$/", local.big)`, "[too-much-work]"},
		{"regex", `regex(local.big, local.big)`, "[too-much-work]"},
		{"format", `format("` + strings.Repeat("%[1]s", 100) + `", local.big)`, "[too-much-work]"},
		{"jsonencode", `jsonencode([` + strings.Repeat("local.big, ", 100) + `])`, "[too-much-work]"},
		{"distinct", `length(distinct(local.list))`, "[too-much-work]"},
		{"concat", `length(concat(` + strings.Repeat("[for x in local.list : x], ", 100) + `[]))`, "[too-much-work]"},
		{"flatten", `length(flatten([for a in local.list : local.list]))`, "[too-much-work]"},
		{"loops", `length([for a in local.list : [for b in local.list : [for c in local.list : c]]])`, "[too-much-work]"},
		{"loops without a result", `length([for a in local.list : [for b in local.list : b if false]])`, "[too-much-work]"},
		{"directives", `"%{for a in local.list}%{for b in local.list}${a}%{endfor}%{endfor}"`, "[too-much-work]"},
		{"pieces of a text", `format("` + strings.Repeat("%%", 10_000) + `")`, "[too-much-work]"},
		{"products", `upper(` + strings.Repeat("1e300*", 9000) + `1)`, "[number-out-of-range]"},
		{"products in text", `"${` + strings.Repeat("1e300*", 90) + `1}"`, "[number-out-of-range]"},
		{"a number in a list", `[1, 1e9999999][0]`, "[number-out-of-range]"},
		{"a number in text", `"1e9999999" + 1`, "[number-out-of-range]"},
		{"not a number", `NaN`, "[unknown-name]"},
		{"infinity", `1 / 0`, "[number-out-of-range]"},
	} {
		for _, name := range []string{"a.hcl", "a.hcl.json"} {
			text := []byte(sinkOf(`"http://127.0.0.1/"`, "headers = { A = "+tt.expr+" }") + big)
			if name == "a.hcl.json" {
				if strings.Contains(tt.name, "pieces") { // HCL joins them in the text that the twin is made of
					continue
				}
				text = twin(t, "a.hcl", text)
			}
			t.Run(tt.name+" "+name, func(t *testing.T) {
				write(t, map[string]string{name: string(text)})
				result, found := Load([]string{name}, Options{Env: environment(map[string]string{"T": "x"})})
				require.Contains(t, inWords(result, found), tt.want)
			})
		}
	}
}

// A file full of something has a bound, and what is found in it too.
func TestHostileAmounts(t *testing.T) {
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for _, tt := range []struct{ name, file, text, want string }{
		{"blocks on one line each", "a.hcl", strings.Repeat("a{}\n", 400_000), "[too-many-blocks]"},
		{"blocks", "a.hcl", strings.Repeat("a {\n}\n", 30_000), "[too-many-blocks]"},
		{"attributes", "a.hcl", many("a%d=1\n", 150_000), "[too-many-blocks]"},
		{"lines of one attribute", "a.hcl", strings.Repeat("a = 1\n", 50_000), "[too-many-findings]"},
		{"unknown attributes", "a.hcl", many("a%d = 1\n", 20_000), "[too-many-findings]"},
		{"unknown properties", "a.hcl.json", "{" + many("\"a%d\": 1,\n", 20_000) + `"x": 1}`, "[too-many-findings]"},
		{"objects", "a.hcl.json", "[" + strings.Repeat("{},", 400_000) + "{}]", "[too-many-blocks]"},
		{"strings", "a.hcl.json", "[" + strings.Repeat(`"${a}",`, 250_000) + `""]`, "[too-many-blocks]"},
		{"one line", "a.hcl.json", `{"sink": {"a": {"headers": {"A": [` + strings.Repeat(`"${var.a}",`, 20_000) + "1]}}}}",
			"[too-many-findings]"},
		{"comments", "a.hcl", strings.Repeat("# iggysink:ignore x y\n", 20_000), "[too-many-findings]"},
		{"comments in JSON", "a.hcl.json", "{" + strings.Repeat("\"//\": \"iggysink:ignore x y\",\n", 20_000) + `"//": 1}`,
			"[too-many-findings]"},
		{"numbers", "a.hcl", "a = [" + strings.Repeat("1e9999999,", 90_000) + "]", "[number-out-of-range]"},
		{"sinks without content", "a.hcl", many("sink \"a%d\" {\n}\n", 9_000), "[too-many-findings]"},
		{"sinks of for_each", "a.hcl", strings.Repeat("sink \"b\" {\n for_each = { for i, a in split(\"\", format(\"%9999s\", \"\")) : \"k${i}\" => a }\n}\n", 3),
			"[too-many-blocks]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			write(t, map[string]string{tt.file: tt.text})
			result, found := Load([]string{tt.file}, Options{Env: environment(map[string]string{"T": "x"})})
			require.LessOrEqual(t, len(found), 2*maxFindings+1)
			require.Contains(t, inWords(result, found), tt.want)
		})
	}
}

// A file that may not be read is told of, and so is one whose reading fails.
func TestUnreadable(t *testing.T) {
	write(t, map[string]string{"a.hcl": login, "conf/b.hcl": login, "values.vars.hcl": "a = 1", "c.hcl": login})
	for _, name := range []string{"a.hcl", "conf", "values.vars.hcl"} {
		require.NoError(t, os.Chmod(name, 0))
	}
	require.NoError(t, os.Chmod("c.hcl", 0o644))
	t.Cleanup(func() { require.NoError(t, os.Chmod("conf", 0o700)) })
	asNobody(t, func() {
		_, err := os.ReadFile("a.hcl")
		require.ErrorIs(t, err, os.ErrPermission, "otherwise this test shows nothing")
		for _, path := range []string{"a.hcl", "conf", filepath.Join("conf", "b.hcl")} {
			result, found := Load([]string{path}, Options{})
			require.Contains(t, inWords(result, found), "[unreadable-file]\n  "+path+":0:0\n  It may not be read.")
		}
		result, found := Load([]string{"c.hcl"}, Options{VarFiles: []string{"values.vars.hcl"}, Unknowns: true})
		require.Contains(t, inWords(result, found), "[unreadable-file]\n  values.vars.hcl:0:0\n  It may not be read.")
	})
}
