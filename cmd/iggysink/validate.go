package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"iggysink/hclconfig"
)

// validateFlags are the flags of validate.
type validateFlags struct {
	load             loadFlags
	formats          []string
	strictEnv        bool
	warningsAsErrors bool
}

func newValidateCommand() *cobra.Command {
	var f validateFlags
	cmd := &cobra.Command{
		Use:   "validate PATH...",
		Short: "Check a configuration, without touching the network",
		Long: `validate checks files and folders as one configuration, and prints what it finds to stdout, in every format.

An env() that is not set is no error: its value is unknown, everything else is checked, and its name is listed. The same
goes for variables without a value and for files that file() would read. --strict-env makes an unset env() an error.

Exit codes: 0 valid; 1 invalid, or with --warnings-as-errors a warning; 2 a file cannot be read.`,
		Example: `  iggysink validate iggysink.hcl
  iggysink validate conf.d --format text --format json=findings.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: f.run,
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.formats, "format", []string{"text"},
		"text or json, with `format[=file]` to write to a file instead of stdout; repeatable")
	flags.BoolVar(&f.strictEnv, "strict-env", false, "make an env() that is not set an error")
	flags.BoolVar(&f.warningsAsErrors, "warnings-as-errors", false, "exit with 1 if there is a warning")
	f.load.register(cmd)
	return cmd
}

func (f *validateFlags) run(cmd *cobra.Command, paths []string) error {
	writers, err := formatWriters(f.formats)
	if err != nil {
		return err
	}
	opts, err := f.load.options()
	if err != nil {
		return err
	}
	opts.Unknowns, opts.StrictEnv = true, f.strictEnv
	result, findings := hclconfig.Load(paths, opts)
	for _, w := range writers {
		if err := w.write(cmd.OutOrStdout(), result, findings); err != nil {
			return err
		}
	}
	code := findingsCode(findings)
	if code == exitOK && f.warningsAsErrors && findings.Count(hclconfig.Warning) > 0 {
		code = exitFailed
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// formatWriter is one --format.
type formatWriter struct {
	file   string // empty: stdout
	format func(io.Writer, *hclconfig.Result, hclconfig.Diagnostics) error
}

func formatWriters(formats []string) ([]formatWriter, error) {
	var writers []formatWriter
	toStdout := 0
	for _, value := range formats {
		name, file, toFile := strings.Cut(value, "=")
		w := formatWriter{file: file}
		switch name {
		case "text":
			w.format = writeFindingsText
		case "json":
			w.format = writeFindingsJSON
		default:
			return nil, fmt.Errorf("--format %q is not one of text, json", name)
		}
		if toFile && file == "" {
			return nil, fmt.Errorf("--format %s= names no file", name)
		}
		if !toFile {
			toStdout++
		}
		writers = append(writers, w)
	}
	if toStdout > 1 {
		return nil, errors.New("only one --format can go to stdout; write the others to files, as in --format json=FILE")
	}
	return writers, nil
}

func (w formatWriter) write(stdout io.Writer, result *hclconfig.Result, findings hclconfig.Diagnostics) error {
	if w.file == "" {
		return w.format(stdout, result, findings)
	}
	var text strings.Builder
	if err := w.format(&text, result, findings); err != nil {
		return err
	}
	return os.WriteFile(w.file, []byte(text.String()), 0o644)
}

// writeFindingsText ends with the verdict, and with what must be there before a run.
func writeFindingsText(w io.Writer, result *hclconfig.Result, findings hclconfig.Diagnostics) error {
	if err := writeFindings(w, findings); err != nil {
		return err
	}
	if len(findings) > 0 {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	faults, warnings := findings.Count(hclconfig.Error), findings.Count(hclconfig.Warning)
	verdict := "valid"
	if faults > 0 {
		verdict = "invalid: " + plural(faults, "error")
	}
	if warnings > 0 {
		verdict += ", " + plural(warnings, "warning")
	}
	if _, err := fmt.Fprintf(w, "The configuration is %s.\n", verdict); err != nil {
		return err
	}
	for _, need := range result.Needs {
		if _, err := fmt.Fprintf(w, "A run needs: %s %s\n", need.Kind, need.Name); err != nil {
			return err
		}
	}
	return nil
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
