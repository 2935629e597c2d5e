package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"iggysink/hclconfig"
	"iggysink/internal/findings"
)

// validateFlags are the flags of validate.
type validateFlags struct {
	load             loadFlags
	formats          []string
	filename         string
	strictEnv        bool
	warningsAsErrors bool
}

func newValidateCommand() *cobra.Command {
	var f validateFlags
	cmd := &cobra.Command{
		Use:   "validate PATH...",
		Short: "Check a configuration, without touching the network",
		Long: `validate checks files and folders as one configuration, and prints what it finds to stdout, in every format. The path -
is a file that comes from stdin; --filename says where it belongs, and stands for the file of that name.

An env() that is not set is no error: its value is unknown, everything else is checked, and its name is listed. The same
goes for variables without a value and for files that file() would read. --strict-env makes them errors.

Formats:
  text    for people, in colour on a terminal unless NO_COLOR is set
  line    file:line:column: severity: [rule] text, one a line
  json    what terraform validate -json prints, and the rule
  github  annotations of GitHub Actions, with paths from $GITHUB_WORKSPACE
  sarif   SARIF 2.1.0, for code scanning
  junit   JUnit XML, one suite a file

iggysink explain RULE tells more of a finding.

Exit codes: 0 valid; 1 invalid, or with --warnings-as-errors a warning; 2 a file cannot be read.`,
		Example: `  iggysink validate iggysink.hcl
  iggysink validate conf.d --format github --format sarif=iggysink.sarif
  iggysink validate - --filename conf.d/orders.hcl < buffer`,
		Args: cobra.MinimumNArgs(1),
		RunE: f.run,
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.formats, "format", []string{"text"},
		"text, line, json, github, sarif or junit; `format[=file]` writes to a file instead of stdout; repeatable")
	flags.StringVar(&f.filename, "filename", "stdin.hcl", "`name` of the file that the path - stands for")
	flags.BoolVar(&f.strictEnv, "strict-env", false, "make what a run needs and is not there an error")
	flags.BoolVar(&f.warningsAsErrors, "warnings-as-errors", false, "exit with 1 if there is a warning")
	f.load.register(cmd)
	return cmd
}

func (f *validateFlags) run(cmd *cobra.Command, paths []string) error {
	outputs, err := findingsOutputs(f.formats)
	if err != nil {
		return err
	}
	opts, err := f.load.options()
	if err != nil {
		return err
	}
	if paths, err = f.stdin(cmd, paths, &opts); err != nil {
		return err
	}
	opts.Unknowns, opts.StrictEnv = true, f.strictEnv
	result, found := hclconfig.Load(paths, opts)
	for _, output := range outputs {
		if err := output.write(cmd.OutOrStdout(), result, found); err != nil {
			return err
		}
	}
	code := findingsCode(found)
	if code == exitOK && f.warningsAsErrors && found.Count(hclconfig.Warning) > 0 {
		code = exitFailed
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// stdin reads what the path - stands for, and puts its name in its place.
func (f *validateFlags) stdin(cmd *cobra.Command, paths []string, opts *hclconfig.Options) ([]string, error) {
	i := slices.Index(paths, "-")
	if i < 0 {
		if cmd.Flags().Changed("filename") {
			return nil, errors.New("--filename needs the path -")
		}
		return paths, nil
	}
	text, err := readSource(cmd.InOrStdin(), "-")
	if err != nil {
		return nil, fmt.Errorf("reading stdin: %w", err)
	}
	opts.Texts = map[string][]byte{f.filename: text}
	paths = slices.Clone(paths)
	paths[i] = f.filename
	return paths, nil
}

// findingsOutput is one --format.
type findingsOutput struct {
	format string
	file   string // empty: stdout
}

func findingsOutputs(formats []string) ([]findingsOutput, error) {
	var outputs []findingsOutput
	toStdout := 0
	for _, value := range formats {
		format, file, toFile := strings.Cut(value, "=")
		if known := findings.Formats(); !slices.Contains(known, format) {
			return nil, fmt.Errorf("--format %q is not one of %s", format, strings.Join(known, ", "))
		}
		if toFile && file == "" {
			return nil, fmt.Errorf("--format %s= names no file", format)
		}
		if !toFile {
			toStdout++
		}
		outputs = append(outputs, findingsOutput{format, file})
	}
	if toStdout > 1 {
		return nil, errors.New("only one --format can go to stdout; write the others to files, as in --format json=FILE")
	}
	return outputs, nil
}

func (o findingsOutput) write(stdout io.Writer, result *hclconfig.Result, found hclconfig.Diagnostics) error {
	all := findings.Findings{Diagnostics: found, Needs: result.Needs, Files: result.Files}
	if o.file == "" {
		return findings.Write(stdout, o.format, all, findingsOptions(stdout))
	}
	var text strings.Builder
	if err := findings.Write(&text, o.format, all, findingsOptions(&text)); err != nil {
		return err
	}
	return os.WriteFile(o.file, []byte(text.String()), 0o644)
}
