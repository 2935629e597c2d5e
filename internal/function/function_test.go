package function

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// plenty is enough for every call that is not an attack.
func plenty() Spend {
	left := 1 << 20
	return func(n int) bool { left -= n; return left >= 0 }
}

func evaluate(t *testing.T, text string, spend Spend) (cty.Value, hcl.Diagnostics) {
	t.Helper()
	e, diags := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
	require.False(t, diags.HasErrors(), "%s: %s", text, diags)
	Charge(e, spend)
	return e.Value(&hcl.EvalContext{Functions: Pure(spend)})
}

// The right column is what Terraform's console prints for the same, in JSON.
func TestFunctionsGiveWhatTerraformGives(t *testing.T) {
	called := make(map[string]bool)
	for _, tt := range []struct{ text, want string }{
		{`abs(-12.4)`, `12.4`}, {`ceil(5.1)`, `6`}, {`floor(4.9)`, `4`}, {`max(12, 54, 3)`, `54`}, {`min(12, 54, 3)`, `3`},
		{`max([12, 54, 3]...)`, `54`}, {`parseint("FF", 16)`, `255`}, {`parseint("-10", 2)`, `-2`}, {`sum([10, 13, 6, 4.5])`, `33.5`},
		{`tobool("true")`, `true`}, {`tolist(["a", "b", 3])`, `["a","b","3"]`}, {`tomap({"a" = 1, "b" = "x"})`, `{"a":"1","b":"x"}`},
		{`tonumber("1")`, `1`}, {`toset(["c", "b", "b"])`, `["b","c"]`}, {`tostring(true)`, `"true"`},
		{`chomp("hello\n")`, `"hello"`}, {`indent(2, "[\n  foo,\n]")`, `"[\n    foo,\n  ]"`}, {`join("-", ["foo", "bar", "baz"])`, `"foo-bar-baz"`},
		{`lower("HELLO")`, `"hello"`}, {`upper("hello")`, `"HELLO"`}, {`title("hello world")`, `"Hello World"`},
		{`split(",", "foo,bar,baz")`, `["foo","bar","baz"]`}, {`substr("hello world", 1, 4)`, `"ello"`}, {`substr("hello world", -5, -1)`, `"world"`},
		{`trim("?!hello?!", "!?")`, `"hello"`}, {`trimprefix("helloworld", "hello")`, `"world"`}, {`trimsuffix("helloworld", "world")`, `"hello"`},
		{`trimspace("  hello\n\n")`, `"hello"`}, {`format("Hello, %s! %03d %.1f", "Ander", 7, 2)`, `"Hello, Ander! 007 2.0"`},
		{`formatlist("Hello, %s!", ["Valentina", "Ander"])`, `["Hello, Valentina!","Hello, Ander!"]`},
		{`regex("[a-z]+", "53453453.345345aaabbbccc23454")`, `"aaabbbccc"`}, {`regex("(\\d+)-(\\d+)", "2019-02")`, `["2019","02"]`},
		{`regexall("[a-z]+", "1234abcd5678efgh9")`, `["abcd","efgh"]`}, {`replace("1 + 2 + 3", "+", "-")`, `"1 - 2 - 3"`},
		{`replace("hello world", "/w.*d/", "everybody")`, `"hello everybody"`}, {`replace("ab", "/(a)(b)/", "$2$1")`, `"ba"`},
		{`startswith("hello world", "hello")`, `true`}, {`endswith("hello world", "hello")`, `false`}, {`strcontains("hello world", "wor")`, `true`},
		{`formatdate("DD MMM YYYY hh:mm ZZZ", "2018-01-02T23:12:01Z")`, `"02 Jan 2018 23:12 UTC"`}, {`timeadd("2017-11-22T00:00:00Z", "10m")`, `"2017-11-22T00:10:00Z"`},
		{`coalesce("", "b")`, `"b"`}, {`coalesce(null, 1, 2)`, `1`}, {`coalesce("a", "b")`, `"a"`}, {`compact(["a", "", "b", null, "c"])`, `["a","b","c"]`},
		{`concat(["a", ""], ["b", "c"])`, `["a","","b","c"]`}, {`contains(["a", "b", "c"], "a")`, `true`}, {`distinct(["a", "b", "a", "c"])`, `["a","b","c"]`},
		{`element(["a", "b", "c"], 4)`, `"b"`}, {`flatten([["a", "b"], [], ["c"]])`, `["a","b","c"]`}, {`keys({"a"=1, "c"=2, "d"=3})`, `["a","c","d"]`},
		{`values({"a"=1, "c"=2})`, `[1,2]`}, {`length("👾🕹️")`, `2`}, {`length({"a" = "b"})`, `1`}, {`length([])`, `0`},
		{`lookup({a="ay", b="bee"}, "a", "what?")`, `"ay"`}, {`lookup({a="ay", b="bee"}, "c", "what?")`, `"what?"`}, {`lookup({a=1, b="bee"}, "a")`, `1`},
		{`lookup(tomap({a="ay"}), "a")`, `"ay"`}, {`merge({"a"="b", "c"="d"}, {"e"="f", "c"="z"})`, `{"a":"b","c":"z","e":"f"}`},
		{`one([])`, `null`}, {`one(["hello"])`, `"hello"`}, {`one(toset([1]))`, `1`}, {`range(3)`, `[0,1,2]`}, {`range(1, 8, 2)`, `[1,3,5,7]`},
		{`reverse([1, 2, 3])`, `[3,2,1]`}, {`setintersection(["a", "b"], ["b", "c"], ["b", "d"])`, `["b"]`},
		{`setproduct(["dev", "prod"], ["a", "b"])`, `[["dev","a"],["dev","b"],["prod","a"],["prod","b"]]`},
		{`setsubtract(["a", "b", "c"], ["a", "c"])`, `["b"]`}, {`setunion(["a", "b"], ["b", "c"], ["d"])`, `["a","b","c","d"]`},
		{`slice(["a", "b", "c", "d"], 1, 3)`, `["b","c"]`}, {`sort(["e", "d", "a", "x"])`, `["a","d","e","x"]`}, {`zipmap(["a", "b"], [1, 2])`, `{"a":1,"b":2}`},
		{`base64encode("Hello World")`, `"SGVsbG8gV29ybGQ="`}, {`base64decode("SGVsbG8gV29ybGQ=")`, `"Hello World"`},
		{`csvdecode("a,b\n1,2")`, `[{"a":"1","b":"2"}]`}, {`jsondecode("{\"hello\": [1, null]}")`, `{"hello":[1,null]}`}, {`jsonencode({"hello"="world"})`, `"{\"hello\":\"world\"}"`},
		{`sha256("hello world")`, `"b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"`},
		{`sha512("")`, `"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"`}, {`urlencode("Hello World!")`, `"Hello+World%21"`}, {`urlencode("foo:bar@localhost?foo=bar&bar=baz")`, `"foo%3Abar%40localhost%3Ffoo%3Dbar%26bar%3Dbaz"`},
		{`yamldecode("a: 1\nb: [x, ~]\n")`, `{"a":1,"b":["x",null]}`}, {`can(jsondecode("{"))`, `false`}, {`try(jsondecode("{"), "none")`, `"none"`},
	} {
		name, _, _ := strings.Cut(tt.text, "(")
		called[name] = true
		v, diags := evaluate(t, tt.text, plenty())
		require.False(t, diags.HasErrors(), "%s: %s", tt.text, diags)
		got, err := stdlib.JSONEncode(v)
		require.NoError(t, err, tt.text)
		assert.Equal(t, tt.want, got.AsString(), tt.text)
	}
	for _, name := range slices.Sorted(maps.Keys(Pure(plenty()))) {
		assert.True(t, called[name], "no case for %s", name)
	}
}

func TestFunctionsRefuse(t *testing.T) {
	for text, want := range map[string]string{
		`lookup({a=1}, "b")`:                                "no such key",
		`lookup(tomap({a=1}), "b")`:                         "no such key",
		`one([1, 2])`:                                       "more than one element",
		`coalesce("", null)`:                                "Every argument is null or an empty string",
		`sum([])`:                                           "the list is empty",
		`sum(["1e9999999"])`:                                "300 digits",
		`tonumber("1e9999999")`:                             "300 digits",
		`abs("1e9999999")`:                                  HugeNumber,
		`substr("a", "1e9999999", 1)`:                       HugeNumber,
		`jsondecode("[1e9999999]")`:                         "300 digits",
		`yamldecode("a: 1_0e99_999_999")`:                   "300 digits",
		`jsondecode(join("", [for i in range(200) : "["]))`: "nests too deep",
		`yamldecode("a: &x [1]\nb: *x\n")`:                  "Aliases",
		`format("%99999d", 1)`:                              "at most 4 digits",
		`format("%*d", 5, 1)`:                               "no *",
		`regex("((a{100}){100}){100}", "a")`:                "repe",
		`replace("a", "/(abcdefghijkl){900}/", "")`:         "10,000 states",
		`"${1 + "1e9999999"}"`:                              HugeNumber,
	} {
		_, diags := evaluate(t, text, plenty())
		require.True(t, diags.HasErrors(), text)
		assert.Contains(t, diags.Error(), want, text)
	}
}

// What makes much out of little ends when nothing is left, before it is made.
func TestAttacksRunOutOfUnits(t *testing.T) {
	for _, text := range []string{
		`[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : 1]]]`,
		`try(try(try([for a in range(1000) : [for b in range(1000) : [for c in range(1000) : can(a)]]], 1), 2), 3)`,
		`join(join("", [for i in range(1000) : "0123456789"]), range(1000))`,
		`replace(join("", [for i in range(1000) : "aaaaaaaaaa"]), "a", join("", [for i in range(1000) : "0123456789"]))`,
		`replace(join("", [for i in range(1000) : "aaaaaaaaaa"]), "/(a|b){900}/", "x")`,
		`regexall("(a?){900}", join("", [for i in range(1000) : "aaaaaaaaaaaaaaaaaaaa"]))`,
		`setproduct(range(1000), range(1000), range(1000))`,
		`format("%9999d%9999d%9999d%9999d", [for i in range(1000) : format("%9999d", i)]...)`,
		`formatlist("%9999d%s", range(1000), "x")`,
		`distinct(concat(range(1000), range(1000), range(1000)))`,
		`indent(100000, join("\n", range(1000)))`,
		`[for i in range(1000) : toset(range(1000))]`, `[for i in range(1000) : contains(range(1000), i)]`,
		`[for i in range(1000) : merge({for k in range(1000) : k => k}, {a = i})]`, `[for i in range(1000) : keys({for k in range(1000) : k => k})]`,
	} {
		spent, out := 0, false
		v, _ := evaluate(t, text, func(n int) bool {
			spent += n
			out = out || spent > 1<<20
			return !out
		})
		assert.True(t, out, "%s costs %d and gives %d", text, spent, Size(v))
	}
}

func TestTakesNumberIsTrueOfTheFunctions(t *testing.T) {
	for name, f := range Pure(plenty()) {
		for i, p := range f.Params() {
			assert.Equal(t, p.Type == cty.Number, TakesNumber(name, i), "%s, argument %d", name, i)
		}
		if v := f.VarParam(); v != nil {
			assert.Equal(t, v.Type == cty.Number, TakesNumber(name, len(f.Params())), name)
		}
	}
}

// Every function keeps the marks of its arguments: a secret stays one.
func TestMarksAreKept(t *testing.T) {
	for name, f := range Pure(plenty()) {
		if name == "can" || name == "try" {
			continue // hclconfig adds the marks of what they evaluate
		}
		var args []cty.Value
		for _, p := range f.Params() {
			args = append(args, exampleOf(name, p.Type))
		}
		if v := f.VarParam(); v != nil && len(args) == 0 || name == "setintersection" || name == "format" || name == "formatlist" {
			args = append(args, exampleOf(name, f.VarParam().Type))
		}
		for i := range args {
			marked := append([]cty.Value(nil), args...)
			marked[i] = marked[i].Mark("secret")
			v, err := f.Call(marked)
			if err == nil {
				_, marks := v.UnmarkDeep()
				assert.Contains(t, marks, "secret", "%s, argument %d", name, i)
			}
		}
	}
}

func exampleOf(name string, t cty.Type) cty.Value {
	switch {
	case t == cty.String && name == "formatdate", name == "timeadd":
		return cty.StringVal("2018-01-02T23:12:01Z")
	case t == cty.String:
		return cty.StringVal("1")
	case t == cty.Number:
		return cty.NumberIntVal(1)
	case t.IsListType() || t.IsSetType():
		return cty.ListVal([]cty.Value{cty.StringVal("1")})
	}
	return cty.ListVal([]cty.Value{cty.StringVal("1")})
}
