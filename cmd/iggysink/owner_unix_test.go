//go:build unix

package main

import (
	"os"
	"syscall"
	"testing"
)

// A file that the superuser formats is still that of the account which reads it.
func TestFmtKeepsTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only the superuser can give a file away")
	}
	t.Chdir(t.TempDir())
	writeFile(t, "a.hcl", "iggy{\n}\n")
	const uid, gid = 4711, 4712
	if err := os.Chown("a.hcl", uid, gid); err != nil {
		t.Fatal(err)
	}
	if code, output := captured(t, "fmt", "a.hcl"); code != exitOK || output != "a.hcl\n" {
		t.Fatalf("exit %d: %s", code, output)
	}
	info, err := os.Stat("a.hcl")
	if err != nil {
		t.Fatal(err)
	}
	stat, isStat := info.Sys().(*syscall.Stat_t)
	if !isStat || stat.Uid != uid || stat.Gid != gid || info.Mode().Perm() != 0o600 {
		t.Errorf("it is now of %+v, %s", info.Sys(), info.Mode())
	}
}
