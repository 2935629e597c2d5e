package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	// cobra takes nil for "read os.Args", which would run a test's own command line.
	root.SetArgs(append([]string{}, args...))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return report(stderr, root.ExecuteContext(ctx))
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "iggysink",
		Short: "Deliver messages of Apache Iggy streams to HTTP endpoints",
		Long: `iggysink reads messages from Apache Iggy streams through consumer groups and delivers them to HTTP endpoints,
at least once and in order per partition.

Try it with nothing installed:  iggysink dev --once

Exit codes: 0 success; 1 what was checked failed; 2 usage, I/O or start-up; 3 stopped with unsettled messages;
130 ended by a second signal.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w\nRun '%s --help' for the flags", err, cmd.CommandPath())
	})
	root.AddCommand(
		newRunCommand(), newDevCommand(), newInitCommand(), newBrokerCommand(), newReceiverCommand(), newSendCommand(), newOffsetCommand(),
		newRenderCommand(), newProbeCommand(),
		newValidateCommand(), newFmtCommand(), newExplainCommand(), newLSPCommand(), newImportCommand(), newSchemaCommand(),
		newGenerateCommand(), newPayloadCommand(), newVersionCommand(),
	)
	return root
}

// needSubcommand is the RunE of a command that only holds others: printing help with exit code 0 would let a script
// believe that something was done.
func needSubcommand(cmd *cobra.Command, _ []string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return fmt.Errorf("%s needs one of: %s", cmd.CommandPath(), strings.Join(names, ", "))
}
