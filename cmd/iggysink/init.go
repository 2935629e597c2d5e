package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// starter is what init writes: a configuration that validates as it is, and with its settings switched on.
//
//go:embed init.hcl
var starter []byte

// starterName is the file that init writes by default.
const starterName = "iggysink.hcl"

func newInitCommand() *cobra.Command {
	var toStdout bool
	cmd := &cobra.Command{
		Use:   "init [PATH]",
		Short: "Write a commented configuration to start from",
		Long: `init writes a configuration with the settings that most people look for, each with a comment, to PATH or else to
iggysink.hcl. The result is valid without a change. init never overwrites a file.

Exit codes: 0 written; 2 not written, for example because the file already exists.`,
		Example: `  iggysink init
  iggysink init --stdout | less`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if toStdout || len(args) == 1 && args[0] == "-" {
				if toStdout && len(args) > 0 {
					return errors.New("--stdout and a PATH exclude each other")
				}
				_, err := cmd.OutOrStdout().Write(starter)
				return err
			}
			path := starterName
			if len(args) > 0 {
				path = args[0]
			}
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				path = filepath.Join(path, starterName)
			}
			if err := createFile(path, starter); err != nil {
				return err
			}
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), path); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.ErrOrStderr(), "Try it with nothing installed:  iggysink dev %s\n", path)
			return err
		},
	}
	cmd.Flags().BoolVar(&toStdout, "stdout", false, "print it instead")
	return cmd
}

// createFile writes a file that is not there yet, and leaves nothing half-written behind.
func createFile(path string, content []byte) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s already exists; not overwritten: name another file, or print to stdout", path)
	}
	if err != nil {
		return err
	}
	_, writeErr := file.Write(content)
	if err := errors.Join(writeErr, file.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(path))
	}
	return nil
}
