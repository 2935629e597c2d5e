package words

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// Word is a part of the configuration language that the schema does not describe.
type Word struct {
	Name string
	Form string // how it is written; for a function how it is called
	Doc  string
}

// Words returns the blocks and attributes that only the language has, and the comment that silences a warning.
func Words() []Word {
	return []Word{
		{"variable", `variable "NAME" { ... }`,
			"A value that you set from outside the configuration and use as var.NAME. The block takes type, default, description, " +
				"sensitive, and validation blocks with a condition and an error_message. Precedence, highest first: --var NAME=VALUE; " +
				"--var-file FILE, or without one the *.vars.hcl files of a folder that is loaded; its *.auto.vars.hcl files; the " +
				"environment variable IGGYSINK_VAR_name; the default."},
		{"locals", "locals { ... }", "Names for values, which expressions use as local.NAME. Locals may use each other, but not in a circle."},
		{"defaults", "defaults { ... }",
			"Supplies what a sink leaves unset: attributes of a sink, and the blocks tls, network and circuit_breaker. A sink's own " +
				"value replaces the default completely: maps such as headers are not merged. null keeps the default."},
		{"for_each", "for_each = { ... }",
			"In a sink: a map or a set of texts. iggysink makes a sink for each element, whose key and value are each.key and " +
				"each.value. Findings, logs, metrics and --sink call it tenant[\"acme\"], so the keys must not be secret."},
		{"dynamic", `dynamic "BLOCK" { ... }`,
			"In a sink: makes a block for each element of for_each. content holds what each block contains, labels sets its " +
				"labels, and iterator renames the element, which is otherwise called like the block."},
		{"ignore", "# iggysink:ignore RULE REASON",
			"On the line above: silences one warning or note and gives the reason. In JSON use a property on the line above: \"//\": " +
				"\"iggysink:ignore RULE REASON\". A comment cannot silence an error, and one that silences nothing is itself a warning."},
	}
}

// VariableBlock returns the table of a variable block, which the schema does not describe.
func VariableBlock() *Block {
	return &Block{
		Name: "variable", Doc: word("variable").Doc, Labels: []string{"name"}, Repeated: true,
		LabelRows: []Attribute{{Name: "name", Doc: "The name that it has behind var.", Kind: "string", Type: cty.String, Required: true}},
		Attributes: []Attribute{
			{Name: "type", Doc: "What values it may have. Anything, without this.", Kind: "type", Type: cty.DynamicPseudoType},
			{Name: "description", Doc: "What it is for.", Kind: "string", Type: cty.String},
			{Name: "default", Doc: "Its value where none is given. Without a default one must be given.", Kind: "any value",
				Type: cty.DynamicPseudoType},
			{Name: "sensitive", Doc: "Whether its value appears in no output.", Kind: "bool", Type: cty.Bool},
		},
		Blocks: []*Block{{
			Name: "validation", Doc: "A rule that its value keeps.", Repeated: true,
			Attributes: []Attribute{
				{Name: "condition", Doc: "What is true of a value that is right.", Kind: "bool", Type: cty.Bool, Required: true},
				{Name: "error_message", Doc: "What to say of one that is not.", Kind: "string", Type: cty.String, Required: true},
			},
		}},
	}
}

func word(name string) Word {
	all := Words()
	return all[slices.IndexFunc(all, func(w Word) bool { return w.Name == name })]
}

// BlockTypes returns the types of all blocks, those of the schema first, but for those that stand in a dynamic or a
// variable block only.
func BlockTypes() (all []string) {
	for b := range ConfigBlock().All() {
		if b.Name != "" {
			all = append(all, b.Name)
		}
	}
	return append(all, "variable", "locals", "defaults")
}

// TemplateFields returns the names that a url may use next to those of the configuration.
func TemplateFields() []string { return []string{"stream", "topic", "partition"} }

// FunctionNames returns the names of all functions, sorted.
func FunctionNames() (names []string) {
	for _, f := range Functions() {
		names = append(names, f.Name)
	}
	return names
}

// Later are blocks that are part of the language and come with later work.
func Later() []string {
	return []string{"proxy", "test"}
}
