// Command iggysink delivers messages of Apache Iggy streams to HTTP endpoints.
//
// Each subcommand has a file of its own. A command's result goes to stdout, logs and progress go to stderr. Exit codes:
//
//	0    success
//	1    what was checked failed: an invalid configuration, a file that needs formatting
//	2    usage, I/O or start-up, and a sink that failed for good
//	3    stopped with unsettled messages; the next start delivers them
//	130  ended by a second signal
//
// This is the only package where all parts meet.
package main

import (
	"context"
	"io"
	"log"
	"os"
)

func main() {
	// Our lines go through slog. What a library prints by itself can hold bytes that an endpoint or a server sent, and
	// those can echo a secret.
	log.SetOutput(io.Discard)
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
