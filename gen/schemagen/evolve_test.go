package schemagen

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever adds, renames or drops a property of the envelope edits the schema and runs go generate ./...: that is all. This
// does it to a copy of the module, and looks at what its program sends.
func TestEnvelopeEvolves(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a copy of the module")
	}
	dir := copyModule(t)
	edit(t, filepath.Join(dir, "schema", "envelope.schema.json"),
		// renamed
		`"iggy_timestamp", "iggy_stream"`, `"appended_at", "iggy_stream"`,
		`"iggy_timestamp": {`, `"appended_at": {`,
		`"iggy_partition_id"]`, `"lane"]`,
		`"iggy_partition_id": {`, `"lane": {`,
		// dropped
		`"required": ["iggy_id", `, `"required": ["region", `,
		between(t, `        "iggy_id": {`, `        "iggy_offset": {`), "",
		// added: a constant, and a header
		`        "iggy_offset": {`, `        "region": {
          "description": "Where the message was delivered from.",
          "type": "string",
          "x-source": "const:eu \"1\""
        },
        "tenant": {
          "description": "Whose message it is.",
          "type": "string",
          "x-source": "header:x-tenant"
        },
        "iggy_offset": {`,
	)
	command(t, dir, "go", "generate", "./...")
	command(t, dir, "go", "build", "-o", "iggysink.test", "./cmd/iggysink")
	command(t, dir, "go", "build", "./...")
	command(t, dir, "go", "run", "./gen", "-check")

	out := command(t, dir, "./iggysink.test", "dev", "--once")
	assert.Contains(t, out, `{"metadata":{"region":"eu \"1\"","iggy_offset":0,"appended_at":`)
	assert.NotContains(t, out, "iggy_id")
	assert.NotContains(t, out, "iggy_timestamp")
	assert.Regexp(t, `"iggy_topic":"[^"]+","lane":\d`, out)
	assert.Contains(t, command(t, dir, "./iggysink.test", "schema", "envelope"), `"const:eu \"1\""`)

	page, err := os.ReadFile(filepath.Join(dir, "docs", "reference", "envelope.md"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "| `metadata.appended_at` |")
	assert.Contains(t, string(page), "| `metadata.tenant` | string | with header `x-tenant` |")
	assert.NotContains(t, string(page), "| `metadata.iggy_id` |")

	// The example receiver recognises messages by the property that has another name now.
	receiver, err := os.ReadFile(filepath.Join(dir, "examples", "receiver", "envelope", "envelope_gen.go"))
	require.NoError(t, err)
	assert.Regexp(t, `Partition: +v\.Metadata\.Lane,`, string(receiver))

	// The corpus shows the new envelope, and all that reads the schema still agrees.
	command(t, dir, "go", "vet", "./schema", "./golden")
	command(t, dir, "go", "test", "./schema", "./golden")
	vector, err := os.ReadFile(filepath.Join(dir, "golden", "vectors", "metadata-everything.txtar"))
	require.NoError(t, err)
	assert.Contains(t, string(vector), `"appended_at":1710064800000000`)
	assert.NotContains(t, string(vector), "iggy_id")
}

// copyModule copies the module without what is hidden, and returns the copy's folder.
func copyModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root := os.DirFS("../..")
	require.NoError(t, fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(entry.Name(), ".") && path != "." && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(dir, path), 0o755)
		case !entry.Type().IsRegular():
			return nil
		}
		content, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, path), content, 0o644)
	}))
	return dir
}

// between returns the text of the envelope's schema from one mark to the next.
func between(t *testing.T, from, to string) string {
	t.Helper()
	source, err := os.ReadFile("../../schema/envelope.schema.json")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(source), from)
	require.True(t, found)
	text, _, found := strings.Cut(rest, to)
	require.True(t, found)
	return from + text
}

// edit replaces pieces of a file, each of which it must have once.
func edit(t *testing.T, file string, pairs ...string) {
	t.Helper()
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	text := string(source)
	for i := 0; i < len(pairs); i += 2 {
		require.Equal(t, 1, strings.Count(text, pairs[i]), pairs[i])
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
}

// command runs a program and returns what it wrote.
func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s %s:\n%s", name, strings.Join(args, " "), out)
	return string(out)
}
