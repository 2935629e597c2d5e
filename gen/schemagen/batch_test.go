package schemagen

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is generated is judged by running it: the schemas of one batch are generated into the package schema by way of an
// overlay, compiled once, and given their instances in one process, which asks jsonschema as well.

//go:embed testdata/runner.txt
var runner string

// trial is one schema of a batch.
type trial struct {
	Name      string // of its root type; its types must not have those of another's
	Schema    string
	Instances []string
	model     *Model
}

// verdict is what was found about one instance, as pointers and keywords.
type verdict struct {
	Decoded, Refused, Validated, Reference [][2]string
	Failed                                 bool
	Again                                  string
	Messages                               []string
}

// newTrial parses a schema that is within the subset.
func newTrial(t *testing.T, name, source string, instances ...string) trial {
	t.Helper()
	m, problems := Parse("schema/"+name+".schema.json", []byte(source))
	require.NoError(t, problems.Err())
	return trial{Name: m.name, Schema: source, Instances: instances, model: m}
}

// runBatch compiles what is generated from the trials and returns the verdicts on their instances.
func runBatch(t *testing.T, trials []trial) [][]verdict {
	t.Helper()
	files := make(map[string][]byte)
	var judges bytes.Buffer
	for _, tr := range trials {
		generated, err := tr.model.Go()
		require.NoError(t, err)
		maps.Copy(files, generated)
		fmt.Fprintf(&judges, "%q: func(b []byte) corpusVerdict { return corpusJudge(b, Decode%s, (*%s).Validate) },\n",
			tr.Name, tr.Name, tr.Name)
	}
	files["schema/corpus.go"] = []byte(runner + "\nvar corpusJudges = map[string]func([]byte) corpusVerdict{\n" + judges.String() + "}\n")
	files["gen/corpus/main.go"] = []byte("package main\n\nimport (\n\"os\"\n\n\"iggysink/schema\"\n)\n\n" +
		"func main() {\nif err := schema.RunCorpus(os.Stdin, os.Stdout); err != nil {\npanic(err)\n}\n}\n")
	program := buildOverlay(t, files, "./gen/corpus")

	in, err := json.Marshal(trials)
	require.NoError(t, err)
	run := exec.CommandContext(t.Context(), program)
	run.Stdin = bytes.NewReader(in)
	run.Stderr = os.Stderr
	out, err := run.Output()
	require.NoError(t, err)
	var verdicts [][]verdict
	require.NoError(t, json.Unmarshal(out, &verdicts))
	require.Len(t, verdicts, len(trials))
	return verdicts
}

// buildOverlay builds a program of the module with some files replaced or added.
func buildOverlay(t *testing.T, files map[string][]byte, program string) string {
	t.Helper()
	dir := t.TempDir()
	replace := make(map[string]string)
	for name, content := range files {
		target, err := filepath.Abs(filepath.Join("../..", filepath.FromSlash(name)))
		require.NoError(t, err)
		replace[target] = filepath.Join(dir, strings.ReplaceAll(name, "/", "-"))
		require.NoError(t, os.WriteFile(replace[target], content, 0o600))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	binary := filepath.Join(dir, "program")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "-overlay", filepath.Join(dir, "overlay.json"), program)
	build.Dir = "../.."
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s of %s:\n%s", program, path.Base(dir), out)
	return binary
}

// places returns the pointers and keywords as a sorted set.
func places(list [][2]string) []string {
	out := make([]string, 0, len(list))
	for _, p := range list {
		out = append(out, p[0]+" "+p[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// disagreement says in which way the generated code and jsonschema do not say the same of an instance, if they do not.
func disagreement(v verdict) string {
	reference, decoded, refused := places(v.Reference), places(v.Decoded), places(v.Refused)
	switch {
	case !slices.Equal(reference, decoded):
		return fmt.Sprintf("jsonschema finds %q, Decode %q", reference, decoded)
	case v.Failed != (len(refused) > 0):
		return "the error of UnmarshalJSON holds no violation"
	case slices.ContainsFunc(refused, func(p string) bool { return !slices.Contains(reference, p) }):
		return fmt.Sprintf("jsonschema finds %q, UnmarshalJSON %q", reference, refused)
	case !v.Failed && !slices.Equal(reference, places(v.Validated)):
		return fmt.Sprintf("jsonschema finds %q, Validate %q", reference, places(v.Validated))
	}
	return v.Again
}
