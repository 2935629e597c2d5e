//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

// keepOwner gives file the owner and the group that was has: a file that the superuser formats is still read by the
// account of the service.
func keepOwner(file *os.File, was os.FileInfo) error {
	old, isStat := was.Sys().(*syscall.Stat_t)
	info, err := file.Stat()
	if err != nil || !isStat {
		return err
	}
	if now, isStat := info.Sys().(*syscall.Stat_t); isStat && now.Uid == old.Uid && now.Gid == old.Gid {
		return nil
	}
	// Where everybody may do what the group may, it does not matter which group it is.
	mode := was.Mode().Perm()
	if err := file.Chown(int(old.Uid), int(old.Gid)); err != nil && (old.Uid != uint32(os.Geteuid()) || mode>>3&7 != mode&7) {
		return fmt.Errorf("its owner and group cannot be kept: %w", err)
	}
	return nil
}
