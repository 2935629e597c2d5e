package hclconfig

import (
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// asNobody calls do with the rights of a user who owns nothing, as the administrator may read every file. They belong to
// the thread, which no other code gets to run on meanwhile.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		do()
		return
	}
	const nobody = 65534
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	require.NoError(t, syscall.Setfsuid(nobody))
	defer func() { require.NoError(t, syscall.Setfsuid(0)) }()
	do()
}

// The kernel lets this file be opened, and fails when it is read from its beginning.
func TestReadingFails(t *testing.T) {
	write(t, map[string]string{"c.hcl": sinkOf(`"http://127.0.0.1/"`, `headers = { A = file("mem.hcl") }`)})
	require.NoError(t, os.Symlink("/proc/self/mem", "mem.hcl"))
	result, found := Load([]string{"mem.hcl"}, Options{})
	require.Contains(t, inWords(result, found), "[unreadable-file]\n  mem.hcl:0:0\n  Reading it failed.")
	result, found = Load([]string{"c.hcl"}, Options{AllowFiles: []string{"/proc"}})
	require.Contains(t, inWords(result, found), "[invalid-file]")
}
