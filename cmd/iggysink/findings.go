package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"iggysink/hclconfig"
)

// writeFindings prints findings for a person, each like this, with an empty line between two:
//
//	Error: invalid duration [invalid-duration]
//	  orders.hcl:12:17
//	   12 |   retry_delay = "5x"
//	      |                 ^^^^
//	  "x" is not a unit (ms, s, m, h, d). Try "5s".
//
// Nothing in them is secret: hclconfig has masked the source lines.
func writeFindings(w io.Writer, findings hclconfig.Diagnostics) error {
	var out bytes.Buffer
	for i, finding := range findings {
		if i > 0 {
			out.WriteByte('\n')
		}
		writeFinding(&out, finding)
	}
	_, err := w.Write(out.Bytes())
	return err
}

func writeFinding(out *bytes.Buffer, d hclconfig.Diagnostic) {
	title := "Error"
	if d.Severity == hclconfig.Warning {
		title = "Warning"
	}
	fmt.Fprintf(out, "%s: %s [%s]\n", title, printable(d.Summary), d.Rule)
	switch {
	case d.Range.Filename == "":
	case d.Range.Start.Line == 0: // about the file as a whole
		fmt.Fprintf(out, "  %s\n", printable(d.Range.Filename))
	default:
		fmt.Fprintf(out, "  %s:%d:%d\n", printable(d.Range.Filename), d.Range.Start.Line, d.Range.Start.Column)
	}
	if s := d.Snippet; s != nil {
		number := fmt.Sprintf("%5d", s.Line)
		fmt.Fprintf(out, "%s | %s\n", number, printable(s.Code))
		fmt.Fprintf(out, "%s | %s%s\n", strings.Repeat(" ", len(number)),
			blank(printable(s.Code[:s.Start])), strings.Repeat("^", max(1, len([]rune(printable(s.Code[s.Start:s.End]))))))
	}
	for line := range strings.Lines(d.Detail) {
		fmt.Fprintf(out, "  %s\n", printable(strings.TrimRight(line, "\n")))
	}
}

// printable replaces control characters: a configuration of somebody else must not steer the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// blank is as wide as text: tabs stay, so that what follows stands below its mark.
func blank(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, text)
}

// findingsReport is the JSON form, a superset of what `terraform validate -json` prints.
type findingsReport struct {
	FormatVersion string          `json:"format_version"`
	Valid         bool            `json:"valid"`
	ErrorCount    int             `json:"error_count"`
	WarningCount  int             `json:"warning_count"`
	Diagnostics   []findingReport `json:"diagnostics"`
	Needs         []needReport    `json:"needs"`
}

// needReport is a name that has to be there before the configuration can run.
type needReport struct {
	Kind string `json:"kind"` // env, variable or file
	Name string `json:"name"`
}

type findingReport struct {
	Severity string         `json:"severity"`
	Rule     string         `json:"rule"`
	Summary  string         `json:"summary"`
	Detail   string         `json:"detail"`
	Range    *rangeReport   `json:"range,omitempty"`
	Snippet  *snippetReport `json:"snippet,omitempty"`
}

// rangeReport counts lines and columns from 1 and bytes from 0; the end is exclusive.
type rangeReport struct {
	Filename string         `json:"filename"`
	Start    positionReport `json:"start"`
	End      positionReport `json:"end"`
}

type positionReport struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

type snippetReport struct {
	Context              *string    `json:"context"`
	Code                 string     `json:"code"`
	StartLine            int        `json:"start_line"`
	HighlightStartOffset int        `json:"highlight_start_offset"`
	HighlightEndOffset   int        `json:"highlight_end_offset"`
	Values               []struct{} `json:"values"` // always empty: a value may be a secret
}

func newFindingsReport(result *hclconfig.Result, findings hclconfig.Diagnostics) findingsReport {
	report := findingsReport{
		FormatVersion: "1.0",
		Valid:         !findings.HasErrors(),
		ErrorCount:    findings.Count(hclconfig.Error),
		WarningCount:  findings.Count(hclconfig.Warning),
		Diagnostics:   []findingReport{},
		Needs:         []needReport{},
	}
	for _, need := range result.Needs {
		report.Needs = append(report.Needs, needReport{Kind: need.Kind, Name: need.Name})
	}
	for _, d := range findings {
		report.Diagnostics = append(report.Diagnostics, newFindingReport(d))
	}
	return report
}

func newFindingReport(d hclconfig.Diagnostic) findingReport {
	r := findingReport{Severity: string(d.Severity), Rule: d.Rule, Summary: d.Summary, Detail: d.Detail}
	if d.Range.Filename != "" {
		r.Range = &rangeReport{
			Filename: d.Range.Filename,
			Start:    positionReport{d.Range.Start.Line, d.Range.Start.Column, d.Range.Start.Byte},
			End:      positionReport{d.Range.End.Line, d.Range.End.Column, d.Range.End.Byte},
		}
	}
	if s := d.Snippet; s != nil {
		r.Snippet = &snippetReport{
			Code: s.Code, StartLine: s.Line, HighlightStartOffset: s.Start, HighlightEndOffset: s.End, Values: []struct{}{},
		}
		if s.Context != "" {
			r.Snippet.Context = &s.Context
		}
	}
	return r
}

func writeFindingsJSON(w io.Writer, result *hclconfig.Result, findings hclconfig.Diagnostics) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(newFindingsReport(result, findings))
}
