package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"iggysink/hclconfig"
	"iggysink/internal/findings"
)

// writeFindings prints findings for a person, in colour on a terminal. Who wants to know the notes asks validate for them.
func writeFindings(w io.Writer, found hclconfig.Diagnostics) error {
	return found.WithoutNotes().WriteText(w, wantsColor(w))
}

// wantsColor reports whether w is a terminal whose user has nothing against colours (https://no-color.org), or the user
// wants them wherever it goes, as in a job whose log shows them (https://bixense.com/clicolors).
func wantsColor(w io.Writer) bool {
	if os.Getenv("NO_COLOR") != "" {
		return false
	}
	file, isFile := w.(*os.File)
	if !isFile {
		return false
	}
	if force := os.Getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	if os.Getenv("TERM") == "dumb" || os.Getenv("CLICOLOR") == "0" {
		return false
	}
	return isTerminal(file)
}

// isTerminal reports whether a file is a device that shows characters.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// findingsOptions are what the surroundings say about the forms of findings.
func findingsOptions(w io.Writer) findings.Options {
	opts := findings.Options{Color: wantsColor(w)}
	// A job may run in a folder of the repository; the names that its annotations use start at the top.
	for _, name := range []string{"GITHUB_WORKSPACE", "CI_PROJECT_DIR"} {
		if opts.Workspace == "" {
			opts.Workspace = os.Getenv(name)
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		opts.Version = info.Main.Version
	}
	return opts
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
