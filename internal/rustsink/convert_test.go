package rustsink_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"iggysink/hclconfig"
	"iggysink/internal/rustsink"
)

var update = flag.Bool("update", false, "write what Convert gives into testdata/*.txtar")

// options are the same on every machine.
var options = rustsink.Options{Home: "/home/ada"}

// Each file of testdata holds TOML files, and what they become: want.hcl, or want.err. Whatever Convert gives loads
// without an error, and no piece of text with CANARY in it comes back. A NAME=VALUE in the comment is in the environment.
func TestConvert(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d vectors: %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			opts := options
			opts.Environ = strings.Fields(string(archive.Comment)) // those with a known name count
			var files []rustsink.File
			var inputs []txtar.File
			want := map[string]string{}
			for _, f := range archive.Files {
				if strings.HasSuffix(f.Name, ".toml") {
					files = append(files, rustsink.File{Name: f.Name, Text: f.Data})
					inputs = append(inputs, f)
				} else {
					want[f.Name] = string(f.Data)
				}
			}
			got := converted(t, files, opts)
			for _, text := range got {
				if strings.Contains(text, "CANARY") {
					t.Errorf("a secret comes back:\n%s", text)
				}
			}
			if *update {
				archive.Files = inputs
				for name, text := range got {
					archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(text)})
				}
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}

// converted returns want.hcl or want.err as they should be.
func converted(t testing.TB, files []rustsink.File, opts rustsink.Options) map[string]string {
	t.Helper()
	result, err := rustsink.Convert(files, opts)
	var problems *rustsink.Error
	switch {
	case errors.As(err, &problems):
		for _, p := range problems.Problems {
			if p.Place.File == "" || p.Text == "" {
				t.Errorf("a problem without place or text: %+v", p)
			}
		}
		return map[string]string{"want.err": err.Error() + "\n"}
	case err != nil:
		t.Fatal(err)
	}
	loads(t, result)
	return map[string]string{"want.hcl": string(result.HCL)}
}

// loads fails the test if result is not a configuration without errors.
func loads(t testing.TB, result rustsink.Result) {
	t.Helper()
	dir, text := t.TempDir(), result.HCL
	opts := hclconfig.Options{Unknowns: true, Env: func(string) (string, bool) { return "", false }}
	for _, folder := range result.AllowFiles {
		if !filepath.IsAbs(folder) {
			folder = filepath.Join(dir, folder)
		}
		opts.AllowFiles = append(opts.AllowFiles, folder)
	}
	path := filepath.Join(dir, "imported.hcl")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, found := hclconfig.Load([]string{path}, opts)
	for _, d := range found {
		if d.Severity == hclconfig.Error {
			t.Errorf("%d:%d: %s [%s] %s\n%s", d.Range.Start.Line, d.Range.Start.Column, d.Summary, d.Rule, d.Detail, text)
		}
	}
}
