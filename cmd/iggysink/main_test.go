package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary double as iggysink: while tests run, "iggysink" on the PATH is the program of this
// very build, in a process of its own, with its signals and exit codes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"iggysink": main})
}

// TestScripts runs sessions of a user: each file in testdata/script is one.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}
