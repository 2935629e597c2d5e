// Package boundedfile reads files that somebody else named: regular ones alone, and no more than so many bytes.
package boundedfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// What Read fails with besides what the operating system says.
var (
	ErrNotRegular = errors.New("it is not a regular file")
	ErrTooLarge   = errors.New("it is too large")
)

// Read returns a regular file of at most limit bytes. It looks before it opens, because opening a pipe would wait for
// somebody who writes, and looks again at what it opened, which may have been put there in between. Its error is an
// *fs.PathError with the path; ErrNotRegular or ErrTooLarge may be in its chain.
func Read(path string, limit int64) ([]byte, error) {
	var text []byte
	file, err := Open(path, limit)
	if err == nil {
		// A file may grow while it is read, and those of /proc say that they are empty.
		text, err = io.ReadAll(io.LimitReader(file, limit+1))
		_ = file.Close() // it was only read
	}
	if err == nil && int64(len(text)) > limit {
		err = tooLargeError(limit)
	}
	return text, named(path, err)
}

// Check fails with what Read would fail with before it reads.
func Check(path string, limit int64) error {
	file, err := Open(path, limit)
	if err == nil {
		_ = file.Close() // nothing was read
	}
	return err
}

// Open opens a regular file that has at most limit bytes now, with the errors of Read.
func Open(path string, limit int64) (*os.File, error) {
	file, err := open(path, limit)
	return file, named(path, err)
}

// named makes an error an *fs.PathError of the path that was given.
func named(path string, err error) error {
	if err == nil {
		return nil
	}
	var inner *fs.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return &fs.PathError{Op: "open", Path: path, Err: err}
}

func open(path string, limit int64) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = fits(info, limit)
	}
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err = file.Stat(); err == nil {
		err = fits(info, limit)
	}
	if err != nil {
		_ = file.Close() // nothing was read
		return nil, err
	}
	return file, nil
}

func fits(info fs.FileInfo, limit int64) error {
	switch {
	case !info.Mode().IsRegular():
		return ErrNotRegular
	case info.Size() > limit:
		return tooLargeError(limit)
	}
	return nil
}

// tooLargeError is ErrTooLarge with the limit.
type tooLargeError int64

func (limit tooLargeError) Error() string {
	return fmt.Sprintf("it has more than %d bytes", int64(limit))
}

// Is makes it ErrTooLarge.
func (limit tooLargeError) Is(target error) bool { return target == ErrTooLarge }
