package lang

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// secretText is what env("S") gives.
const secretText = "s3cret"

// evaluated returns the value of an expression, in which env("S") is a secret and local.open is not one.
func valueOf(t testing.TB, text string) (value cty.Value, found finding.Diagnostics) {
	t.Helper()
	s := New(new(finding.Report), make(mask.Files), Settings{Env: func(name string) (string, bool) { return secretText, name == "S" }})
	expr, diags := hclsyntax.ParseExpression([]byte(text), "a.hcl", hcl.InitialPos)
	require.False(t, diags.HasErrors(), "%s: %v", text, diags)
	s.Charge(expr)
	s.Locals()
	return s.Evaluate(expr, true), s.Found
}

func isSecret(v cty.Value) bool {
	_, marks := v.UnmarkDeep()
	_, secret := marks[mask.Sensitive]
	return secret
}

// Whatever the language makes of a secret is one, whether it is a piece of it or only depends on it.
func TestEveryConstructKeepsAMark(t *testing.T) {
	for _, text := range []string{
		// operators
		`S + 1`, `1 + S`, `S - 1`, `S * 2`, `S / 2`, `S % 2`, `-S`, `S > 1`, `1 >= S`, `S < 1`, `1 <= S`, `T == "a"`, `"a" != T`,
		`!B`, `B && true`, `true && B`, `B || false`, `false || B`, `B && false`, `B || true`, `(T)`,
		// conditions
		`B ? "a" : "b"`, `true ? T : "b"`, `false ? "a" : T`, `B ? { a = 1 } : { a = 2 }`, `B ? [1] : [2, 3]`,
		// lists, maps, indexes
		`[T]`, `{ a = T }`, `{ (T) = 1 }`, `[T, "a"][0]`, `{ s3cret = "a" }[T]`, `{ s3cret = { a = 1 } }[T].a`, `["a", "b"][S - 1]`,
		`{ a = ["x", "y"] }.a[S - 1]`, `tomap({ s3cret = "a" })[T]`, `{ s3cret = { s3cret = "a" } }[T][T]`, `[["a"]][S - 1][S - 1]`,
		`{ s3cret = "a", "${T}" = "b" }`, `[[T]][0][0]`, `{ a = { b = T } }.a.b`,
		// splats
		`[{ a = T }][*].a`, `[{ a = 1 }, { a = T }].*.a`, `T[*]`, `(B ? null : "a")[*]`,
		// loops
		`[for x in [T] : x]`, `[for x in ["a"] : T]`, `[for x in ["a"] : x if B]`, `[for x in ["a"] : x if x == T]`,
		`{ for x in ["a"] : x => T }`, `{ for x in ["a"] : "${x}${T}" => 1 }`, `{ for k, v in { a = T } : k => v }`,
		`{ for k, v in { (T) = 1 } : k => v }`, `{ for x in ["a", "a"] : T => x... }`, `[for c in ["s", "t"] : c if can(regex("^${c}", T))]`,
		`[for k, v in { s3cret = 1 } : { s3cret = "a" }[T]]`, `{ for x in ["a"] : x => 1 if B }`,
		// templates
		`"a${T}"`, `"${T}"`, `"%{ if B }a%{ endif }"`, `"%{ if true }${T}%{ endif }"`, `"%{ if B }a%{ else }b%{ endif }"`,
		`"%{ for x in [T] }${x}%{ endfor }"`, `"%{ for x in ["a"] }${T}%{ endfor }"`, "<<EOT\n${T}\nEOT\n",
		// can and try
		`can(T)`, `can(T.x)`, `can({ a = 1 }[T])`, `can(regex("^a", T))`, `can(regex("^s", T))`, `can(tonumber(T))`, `can(T == "a" ? {}.x : 1)`,
		`can([for x in ["a"] : {}[x] if x == T])`, `try(regex("^a", T), "no")`, `try(regex("^s", T), "no")`, `try(T.x, "no")`,
		`try([regex("^s", T), "ok"][1], "no")`, `try({ s3cret = "a" }[T], "no")`, `try({ a = "a" }[T], "no")`, `try(try(T.x, {}.x), "no")`,
		`can(try(T.x, {}.x))`, `try(can(T.x), 1)`, `try(file(T), "no")`, `can(file("/none"))`, `can(env("NONE"))`,
	} {
		for of, is := range map[string]string{"S": `length(env("S"))`, "T": `env("S")`, "B": `(env("S") == "x")`} {
			text = replaceWord(text, of, is)
		}
		value, found := valueOf(t, text)
		if strings.Contains(text, "tomap(") || strings.Contains(text, "tonumber(") { // which come later
			continue
		}
		if len(found) > 0 {
			assert.Contains(t, []string{"invalid-expression"}, found[0].Rule, "%s: %v", text, found)
			assert.Contains(t, text, "length(env(", "%s: %v", text, found) // an index beyond the end
			continue
		}
		assert.True(t, isSecret(value), "%s is %#v", text, value)
	}
}

// replaceWord replaces a word of one letter where it stands alone.
func replaceWord(text, word, by string) string {
	var b strings.Builder
	for i := range len(text) {
		alone := (i == 0 || !isLetter(text[i-1])) && (i+1 == len(text) || !isLetter(text[i+1]))
		if text[i:i+1] == word && alone {
			b.WriteString(by)
		} else {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '"'
}

// Every function gives a secret for one, whichever of its arguments that is.
func TestEveryFunctionKeepsAMark(t *testing.T) {
	calls := map[string][]string{
		"base64decode": {`base64decode("${T}YWI=")`}, "base64encode": {`base64encode(T)`}, "can": {`can(T)`},
		"coalesce": {`coalesce(T, "a")`, `coalesce(T == "x" ? "b" : null, "a")`}, "concat": {`concat([T], ["a"])`, `concat(["a"], split("", T))`},
		"contains": {`contains([T], "a")`, `contains(["a"], T)`}, "distinct": {`distinct([T, T])`}, "env": {`env("S")`, `env(T, "a")`, `env("N", T)`, `env("N", "a")`},
		"file": {`file("marks_test.go")`}, "flatten": {`flatten([[T]])`},
		"format": {`format("%s", T)`, `format("${T}%s", "a")`}, "join": {`join(T, ["a", "b"])`, `join(",", [T])`},
		"jsondecode": {`jsondecode("\"${T}\"")`}, "jsonencode": {`jsonencode([T])`}, "keys": {`keys({ (T) = 1 })`},
		"length": {`length(T)`, `length([for x in ["a"] : x if x == T])`}, "lookup": {`lookup({ a = T }, "a", "b")`, `lookup({ a = "b" }, T, "c")`, `lookup({ a = "b" }, "x", T)`},
		"lower": {`lower(T)`}, "max": {`max(length(T), 1)`, `max(1, length(T))`}, "merge": {`merge({ a = T }, { b = 1 })`, `merge({ a = 1 }, { (T) = 1 })`},
		"min": {`min(length(T), 9)`}, "regex": {`regex("s", T)`, `regex("a|${T}", "a")`}, "replace": {`replace(T, "a", "b")`, `replace("a", T, "b")`, `replace("a", "a", T)`},
		"split": {`split(T, "a,b")`, `split(",", T)`}, "toset": {`toset([T])`}, "trimspace": {`trimspace(T)`}, "try": {`try(T, "a")`, `try({}.x, T)`},
		"upper": {`upper(T)`}, "values": {`values({ a = T })`, `values({ (T) = 1 })`},
		"abs": {`abs(length(T))`}, "ceil": {`ceil(length(T))`}, "floor": {`floor(length(T))`}, "chomp": {`chomp(T)`}, "compact": {`compact([T])`},
		"csvdecode": {`csvdecode("a\n${T}")`}, "element": {`element([T], 0)`, `element(["a"], length(T))`}, "endswith": {`endswith(T, "a")`, `endswith("a", T)`},
		"fileexists": {`fileexists(T)`}, "formatdate": {`formatdate("YYYY", T == "x" ? "2018-01-02T23:12:01Z" : "2019-01-02T23:12:01Z")`},
		"formatlist": {`formatlist("%s", [T])`, `formatlist("${T}%s", ["a"])`}, "indent": {`indent(2, T)`, `indent(length(T), "a")`}, "one": {`one([T])`},
		"parseint": {`parseint("0${length(T)}", 10)`}, "range": {`range(length(T))`}, "regexall": {`regexall("s", T)`, `regexall(T, "s")`}, "reverse": {`reverse([T])`},
		"sensitive": {`sensitive("a")`, `sensitive([1])`, `sensitive(T)`}, "setintersection": {`setintersection([T], [T])`, `setintersection(["a"], [T])`},
		"setproduct": {`setproduct([T], ["a"])`}, "setsubtract": {`setsubtract(["a"], [T])`}, "setunion": {`setunion([T], ["a"])`},
		"sha256": {`sha256(T)`}, "sha512": {`sha512(T)`}, "slice": {`slice([T], 0, 1)`, `slice([1, 2, 3, 4, 5, 6, 7], 0, length(T))`}, "sort": {`sort([T])`},
		"startswith": {`startswith(T, "a")`, `startswith("a", T)`}, "strcontains": {`strcontains(T, "a")`, `strcontains("a", T)`},
		"substr": {`substr(T, 0, 1)`, `substr("abcdefgh", 0, length(T))`}, "sum": {`sum([length(T), 1])`}, "templatefile": {`templatefile("testdata/greeting.tpl", { name = "a" })`},
		"timeadd": {`timeadd("2018-01-02T23:12:01Z", "${length(T)}s")`}, "title": {`title(T)`}, "tobool": {`tobool(T == "x")`}, "tolist": {`tolist([T])`},
		"tomap": {`tomap({ a = T })`}, "tonumber": {`tonumber(length(T))`}, "tostring": {`tostring(T)`}, "trim": {`trim(T, "s")`, `trim("a", T)`},
		"trimprefix": {`trimprefix(T, "s")`, `trimprefix("a", T)`}, "trimsuffix": {`trimsuffix(T, "s")`, `trimsuffix("a", T)`}, "urlencode": {`urlencode(T)`},
		"yamldecode": {`yamldecode("a: ${T}")`}, "zipmap": {`zipmap([T], [1])`, `zipmap(["a"], [T])`},
	}
	for _, f := range words.Functions() {
		require.NotEmpty(t, calls[f.Name], "%s: what becomes of a secret?", f.Name)
		for _, text := range calls[f.Name] {
			text = replaceWord(text, "T", `env("S")`)
			value, found := valueOf(t, text)
			if f.Name == "base64decode" && len(found) > 0 {
				continue // s3cretYWI= may be no text: it has no value then
			}
			require.Empty(t, found, text)
			assert.True(t, isSecret(value), "%s is %#v", text, value)
		}
	}
}

// What no secret is read for stays open: somebody who names a sink after a key is not stopped.
func TestWhatReadsNoSecretIsNone(t *testing.T) {
	for _, text := range []string{
		`[for k, v in { a = env("S") } : k]`, `{ a = env("S"), b = 1 }.b`, `can(1)`, `try({}.x, 1)`, `{ a = 1 }["a"]`, `keys({ a = env("S") })[0]`,
		`[env("S"), 1][1]`, `[1, 2][true ? 1 : 0]`,
	} {
		value, found := valueOf(t, text)
		require.Empty(t, found, text)
		assert.False(t, isSecret(value), "%s is %#v", text, value)
	}
}

// A hundred in each other take a hundred steps, and not two to the power of a hundred.
func TestNestedTriesEnd(t *testing.T) {
	for _, of := range []string{"try(%s, 1)", "try({}.x, %s)", "[can(%s)]", `{ a = 1, true = 1 }[can(%s) ? "a" : "b"]`, "[1, 1][%s - 1]"} {
		text := "1"
		for range 90 {
			text = fmt.Sprintf(of, text)
		}
		_, found := valueOf(t, text)
		require.Empty(t, found, of)
	}
}

// FuzzMarkedExpressions: what an expression gives has the mark of the secret whenever another secret gives another value.
func FuzzMarkedExpressions(f *testing.F) {
	for _, text := range []string{`env("S")`, `{ a = 1, b = 2 }[env("S")]`, `[for c in ["a", "b"] : c if can({ a = 1 }[env("S")])]`,
		`try({ a = 1 }[env("S")], 2)`, `"%{ if env("S") == "a" }x%{ endif }"`, `length(split("a", env("S")))`, `env("S") == "a" && true`,
		`{ for k in ["x"] : k => 1 if env("S") == "a" }`, `[{ a = 1 }][*].a`, `jsondecode(env("S") == "a" ? "1" : "2")`,
		`lookup({ a = 1 }, env("S"), 0)`, `toset([env("S")])`, `regex("^(a|b)$", env("S"))[0]`, `merge({ (env("S")) = 1 }, {})`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 500 || strings.Contains(text, "file") {
			return
		}
		var values []cty.Value
		for _, secret := range []string{"a", "b", ""} {
			file := &mask.File{Text: []byte(text)}
			if len(guardOf(file)) > 0 {
				return
			}
			expr, diags := hclsyntax.ParseExpression(file.Text, "", hcl.InitialPos)
			if diags.HasErrors() {
				return
			}
			s := New(new(finding.Report), make(mask.Files), Settings{Env: func(name string) (string, bool) { return secret, name == "S" }})
			s.Charge(expr)
			s.Locals()
			value := s.Evaluate(expr, true)
			if len(s.Found) > 0 { // whether a finding appears is what validate --hermetic is for
				return
			}
			values = append(values, value)
		}
		for _, other := range values[1:] {
			a, _ := values[0].UnmarkDeep()
			b, _ := other.UnmarkDeep()
			if !a.RawEquals(b) && (!isSecret(values[0]) || !isSecret(other)) {
				t.Fatalf("%s gives %#v and %#v", text, values[0], other)
			}
		}
	})
}

func guardOf(f *mask.File) finding.Diagnostics { return bound.Guard(f, nil) }
