// Package language is the configuration language as data, for tools that help people to write it: explain, completion and
// hovering. Package hclconfig reads what they wrote.
package language

import (
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/words"
)

// Block describes one kind of block. ConfigBlock returns that of a whole configuration.
type Block = words.Block

// Attribute describes one attribute of a block.
type Attribute = words.Attribute

// ConfigBlock returns the blocks and attributes of the configuration. Each call builds a new one.
func ConfigBlock() *Block { return words.ConfigBlock() }

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
