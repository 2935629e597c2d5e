package main

import (
	"github.com/spf13/cobra"

	"iggysink/gen/schemagen"
	"iggysink/schema"
)

func newSchemaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON Schema of the contract: config, envelope or editor; compare two of them",
		Args:  cobra.NoArgs,
		RunE:  needSubcommand,
	}
	cmd.AddCommand(
		printCommand("config", "Print the JSON Schema of the configuration",
			asIs(schema.ConfigSchema), fromModel("config", schema.ConfigSchema, (*schemagen.Model).Example)),
		printCommand("envelope", "Print the JSON Schema of the message envelope",
			asIs(schema.EnvelopeSchema), fromModel("envelope", schema.EnvelopeSchema, (*schemagen.Model).Example)),
		printCommand("editor", "Print the JSON Schema of configurations in *.hcl.json, for an editor",
			fromModel("config", schema.ConfigSchema, (*schemagen.Model).Editor),
			fromModel("config", schema.ConfigSchema, (*schemagen.Model).EditorExample)),
		newSchemaDiffCommand(),
	)
	return cmd
}

// printCommand prints a schema, or with --example a document that has every property of it.
func printCommand(use, short string, text, example func() ([]byte, error)) *cobra.Command {
	var wantExample bool
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if wantExample {
				text = example
			}
			b, err := text()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(b)
			return err
		},
	}
	cmd.Flags().BoolVar(&wantExample, "example", false, "print a document with every property instead")
	return cmd
}

func asIs(text func() []byte) func() ([]byte, error) {
	return func() ([]byte, error) { return text(), nil }
}

// fromModel makes something of one of the built-in schemas.
func fromModel(name string, source func() []byte, print func(*schemagen.Model) ([]byte, error)) func() ([]byte, error) {
	return func() ([]byte, error) {
		model, problems := schemagen.Parse(name+".schema.json", source())
		if err := problems.Err(); err != nil {
			return nil, err
		}
		return print(model)
	}
}
