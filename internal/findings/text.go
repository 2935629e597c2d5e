package findings

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"iggysink/hclconfig"
)

// style puts ANSI colours around pieces of text, or nothing.
type style struct{ on bool }

// The SGR parameters of what is coloured.
const (
	bold       = "1"
	boldRed    = "1;31"
	boldYellow = "1;33"
	cyan       = "36"
	faint      = "2"
)

func (s style) paint(sgr, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

// Text prints diagnostics for a person, each like this, with an empty line between two:
//
//	Error: invalid duration [invalid-duration]
//	  orders.hcl:12:17
//	   12 |   retry_delay = "5x"
//	      |                 ^^^^
//	  "x" is not a unit (ms, s, m, h, d). Try "5s".
func Text(w io.Writer, found hclconfig.Diagnostics, color bool) error {
	var out bytes.Buffer
	textOf(&out, found, style{color})
	_, err := w.Write(out.Bytes())
	return err
}

func textOf(out *bytes.Buffer, found hclconfig.Diagnostics, s style) {
	for i, d := range found {
		if i > 0 {
			out.WriteByte('\n')
		}
		s.finding(out, d)
	}
}

func (s style) finding(out *bytes.Buffer, d hclconfig.Diagnostic) {
	title, tone := "Error:", boldRed
	if d.Severity == hclconfig.Warning {
		title, tone = "Warning:", boldYellow
	}
	fmt.Fprintf(out, "%s %s %s\n", s.paint(tone, title), s.paint(bold, oneLine(d.Summary)), s.paint(faint, "["+d.Rule+"]"))
	if where := placeOf(d); where != "" {
		fmt.Fprintf(out, "  %s\n", s.paint(cyan, where))
	}
	if snippet := d.Snippet; snippet != nil {
		number := fmt.Sprintf("%5d", snippet.Line)
		before, marked := printable(snippet.Code[:snippet.Start]), printable(snippet.Code[snippet.Start:snippet.End])
		fmt.Fprintf(out, "%s %s\n", s.paint(faint, number+" |"), printable(snippet.Code))
		fmt.Fprintf(out, "%s %s%s\n", s.paint(faint, strings.Repeat(" ", len(number))+" |"), blank(before),
			s.paint(tone, strings.Repeat("^", max(1, width(marked)))))
	}
	for line := range strings.Lines(d.Detail) {
		fmt.Fprintf(out, "  %s\n", noCommand("> ", printable(strings.TrimRight(line, "\n"))))
	}
}

// placeOf is where a finding is: FILE:LINE:COLUMN, FILE if it is about the file as a whole, or nothing.
func placeOf(d hclconfig.Diagnostic) string {
	name := noCommand("./", printable(d.Range.Filename))
	if d.Range.Filename == "" || d.Range.Start.Line == 0 {
		return name
	}
	return fmt.Sprintf("%s:%d:%d", name, d.Range.Start.Line, d.Range.Start.Column)
}

// writeText ends with the verdict, and with what must be there before a run.
func writeText(out *bytes.Buffer, f Findings, opts Options) error {
	s := style{opts.Color}
	textOf(out, f.Diagnostics, s)
	if len(f.Diagnostics) > 0 {
		out.WriteByte('\n')
	}
	faults, warnings := f.Diagnostics.Count(hclconfig.Error), f.Diagnostics.Count(hclconfig.Warning)
	verdict := "valid"
	if faults > 0 {
		verdict = "invalid: " + plural(faults, "error")
	}
	if warnings > 0 {
		verdict += ", " + plural(warnings, "warning")
	}
	fmt.Fprintf(out, "%s\n", s.paint(bold, "The configuration is "+verdict+"."))
	for _, need := range f.Needs {
		out.WriteString(needOf(need) + "\n")
	}
	return nil
}

func needOf(need hclconfig.Need) string {
	return fmt.Sprintf("A run needs: %s %s", need.Kind, oneLine(need.Name))
}

// writeLines ends nothing: whoever reads lines counts them.
func writeLines(out *bytes.Buffer, f Findings, _ Options) error {
	for _, d := range f.Diagnostics {
		out.WriteString(lineOf(d) + "\n")
	}
	return nil
}

func lineOf(d hclconfig.Diagnostic) string {
	line := fmt.Sprintf("%s: [%s] %s", d.Severity, d.Rule, oneLine(message(d)))
	if where := placeOf(d); where != "" {
		return where + ": " + line
	}
	return line
}
