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
		Long: `lsp speaks the Language Server Protocol on stdin and stdout until the editor ends it. While you type it shows what validate
finds. It documents the block, attribute, value or function under the cursor, completes names, values, variables, and the
rules in a comment that silences one, finds the definition of a variable or a local, outlines a file, and formats.

Each PATH is one configuration, a file or a folder; lsp checks its files together. It checks a document in none of them
separately. It starts nothing, never uses the network, and accepts an env() that is not set.

Exit codes: 0 the editor ended it; 1 the editor left without shutting it down; 2 the editor does not speak the protocol.`,
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
