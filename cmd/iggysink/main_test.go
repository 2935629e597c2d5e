package main

import (
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary double as iggysink: while tests run, "iggysink" on the PATH is the program of this
// very build, in a process of its own, with its signals and exit codes.
func TestMain(m *testing.M) {
	testscript.Main(e2eMain{m}, map[string]func(){"iggysink": main})
}

// TestScripts runs sessions of a user: each file in testdata/script is one. Beside testscript's own commands there are
//
//	await FILE REGEXP   waits until a file that another process writes holds a match
//	ready FILE NAME     waits for the line "ready ADDRESS" in a file, and puts the address into an environment variable
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", raceOptions)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": func(ts *testscript.TestScript, _ bool, args []string) {
				if len(args) != 2 {
					ts.Fatalf("usage: await FILE REGEXP")
				}
				await(ts, args[0], args[1])
			},
			"ready": func(ts *testscript.TestScript, _ bool, args []string) {
				if len(args) != 2 {
					ts.Fatalf("usage: ready FILE NAME")
				}
				ts.Setenv(args[1], await(ts, args[0], `(?m)^ready (\S+)$`)[1])
			},
		},
	})
}

// awaitTimeout only bounds a test that fails: one that passes goes on at the event.
const awaitTimeout = time.Minute

func await(ts *testscript.TestScript, file, pattern string) []string {
	re := regexp.MustCompile(pattern)
	var text []byte
	for end := time.Now().Add(awaitTimeout); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var err error
		if text, err = os.ReadFile(ts.MkAbs(file)); err != nil && !os.IsNotExist(err) {
			ts.Check(err)
		}
		if match := re.FindStringSubmatch(string(text)); match != nil {
			return match
		}
	}
	ts.Fatalf("%s has no match of %s after %v; it holds:\n%s", file, pattern, awaitTimeout, text)
	return nil
}
