package findings

import (
	"bytes"
	"fmt"

	"iggysink/hclconfig"
	"iggysink/internal/terminal"
)

// writeText ends with the verdict, and with what must be there before a run.
func writeText(out *bytes.Buffer, f Findings, opts Options) error {
	if err := f.shown().WriteText(out, opts.Color); err != nil {
		return err
	}
	if len(f.shown()) > 0 {
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
	if notes := f.shown().Count(hclconfig.Note); notes > 0 {
		verdict += ", " + plural(notes, "note")
	}
	fmt.Fprintf(out, "%s\n", terminal.Style(opts.Color).Paint(terminal.Bold, "The configuration is "+verdict+"."))
	if reason := f.WarningsAlone(); reason != "" {
		defer func() { fmt.Fprintf(out, "%s\n", terminal.Style(opts.Color).Paint(terminal.Bold, reason+".")) }() // it is the last line
	}
	for _, need := range f.Needs {
		out.WriteString(needOf(need) + "\n")
	}
	return nil
}

func needOf(need hclconfig.Need) string {
	return fmt.Sprintf("A run needs: %s %s", need.Kind, terminal.OneLine(need.Name))
}

// writeLines ends nothing: whoever reads lines counts them.
func writeLines(out *bytes.Buffer, f Findings, _ Options) error {
	for _, d := range f.shown() {
		out.WriteString(d.String() + "\n")
	}
	return nil
}
