package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"iggysink/hclconfig"
	"iggysink/internal/terminal"
)

// fmtFlags are the flags of fmt.
type fmtFlags struct {
	check bool
	diff  bool
}

func newFmtCommand() *cobra.Command {
	var f fmtFlags
	cmd := &cobra.Command{
		Use:   "fmt PATH...",
		Short: "Put configuration files into the canonical layout",
		Long: `fmt rewrites files, and the *.hcl files of folders but not of the folders below them, in the canonical layout, and prints
the names of the files that it changed. It changes only white space. It leaves a file that does not parse unchanged and
formats the others. The path - formats stdin to stdout.

With --check or --diff fmt writes nothing. The output of --diff is safe for logs: text that may be a secret appears as
(sensitive), as in the findings of validate. The path - prints the file itself, unmasked.

Exit codes: 0 done, or with --check nothing to do; 1 a file does not parse, or with --check would change; 2 I/O.`,
		Example: `  iggysink fmt conf.d
  iggysink fmt --check --diff conf.d iggysink.hcl`,
		Args: cobra.MinimumNArgs(1),
		RunE: f.run,
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "only list the files that would change, and exit with 1 if there are any")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "only print what would change")
	return cmd
}

// run goes on after a file that does not parse, or cannot be read or written, so that all are reported.
func (f *fmtFlags) run(cmd *cobra.Command, paths []string) error {
	failed := false
	var errs []error
	for _, path := range paths {
		files := []string{path}
		if path != "-" {
			var err error
			if files, err = nativeFiles(path); err != nil {
				errs = append(errs, err)
			}
		}
		for _, file := range files {
			ok, err := f.format(cmd, file)
			if err != nil {
				errs = append(errs, err)
			}
			failed = failed || !ok
		}
	}
	switch {
	case len(errs) > 0:
		return errors.Join(errs...)
	case failed:
		return &exitError{code: exitFailed}
	}
	return nil
}

// nativeFiles are path itself, or the files of HCL's native syntax in the folder path, by name. Hidden ones are left out,
// as when a folder is loaded.
func nativeFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if strings.HasSuffix(path, ".json") {
			return nil, fmt.Errorf("%s: only HCL's native syntax can be formatted, not JSON", path)
		}
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		name := entry.Name()
		if !entry.IsDir() && filepath.Ext(name) == ".hcl" && !strings.HasPrefix(name, ".") {
			files = append(files, filepath.Join(path, name))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: the folder has no *.hcl files", path)
	}
	return files, nil
}

// format handles one file, or stdin for "-". It returns false if the file does not parse, or has to change with --check.
func (f *fmtFlags) format(cmd *cobra.Command, path string) (bool, error) {
	source, err := readSource(cmd.InOrStdin(), path)
	if err != nil {
		return false, err
	}
	name := path
	if path == "-" {
		name = "stdin"
	}
	formatted, diags := hclconfig.Format(name, source)
	if diags.HasErrors() {
		return false, writeFindings(cmd.ErrOrStderr(), diags)
	}
	changed := !bytes.Equal(formatted, source)
	out := cmd.OutOrStdout()
	switch {
	case f.check || f.diff:
		if changed && f.check && !f.diff {
			err = printName(out, name)
		}
		if changed && f.diff {
			before, after := hclconfig.FormatShown(source)
			err = printDiff(out, diff.Diff(name, before, name+" (formatted)", after))
		}
		return !changed || !f.check, err
	case path == "-":
		_, err = out.Write(formatted)
		return true, err
	case changed:
		if err := replaceFile(path, formatted); err != nil {
			return false, err
		}
		err = printName(out, name)
	}
	return true, err
}

// printName prints the name of a file on a line, which is no command to whoever reads the log of a job.
func printName(out io.Writer, name string) error {
	_, err := fmt.Fprintln(out, terminal.NoCommand("./", terminal.OneLine(name)))
	return err
}

// printDiff prints a diff for a log. A line that both files have begins with a space, behind which GitHub Actions would see
// a command of its own: nothing from a file may begin a line, in whatever form a line begins.
func printDiff(out io.Writer, text []byte) error {
	var shown strings.Builder
	for line := range strings.Lines(string(text)) {
		text := strings.TrimRight(line, "\r\n")
		shown.WriteString(terminal.NoCommand("|", terminal.Printable(text)) + line[len(text):])
	}
	_, err := io.WriteString(out, shown.String())
	return err
}
