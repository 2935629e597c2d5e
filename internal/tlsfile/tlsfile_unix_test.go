//go:build unix

package tlsfile

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A pipe would be waited for, and a file without an end would fill the memory. The error says which file it is.
func TestFilesAreBoundedAndNamed(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, syscall.Mkfifo(at("pipe"), 0o600))
	require.NoError(t, os.WriteFile(at("large"), make([]byte, MaxSize+1), 0o600))
	require.NoError(t, os.WriteFile(at("other"), []byte("other"), 0o600))
	for path, want := range map[string]string{
		at("pipe"):  "it is not a regular file",
		dir:         "it is not a regular file",
		at("large"): "it has more than 1048576 bytes",
		at("none"):  "no such file",
		at("other"): "PEM",
	} {
		_, err := Authorities(path)
		assert.ErrorContains(t, err, path)
		assert.ErrorContains(t, err, want)
		_, err = Pair(path, at("other"))
		assert.ErrorContains(t, err, path)
		assert.ErrorContains(t, err, want)
		_, err = Pair(at("other"), path)
		assert.ErrorContains(t, err, path)
		assert.ErrorContains(t, err, want)
	}
}
