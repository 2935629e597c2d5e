package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The packages at the top can be used by others: programs in a module of their own, built as a user would, with nothing
// but this module and what it requires.
func TestProgramsOfOthers(t *testing.T) {
	dir := foreignModule(t)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "bad") {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
	}))
	t.Cleanup(endpoint.Close)

	t.Run("deliver", func(t *testing.T) {
		run := foreignProgram(t, dir, "deliver", endpoint.URL+"/in")
		run.Stdin = strings.NewReader("1\n\"bad\"\n{\n4\n")
		out, err := run.CombinedOutput()
		require.NoError(t, err, string(out))
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		require.Len(t, lines, 4, string(out))
		assert.Equal(t, "0 accepted after 1 attempt", lines[0])
		assert.Equal(t, "1 rejected after 1 attempt: answered 422 Unprocessable Entity", lines[1])
		assert.Contains(t, lines[2], "2 rejected: ")
		assert.Equal(t, "3 accepted after 1 attempt", lines[3])
	})
	t.Run("resume", func(t *testing.T) {
		var failed atomic.Bool
		recovering := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), `"payload":2`) && !failed.Swap(true) {
				w.WriteHeader(http.StatusNotFound)
			}
		}))
		t.Cleanup(recovering.Close)
		run := foreignProgram(t, dir, "resume", recovering.URL+"/in")
		run.Stdin = strings.NewReader("1\n2\n3\n")
		out, err := run.CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Equal(t, "0 accepted after 1 attempt\n1 failed after 1 attempt: answered 404 Not Found\n"+
			"1 accepted after 1 attempt\n2 accepted after 1 attempt\n", string(out))
	})
	t.Run("findings", func(t *testing.T) { printsFindings(t, dir) })
}

// printsFindings runs the program that prints findings: of a configuration with an error, and of one without.
func printsFindings(t *testing.T, dir string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "orders.hcl")
	write := func(timeout string) {
		require.NoError(t, os.WriteFile(file, []byte(`iggy {
  username = "iggy"
  password = env("LIBRARY_PASSWORD")
}

sink "orders" {
  url     = "https://api.example.com/orders?key=canary"
  timeout = "`+timeout+`"

  stream "shop" {
    topics         = ["created"]
    consumer_group = "orders"
  }
}
`), 0o600))
	}
	write("30 seconds")
	out, err := foreignProgram(t, dir, "findings", file).CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, string(out))
	assert.Equal(t, 1, exit.ExitCode())
	assert.Contains(t, string(out), "orders.hcl:8")
	assert.Contains(t, string(out), "invalid duration")
	assert.NotContains(t, string(out), "canary")

	write("30s")
	out, err = foreignProgram(t, dir, "findings", file).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "\nsink orders delivers to https://api.example.com\n", "behind the warning of the key")
	assert.Contains(t, string(out), "[literal-secret]")
	assert.NotContains(t, string(out), "canary")
}

// foreignModule makes a module that requires this one, with the programs of testdata/library. Nothing is fetched: its other
// requirements are those of this module.
func foreignModule(t *testing.T) (dir string) {
	t.Helper()
	home, err := filepath.Abs(root)
	require.NoError(t, err)
	dir = t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/library")))
	mod, err := os.ReadFile(filepath.Join(home, "go.mod"))
	require.NoError(t, err)
	_, requirements, isMod := strings.Cut(string(mod), "\nrequire (") // behind the name and the version of Go
	require.True(t, isMod)
	own := "module example.test/library\n\ngo 1.26.0\n\nrequire iggysink v0.0.0\n\nreplace iggysink => " + home + "\n\nrequire (" + requirements
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(own), 0o600))
	sum, err := os.ReadFile(filepath.Join(home, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o600))
	for _, name := range []string{"deliver", "resume", "findings"} {
		text, err := os.ReadFile(filepath.Join(dir, name, "main.go"))
		require.NoError(t, err)
		assert.LessOrEqual(t, strings.Count(string(text), "\n"), 40, "%s: what is simple has to be short", name)
		build := exec.CommandContext(t.Context(), "go", "build", "-o", name+".exe", "./"+name)
		build.Dir, build.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
		out, err := build.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	return dir
}

// foreignProgram is a program of foreignModule about to run.
func foreignProgram(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	run := exec.CommandContext(t.Context(), filepath.Join(dir, name+".exe"), args...)
	run.Env, run.WaitDelay = append(os.Environ(), "LIBRARY_PASSWORD=p"), 10*time.Second
	return run
}
