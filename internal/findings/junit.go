package findings

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"iggysink/hclconfig"
	"iggysink/internal/terminal"
)

type junitReport struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	ClassName string        `xml:"classname,attr"`
	File      string        `xml:"file,attr,omitempty"`
	Line      int           `xml:"line,attr,omitempty"`
	Failure   *junitFailure `xml:"failure"`
	Output    string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// nowhere is the suite of findings that are about no file, such as a --var.
const nowhere = "configuration"

// writeJUnit makes a suite of each file, findings or not. An error is a failed test; a warning is one that passes and
// says something, as it does not stop a configuration, and fails where warnings fail the run; a file without findings has
// one test, which passes and does not claim more: next to a file that cannot be read nothing is known of the others.
func writeJUnit(out *bytes.Buffer, f Findings, _ Options) error {
	cases := make(map[string][]junitCase)
	for name := range f.Files {
		cases[name] = nil
	}
	for _, d := range f.shown() {
		c, err := f.junitCase(d)
		if err != nil {
			return err
		}
		cases[d.Range.Filename] = append(cases[d.Range.Filename], c)
	}
	report := junitReport{Name: "iggysink validate"}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		suite := junitSuite{Name: terminal.Printable(filepath.ToSlash(name)), Cases: cases[name]}
		if name == "" {
			suite.Name = nowhere
		}
		if len(suite.Cases) == 0 {
			suite.Cases = []junitCase{{Name: "no finding", ClassName: suite.Name, File: suite.Name}}
		}
		names := make(map[string]int)
		for i := range suite.Cases {
			c := &suite.Cases[i]
			if names[c.Name]++; names[c.Name] > 1 { // GitLab keeps the first of those with one name
				c.Name = fmt.Sprintf("%s #%d", c.Name, names[c.Name])
			}
			suite.Tests++
			if c.Failure != nil {
				suite.Failures++
			}
		}
		report.Tests += suite.Tests
		report.Failures += suite.Failures
		report.Suites = append(report.Suites, suite)
	}
	out.WriteString(xml.Header)
	encoder := xml.NewEncoder(out)
	encoder.Indent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return err
	}
	out.WriteByte('\n')
	return nil
}

// junitCase has the place in its name: a report of two findings of one rule has two tests then.
func (f Findings) junitCase(d hclconfig.Diagnostic) (junitCase, error) {
	name := terminal.Printable(filepath.ToSlash(d.Range.Filename))
	c := junitCase{
		Name:      "[" + d.Rule + "] " + terminal.OneLine(d.Summary),
		ClassName: name,
		File:      name,
		Line:      d.Range.Start.Line,
	}
	if name == "" {
		c.ClassName = nowhere
	}
	if where := d.Place(); where != "" {
		c.Name += " (" + where + ")"
	}
	var text bytes.Buffer
	if err := (hclconfig.Diagnostics{d}).WriteText(&text, false); err != nil {
		return c, err
	}
	if d.Severity != hclconfig.Error && (d.Severity != hclconfig.Warning || !f.WarningsFail) {
		c.Output = text.String()
	} else {
		if d.Severity == hclconfig.Warning {
			text.WriteString("A warning, which fails the run since --warnings-as-errors is set.\n")
		}
		c.Failure = &junitFailure{Type: d.Rule, Message: terminal.OneLine(d.Message()), Text: text.String()}
	}
	return c, nil
}
