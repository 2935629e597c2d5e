package bound

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// MaxFileSize is how many bytes a configuration file may have.
const MaxFileSize = 2 << 20

// Because says why a file cannot be read, in our words: the text of an operating system differs from one to another.
func Because(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "It does not exist."
	case errors.Is(err, fs.ErrPermission):
		return "It may not be read. Check its permissions."
	case errors.Is(err, syscall.ELOOP):
		return "Its links lead in a circle."
	case errors.Is(err, ErrNotRegular):
		return "It is a folder, a pipe or a device."
	}
	return "Reading it failed."
}

// What ReadFile fails with besides what the operating system says.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrTooLarge   = errors.New("file too large")
)

// ReadFile reads a regular file of at most limit bytes. It looks before it opens: opening a pipe would wait.
func ReadFile(path string, limit int64) (text []byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNotRegular
	}
	if info.Size() > limit {
		return nil, ErrTooLarge
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = ErrTooLarge
	}
	return text, err
}

// Canonical returns a name by which the same file is known again.
func Canonical(name string) string {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	if abs, err := filepath.Abs(name); err == nil {
		name = abs
	}
	return name
}
