package main

// language is what the configuration language has beside the blocks and attributes of the schema.
type language struct{ name, form, doc string }

func languageTopics() []language {
	return []language{
		{"variable", `variable "NAME" { ... }`,
			"A value that comes from outside. It has type, default, description, sensitive and validation blocks with a condition " +
				"and an error_message. Its value comes, the first of these wins, from --var NAME=VALUE, from --var-file FILE or " +
				"without one from the *.vars.hcl files of a folder that is loaded, from its *.auto.vars.hcl files, from " +
				"IGGYSINK_VAR_NAME, or is the default. It is used as var.NAME."},
		{"locals", "locals { ... }", "Names for values, which may use each other but not in a circle. They are used as local.NAME."},
		{"defaults", "defaults { ... }",
			"What every sink has that does not say otherwise: attributes of a sink, and the blocks tls and circuit_breaker. An " +
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
