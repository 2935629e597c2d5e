package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"iggysink/hclconfig"
	"iggysink/internal/boundedfile"
)

// readSource returns a file, or stdin for "-".
func readSource(stdin io.Reader, path string) (source []byte, err error) {
	source, err = readInput(stdin, path, hclconfig.MaxFileSize)
	if errors.Is(err, boundedfile.ErrTooLarge) {
		err = fmt.Errorf("%s is larger than %d MiB, which no configuration file may be", path, hclconfig.MaxFileSize>>20)
	}
	return source, err
}

// replaceFile writes content beside path and renames it, so that a crash leaves the old file or the new one, whole. A
// symbolic link stays one, and the file keeps its permissions, owner and group. One that may not be written is refused,
// although the rename would not mind.
func replaceFile(path string, content []byte) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := writable(target)
	if err != nil {
		return fmt.Errorf("%s stays as it is: %w", path, err)
	}
	file, err := os.CreateTemp(filepath.Dir(target), ".iggysink-fmt-")
	if err != nil {
		return fmt.Errorf("formatting %s: %w", path, err)
	}
	err = takePlace(file, target, content, func() error {
		// The owner comes before the permissions: who may not read the old file must not read the new one in between.
		return errors.Join(keepOwner(file, info), file.Chmod(info.Mode().Perm()), file.Sync())
	})
	if err != nil {
		return fmt.Errorf("formatting %s: %w", path, err)
	}
	return nil
}

// takePlace writes content to file, a new one beside target, and renames it to target once it is as finish leaves it. A
// file that cannot take the place is removed.
func takePlace(file *os.File, target string, content []byte, finish func() error) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, writeErr := file.Write(content)
	if err := errors.Join(writeErr, finish(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), target)
}

// writable returns what the file is, unless it may not be written. The superuser may write everything: for him the
// permissions count.
func writable(path string) (os.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o200 == 0 {
		return nil, errors.New("it is write-protected")
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	return info, file.Close()
}
