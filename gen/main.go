// Gen turns the JSON Schemas of the contract into Go and Markdown. Run it from the root of the module:
//
//	go run ./gen         writes what has changed, and removes generated files that have no schema any more
//	go run ./gen -check  writes nothing; exits 1 and names the files that are stale
//
// What it reads and writes is in the documentation of package schemagen. It imports nothing else of this module, so that
// it can always rebuild what does not compile.
package main

import (
	"flag"
	"os"
	"strings"

	"iggysink/gen/schemagen"
)

func main() {
	code, message := run(".", os.Args[1:])
	if _, err := os.Stderr.WriteString(message); err != nil && code == 0 {
		code = 2
	}
	os.Exit(code) //nolint:forbidigo // gen is a program of its own
}

// run is main for the module in dir. It returns what to print and the exit code: 0, 1 for a schema at fault or a stale
// file, 2 for usage.
func run(dir string, args []string) (code int, message string) {
	var usage strings.Builder
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	flags.SetOutput(&usage)
	check := flags.Bool("check", false, "write nothing; fail if a file is stale")
	if err := flags.Parse(args); err != nil {
		return 2, usage.String()
	}
	if flags.NArg() > 0 {
		return 2, "gen takes no arguments\n"
	}
	if err := schemagen.Generate(dir, *check); err != nil {
		return 1, err.Error() + "\n"
	}
	return 0, ""
}
