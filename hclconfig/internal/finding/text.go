package finding

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"iggysink/internal/terminal"
)

// WriteText prints findings for a person, each like this, with an empty line between two:
//
//	Error: invalid duration [invalid-duration]
//	  orders.hcl:12:17
//	   12 |   retry_delay = "5x"
//	      |                 ^^^^
//	  "x" is not a unit (ms, s, m, h, d). Try "5s".
func (d Diagnostics) WriteText(w io.Writer, color bool) error {
	var out bytes.Buffer
	for i := range d {
		if i > 0 {
			out.WriteByte('\n')
		}
		d[i].write(&out, terminal.Style(color))
	}
	_, err := w.Write(out.Bytes())
	return err
}

func (d Diagnostic) write(out *bytes.Buffer, s terminal.Style) {
	title, tone := "Error:", terminal.BoldRed
	switch d.Severity {
	case Warning:
		title, tone = "Warning:", terminal.BoldYellow
	case Note:
		title, tone = "Note:", terminal.Cyan
	}
	fmt.Fprintf(out, "%s %s %s\n", s.Paint(tone, title), s.Paint(terminal.Bold, terminal.OneLine(d.Summary)),
		s.Paint(terminal.Faint, "["+d.Rule+"]"))
	if where := d.Place(); where != "" {
		fmt.Fprintf(out, "  %s\n", s.Paint(terminal.Cyan, where))
	}
	if snippet := d.Snippet; snippet != nil {
		number := fmt.Sprintf("%5d", snippet.Line)
		before, marked := terminal.Printable(snippet.Code[:snippet.Start]), terminal.Printable(snippet.Code[snippet.Start:snippet.End])
		fmt.Fprintf(out, "%s %s\n", s.Paint(terminal.Faint, number+" |"), terminal.Printable(snippet.Code))
		fmt.Fprintf(out, "%s %s%s\n", s.Paint(terminal.Faint, strings.Repeat(" ", len(number))+" |"), terminal.Blank(before),
			s.Paint(tone, strings.Repeat("^", max(1, terminal.Width(marked)))))
	}
	for line := range strings.Lines(d.Detail) {
		fmt.Fprintf(out, "  %s\n", terminal.NoCommand("> ", terminal.Printable(strings.TrimRight(line, "\n"))))
	}
}

// Place is where the finding is: FILE:LINE:COLUMN, FILE if it is about the file as a whole, or nothing.
func (d Diagnostic) Place() string {
	name := terminal.NoCommand("./", terminal.Printable(d.Range.Filename))
	if d.Range.Filename == "" || d.Range.Start.Line == 0 {
		return name
	}
	return fmt.Sprintf("%s:%d:%d", name, d.Range.Start.Line, d.Range.Start.Column)
}

// Message is what is wrong and what to do, as one or more sentences.
func (d Diagnostic) Message() string {
	if d.Detail == "" {
		return d.Summary
	}
	return d.Summary + ". " + d.Detail
}

// String is the finding in one line: FILE:LINE:COLUMN: SEVERITY: [RULE] MESSAGE.
func (d Diagnostic) String() string {
	line := fmt.Sprintf("%s: [%s] %s", d.Severity, d.Rule, terminal.OneLine(d.Message()))
	if where := d.Place(); where != "" {
		return where + ": " + line
	}
	return line
}

// Error is String: a finding may be returned as an error.
func (d Diagnostic) Error() string { return d.String() }

// Error gives each finding its line.
func (d Diagnostics) Error() string {
	lines := make([]string, len(d))
	for i := range d {
		lines[i] = d[i].String()
	}
	return strings.Join(lines, "\n")
}
