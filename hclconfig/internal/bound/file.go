package bound

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"

	"iggysink/internal/boundedfile"
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
	case errors.Is(err, boundedfile.ErrNotRegular):
		return "It is a folder, a pipe or a device."
	}
	return "Reading it failed."
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
