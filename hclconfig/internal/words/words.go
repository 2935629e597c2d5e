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

// Functions returns the functions of the language, sorted by name.
func Functions() []Word {
	return []Word{
		{"base64decode", "base64decode(TEXT)", "The text that base64 stands for. It has to be UTF-8."},
		{"base64encode", "base64encode(TEXT)", "TEXT as base64."},
		{"can", "can(EXPRESSION)", "Whether the expression has a value: can(regex(...)) tells whether a pattern matches."},
		{"coalesce", "coalesce(VALUE...)", "The first of the values that is not null."},
		{"concat", "concat(LIST...)", "The elements of all lists, one list after the other."},
		{"contains", "contains(LIST, VALUE)", "Whether the list or set has the value."},
		{"distinct", "distinct(LIST)", "The list without the elements that were there before."},
		{"env", `env("NAME"), env("NAME", OTHERWISE)`,
			"The environment variable NAME; OTHERWISE where it is not set. One that is set and empty counts as set. The value is " +
				"sensitive: it appears in no output. validate does without it, and lists its name."},
		{"file", `file("PATH")`,
			"The text of a file, at most 1 MiB of UTF-8, with its line break at the end: trimspace(file(...)) takes that off. A " +
				"relative path starts at the folder of the configuration file, and the file is in there, or in a folder of " +
				"--allow-files. The value is sensitive: it appears in no output."},
		{"flatten", "flatten(LIST)", "The elements of lists in lists as one list."},
		{"format", `format("TEMPLATE", VALUE...)`, "Text with verbs such as %s, %d and %q replaced by the values in turn."},
		{"join", `join("SEPARATOR", LIST)`, "The elements of a list as one text, the separator between them."},
		{"jsondecode", "jsondecode(TEXT)", "The value that JSON stands for."},
		{"jsonencode", "jsonencode(VALUE)", "The value as JSON."},
		{"keys", "keys(MAP)", "The keys of a map, sorted."},
		{"length", "length(VALUE)", "How many elements a list, set or map has, or how many characters a text."},
		{"lookup", "lookup(MAP, KEY), lookup(MAP, KEY, OTHERWISE)", "The value of the key; OTHERWISE where there is no such key."},
		{"lower", "lower(TEXT)", "TEXT in lower case."},
		{"max", "max(NUMBER...)", "The greatest of the numbers."},
		{"merge", "merge(MAP...)", "All keys of all maps. Of a key in several maps the last value counts."},
		{"min", "min(NUMBER...)", "The least of the numbers."},
		{"regex", `regex("PATTERN", TEXT)`,
			"What the pattern (RE2) matches in the text: the match, or a list or a map of its groups. Where nothing matches it " +
				"fails; can() and try() go on from there."},
		{"replace", `replace(TEXT, "FROM", "TO")`, "TEXT with each FROM replaced by TO."},
		{"split", `split("SEPARATOR", TEXT)`, "A list of the pieces between the separators."},
		{"toset", "toset(LIST)", "The list as a set, as the for_each of a sink takes it."},
		{"trimspace", "trimspace(TEXT)", "TEXT without white space at its start and end."},
		{"try", "try(EXPRESSION...)", "The value of the first expression that has one."},
		{"upper", "upper(TEXT)", "TEXT in upper case."},
		{"values", "values(MAP)", "The values of a map, in the order of its keys."},
	}
}

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
