package hclconfig

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file that may not be read is told of, and so is one whose reading fails.
func TestUnreadable(t *testing.T) {
	write(t, map[string]string{"a.hcl": login, "conf/b.hcl": login, "values.vars.hcl": "a = 1", "c.hcl": login})
	for _, name := range []string{"a.hcl", "conf", "values.vars.hcl"} {
		require.NoError(t, os.Chmod(name, 0))
	}
	require.NoError(t, os.Chmod("c.hcl", 0o644))
	t.Cleanup(func() { require.NoError(t, os.Chmod("conf", 0o700)) })
	asNobody(t, func() {
		_, err := os.ReadFile("a.hcl")
		require.ErrorIs(t, err, os.ErrPermission, "otherwise this test shows nothing")
		for _, path := range []string{"a.hcl", "conf", filepath.Join("conf", "b.hcl")} {
			result, found := Load([]string{path}, Options{})
			require.Contains(t, inWords(result, found), "[unreadable-file]\n  "+path+":0:0\n  It may not be read.")
		}
		result, found := Load([]string{"c.hcl"}, Options{VarFiles: []string{"values.vars.hcl"}, Unknowns: true})
		require.Contains(t, inWords(result, found), "[unreadable-file]\n  values.vars.hcl:0:0\n  It may not be read.")
	})
}
