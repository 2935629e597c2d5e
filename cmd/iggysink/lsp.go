package main

import (
	"context"
	"errors"
	"runtime/debug"

	"github.com/spf13/cobra"

	"iggysink/internal/langserver"
)

func newLSPCommand() *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:   "lsp [PATH...]",
		Short: "Serve an editor: findings, documentation, completion and layout",
		Long: `lsp speaks the Language Server Protocol on stdin and stdout until the editor ends it. It shows what validate finds while you
type, tells of a block, an attribute, a value or a function under the cursor, completes names, values, variables and the rules
of a comment that silences one, finds where a variable or a local is defined, outlines a file, and formats.

Each PATH is one configuration, a file or a folder; its files are checked together. A document in none of them is checked
by itself. Nothing is started and the network is not touched; an env() that is not set is no error.

Exit codes: 0 the editor ended it; 1 it left without shutting down; 2 it does not speak the protocol.`,
		Example: `  iggysink lsp
  iggysink lsp conf.d`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			opts, err := f.options()
			if err != nil {
				return err
			}
			serve := langserver.Options{Load: opts, Paths: paths}
			if info, ok := debug.ReadBuildInfo(); ok {
				serve.Version = info.Main.Version
			}
			err = langserver.Serve(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), serve)
			switch {
			case errors.Is(err, langserver.ErrNotShutDown):
				return &exitError{code: exitFailed}
			case errors.Is(err, context.Canceled): // by a signal
				return nil
			}
			return err
		},
	}
	f.register(cmd)
	return cmd
}
