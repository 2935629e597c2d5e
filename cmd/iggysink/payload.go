package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"iggysink/internal/payload"
	"iggysink/internal/terminal"
	"iggysink/schema"
)

func newPayloadCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "payload",
		Short: "Try payloads against a JSON Schema",
		Args:  cobra.NoArgs,
		RunE:  needSubcommand,
	}
	cmd.AddCommand(newPayloadCheckCommand())
	return cmd
}

// payloadCheck are the flags of payload check, and what it has counted.
type payloadCheck struct {
	format           string
	checked, refused int
}

func newPayloadCheckCommand() *cobra.Command {
	var c payloadCheck
	cmd := &cobra.Command{
		Use:   "check SCHEMA [FILE...]",
		Short: "Check payloads, one JSON a line, against a JSON Schema",
		Long: `check reads payloads from files, or from stdin without one or for -, and checks each line as a sink with
payload_schema = "SCHEMA" would: offline, with the same verdict. Empty lines are skipped.

For each payload that a sink would reject, check prints file and line, the place in the payload as a JSON Pointer, and the
keyword of the schema:

  orders.ndjson:3: /lines/0/quantity: minimum

check warns on stderr about a schema that checks less than it seems to, such as one with a misspelled keyword.

Exit codes: 0 every payload satisfies the schema; 1 some do not, or the schema is invalid; 2 usage, or a file cannot be read.`,
		Example: `  iggysink payload check schemas/order.json orders.ndjson
  iggysink payload check schemas/order.json < samples.ndjson`,
		Args: cobra.MinimumNArgs(1),
		RunE: c.run,
	}
	cmd.Flags().StringVar(&c.format, "format", "text", "text or json: one object a line")
	return cmd
}

// refusal is a payload that its schema refuses, as --format json prints it.
type refusal struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Pointer string `json:"pointer"`
	Keyword string `json:"keyword"`
	Branch  string `json:"branch,omitempty"`
}

func (c *payloadCheck) run(cmd *cobra.Command, args []string) error {
	if c.format != "text" && c.format != "json" {
		return fmt.Errorf("--format %q is not one of text, json", c.format)
	}
	contract, err := payload.Load(args[0])
	if fault := (*payload.Error)(nil); errors.As(err, &fault) {
		err := fmt.Errorf("the schema is invalid: %s:%d:%d: %s", args[0], fault.Line, fault.Column, fault.Cause)
		return &exitError{code: exitFailed, err: err}
	}
	if err != nil {
		return fmt.Errorf("reading the schema %s: %w", args[0], err)
	}
	for _, d := range contract.Doubts() {
		// stderr has no other place to fail to
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "Warning: %s:%d:%d: %s\n", args[0], d.Line, d.Column, terminal.OneLine(d.Text))
	}
	files := args[1:]
	if len(files) == 0 {
		files = []string{"-"}
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	for _, name := range files {
		if err := c.file(cmd, contract, name, out); err != nil {
			return errors.Join(err, out.Flush())
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing to stdout: %w", err)
	}
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s checked, %d refused\n", plural(c.checked, "payload"), c.refused)
	if c.refused > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}

// file checks one file. - is stdin.
func (c *payloadCheck) file(cmd *cobra.Command, contract *payload.Schema, name string, out io.Writer) error {
	in := cmd.InOrStdin()
	if name == "-" {
		name = "stdin"
	} else {
		file, err := openInput(name)
		if err != nil {
			return fmt.Errorf("reading payloads: %w", err)
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	lines := bufio.NewReader(in)
	for number := 1; ; number++ {
		text, err := readLine(lines)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading %s, line %d: %w", name, number, err)
		}
		if len(bytes.TrimSpace(text)) > 0 {
			if err := c.line(contract, text, refusal{File: name, Line: number}, out); err != nil {
				return err
			}
		}
		if err == nil {
			err = cmd.Context().Err()
		}
		if errors.Is(err, io.EOF) {
			return nil // of a last line without a line break too
		}
		if err != nil {
			return err
		}
	}
}

// line checks one payload.
func (c *payloadCheck) line(contract *payload.Schema, text []byte, r refusal, out io.Writer) error {
	c.checked++
	fault, ok := verdict(contract, text)
	if ok {
		return nil
	}
	c.refused++
	r.Pointer, r.Keyword, r.Branch = fault.Pointer, fault.Keyword, fault.Branch
	if err := c.print(out, r); err != nil {
		return fmt.Errorf("writing to stdout: %w", err)
	}
	return nil
}

// verdict is that of a sink: what is no JSON is refused before its schema is asked.
func verdict(contract *payload.Schema, text []byte) (payload.Fault, bool) {
	if err := schema.CheckJSON(text); err != nil {
		return payload.Fault{Keyword: err.Error()}, false
	}
	return contract.Check(text)
}

func (c *payloadCheck) print(out io.Writer, r refusal) error {
	if c.format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r)
	}
	at := r.Pointer
	if at == "" {
		at = "the payload"
	}
	text := r.Keyword
	if r.Branch != "" {
		text += ", in " + r.Branch + ", which fits best"
	}
	_, err := fmt.Fprintf(out, "%s:%d: %s: %s\n", terminal.OneLine(r.File), r.Line, terminal.OneLine(at), terminal.OneLine(text))
	return err
}
