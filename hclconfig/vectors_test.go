package hclconfig

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"iggysink/hclconfig/internal/finding"
)

var update = flag.Bool("update", false, "write what Load says into testdata/*.txtar")

// vector is one file of testdata: configuration files, what Load is told, and what it says.
//
// Its comment holds settings, one a line: env NAME=VALUE, set NAME=VALUE (one that shows in a list of all), var NAME=VALUE, var-file NAME, unknowns, strict-env. The text
// before them is for the reader.
type vector struct {
	path    string
	archive *txtar.Archive
	opts    Options
	env     map[string]string
	names   []string // of those that EnvNames lists
}

func vectors(t testing.TB) []*vector {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	var all []*vector
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		v := &vector{path: path, archive: archive, env: map[string]string{}, opts: Options{Vars: map[string]string{}}}
		for line := range strings.Lines(string(archive.Comment)) {
			v.setting(strings.TrimSpace(line))
		}
		v.opts.Env = func(name string) (string, bool) {
			value, set := v.env[name]
			return value, set
		}
		v.opts.EnvNames = func() []string { return v.names }
		all = append(all, v)
	}
	return all
}

func (v *vector) setting(line string) {
	word, rest, _ := strings.Cut(line, " ")
	name, value, pair := strings.Cut(rest, "=")
	switch {
	case word == "env" && pair:
		v.env[name] = value
	case word == "set" && pair:
		v.env[name], v.names = value, append(v.names, name)
	case word == "var" && pair:
		v.opts.Vars[name] = value
	case word == "var-file":
		v.opts.VarFiles = append(v.opts.VarFiles, rest)
	case line == "unknowns":
		v.opts.Unknowns = true
	case line == "strict-env":
		v.opts.StrictEnv = true
	}
}

// load writes the files of a vector to a folder, which becomes the working directory, and loads it.
func (v *vector) load(t testing.TB) (*Result, Diagnostics) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range v.archive.Files {
		if f.Name == "want" {
			continue
		}
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return Load([]string{"."}, v.opts)
}

// inWords prints findings and needs as a user sees them.
func inWords(result *Result, found Diagnostics) string {
	var b strings.Builder
	for _, d := range found {
		fmt.Fprintf(&b, "%s: %s [%s]\n", strings.ToUpper(string(d.Severity)[:1])+string(d.Severity)[1:], d.Summary, d.Rule)
		if d.Range.Filename != "" {
			fmt.Fprintf(&b, "  %s:%d:%d\n", d.Range.Filename, d.Range.Start.Line, d.Range.Start.Column)
		}
		if s := d.Snippet; s != nil {
			fmt.Fprintf(&b, "%5d | %s\n", s.Line, s.Code)
			fmt.Fprintf(&b, "      | %s%s\n", strings.Repeat(" ", s.Start), strings.Repeat("^", max(1, s.End-s.Start)))
		}
		if d.Detail != "" {
			fmt.Fprintf(&b, "  %s\n", d.Detail)
		}
	}
	for _, n := range result.Needs {
		fmt.Fprintf(&b, "Needs: %s %s\n", n.Kind, n.Name)
	}
	if b.Len() == 0 {
		return "nothing to say\n"
	}
	return b.String()
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(strings.TrimSuffix(filepath.Base(v.path), ".txtar"), func(t *testing.T) {
			absolute, err := filepath.Abs(v.path)
			if err != nil {
				t.Fatal(err)
			}
			result, found := v.load(t)
			got := inWords(result, found)
			i := slices.IndexFunc(v.archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			if i < 0 {
				v.archive.Files, i = append(v.archive.Files, txtar.File{Name: "want"}), len(v.archive.Files)
			}
			if *update {
				v.archive.Files[i].Data = []byte(got)
				if err := os.WriteFile(absolute, txtar.Format(v.archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(v.archive.Files[i].Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if (result.Config == nil) != (found.HasErrors() || len(result.Needs) > 0) {
				t.Error("a configuration comes without errors and needs, and only then")
			}
		})
	}
}

// Every rule has a vector that shows it, and every finding is of a rule.
func TestEveryRuleHasAVector(t *testing.T) {
	seen := make(map[string]bool)
	for _, v := range vectors(t) {
		for _, f := range v.archive.Files {
			if f.Name != "want" {
				continue
			}
			for _, r := range finding.Rules() {
				if strings.Contains(string(f.Data), "["+r.ID+"]\n") {
					seen[r.ID] = true
				}
			}
		}
	}
	// These need a file that txtar cannot hold; TestHostileFiles shows them.
	for _, id := range []string{"unreadable-file", "file-too-large", "invalid-encoding", "too-many-blocks", "too-many-findings"} {
		seen[id] = true
	}
	for _, r := range finding.Rules() {
		if !seen[r.ID] {
			t.Errorf("no vector shows %s", r.ID)
		}
		if r.Summary == "" || r.Doc == "" {
			t.Errorf("%s is not explained", r.ID)
		}
	}
}
