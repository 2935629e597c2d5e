package main

import (
	"github.com/spf13/cobra"

	"iggysink/schema"
)

func newSchemaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON Schema of the contract: config or envelope; compare two of them",
		Args:  cobra.NoArgs,
		RunE:  needSubcommand,
	}
	cmd.AddCommand(
		printCommand("config", "Print the JSON Schema of the configuration", schema.ConfigSchema),
		printCommand("envelope", "Print the JSON Schema of the message envelope", schema.EnvelopeSchema),
		newSchemaDiffCommand(),
	)
	return cmd
}

func printCommand(use, short string, text func() []byte) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(text())
			return err
		},
	}
}
