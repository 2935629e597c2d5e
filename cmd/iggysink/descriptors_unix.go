//go:build unix

package main

import "syscall"

// descriptorLimit is how many files this process may have open. The runtime has raised it as far as it may.
func descriptorLimit() (limit uint64, known bool) {
	var rlimit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &rlimit); err != nil {
		return 0, false
	}
	return uint64(rlimit.Cur), true //nolint:unconvert // its type differs from one system to another
}
