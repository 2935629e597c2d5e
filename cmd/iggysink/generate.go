package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"iggysink/gen/schemagen"
	"iggysink/schema"
)

// generateFlags are the flags of generate.
type generateFlags struct {
	schema   string
	out      string
	pkg      string
	language string
}

func newGenerateCommand() *cobra.Command {
	var f generateFlags
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Generate types for the code behind an endpoint",
		Long: `generate writes typed code for an endpoint that receives envelopes.

  go          a package with types, a decoder and a validator. It needs only Go 1.24 and the standard library. It ignores
              properties that the schema does not name, unless the schema forbids them, and reads integers exactly.
  typescript  types only, for tsc --strict. An integer that may exceed 2^53 gets its own type, whose comment says how to
              parse it.

Without --schema generate uses the envelope of this iggysink. Your own schema must use the same keywords. generate never
overwrites a file that it did not write.

Exit codes: 0 written; 1 the schema is at fault; 2 usage, or a file cannot be read or written.`,
		Example: `  iggysink generate --out internal/envelope --package envelope
  iggysink generate --schema envelope.schema.json --out src --lang typescript`,
		Args: cobra.NoArgs,
		RunE: f.run,
	}
	cmd.Flags().StringVar(&f.schema, "schema", "", "`file` with the JSON Schema; by default the envelope's")
	cmd.Flags().StringVar(&f.out, "out", "", "`folder` to write to; created if it does not exist")
	cmd.Flags().StringVar(&f.pkg, "package", "", "`name` of the Go package; by default that of the folder")
	cmd.Flags().StringVar(&f.language, "lang", "go", "go or typescript")
	return cmd
}

func (f *generateFlags) run(cmd *cobra.Command, _ []string) error {
	if f.out == "" {
		return errors.New("--out is missing: the folder to write to")
	}
	if f.language != "go" && f.language != "typescript" {
		return fmt.Errorf("--lang %q is not one of go, typescript", f.language)
	}
	if f.language == "typescript" && f.pkg != "" {
		return errors.New("--package is for --lang go; TypeScript has none")
	}
	files, err := f.generate()
	if err != nil {
		return err
	}
	if err := writeGenerated(f.out, files); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(f.out, name)); err != nil {
			return fmt.Errorf("writing to stdout: %w", err)
		}
	}
	return nil
}

// generate returns the files by name.
func (f *generateFlags) generate() (map[string][]byte, error) {
	file, source := "envelope.schema.json", schema.EnvelopeSchema()
	if f.schema != "" {
		var err error
		if source, err = readInput(nil, f.schema, maxSchemaBytes); err != nil {
			return nil, fmt.Errorf("reading the schema: %w", err)
		}
		file = f.schema
	}
	var model *schemagen.Model
	var problems schemagen.Problems
	if name := schemagen.TypeName(file); f.language == "go" {
		model, problems = schemagen.ParseReceiver(file, name, source, schema.DecoderSource())
	} else {
		model, problems = schemagen.ParseTypeScript(file, name, source)
	}
	if err := schemaProblems(problems); err != nil {
		return nil, &exitError{code: exitFailed, err: err}
	}
	if f.language == "typescript" {
		return model.ReceiverTypeScript(), nil
	}
	pkg := f.pkg
	if pkg == "" {
		folder, err := filepath.Abs(f.out)
		if err != nil {
			return nil, fmt.Errorf("naming the package after --out: %w", err)
		}
		pkg = filepath.Base(folder)
	}
	files, err := model.ReceiverGo(pkg, schema.DecoderSource())
	if err != nil {
		return nil, fmt.Errorf("generating: %w", err)
	}
	return files, nil
}

// maxGeneratedBytes is more than a schema of the largest size becomes.
const maxGeneratedBytes = 256 << 20

// writeGenerated writes all files, or none if one of them is not its own.
func writeGenerated(dir string, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		have, err := readInput(nil, path, maxGeneratedBytes)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("looking at what is there: %w", err)
		}
		if !bytes.HasPrefix(have, []byte(schemagen.ReceiverHeader)) {
			return fmt.Errorf("%s is there and was not generated: move it away, or choose another --out", path)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("creating the folder: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return fmt.Errorf("writing what was generated: %w", err)
		}
	}
	return nil
}
