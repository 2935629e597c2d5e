package findings

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"iggysink/hclconfig"
	"iggysink/hclconfig/language"
)

var update = flag.Bool("update", false, "write what Write writes into testdata/*.txtar")

// wantPrefix begins the name of a vector's file that holds what Write writes in that format.
const wantPrefix = "want."

// vector is one file of testdata: configuration files, and what each format makes of their findings. Its comment may
// have lines var=NAME=VALUE, path=NAME for a path to load beside the others, and notes.
type vector struct {
	file    string
	archive *txtar.Archive
}

func vectors(t *testing.T) (all []vector) {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if name, err = filepath.Abs(name); err != nil {
			t.Fatal(err)
		}
		all = append(all, vector{name, archive})
	}
	return all
}

func (v vector) name() string { return strings.TrimSuffix(filepath.Base(v.file), ".txtar") }

// load puts the files into a folder, which becomes the working directory, and loads them.
func (v vector) load(t *testing.T) Findings {
	t.Helper()
	t.Chdir(t.TempDir())
	opts := hclconfig.Options{
		Unknowns: true,
		Vars:     map[string]string{},
		Env:      func(string) (string, bool) { return "", false },
	}
	var paths []string
	for _, f := range v.archive.Files {
		if strings.HasPrefix(f.Name, wantPrefix) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, f.Name)
	}
	for line := range strings.Lines(string(v.archive.Comment)) {
		key, rest, _ := strings.Cut(strings.TrimSpace(line), "=")
		name, value, _ := strings.Cut(rest, "=")
		switch key {
		case "var":
			opts.Vars[name] = value
		case "path":
			paths = append(paths, rest)
		}
	}
	slices.Sort(paths)
	result, found := hclconfig.Load(paths, opts)
	return Findings{Diagnostics: found, Needs: result.Needs, Files: result.Files,
		Notes: strings.Contains(string(v.archive.Comment), "\nnotes\n")}
}

// write returns f in a format. The version stands for that of a release.
func write(t *testing.T, format string, f Findings) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, format, f, Options{Version: "v1.2.3"}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.name(), func(t *testing.T) {
			f := v.load(t)
			var files []txtar.File
			wanted := map[string][]byte{}
			for _, file := range v.archive.Files {
				if strings.HasPrefix(file.Name, wantPrefix) {
					wanted[file.Name] = file.Data
				} else {
					files = append(files, file)
				}
			}
			for _, format := range Formats() {
				got := withoutDocs(t, write(t, format, f))
				name := wantPrefix + format
				files = append(files, txtar.File{Name: name, Data: got})
				if diff := cmp.Diff(string(wanted[name]), string(got)); diff != "" && !*update {
					t.Errorf("%s: is it better so? Then run this test with -update.\n%s", name, diff)
				}
			}
			if *update {
				v.archive.Files = files
				if err := os.WriteFile(v.file, txtar.Format(v.archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// withoutDocs replaces the documentation of rules: a better sentence there makes no other report.
func withoutDocs(t *testing.T, text []byte) []byte {
	t.Helper()
	for _, r := range language.Rules() {
		doc, err := json.Marshal(r.Doc)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, bytes.Trim(doc, `"`), []byte("DOC OF "+r.ID))
	}
	return text
}
