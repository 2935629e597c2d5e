package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"iggysink/internal/rustsink"
)

func newImportCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "import PATH...",
		Short: "Turn the configuration of Iggy's own HTTP sink connector into HCL",
		Long: `import reads the TOML files of Iggy's HTTP sink, which is written in Rust: that of its connector runtime, and those of any
number of connectors. Of a folder it takes the files that the runtime would take; - is stdin. It writes one configuration
for iggysink to stdout.

import reads a file as the Rust sink does, including the consumer groups, so that delivery resumes where it stopped. It
writes no secrets: the result takes them from environment variables and lists these. import lists what it cannot carry
over, with its place, in the result and on stderr.

Stop the Rust sink before iggysink runs: both read with the same consumer groups.

Exit codes: 0 done; 1 import cannot read a file as a configuration, nothing was written; 2 I/O.`,
		Example: `  iggysink import config.toml connectors --out iggysink.hcl
  iggysink validate iggysink.hcl`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error { return importFiles(cmd, paths, out) },
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` to write; it must not exist yet")
	return cmd
}

// importFiles writes the result only when all of it is there.
func importFiles(cmd *cobra.Command, paths []string, out string) error {
	var files []rustsink.File
	for _, path := range paths {
		names, err := tomlFiles(path)
		if err != nil {
			return err
		}
		for _, name := range names {
			file, err := readTOML(cmd.InOrStdin(), name)
			if err != nil {
				return err
			}
			files = append(files, file)
		}
	}
	home, _ := os.UserHomeDir() // without one a path that begins with ~ is an error of its own
	result, err := rustsink.Convert(files, rustsink.Options{Home: home, Environ: os.Environ()})
	if err != nil {
		return importProblems(cmd.ErrOrStderr(), err)
	}
	if out == "" || out == "-" {
		_, err = cmd.OutOrStdout().Write(result.HCL)
	} else {
		err = createFile(out, result.HCL)
	}
	if err != nil {
		return err
	}
	return importNotes(cmd.ErrOrStderr(), result)
}

// tomlFiles are path itself, or the files of the folder path that the connector runtime reads: neither hidden ones nor
// Cargo.toml, but the one in which it notes the versions that were activated.
func tomlFiles(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	connectors := 0
	for _, entry := range entries {
		file := filepath.Join(path, entry.Name())
		info, err := os.Stat(file)
		if err != nil || !info.Mode().IsRegular() {
			continue // the runtime passes over it, too
		}
		switch name := entry.Name(); {
		case name == ".active_versions.toml":
			files = append(files, file)
		case filepath.Ext(name) == ".toml" && !strings.HasPrefix(name, ".") && !strings.EqualFold(name, "cargo.toml"):
			files = append(files, file)
			connectors++
		}
	}
	if connectors == 0 {
		return nil, fmt.Errorf("%s: the folder has no *.toml files", path)
	}
	return files, nil
}

// readTOML reads no more than an import takes.
func readTOML(stdin io.Reader, path string) (_ rustsink.File, err error) {
	name := path
	if path == "-" {
		name = "stdin"
	}
	text, err := readInput(stdin, path, rustsink.MaxFileSize)
	return rustsink.File{Name: name, Text: text}, err
}

// importProblems says what stands in the way.
func importProblems(w io.Writer, err error) error {
	var problems *rustsink.Error
	if !errors.As(err, &problems) {
		return err
	}
	for _, n := range problems.Notes {
		if _, err := fmt.Fprintln(w, n); err != nil {
			return err
		}
	}
	for _, p := range problems.Problems {
		if _, err := fmt.Fprintln(w, "Error:", p); err != nil {
			return err
		}
	}
	return &exitError{code: exitFailed}
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
		if _, err := fmt.Fprintf(w, "A run needs: --allow-files %s, unless the configuration is in that folder\n", folder); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, "Stop the Rust sink before iggysink runs: both read with the same consumer groups.")
	return err
}
