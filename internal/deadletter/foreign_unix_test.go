//go:build unix

package deadletter

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Opening a pipe would wait until somebody reads it.
func TestWhatIsNoFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	require.NoError(t, os.Symlink(pipe, link))
	for _, path := range []string{dir, pipe, link, os.DevNull} {
		_, err := OpenFile(path, nil)
		require.ErrorIs(t, err, errNotFile, path)
		require.ErrorContains(t, err, path)
	}
}
