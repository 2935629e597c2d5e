package main

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iggysink/examples"
	"iggysink/hclconfig"
	"iggysink/schema"
)

// Each example is valid without a warning, in the canonical layout, and delivers its sample messages.
func TestExamplesRun(t *testing.T) {
	names, err := fs.Glob(examples.Files, "*")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 6 {
		t.Fatalf("only %d examples are embedded", len(names))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
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
			if !strings.Contains(stdout.String(), "POST /") || strings.Contains(stderr.String(), "dead letters") {
				t.Errorf("the sample messages did not arrive as they should:\n%s%s", &stdout, &stderr)
			}
		})
	}
}

func TestTheJSONTwinSaysTheSame(t *testing.T) {
	load := func(name string) *schema.Config {
		result, findings := hclconfig.Load([]string{filepath.Join(root, "examples", name)}, hclconfig.Options{
			Env: func(string) (string, bool) { return "secret", true },
		})
		if findings.HasErrors() {
			t.Fatalf("%s: %v", name, findings)
		}
		return result.Config
	}
	twin := load("minimal.hcl.json")
	if diff := cmp.Diff(load("minimal.hcl"), twin, cmp.Comparer(func(a, b schema.Secret) bool { return a == b }),
		cmp.Comparer(func(a, b schema.Template) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}
