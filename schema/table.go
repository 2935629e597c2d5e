package schema

import "github.com/zclconf/go-cty/cty"

// Block describes one kind of HCL block: what hclconfig needs to decode it. ConfigBlock returns the generated root.
type Block struct {
	Name       string      // block type in HCL and property in the plain tree; empty for the root
	Doc        string      // the schema's description
	Labels     []string    // properties that the block's labels fill, in order
	Repeated   bool        // an array of objects in the plain tree; otherwise one object
	Required   bool        // at least one must be there
	Attributes []Attribute // in the schema's order
	Blocks     []*Block    // nested blocks, in the schema's order
}

// Attribute describes one attribute of a block.
type Attribute struct {
	Name      string
	Doc       string
	Type      cty.Type // what an expression's value is converted to
	Required  bool
	Sensitive bool     // never printed, wherever its value comes from
	Template  bool     // may use ${stream}, ${topic} and ${partition}
	Path      bool     // a file path, relative to the folder of the file that names it
	Format    string   // the schema's format, such as go-duration; empty if none
	Enum      []string // allowed values, aliases included; nil if any
	Default   any      // JSON value (string, bool, json.Number, []any, map[string]any) or nil
	Examples  []any
}
