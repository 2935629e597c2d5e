package schemagen

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var updateCorpus = flag.Bool("update-corpus", false, "write what is found as the expectations of testdata/corpus; then read the diff")

// TestCorpus compiles and runs what is generated from the schemas in testdata/corpus. A file has a sentence, a schema, and
// either its instances, one a line with the violations of each below it, or the text with which the schema is refused.
func TestCorpus(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/corpus/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var trials []trial
	sources := make(map[string]string) // of the files with instances, by the names of their root types
	refusals := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		archive := txtar.Parse(source)
		require.NotEmpty(t, strings.TrimSpace(string(archive.Comment)), "%s says what it shows", file)
		require.Len(t, archive.Files, 2, file)
		require.Equal(t, "schema", archive.Files[0].Name, file)
		schema, expected := archive.Files[0].Data, archive.Files[1]
		name := "corpus_" + strings.TrimSuffix(filepath.Base(file), ".txtar")
		if expected.Name == "refused" {
			refusals++
			_, problems := Parse(strings.TrimPrefix(name, "corpus_")+".schema.json", schema)
			require.NotEmpty(t, problems, file)
			expect(t, file, problems.Err().Error()+"\n")
			continue
		}
		require.Equal(t, "instances", expected.Name, file)
		tr := newTrial(t, name, string(schema))
		for line := range strings.Lines(string(expected.Data)) {
			if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "  ") {
				tr.Instances = append(tr.Instances, line)
			}
		}
		require.NotEmpty(t, tr.Instances, file)
		trials, sources[tr.Name] = append(trials, tr), file
	}
	require.NotZero(t, refusals)
	for i, list := range runBatch(t, trials) {
		var b strings.Builder
		for j, v := range list {
			assert.Empty(t, disagreement(v), "%s: %s", trials[i].Name, trials[i].Instances[j])
			b.WriteString(trials[i].Instances[j] + "\n")
			for k, p := range v.Decoded {
				fmt.Fprintf(&b, "  %q %s: %s\n", p[0], p[1], v.Messages[k])
			}
		}
		expect(t, sources[trials[i].Name], b.String())
	}
}

// expect compares the last section of a file with what was found.
func expect(t *testing.T, file, found string) {
	t.Helper()
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	archive := txtar.Parse(source)
	last := &archive.Files[len(archive.Files)-1]
	if *updateCorpus {
		last.Data = []byte(found)
		require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
		return
	}
	assert.Equal(t, string(last.Data), found, file)
}

// What is generated does not depend on the working directory: the names in it are those that were given to Parse.
func TestOutputIsTheSameInAnotherFolder(t *testing.T) {
	read := func(dir string) map[string]string {
		out := make(map[string]string)
		for _, pattern := range []string{"schema/*_gen.go", "docs/reference/*.md"} {
			files, err := filepath.Glob(filepath.Join(dir, pattern))
			require.NoError(t, err)
			for _, file := range files {
				source, err := os.ReadFile(file)
				require.NoError(t, err)
				out[filepath.Base(file)] = string(source)
			}
		}
		return out
	}
	first := module(t)
	require.NoError(t, Generate(first, false))
	want := read(first)
	require.Greater(t, len(want), 5)
	second := filepath.Join(t.TempDir(), "another folder")
	require.NoError(t, os.CopyFS(second, os.DirFS(module(t))))
	t.Chdir(second)
	for range 20 {
		require.NoError(t, Generate(".", false))
		assert.Equal(t, want, read("."))
	}
	for name, text := range want {
		for _, local := range []string{first, second, os.TempDir()} {
			assert.NotContains(t, text, local, name)
		}
	}
}

// No word of a schema can become code, whatever it holds: a file has the same statements with it and without.
func TestHostileWordsAddNoCode(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/corpus/hostile.txtar")
	require.NoError(t, err)
	hostile := archive.Files[0].Data
	m, problems := Parse("schema/hostile.schema.json", hostile)
	require.NoError(t, problems.Err())
	files, err := m.Go()
	require.NoError(t, err)
	for name, source := range files {
		for _, word := range []string{"\n//go:", "\nfunc init", "\u2028", "\x00", "\r"} {
			assert.False(t, bytes.Contains(source, []byte(word)), "%s has %q", name, word)
		}
	}
	assert.True(t, slices.ContainsFunc(strings.Split(m.Markdown(), "\n"), func(l string) bool { return strings.Contains(l, "&lt;b&gt;") }))
	assert.NotContains(t, m.Markdown(), "<b>")
}

// A oneOf that a property tells apart is one HCL block: its label chooses, and it has the attributes of all branches.
func TestDiscriminatedOneOfIsABlockWithALabel(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/corpus/discriminated.txtar")
	require.NoError(t, err)
	source := archive.Files[0].Data
	m, problems := Parse("schema/discriminated.schema.json", source)
	require.NoError(t, problems.Err())
	b, isBlock := asBlock(m.root, m.root.property("auth"))
	require.True(t, isBlock)
	assert.True(t, b.repeated)
	assert.Equal(t, []string{"type"}, []string{b.schema.labels[0].text})
	names := make([]string, 0, len(b.schema.properties))
	for _, f := range b.schema.properties {
		names = append(names, f.key)
	}
	assert.Equal(t, []string{"type", "user", "realm", "token"}, names)
	assert.Equal(t, "`basic`, `bearer`", typeName(b.schema.property("type").schema))
	files, err := m.Go()
	require.NoError(t, err)
	assert.Regexp(t, `Labels: +\[\]string\{"type"\}`, string(files[wordsFolder+"/discriminated_table_gen.go"]))
	assert.Contains(t, m.Markdown(), "## `auth \"TYPE\"`")

	_, problems = Parse("x.schema.json", bytes.Replace(source, []byte(`"realm": { "description": "Realm.", "type": "string", "default": "" }`),
		[]byte(`"token": { "description": "Token.", "type": "integer" }`), 1))
	assert.Contains(t, problems.String(), "token has another type in another branch")
}
