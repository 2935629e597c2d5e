package main

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iggysink/examples"
	"iggysink/hclconfig"
	"iggysink/schema"
)

// Each example is valid without a warning, in the canonical layout, and delivers its sample messages.
func TestExamplesRun(t *testing.T) {
	for _, name := range exampleNames(t, "*") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(root, "examples", name)
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), []string{"validate", "--warnings-as-errors", path}, nil, &stdout, &stderr); code != 0 {
				t.Fatalf("validate: exit code %d\n%s%s", code, &stdout, &stderr)
			}
			if strings.HasSuffix(name, ".hcl") {
				if code := run(t.Context(), []string{"fmt", "--check", "--diff", path}, nil, &stdout, &stderr); code != 0 {
					t.Errorf("fmt: exit code %d\n%s%s", code, &stdout, &stderr)
				}
			}
			stdout.Reset()
			stderr.Reset()
			if code := run(t.Context(), []string{"dev", "--once", path}, nil, &stdout, &stderr); code != 0 {
				t.Fatalf("dev --once: exit code %d\n%s%s", code, &stdout, &stderr)
			}
			if !regexp.MustCompile(`(?m)^(POST|PUT) /`).MatchString(stdout.String()) || strings.Contains(stderr.String(), "dead letters") {
				t.Errorf("the sample messages did not arrive as they should:\n%s%s", &stdout, &stderr)
			}
		})
	}
}

// What the page of each recipe says about render works: a message becomes one request.
func TestRecipesRender(t *testing.T) {
	for _, name := range exampleNames(t, "*.hcl") {
		recipe, isRecipe := strings.CutPrefix(name, "recipes/")
		if !isRecipe {
			continue
		}
		page := readFile(t, "docs/guide/recipes/"+strings.TrimSuffix(recipe, ".hcl")+".md")
		shown := regexp.MustCompile(`echo '(.*)' \|\n  iggysink (render \S+ --sink \S+)\n`).FindStringSubmatch(page)
		if shown == nil {
			t.Errorf("the page of %s says nothing about render", recipe)
			continue
		}
		args := strings.Fields(shown[2])
		args[1] = filepath.Join(root, args[1])
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(shown[1]), &stdout, &stderr); code != exitOK {
			t.Errorf("%v: exit code %d\n%s%s", args, code, &stdout, &stderr)
		}
		if requests := strings.Count(stdout.String(), "\nContent-Length: "); requests != 1 {
			t.Errorf("%s: %d requests\n%s", recipe, requests, &stdout)
		}
	}
}

// exampleNames returns the files of examples and of examples/recipes that match.
func exampleNames(t *testing.T, pattern string) (names []string) {
	t.Helper()
	for _, p := range []string{pattern, "recipes/" + pattern} {
		found, err := fs.Glob(examples.Files, p)
		if err != nil || len(found) < 6 {
			t.Fatalf("%d examples: %v", len(found), err)
		}
		names = append(names, found...)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "recipes" })
}

// Each example is there in both syntaxes, and says the same in both: the same configuration, needs and findings.
func TestEveryExampleHasAJSONTwin(t *testing.T) {
	for _, name := range exampleNames(t, "*.hcl") {
		t.Run(name, func(t *testing.T) {
			native, twin := filepath.Join(root, "examples", name), filepath.Join(root, "examples", name+".json")
			for _, env := range []func(string) (string, bool){
				func(name string) (string, bool) {
					if strings.HasPrefix(name, "WEBHOOK_SECRET") {
						return "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true
					}
					return "http://127.0.0.1:1/", !strings.HasPrefix(name, "IGGYSINK_")
				},
				func(string) (string, bool) { return "", false },
			} {
				opts := hclconfig.Options{Env: env, Unknowns: true}
				want, found := hclconfig.Load([]string{native}, opts)
				got, foundInTwin := hclconfig.Load([]string{twin}, opts)
				if len(found)+len(foundInTwin) > 0 {
					t.Errorf("findings: %v, %v", found, foundInTwin)
				}
				if diff := cmp.Diff(want.Needs, got.Needs); diff != "" {
					t.Errorf("what a run needs: -native +JSON\n%s", diff)
				}
				if diff := cmp.Diff(want.Config, got.Config, cmp.Comparer(func(a, b schema.Secret) bool { return a == b }),
					cmp.Comparer(func(a, b schema.Template) bool { return a == b })); diff != "" {
					t.Errorf("configuration: -native +JSON\n%s", diff)
				}
			}
		})
	}
}
