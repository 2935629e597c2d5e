//go:build !unix

package main

// descriptorLimit is unknown where a process has no limit of its own.
func descriptorLimit() (limit uint64, known bool) { return 0, false }
