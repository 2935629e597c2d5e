//go:build unix

package boundedfile

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Opening a pipe waits for somebody who writes; a device has no end.
func TestReadOpensNoPipeAndNoDevice(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, path := range []string{pipe, "/dev/zero"} {
		_, err := Read(path, 8)
		assert.ErrorIs(t, err, ErrNotRegular, path)
	}
}

// A file of /proc says that it is empty and has more than the limit.
func TestReadBoundsWhatTheSizeDoesNotTell(t *testing.T) {
	const path = "/proc/self/environ"
	t.Setenv("SOMETHING_LONG", "12345678")
	if _, err := Read(path, 1<<20); err != nil {
		t.Skip("no /proc here")
	}
	_, err := Read(path, 8)
	assert.ErrorIs(t, err, ErrTooLarge)
}
