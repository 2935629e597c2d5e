package hclconfig

import (
	"fmt"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/hclconfig/internal/finding"
)

// TestMain lets garbage grow: these tests are thousands of short loads, and collecting it is a third of their time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}

// The bounds, as they are documented.
const (
	maxDepth     = 100     // of brackets
	maxRecursion = 10_000  // operators and brackets of a statement
	maxBlocks    = 20_000  // of a file
	maxLines     = 100_000 // attributes and blocks of a file
	maxPieces    = 5_000   // of a text
	maxWords     = 800_000 // and signs of a file
	maxDigits    = 300
	maxExponent  = 300
)

// loadText loads one file that is not on the disk, so that tests may run at the same time.
func loadText(name, text string) string {
	result, found := Load([]string{name}, Options{Env: environment(map[string]string{"T": "x"}),
		Texts: map[string][]byte{name: []byte(text)}})
	if len(found) > 2*finding.MaxFindings+1 {
		return fmt.Sprintf("%d findings", len(found))
	}
	return inWords(result, found)
}

// times makes text of a piece for each number.
func times(format string) func(int) string {
	return func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
}

// repeat makes text of pieces that are all the same.
func repeat(before, piece, behind string) func(int) string {
	return func(n int) string { return before + strings.Repeat(piece, n) + behind }
}

// Every bound lets through what is just below it, and refuses what is just above. Without it, what is far above would be
// slow, endless or fatal.
func TestBounds(t *testing.T) {
	const json = "a.hcl.json"
	for _, tt := range []struct {
		name, file, rule string
		text             func(int) string
		most, far        int // the last number that is let through; one that is far away, if there is more to see in it
	}{
		{"brackets", "a.hcl", "too-deep", repeat("a = ", "[", ""), maxDepth, 30_000},
		{"parentheses", "a.hcl", "too-deep", repeat("a = ", "(", ""), maxDepth, 30_000},
		{"braces", "a.hcl", "too-deep", repeat("a = ", "{a=", ""), maxDepth, 30_000},
		{"interpolations", "a.hcl", "too-deep", repeat("a = ", `"${`, ""), maxDepth, 30_000},
		{"nested blocks", "a.hcl", "too-deep", repeat("", "a {\n", ""), maxDepth, 30_000},
		{"directives", "a.hcl", "too-deep", repeat(`a = "`, "%{if true}", `"`), maxRecursion - 1, 0},
		{"operators", "a.hcl", "too-deep", repeat("a = 1", "+1", ""), maxRecursion - 1, 30_000},
		{"operators over lines", "a.hcl", "too-deep", repeat("a = (1\n", "+1\n", ")"), maxRecursion - 2, 0},
		{"signs", "a.hcl", "too-deep", repeat("a = ", "-", "1"), maxRecursion - 1, 30_000},
		{"negations", "a.hcl", "too-deep", repeat("a = ", "!", "true"), maxRecursion - 1, 30_000},
		{"conditions", "a.hcl", "too-deep", repeat("a = ", "true ? 1 : ", "1"), maxRecursion/2 - 1, 0},
		{"steps", "a.hcl", "too-deep", repeat("a = b", "[c]", ""), maxRecursion - 1, 30_000},
		{"JSON lists", json, "too-deep", repeat("", "[", ""), maxDepth, 1_000_000},
		{"JSON objects", json, "too-deep", repeat("", `{"a":`, ""), maxDepth, 30_000},
		{"a JSON template", json, "too-deep", repeat(`{"a": "${`, "(", `"}`), maxDepth - 1, 30_000},
		{"digits", "a.hcl", "number-out-of-range", repeat("a = ", "9", ""), maxDigits, 30_000},
		{"JSON digits", json, "number-out-of-range", repeat(`{"a": `, "9", "}"), maxDigits, 30_000},
		{"an escaped JSON template", json, "number-out-of-range", repeat(`{"a": "\u0024{`, "9", `}"}`), maxDigits, 30_000},
		{"blocks", "a.hcl", "too-many-blocks", repeat("", "a {\n}\n", ""), maxBlocks, 0},
		{"blocks on one line each", "a.hcl", "too-many-blocks", repeat("", "a{}\n", ""), maxBlocks, 40_000},
		{"lines", "a.hcl", "too-many-blocks", repeat("", "\n", ""), maxLines, 0},
		{"words", "a.hcl", "too-many-blocks", repeat("#", ",", ""), maxWords - 1, 0},
		{"words in JSON", json, "too-many-blocks", repeat(`{"a": "${a}`, ",", `"}`), maxWords - 4, 0},
		{"objects", json, "too-many-blocks", repeat("[", "{},", "{}]"), maxLines - 2, 0},
		{"strings", json, "too-many-blocks", repeat("[", `"",`, `""]`), 2*maxLines - 1, 0},
		{"pieces of a text", "a.hcl", "too-much-work", repeat(`a = "`, "%%", `"`), maxPieces / 2, 30_000},
		{"unknown attributes", "a.hcl", "too-many-findings", times("a%d = 1\n"), finding.MaxFindings - 1, 5_000},
		{"attributes of one name", "a.hcl", "too-many-findings", repeat("", "a = 1\n", ""), finding.MaxFindings + 1, 5_000},
		{"unknown properties", json, "too-many-findings", func(n int) string { return "{" + times("\"a%d\": 1,\n")(n) + `"x": 1}` },
			finding.MaxFindings - 2, 5_000},
		{"wrong names on a line", json, "too-many-findings",
			repeat(`{"sink": {"a": {"headers": {"A": [`, `"${var.a}",`, "1]}}}}"), finding.MaxFindings - 3, 0},
		{"comments", "a.hcl", "too-many-findings", repeat("", "# iggysink:ignore x y\n", ""), finding.MaxFindings, 5_000},
		{"comments in JSON", json, "too-many-findings", repeat("{", "\"//\": \"iggysink:ignore x y\",\n", `"//": 1}`), finding.MaxFindings, 0},
		{"numbers", "a.hcl", "number-out-of-range", repeat("a = [", "1e9999999,", "]"), 0, 20_000},
		{"sinks without content", "a.hcl", "too-many-findings", times("sink \"a%d\" {\n}\n"), finding.MaxFindings/2 - 1, 1_500},
		{"what dynamic makes", "a.hcl", "too-many-blocks", func(n int) string {
			return sinkOf(`"http://127.0.0.1/"`, fmt.Sprintf("dynamic \"tls\" {\nfor_each = split(\"\", format(\"%%9999s%%9999s%%%ds\", \"\", \"\", \"\"))\ncontent {}\n}\n", n))
		}, maxMade - 2*9999, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.NotContains(t, loadText(tt.file, tt.text(tt.most)), "["+tt.rule+"]")
			require.Contains(t, loadText(tt.file, tt.text(tt.most+1)), "["+tt.rule+"]")
			if tt.far > 0 {
				require.Contains(t, loadText(tt.file, tt.text(tt.far)), "["+tt.rule+"]")
			}
		})
	}
}

// bigLocals are a text and a list that make what uses them costly.
const bigLocals = `locals {
  big  = join("", [for i in split("", format("%100s", "x")) : format("%1000s", "x")])
  list = split("", format("%5000s", "x"))
  cost = length(replace(format("%145s", ""), "q", local.big))
}
`

// hostileExpressions are the expressions with the rule that each breaks.
var hostileExpressions = []struct {
	name, expr, want string
	inJSON           bool
}{
	{"doubling", `"` + strings.Repeat("${local.big}", 400) + `"`, "[too-much-work]", true},
	{"join", `join("", [` + strings.Repeat("local.big, ", 400) + `])`, "[too-much-work]", false},
	{"separator", `join(local.big, local.list)`, "[too-much-work]", false},
	{"replace", `replace(local.big, " ", local.big)`, "[too-much-work]", false},
	{"pattern", `replace(local.big, "/( |x)*( |y)*$/", local.big)`, "[too-much-work]", false},
	{"regex", `regex(local.big, local.big)`, "[too-much-work]", false},
	{"format", `format("` + strings.Repeat("%[1]s", 1000) + `", local.big)`, "[too-much-work]", false},
	{"jsonencode", `jsonencode([` + strings.Repeat("local.big, ", 400) + `])`, "[too-much-work]", false},
	{"distinct", `length(distinct(local.list))`, "[too-much-work]", true},
	{"concat", `length(concat(` + strings.Repeat("[for x in local.list : x], ", 100) + `[]))`, "[too-much-work]", false},
	{"flatten", `length(flatten([for a in local.list : local.list]))`, "[too-much-work]", false},
	{"loops", `length([for a in local.list : [for b in local.list : [for c in local.list : c]]])`, "[too-much-work]", true},
	{"loops without a result", `length([for a in local.list : [for b in local.list : b if false]])`, "[too-much-work]", false},
	{"directives", `"%{for a in local.list}%{for b in local.list}${a}%{endfor}%{endfor}"`, "[too-much-work]", true},
	{"products", `upper(` + strings.Repeat("1e300*", 9000) + `1)`, "[number-out-of-range]", true},
	{"products in text", `"${` + strings.Repeat("1e300*", 90) + `1}"`, "[number-out-of-range]", false},
	{"a number in a list", `[1, 1e9999999][0]`, "[number-out-of-range]", true},
	{"a number in text", `"1e9999999" + 1`, "[number-out-of-range]", true},
	{"not a number", `NaN`, "[unknown-name]", true},
	{"infinity", `1 / 0`, "[number-out-of-range]", true},
	{"infinity in text", `"Inf" * 1`, "[number-out-of-range]", true},
	{"sets of sets", `length(` + strings.Repeat("toset(", 80) + `range(1000)` + strings.Repeat(")", 80) + `)`, "[too-much-work]", false},
	{"digits", `parseint(replace(local.big, " ", "9"), 36)`, "[too-much-work]", false},
	{"products of sets", `length(setproduct(range(1000), range(1000), range(1000)))`, "[too-much-work]", false},
	{"lists of formats", `length(formatlist("%9999s%9999s%9999s", range(1000)))`, "[too-much-work]", false},
	{"a long range", `length(range(1e9))`, "[function-call]", false},
	{"a range of small steps", `length(range(0, 1, 1e-300))`, "[function-call]", false},
	{"matches", `length(regexall("(a?){1000}(b?){1000}a*", local.big))`, "[function-call]", false},
	{"repetitions", `regex("((((a{100}){100}){100}){10})", "a")`, "[function-call]", false},
	{"aliases", "yamldecode(\"a: &a [x,x,x,x,x,x,x,x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a]\\nc: [*b,*b,*b,*b,*b]\")", "[function-call]", false},
	{"deep JSON", `jsondecode(join("", [for i in range(1000) : "[[[[[[[[[["]))`, "[function-call]", false},
	{"deep YAML", `yamldecode(join("", [for i in range(1000) : "[[[[[[[[[["]))`, "[function-call]", false},
	{"a number in JSON", `jsondecode("1e999999999")`, "[number-out-of-range]", false},
	{"a number in YAML", `yamldecode("1e999999999")`, "[number-out-of-range]", false},
	{"a long time", `timeadd("2018-01-02T23:12:01Z", "9e99999h")`, "[function-call]", false},
	{"indented lines", `length(indent(100000, replace(local.big, " ", "\n")))`, "[too-much-work]", false},
	{"hashes", `[for i in range(1000) : sha512(local.big)][0]`, "[too-much-work]", false},
	{"merged maps", `length(merge(` + strings.Repeat(`{ for i in range(1000) : "k${i}" => i }, `, 200) + `{}))`, "[too-much-work]", false},
	{"width", `format("%99999d", 1)`, "[function-call]", true},
}

// Expressions that would take for ever, or all memory. Most of what they may cost together is spent before, by a call that
// might have made much text: what each costs itself shows in less time.
func TestHostileExpressions(t *testing.T) {
	for _, tt := range hostileExpressions {
		native := sinkOf(`"http://127.0.0.1/"`, "headers = { A = "+tt.expr+" }") + bigLocals
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			plain := strings.Replace(native, tt.expr, `"plain"`, 1)
			require.NotContains(t, loadText("a.hcl", plain), "Error", "otherwise it is not what costs too much")
			require.Contains(t, loadText("a.hcl", native), tt.want)
		})
		if tt.inJSON { // the same code: one of each kind is enough
			t.Run(tt.name+" in JSON", func(t *testing.T) {
				t.Parallel()
				require.Contains(t, loadText("a.hcl.json", string(twin(t, "a.hcl", []byte(native)))), tt.want)
			})
		}
	}
}

// Locals that double in a chain: each is as large as the bound lets it be, and there may be many of them.
func TestChainsOfLocals(t *testing.T) {
	for name, of := range map[string]string{
		"lists": "[local.z%[2]d, local.z%[2]d]", "maps": "{ a = local.z%[2]d, b = local.z%[2]d }", "joined": "concat(local.z%[2]d, local.z%[2]d)",
	} {
		var b strings.Builder
		for i := range 60 {
			fmt.Fprintf(&b, "  z%[1]d = "+of+"\n", i+1, i)
		}
		said := loadText("a.hcl", sinkOf(`"http://127.0.0.1/"`, "")+"locals {\n  z0 = [1]\n"+b.String()+"}\n")
		require.Contains(t, said, "[too-much-work]", name)
	}
}

// Digits in quotes are text: a password may look like a number that nobody could count with.
func TestTextThatLooksLikeAHugeNumberIsText(t *testing.T) {
	for _, text := range []string{`"1e99999"`, `"12345678901e9999999999"`, `"${"1e9999999"}"`, `["1e9999999", 1][0]`, `true ? "1e9999999" : 1`,
		`"1e99999" == "x" ? "a" : "1e9999999"`, `trimspace("1e99999")`, `{ a = "1e9999999" }.a`} {
		config := `iggy {
  username = "u"
  password = ` + text + `
}
sink "a" {
  url     = "http://127.0.0.1/"
  headers = { A = ` + text + ` }
  stream "s" {
    topics         = ["t"]
    consumer_group = "g"
  }
}
`
		require.NotContains(t, loadText("a.hcl", config), "Error", text)
		require.NotContains(t, loadText("a.hcl.json", string(twin(t, "a.hcl", []byte(config)))), "Error", text)
	}
}
