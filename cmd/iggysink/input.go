package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"iggysink/internal/boundedfile"
)

// maxSchemaBytes is how large a schema on a command line may be: the largest public ones are a tenth of it.
const maxSchemaBytes = 16 << 20

// readInput returns a file that a command line names, or stdin for "-", of at most limit bytes. Its error names the file.
func readInput(stdin io.Reader, path string, limit int64) ([]byte, error) {
	if path != "-" {
		text, err := boundedfile.Read(path, limit)
		return text, inputError(path, err)
	}
	text, err := io.ReadAll(io.LimitReader(stdin, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("stdin has more than %d bytes: %w", limit, boundedfile.ErrTooLarge)
	}
	return text, err
}

// openInput opens a file that is read line by line, of any size. A pipe comes in by stdin, where it can be left at a signal.
func openInput(path string) (*os.File, error) {
	file, err := boundedfile.Open(path, math.MaxInt64)
	return file, inputError(path, err)
}

// inputError says what to do with what is no regular file.
func inputError(path string, err error) error {
	if !errors.Is(err, boundedfile.ErrNotRegular) {
		return err
	}
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder: name a file", path)
	}
	return fmt.Errorf("%s is neither a file nor a folder of files: give the content of a pipe on stdin", path)
}
