package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"iggysink/gen/schemagen"
)

// schemaDiffFlags are the flags of schema diff.
type schemaDiffFlags struct {
	root   string
	format string
	rules  bool
}

func newSchemaDiffCommand() *cobra.Command {
	var f schemaDiffFlags
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Report what a change of a schema breaks",
		Long: `diff compares two versions of a schema and reports for each change whether it breaks something. The root decides what must
not break:

  config    backward: every document of the old schema must be valid under the new one. People wrote them.
  envelope  forward: every document of the new schema must be valid under the old one. Deployed readers rely on it;
            iggysink writes only the properties that the schema names.

Without --root a schema with x-source is an envelope, and any other is a configuration. A dash reads from stdin.

A change that breaks nothing but alters a meaning, such as another default, is a warning. One that affects only Go code that
uses the generated types, such as another x-go-name, has the category source. A change that diff cannot decide, such as
which of two regular expressions allows more, counts as breaking. --rules lists every rule.

Exit codes: 0 nothing breaks; 1 a breaking change; 2 a schema cannot be read or is invalid.`,
		Example: `  iggysink schema envelope | iggysink schema diff released/envelope.schema.json -
  iggysink schema diff --format github old.schema.json new.schema.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if want := 2; !f.rules && len(args) != want || f.rules && len(args) != 0 {
				return fmt.Errorf("schema diff takes an old and a new schema, or --rules alone; it got %s", plural(len(args), "argument"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.rules {
				return writeSchemaRules(cmd.OutOrStdout())
			}
			return f.run(cmd, args[0], args[1])
		},
	}
	cmd.Flags().StringVar(&f.root, "root", "", "config or envelope: whose documents must not break")
	cmd.Flags().StringVar(&f.format, "format", "text", "text, json or github (annotations of a workflow)")
	cmd.Flags().BoolVar(&f.rules, "rules", false, "list the rules")
	return cmd
}

func (f *schemaDiffFlags) run(cmd *cobra.Command, oldFile, newFile string) error {
	write, known := map[string]func(io.Writer, schemaDiff) error{
		"text": writeSchemaDiffText, "json": writeSchemaDiffJSON, "github": writeSchemaDiffGitHub,
	}[f.format]
	if !known {
		return fmt.Errorf("--format %q is not one of text, json, github", f.format)
	}
	if f.root != "" && f.root != "config" && f.root != "envelope" {
		return fmt.Errorf("--root %q is not one of config, envelope", f.root)
	}
	if oldFile == "-" && newFile == "-" {
		return fmt.Errorf("only one of the two schemas can come from stdin")
	}
	before, err := readSchema(oldFile, cmd.InOrStdin())
	if err != nil {
		return err
	}
	after, err := readSchema(newFile, cmd.InOrStdin())
	if err != nil {
		return err
	}
	direction := schemagen.Backward
	if f.root == "envelope" || f.root == "" && after.Sourced() {
		direction = schemagen.Forward
	}
	diff := schemaDiff{direction: direction, changes: schemagen.Compare(before, after, direction)}
	if err := write(cmd.OutOrStdout(), diff); err != nil {
		return fmt.Errorf("writing the differences: %w", err)
	}
	if diff.count(schemagen.Breaking) > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}

// readSchema reads a schema of any file name, or from stdin where it is a dash.
func readSchema(file string, stdin io.Reader) (*schemagen.Model, error) {
	name := file
	if file == "-" {
		name = "stdin"
	}
	source, err := readInput(stdin, file, maxSchemaBytes)
	if err != nil {
		return nil, fmt.Errorf("reading a schema: %w", err)
	}
	model, problems := schemagen.ParseNamed(name, schemagen.TypeName(name), source)
	if err := schemaProblems(problems); err != nil {
		return nil, err
	}
	return model, nil
}

// schemaProblems is the error of a schema at fault. Its first "Error: " is the one that report prints.
func schemaProblems(problems schemagen.Problems) error {
	err := problems.Err()
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "Error: "))
}

// schemaDiff is what diff found.
type schemaDiff struct {
	direction schemagen.Direction
	changes   []schemagen.Change
}

func (d schemaDiff) count(s schemagen.Severity) (n int) {
	for _, c := range d.changes {
		if c.Severity == s {
			n++
		}
	}
	return n
}

// verdict says in one line what it comes to.
func (d schemaDiff) verdict() string {
	whose := "every document of the old schema is valid under the new one"
	if d.direction == schemagen.Forward {
		whose = "readers of the old schema understand every document of the new one"
	}
	breaking, warnings := d.count(schemagen.Breaking), d.count(schemagen.Warning)
	rest := plural(d.count(schemagen.Info), "compatible change")
	if n := d.count(schemagen.Source); n > 0 {
		rest = plural(n, "change") + " for code that uses the generated types, " + rest
	}
	switch {
	case len(d.changes) == 0:
		return "No changes for documents."
	case breaking > 0:
		return fmt.Sprintf("%s (%s), %s, %s.", plural(breaking, "breaking change"), d.direction, plural(warnings, "warning"), rest)
	}
	return fmt.Sprintf("Compatible (%s): %s. %s, %s.", d.direction, whose, plural(warnings, "warning"), rest)
}

func writeSchemaDiffText(w io.Writer, d schemaDiff) error {
	for _, c := range d.changes {
		if _, err := fmt.Fprintf(w, "%s\n", c.Text()); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, d.verdict())
	return err
}

type schemaDiffReport struct {
	FormatVersion string               `json:"format_version"`
	Direction     schemagen.Direction  `json:"direction"`
	Compatible    bool                 `json:"compatible"`
	BreakingCount int                  `json:"breaking_count"`
	WarningCount  int                  `json:"warning_count"`
	SourceCount   int                  `json:"source_count"` // of changes for code that uses the generated types
	InfoCount     int                  `json:"info_count"`
	Changes       []schemaChangeReport `json:"changes"`
}

type schemaChangeReport struct {
	Rule     string             `json:"rule"`
	Severity schemagen.Severity `json:"severity"`
	Message  string             `json:"message"`
	Pointer  string             `json:"pointer"` // in the new schema, or in the old one if removed
	Removed  bool               `json:"removed"`
	Old      schemaPlaceReport  `json:"old"`
	New      schemaPlaceReport  `json:"new"`
}

type schemaPlaceReport struct {
	Filename string `json:"filename"`
	Line     int    `json:"line"`   // from 1
	Column   int    `json:"column"` // from 1, in bytes
}

func writeSchemaDiffJSON(w io.Writer, d schemaDiff) error {
	report := schemaDiffReport{
		FormatVersion: "1.0",
		Direction:     d.direction,
		Compatible:    d.count(schemagen.Breaking) == 0,
		BreakingCount: d.count(schemagen.Breaking),
		WarningCount:  d.count(schemagen.Warning),
		SourceCount:   d.count(schemagen.Source),
		InfoCount:     d.count(schemagen.Info),
		Changes:       []schemaChangeReport{},
	}
	place := func(p schemagen.Place) schemaPlaceReport { return schemaPlaceReport{p.File, p.Line, p.Column} }
	for _, c := range d.changes {
		report.Changes = append(report.Changes, schemaChangeReport{
			c.Rule, c.Severity, c.Message, c.Pointer, c.Removed, place(c.Old), place(c.New),
		})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(report)
}

// writeSchemaDiffGitHub prints workflow commands. They point into the new schema, which is what a pull request shows.
func writeSchemaDiffGitHub(w io.Writer, d schemaDiff) error {
	level := map[schemagen.Severity]string{schemagen.Breaking: "error", schemagen.Warning: "warning", schemagen.Source: "warning",
		schemagen.Info: "notice"}
	message := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, c := range d.changes {
		if _, err := fmt.Fprintf(w, "::%s file=%s,line=%d,col=%d,title=%s::%s (%s)\n", level[c.Severity],
			property.Replace(c.New.File), c.New.Line, c.New.Column, property.Replace(c.Rule),
			message.Replace(c.Message), message.Replace(c.Pointer)); err != nil {
			return err
		}
	}
	return nil
}

func writeSchemaRules(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%-29s %-9s %-9s %s\n", "RULE", "CONFIG", "ENVELOPE", "MEANING"); err != nil {
		return err
	}
	for _, r := range schemagen.Rules() {
		if _, err := fmt.Fprintf(w, "%-29s %-9s %-9s %s\n", r.ID, r.Backward, r.Forward, r.Meaning); err != nil {
			return err
		}
	}
	return nil
}
