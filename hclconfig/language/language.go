// Package language is the configuration language as data, for tools that help people to write it: explain, completion and
// hovering. Package hclconfig reads what they wrote.
package language

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/lang"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// Block describes one kind of block. ConfigBlock returns that of a whole configuration.
type Block = words.Block

// Attribute describes one attribute of a block.
type Attribute = words.Attribute

// ConfigBlock returns the blocks and attributes of the configuration. Each call builds a new one.
func ConfigBlock() *Block { return words.ConfigBlock() }

// VariableBlock returns the table of a variable block, which is no part of ConfigBlock's.
func VariableBlock() *Block { return words.VariableBlock() }

// Word is what the language has beside the blocks and attributes of the schema.
type Word = words.Word

// Words returns the blocks and attributes that only the language has, and the comment that silences a warning.
func Words() []Word { return words.Words() }

// TemplateFields returns the names that a url may use next to those of the configuration.
func TemplateFields() []string { return words.TemplateFields() }

// Rule is one thing that can be wrong with a configuration.
type Rule = finding.Rule

// Rules returns every rule, ordered by kind.
func Rules() []Rule { return finding.Rules() }

// Closest returns the known name that may be meant by another one, or nothing if none is close.
func Closest(name string, known []string) string { return finding.Closest(name, known) }

// Function is a function of the language, to be documented and not to be called.
type Function = lang.Function

// Functions returns the functions of the language, sorted by name.
func Functions() []Function { return lang.Functions() }

// Literal writes a JSON value as the language does, on one line.
func Literal(value any) string { return words.Literal(value) }

// IsVariables reports whether a file, by its name, gives variables their values rather than being configuration.
func IsVariables(name string) bool { return lang.IsVariables(name) }

// Syntax returns what HCL's parser understands of a native file: all of it, or of a file that is being typed what stands
// around the mistake. It is nil for JSON, and for what Load would not let HCL parse.
func Syntax(name string, text []byte) *hcl.File {
	if strings.HasSuffix(name, ".json") || len(text) > bound.MaxFileSize || bound.Guard(mask.New(name, text), nil).HasErrors() {
		return nil
	}
	file, _ := hclsyntax.ParseConfig(text, name, hcl.InitialPos) // Load of package hclconfig tells what is wrong
	return file
}
