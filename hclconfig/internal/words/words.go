package words

// Word is what the configuration language has beside the blocks and attributes of the schema.
type Word struct {
	Name string
	Form string // how it is written; for a function how it is called
	Doc  string
}

// Words returns the blocks and attributes that only the language has, and the comment that silences a warning.
func Words() []Word {
	return []Word{
		{"variable", `variable "NAME" { ... }`,
			"A value that comes from outside. It has type, default, description, sensitive and validation blocks with a condition " +
				"and an error_message. Its value comes, the first of these wins, from --var NAME=VALUE, from --var-file FILE or " +
				"without one from the *.vars.hcl files of a folder that is loaded, from its *.auto.vars.hcl files, from " +
				"IGGYSINK_VAR_NAME, or is the default. It is used as var.NAME."},
		{"locals", "locals { ... }", "Names for values, which may use each other but not in a circle. They are used as local.NAME."},
		{"defaults", "defaults { ... }",
			"What every sink has that does not say otherwise: attributes of a sink, and the blocks tls, network and circuit_breaker. An " +
				"attribute or a block of a sink replaces it as a whole."},
		{"for_each", "for_each = { ... }",
			"In a sink: a map or a set of texts, and a sink for each of its elements. each.key and each.value stand for it in the " +
				"body; it is named like tenant[\"acme\"] in findings, logs and metrics, and for --sink. Its keys are no secret."},
		{"dynamic", `dynamic "BLOCK" { ... }`,
			"In a sink: a block for each element of for_each, with labels where the block has some, its body in content, and " +
				"iterator for another name than the block's."},
		{"ignore", "# iggysink:ignore RULE REASON",
			"On the line above: silences one warning there, with the reason. In JSON it is a property on the line above, \"//\": " +
				"\"iggysink:ignore RULE REASON\". An error cannot be silenced, and an ignore that silences nothing is a warning."},
	}
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
