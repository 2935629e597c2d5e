//go:build unix

package hclconfig

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/hclconfig/internal/words"
)

// namedFiles returns a configuration for each attribute of the language that names a file to be read; %s is the path. A new
// one is among them.
func namedFiles() map[string]string {
	texts := make(map[string]string)
	var visit func(table *words.Block, open, shut string)
	visit = func(table *words.Block, open, shut string) {
		for i := range table.Attributes {
			if a := &table.Attributes[i]; a.Path && !a.Target {
				texts[table.Name+"."+a.Name] = open + a.Name + " = \"%s\"\n" + shut
			}
		}
		for _, b := range table.Blocks {
			label := strings.Repeat(` "bearer"`, len(b.Labels)) // whatever the kind is
			visit(b, open+b.Name+label+" {\n", "}\n"+shut)
		}
	}
	visit(words.ConfigBlock(), "", "")
	return texts
}

// Every file that a configuration names is opened as file() does: in the folder of the configuration or in an allowed one,
// links followed, a regular file, of a bounded size, and looked at before it is opened. Otherwise this test would never end.
func TestEveryNamedFileIsLookedAt(t *testing.T) {
	texts := namedFiles()
	require.Contains(t, texts, "tls.ca_file")
	require.Contains(t, texts, "auth.token_file")
	require.Contains(t, texts, "stream.payload_schema")
	dir, other := t.TempDir(), t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	makePipe(t, at("pipe"))
	require.NoError(t, os.WriteFile(filepath.Join(other, "good"), []byte("{}"), 0o600))
	require.NoError(t, os.WriteFile(at("good"), []byte("{}"), 0o600))
	require.NoError(t, os.WriteFile(at("large"), nil, 0o600))
	require.NoError(t, os.Truncate(at("large"), 1<<20+1))
	require.NoError(t, os.Symlink(filepath.Join(other, "good"), at("out")))
	require.NoError(t, os.Symlink("/dev/zero", at("zero")))
	require.NoError(t, os.Symlink("loop", at("loop")))
	outside := [2]string{"not in the folder of the configuration", "not in the folder of the configuration"}
	of := map[bool]int{true: 1}
	for name, text := range texts {
		load := func(path string, opts Options) (words, needs string) {
			file := at("a.hcl")
			opts.Env = environment(map[string]string{"T": "t"})
			opts.Texts = map[string][]byte{file: fmt.Appendf(nil, text, path)}
			result, found := Load([]string{file}, opts)
			for _, n := range result.Needs {
				needs += n.Kind + " " + n.Name + "\n"
			}
			found = slices.DeleteFunc(found, func(d Diagnostic) bool {
				return !slices.Contains([]string{"file-outside", "invalid-file", "payload-schema"}, d.Rule)
			})
			return inWords(&Result{}, found), needs
		}
		const good = "nothing to say\n"
		said, _ := load("good", Options{})
		assert.Equal(t, good, said, name)
		for path, want := range map[string][2]string{ // what is told, and of a payload schema
			"out": outside, "../" + filepath.Base(other) + "/good": outside, "/etc/passwd": outside, "/dev/zero": outside,
			"zero": outside, "/proc/self/environ": outside, "none/../../x": outside,
			"pipe": {"a pipe", "not a regular file"}, ".": {"a folder", "not a regular file"}, "large": {" than 1 MiB", "than 1048576 bytes"},
			"loop": {"in a circle", "too many levels"}, "none": {"not exist", "no such file"},
		} {
			said, _ := load(path, Options{})
			assert.Contains(t, said, want[of[strings.Contains(name, "payload_schema")]], "%s = %s", name, path)
			hermetic, needs := load(path, Options{Unknowns: true, Hermetic: true})
			if filepath.IsAbs(path) || strings.Contains(path, "..") {
				assert.Contains(t, hermetic, outside[0], "%s = %s, by its name alone", name, path)
				continue
			}
			assert.Equal(t, good, hermetic, "%s = %s: whether it is there, and what it is, is of the surroundings", name, path)
			assert.Equal(t, "file "+at(path)+"\n", needs)
		}
		said, _ = load("out", Options{AllowFiles: []string{other}})
		assert.Equal(t, good, said, name)
		said, _ = load("/dev/zero", Options{AllowFiles: []string{"/"}})
		assert.NotEqual(t, good, said, name)
		if !strings.Contains(name, "payload_schema") { // which is an error even without a value
			said, needs := load("none", Options{Unknowns: true})
			assert.Equal(t, good, said, name)
			assert.Equal(t, "file "+at("none")+"\n", needs)
		}
	}
}
