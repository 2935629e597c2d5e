// Package findings writes what hclconfig found in a configuration, in the forms that people, editors and CI systems
// read:
//
//	text    for people: the source line with the place marked, and what to do
//	line    FILE:LINE:COLUMN: SEVERITY: [RULE] TEXT, one a line, for editors and grep
//	json    a superset of what `terraform validate -json` prints
//	github  workflow commands, which GitHub Actions shows beside the lines of a pull request
//	sarif   SARIF 2.1.0, for code scanning
//	junit   JUnit XML, one suite a file, for every CI system that shows tests
//
// A line is the same number everywhere. A column is what a reader would count in text, line, json and junit (grapheme
// clusters, as HCL has it; json has the byte too), and UTF-16 code units in github and sarif, whose readers count so.
//
// Nothing in a finding is secret: hclconfig has masked its source line, and no form opens the files again to show more.
// What somebody else wrote must not steer whoever reads it: each form escapes or replaces what would be a terminal's
// control character, a workflow command or markup.
package findings

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"iggysink/hclconfig"
)

// Findings are what there is to tell about one configuration.
type Findings struct {
	Diagnostics hclconfig.Diagnostics
	Needs       []hclconfig.Need
	Files       map[string][]byte // of all files that were read, by the names that Diagnostics use
	// WarningsFail says that whoever asked takes warnings for errors. Each form says so where it is why a run fails; the
	// findings keep their severity.
	WarningsFail bool
	// Notes says that whoever asked wants the notes in the forms that people read: text, line, github and junit. json and
	// sarif have them in any case, each under its own level.
	Notes bool
}

// shown are the findings of a form that people read.
func (f Findings) shown() hclconfig.Diagnostics {
	if f.Notes {
		return f.Diagnostics
	}
	return f.Diagnostics.WithoutNotes()
}

// WarningsAlone says why a run fails that has no error, where warnings fail it; "" where they do not. It has no full stop.
func (f Findings) WarningsAlone() string {
	warnings := f.Diagnostics.Count(hclconfig.Warning)
	if !f.WarningsFail || warnings == 0 || f.Diagnostics.HasErrors() {
		return ""
	}
	if warnings == 1 {
		return "1 warning fails the run, since --warnings-as-errors is set"
	}
	return plural(warnings, "warning") + " fail the run, since --warnings-as-errors is set"
}

// Options say how to tell it.
type Options struct {
	Color     bool   // text only
	Workspace string // folder that github and sarif name files from; the working directory if empty
	Version   string // of this program; sarif only, may be empty
}

// form is one way to write findings.
type form struct {
	name  string
	write func(*bytes.Buffer, Findings, Options) error
}

func forms() []form {
	return []form{
		{"text", writeText}, {"json", writeJSON}, {"github", writeGitHub}, {"sarif", writeSARIF}, {"junit", writeJUnit},
		{"line", writeLines},
	}
}

// Formats returns the names that Write takes.
func Formats() []string {
	var names []string
	for _, f := range forms() {
		names = append(names, f.name)
	}
	return names
}

// Write writes f in one of the Formats, and fails with another or if w does.
func Write(w io.Writer, format string, f Findings, opts Options) error {
	i := slices.IndexFunc(forms(), func(f form) bool { return f.name == format })
	if i < 0 {
		return fmt.Errorf("there is no format %q: it is one of %s", format, strings.Join(Formats(), ", "))
	}
	var out bytes.Buffer
	if err := forms()[i].write(&out, f, opts); err != nil {
		return fmt.Errorf("writing findings as %s: %w", format, err)
	}
	_, err := w.Write(out.Bytes())
	return err
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
