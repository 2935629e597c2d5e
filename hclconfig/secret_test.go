package hclconfig

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// Whoever prints what a configuration does is told of every text that is secret, wherever it came from, and of no other.
func TestOptionsSecret(t *testing.T) {
	write(t, map[string]string{"s.txt": "of-the-file", "v.vars.hcl": "of_file = \"of a file of variables\"\n", "a.hcl": `
variable "of_flag" { sensitive = true }
variable "of_file" { sensitive = true }
variable "of_environment" { sensitive = true }
variable "nested" {
  sensitive = true
  default   = { a = ["of a default", 1] }
}
variable "plain" { default = "of-no-secret" }
iggy {
  username = "ada"
  password = env("PASSWORD")
}
sink "a" {
  url = "http://127.0.0.1:1/${env("NOT_SET", "otherwise")}/${var.plain}/${file("s.txt")}"
  stream "s" {
    topics         = [var.of_flag, var.of_file, var.of_environment, var.nested.a[0]]
    consumer_group = "g"
  }
}
`})
	var got []string
	_, found := Load([]string{"a.hcl"}, Options{
		Env:      environment(map[string]string{"PASSWORD": "of env", "IGGYSINK_VAR_of_environment": "of the environment"}),
		Vars:     map[string]string{"of_flag": "of a flag"},
		VarFiles: []string{"v.vars.hcl"},
		Secret:   func(text string) { got = append(got, text) },
	})
	if found.HasErrors() {
		t.Fatal(found)
	}
	slices.Sort(got)
	want := []string{"of a default", "of a file of variables", "of a flag", "of env", "of the environment", "of-the-file"}
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Error(diff)
	}
}

// A secret that is asked letter by letter, whatever way, is not told.
func TestASecretCannotBeSpelledOut(t *testing.T) {
	const letters = "locals {\n  letters = split(\"\", \"abcdefghijklmnopqrstuvwxyz2\")\n" +
		"  places  = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n}\n"
	for name, one := range map[string]string{
		"can":                 `[for c in local.letters : c if can(regex("^.{${p}}${c}", SECRET))][0]`,
		"try":                 `[for c in local.letters : c if try(regex("^.{${p}}${c}", SECRET), "") != ""][0]`,
		"a list of tries":     `[for c in local.letters : c if try([regex("^.{${p}}${c}", SECRET), true][1], false)][0]`,
		"an index":            `[for c in local.letters : c if { for l in local.letters : l => l == c }[split("", SECRET)[p]]][0]`,
		"the index of a name": `{ h = "h", u = "u", n = "n", t = "t", e = "e", r = "r", 2 = "2", x = "x", y = "y", z = "z" }[split("", SECRET)[p]]`,
		"a condition":         `join("", [for c in local.letters : split("", SECRET)[p] == c ? c : ""])`,
		"a template":          `"%{ for c in local.letters }%{ if split("", SECRET)[p] == c }${c}%{ endif }%{ endfor }"`,
		"keys":                `keys({ for c in local.letters : c => c if split("", SECRET)[p] == c })[0]`,
		"a lookup":            `lookup({ for c in local.letters : c => c }, split("", SECRET)[p], "")`,
	} {
		for _, secret := range []string{`env("S")`, `file("s.txt")`, `var.s`} {
			spelled := `join("", [for p in local.places : ` + strings.ReplaceAll(one, "SECRET", secret) + `])`
			text := letters + "variable \"s\" {\n  sensitive = true\n}\n" + sinkOf(`"http://127.0.0.1/"`, "method = "+spelled)
			write(t, map[string]string{"a.hcl": text, "s.txt": canary})
			result, found := Load([]string{"a.hcl"}, Options{Env: environment(map[string]string{"S": canary, "IGGYSINK_VAR_s": canary, "T": "x"})})
			said := inWords(result, found)
			require.Contains(t, said, "method must be ", "%s of %s: it is not the method that is wrong", name, secret)
			require.NotContains(t, said, canary, "%s of %s", name, secret)
		}
	}
}

// What is found in a stranger's configuration is the same whatever is in the environment and in files: nothing is asked.
func TestHermeticLooksAtNothing(t *testing.T) {
	for _, expr := range []string{
		`env("S") == "a" ? "wrong" : "POST"`, `contains(["a"], trimspace(file("s.txt"))) ? "wrong" : "POST"`, `env("S", "GET")`,
		`can({ a = 1 }[env("S")]) ? "wrong" : "POST"`, `var.s`, `var.d`, `file("nosuch.txt")`, `can(file("s.txt")) ? "wrong" : "POST"`,
		`try(env("NONE"), "wrong")`, `[for x in ["wrong"] : x if env("S") == "a"][0]`,
	} {
		text := "variable \"s\" {\n  type = string\n}\nvariable \"d\" {\n  default = \"PUT\"\n}\n" +
			sinkOf(`"http://127.0.0.1/"`, "method = "+expr) + "locals {\n  used = [var.s, var.d]\n}\n# ${local.used}\n"
		var said []string
		for _, secret := range []string{"a", "b", ""} {
			files := map[string]string{"a.hcl": text}
			if secret != "" {
				files["s.txt"] = secret
			}
			write(t, files)
			asked := func(name string) (string, bool) {
				t.Errorf("%s asks for %s", expr, name)
				return secret, secret != ""
			}
			result, found := Load([]string{"a.hcl"}, Options{Env: asked, Unknowns: true, Hermetic: true, EnvNames: func() []string {
				t.Errorf("%s asks for all names", expr)
				return []string{"IGGYSINK_VAR_S"}
			}})
			require.Nil(t, result.Config, "the password is not known")
			said = append(said, inWords(result, found)+fmt.Sprint(result.Needs))
		}
		require.Equal(t, said[0], said[1], expr)
		require.Equal(t, said[0], said[2], expr)
	}
}

// What is wrong with the call itself is told all the same.
func TestHermeticFindsWhatNeedsNoSurroundings(t *testing.T) {
	for expr, want := range map[string]string{`file("/etc/passwd")`: "[file-outside]", `file("")`: "[invalid-file]", `env()`: "[function-call]",
		`env("A", "B", "C")`: "[function-call]", `"${env("S")}" + 1`: ""} {
		write(t, map[string]string{"a.hcl": sinkOf(`"http://127.0.0.1/"`, "method = "+expr)})
		result, found := Load([]string{"a.hcl"}, Options{Unknowns: true, Hermetic: true, Env: environment(nil)})
		require.Contains(t, inWords(result, found), want, expr)
	}
}

// A list of secrets from the environment, which is not set here, holds no literal; one beside them is.
func TestListsOfSecretsFromOutside(t *testing.T) {
	load := func(secrets string) Diagnostics {
		write(t, map[string]string{"a.hcl": `iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "a" {
  url = "https://api.example.com"

  signature "standard_webhooks" {
    secrets = [` + secrets + `]
  }

  stream "s" {
    topics         = ["t"]
    consumer_group = "a"
  }
}
`})
		_, found := Load([]string{"."}, Options{Env: environment(nil), Unknowns: true})
		return found
	}
	require.Empty(t, load(`env("NEW"), env("OLD")`))
	found := load(`env("NEW"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", env("OLD")`)
	require.Len(t, found, 1)
	require.Equal(t, "literal-secret", found[0].Rule)
}
