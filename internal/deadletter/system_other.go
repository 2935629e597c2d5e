//go:build !unix

package deadletter

import "os"

const (
	nonBlocking = 0
	lockSuffix  = ".lock" // a lock keeps others, and our own second handle, from reading what it covers
	lockFlags   = os.O_RDWR | os.O_CREATE
)

// syncFolder makes the names in a folder durable, where a system can do that for a folder.
func syncFolder(string) error { return nil }
