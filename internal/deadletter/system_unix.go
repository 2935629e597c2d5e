//go:build unix

package deadletter

import (
	"errors"
	"os"
	"syscall"
)

const (
	nonBlocking = syscall.O_NONBLOCK // opening what became a pipe must not wait
	lockSuffix  = ""                 // the file itself is locked
	lockFlags   = os.O_RDWR | nonBlocking
)

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
