package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"iggysink/hclconfig"
	"iggysink/internal/findings"
)

// validateFlags are the flags of validate.
type validateFlags struct {
	load             loadFlags
	formats          []string
	filename         string
	color            string
	strictEnv        bool
	hermetic         bool
	warningsAsErrors bool
	notes            bool
}

func newValidateCommand() *cobra.Command {
	var f validateFlags
	cmd := &cobra.Command{
		Use:   "validate PATH...",
		Short: "Check a configuration, without touching the network",
		Long: `validate checks files and folders as one configuration, and prints what it finds to stdout, in every format. The path -
reads a file from stdin, and --filename says which file it replaces.

validate accepts an env() that is not set: it treats the value as unknown, checks everything else, and lists the name. It
treats variables without a value, files that file() cannot read, and missing certificate and token files in the same way.
--strict-env makes them errors.

--hermetic is for configurations from strangers, as in a pull request: it treats env(), file() and IGGYSINK_VAR_name as
unknown even if they are set, and reads no other file that the configuration names, so it does not check payload schemas.
Otherwise the presence or the place of a finding could reveal a part of a secret.

Formats:
  text    for people, in colour on a terminal unless NO_COLOR is set; CLICOLOR_FORCE=1 asks for colour anywhere
  line    file:line:column: severity: [rule] text, one a line
  json    what terraform validate -json prints, and the rule
  github  annotations of GitHub Actions, with paths from $GITHUB_WORKSPACE
  sarif   SARIF 2.1.0, for code scanning
  junit   JUnit XML, one suite a file

iggysink explain RULE says more about a finding. An error makes the configuration invalid. A warning is about something that
is hardly meant. A note is about something that is right and worth knowing: it never fails a run. json and sarif contain the
notes, and --notes shows them in the other formats.

Only one format may go to stdout. validate writes a file completely or not at all.

Exit codes: 0 valid; 1 invalid, or with --warnings-as-errors a warning; 2 a file cannot be read or written.`,
		Example: `  iggysink validate iggysink.hcl
  iggysink validate conf.d --format github --format sarif=iggysink.sarif
  iggysink validate - --filename conf.d/orders.hcl < buffer`,
		Args: needPaths,
		RunE: f.run,
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.formats, "format", []string{"text"},
		"text, line, json, github, sarif or junit; `format[=file]` writes to a file instead of stdout; repeatable")
	flags.StringVar(&f.filename, "filename", "stdin.hcl", "`name` of the file that the path - replaces")
	flags.StringVar(&f.color, "color", "auto", "`when` the text form is in colour: auto, always or never")
	flags.BoolVar(&f.strictEnv, "strict-env", false, "report an error for everything that a run needs and that is missing")
	flags.BoolVar(&f.hermetic, "hermetic", false, "use nothing outside of the configuration: env() and file() stay unknown")
	flags.BoolVar(&f.warningsAsErrors, "warnings-as-errors", false, "exit with 1 if there are warnings")
	flags.BoolVar(&f.notes, "notes", false, "show notes in every format: what is right and worth knowing")
	f.load.register(cmd)
	return cmd
}

func (f *validateFlags) run(cmd *cobra.Command, paths []string) error {
	outputs, err := findingsOutputs(f.formats)
	if err != nil {
		return err
	}
	if colors := []string{"auto", "always", "never"}; !slices.Contains(colors, f.color) {
		return notOneOf("--color", f.color, colors)
	}
	if f.hermetic && f.strictEnv {
		return errors.New("--strict-env asks for what --hermetic does not look at")
	}
	opts, err := f.load.options()
	if err != nil {
		return err
	}
	if paths, err = f.stdin(cmd, paths, &opts); err != nil {
		return err
	}
	opts.Unknowns, opts.StrictEnv, opts.Hermetic = true, f.strictEnv, f.hermetic
	result, found := hclconfig.Load(paths, opts)
	all := findings.Findings{Diagnostics: found, Needs: result.Needs, Files: result.Files,
		WarningsFail: f.warningsAsErrors, Notes: f.notes}
	var failed error
	for _, output := range outputs { // one that cannot be written does not take the others with it
		failed = errors.Join(failed, output.write(cmd.OutOrStdout(), all, f.color))
	}
	if failed != nil {
		return failed
	}
	if code := findingsCode(found); code != exitOK {
		return &exitError{code: code}
	}
	if reason := all.WarningsAlone(); reason != "" {
		said := slices.ContainsFunc(outputs, func(o findingsOutput) bool { return o.file == "" && (o.format == "text" || o.format == "github") })
		if said {
			return &exitError{code: exitFailed}
		}
		return &exitError{code: exitFailed, err: errors.New(reason)} // with the other forms the log would not say why
	}
	return nil
}

// needPaths is the Args of a command that checks files.
func needPaths(cmd *cobra.Command, paths []string) error {
	if len(paths) == 0 {
		return fmt.Errorf("%s needs a file or a folder, or - for stdin", cmd.CommandPath())
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
	if f.filename == "" {
		return nil, errors.New("--filename is empty")
	}
	if slices.Contains(paths[i+1:], "-") {
		return nil, errors.New("the path - is given twice")
	}
	// One byte more than a file may have is enough for Load to tell of it, in the format that was asked for.
	text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), hclconfig.MaxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading stdin: %w", err)
	}
	opts.Texts = map[string][]byte{f.filename: text}
	paths = slices.Clone(paths)
	paths[i] = f.filename
	return paths, nil
}
