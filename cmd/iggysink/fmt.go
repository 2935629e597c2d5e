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
		Long: `fmt rewrites the given files, and the *.hcl files of given folders, in the canonical layout, and prints the names of those
that it changed. Only white space changes. A file that does not parse stays as it is. The path - formats stdin to
stdout.

With --check or --diff nothing is written. What --diff and - print is the text of the file, with whatever secrets stand in
it.

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

// run goes on after a file that does not parse, so that all are reported; an I/O error ends it.
func (f *fmtFlags) run(cmd *cobra.Command, paths []string) error {
	failed := false
	for _, path := range paths {
		files := []string{path}
		if path != "-" {
			var err error
			if files, err = nativeFiles(path); err != nil {
				return err
			}
		}
		for _, file := range files {
			ok, err := f.format(cmd, file)
			if err != nil {
				return err
			}
			failed = failed || !ok
		}
	}
	if failed {
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
			_, err = fmt.Fprintln(out, name)
		}
		if changed && f.diff {
			_, err = out.Write(diff.Diff(name, source, name+" (formatted)", formatted))
		}
		return !changed || !f.check, err
	case path == "-":
		_, err = out.Write(formatted)
		return true, err
	case changed:
		if err := replaceFile(path, formatted); err != nil {
			return false, err
		}
		_, err = fmt.Fprintln(out, name)
	}
	return true, err
}

// maxSource is what a configuration file may have, as when it is loaded.
const maxSource = 16 << 20

// readSource returns a file, or stdin for "-". It looks before it opens: opening a pipe would wait.
func readSource(stdin io.Reader, path string) (source []byte, err error) {
	from := stdin
	if path != "-" {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is neither a file nor a folder of files", path)
		}
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		from = file
	}
	source, err = io.ReadAll(io.LimitReader(from, maxSource+1))
	if err == nil && len(source) > maxSource {
		err = fmt.Errorf("%s is larger than %d MiB, which no configuration file may be", path, maxSource>>20)
	}
	return source, err
}

// replaceFile writes content beside path and renames it, so that a crash leaves the old file or the new one, whole. A
// symbolic link stays one, and the file keeps its permissions: without write permission it is refused, although the
// rename would not mind.
func replaceFile(path string, content []byte) (err error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o200 == 0 {
		return fmt.Errorf("%s is write-protected and stays as it is", path)
	}
	file, err := os.CreateTemp(filepath.Dir(target), ".iggysink-fmt-")
	if err != nil {
		return fmt.Errorf("formatting %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("formatting %s: %w", path, err), os.Remove(file.Name()))
		}
	}()
	_, writeErr := file.Write(content)
	if err := errors.Join(writeErr, file.Chmod(info.Mode().Perm()), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), target)
}
