package hclconfig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The file of a payload schema is opened as file() does: in the folder of the configuration or an allowed one, also through a
// link.
func TestPayloadSchemaIsReadInTheFolderOnly(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for _, folder := range []string{dir, other} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "s.json"), []byte(`{"type":"object"}`), 0o600))
	}
	require.NoError(t, os.Symlink(filepath.Join(other, "s.json"), filepath.Join(dir, "link.json")))
	load := func(path string, allow ...string) string {
		file := filepath.Join(dir, "a.hcl")
		text := `iggy {
  token = env("T")
}
sink "a" {
  url    = "http://127.0.0.1/"
  schema = "json"
  stream "s" {
    topics         = ["t"]
    consumer_group = "g"
    payload_schema = "` + path + `"
  }
}
`
		_, found := Load([]string{file}, Options{Unknowns: true, AllowFiles: allow, Texts: map[string][]byte{file: []byte(text)}})
		var details []string
		for _, d := range found {
			if d.Rule == "payload-schema" {
				details = append(details, d.Detail)
			}
		}
		return strings.Join(details, "\n")
	}
	assert.Empty(t, load("s.json"))
	for _, path := range []string{filepath.Join(other, "s.json"), "link.json", "../" + filepath.Base(other) + "/s.json"} {
		assert.Contains(t, load(path), "it is not in the folder of the configuration; --allow-files allows another folder", path)
		assert.Empty(t, load(path, other), path)
	}
	assert.Contains(t, load("."), "it is not a regular file")
}
