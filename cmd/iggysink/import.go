package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"iggysink/internal/rustsink"
)

func newImportCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "import FILE.toml...",
		Short: "Turn the configuration of Iggy's own HTTP sink connector into HCL",
		Long: `import reads the TOML files of Iggy's HTTP sink, which is written in Rust: that of its connector runtime, and those of any
number of connectors. It writes one configuration for iggysink to stdout.

What a file means is what the Rust sink makes of it, consumer groups included, so that delivery goes on where it stopped.
Secrets stay out: the result takes them from environment variables and lists these. What cannot be carried over is listed
with its place, in the result and on stderr.

Stop the Rust sink before iggysink runs: both read with the same consumer groups.

Exit codes: 0 done; 1 a file is not understood; 2 I/O.`,
		Example: `  iggysink import config.toml connectors/*.toml --out iggysink.hcl
  iggysink validate iggysink.hcl`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error { return importFiles(cmd, paths, out) },
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` to write; it must not exist yet")
	return cmd
}

// importFiles writes the result only when all of it is there.
func importFiles(cmd *cobra.Command, paths []string, out string) error {
	files := make([]rustsink.File, len(paths))
	for i, path := range paths {
		text, err := readTOML(path)
		if err != nil {
			return err
		}
		files[i] = rustsink.File{Name: path, Text: text}
	}
	home, _ := os.UserHomeDir() // without one a path that begins with ~ is an error of its own
	result, err := rustsink.Convert(files, rustsink.Options{Home: home, Environ: os.Environ()})
	if err != nil {
		return &exitError{code: exitFailed, err: err}
	}
	if err := writeNew(cmd.OutOrStdout(), out, result.HCL); err != nil {
		return err
	}
	return importNotes(cmd.ErrOrStderr(), result)
}

// readTOML reads no more than an import takes.
func readTOML(path string) (text []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return io.ReadAll(io.LimitReader(file, rustsink.MaxFileSize+1))
}

// writeNew writes a file that is not there yet, or stdout if there is no path.
func writeNew(stdout io.Writer, path string, text []byte) (err error) {
	if path == "" {
		_, err = stdout.Write(text)
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists already; import does not overwrite it", path)
	}
	if err != nil {
		return err
	}
	_, writeErr := file.Write(text)
	return errors.Join(writeErr, file.Close())
}

// importNotes says on stderr what the comments of the result say, too.
func importNotes(w io.Writer, result rustsink.Result) error {
	for _, n := range result.Notes {
		if _, err := fmt.Fprintln(w, n); err != nil {
			return err
		}
	}
	for _, v := range result.Variables {
		if _, err := fmt.Fprintf(w, "A run needs: env %s (%s)\n", v.Name, v.Meaning); err != nil {
			return err
		}
	}
	for _, folder := range result.AllowFiles {
		if _, err := fmt.Fprintf(w, "A run needs: --allow-files %s, unless the configuration stands there\n", folder); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, "Stop the Rust sink before iggysink runs: both read with the same consumer groups.")
	return err
}
