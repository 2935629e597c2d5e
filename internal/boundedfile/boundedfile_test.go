package boundedfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadTakesRegularFilesWithinTheLimit(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	whole := write("whole", "12345678")
	text, err := Read(whole, 8)
	require.NoError(t, err)
	assert.Equal(t, "12345678", string(text))
	assert.NoError(t, Check(whole, 8))
	text, err = Read(write("empty", ""), 0)
	require.NoError(t, err)
	assert.Empty(t, text)

	for path, c := range map[string]struct {
		is   error
		says string
	}{
		write("long", "123456789"):   {ErrTooLarge, "it has more than 8 bytes"},
		dir:                          {ErrNotRegular, "it is not a regular file"},
		filepath.Join(dir, "nobody"): {fs.ErrNotExist, "no such file"},
	} {
		checked := Check(path, 8)
		_, err := Read(path, 8)
		assert.ErrorIs(t, err, c.is, path)
		assert.Equal(t, err, checked, path)
		assert.ErrorContains(t, err, "open "+path+": ", "the file is named")
		assert.ErrorContains(t, err, c.says)
		assert.True(t, errors.As(err, new(*fs.PathError)), path)
	}
}
