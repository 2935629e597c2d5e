// Package words is what the configuration language is made of, as data: the blocks and attributes of the JSON Schema in
// the form in which HCL is read. The tables are generated from the schema; package language shows them to tools.
package words

import (
	"iter"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// Block describes one kind of HCL block: what hclconfig needs to decode it. ConfigBlock returns the generated root.
type Block struct {
	Name       string      // block type in HCL and property in the plain tree; empty for the root
	Doc        string      // the schema's description
	Labels     []string    // properties that the block's labels fill, in order
	LabelRows  []Attribute // what they mean, and which words they may be
	Repeated   bool        // an array of objects in the plain tree; otherwise one object
	Required   bool        // at least one must be there
	Attributes []Attribute // in the schema's order
	Blocks     []*Block    // nested blocks, in the schema's order
}

// Attribute describes one attribute of a block.
type Attribute struct {
	Name      string
	Doc       string
	Kind      string   // what it is, in Markdown: duration, list of string
	Type      cty.Type // what an expression's value is converted to
	Required  bool
	Sensitive bool     // never printed, wherever its value comes from
	Template  bool     // may use ${stream}, ${topic} and ${partition}
	Path      bool     // a file path, relative to the folder of the file that names it
	Target    bool     // nothing is read at this path: it is written to, or connected to
	Format    string   // the schema's format, such as go-duration; empty if none
	Enum      []string // allowed values, other spellings left out; nil if any
	Default   any      // JSON value (string, bool, json.Number, []any, map[string]any) or nil
	Examples  []any
}

// Child returns the table of a nested block, or nil.
func (b *Block) Child(name string) *Block {
	for _, inner := range b.Blocks {
		if inner.Name == name {
			return inner
		}
	}
	return nil
}

// Setting returns the row of an attribute, or nil. A nil block has none.
func (b *Block) Setting(name string) *Attribute {
	if b == nil {
		return nil
	}
	i := slices.IndexFunc(b.Attributes, func(a Attribute) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return &b.Attributes[i]
}

// All yields the table of a block and those of all blocks in it.
func (b *Block) All() iter.Seq[*Block] {
	return func(yield func(*Block) bool) { b.visit(yield) }
}

func (b *Block) visit(yield func(*Block) bool) bool {
	return yield(b) && !slices.ContainsFunc(b.Blocks, func(inner *Block) bool { return !inner.visit(yield) })
}
