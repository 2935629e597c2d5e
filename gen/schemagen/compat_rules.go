package schemagen

// Rule is a kind of change.
type Rule struct {
	ID       string
	Backward Severity // for documents that people write
	Forward  Severity // for documents that we write
	Meaning  string   // what it is that changed
}

// Severity returns what the change does in a direction.
func (r Rule) Severity(d Direction) Severity {
	if d == Forward {
		return r.Forward
	}
	return r.Backward
}

// Rules returns every kind of change that Compare knows. Each of them has a vector in testdata/diff.
func Rules() []Rule {
	narrower := func(id, meaning string) Rule { return Rule{id, Breaking, Info, meaning} }
	wider := func(id, meaning string) Rule { return Rule{id, Info, Breaking, meaning} }
	return []Rule{
		{"type-changed", Breaking, Breaking, "a value has another type"},
		narrower("type-narrowed", "fewer types will do: any value became one type, or number became integer"),
		wider("type-widened", "more types will do: one type became any value, or integer became number"),
		narrower("branch-removed", "a value has one form less"),
		wider("branch-added", "a value may have a further form"),

		wider("property-added", "an object that allowed no other property has a new one"),
		{"property-added-open", Breaking, Info, "an object that allowed any other property says what one of them is"},
		{"property-named", Info, Info, "an object that allowed any other property names one that may hold any value"},
		{"property-removed", Breaking, Warning, "a property is gone, and others are not allowed"},
		{"property-removed-open", Warning, Warning, "a property is gone, and is ignored like any other"},
		narrower("required-added", "a property must be there; a default does not help who leaves it out"),
		wider("required-removed", "a property may be absent"),
		narrower("dependency-added", "a property asks for another"),
		wider("dependency-removed", "a property does not ask for another any more"),
		narrower("additional-properties-closed", "properties that the schema does not name are refused"),
		{"additional-properties-opened", Info, Info, "properties that the schema does not name are ignored"},

		narrower("enum-added", "only some texts will do"),
		wider("enum-removed", "more than some texts will do"),
		narrower("enum-value-removed", "a value is gone"),
		wider("enum-value-added", "there is a further value"),
		narrower("pattern-added", "a text must match a regular expression"),
		wider("pattern-removed", "a text need not match a regular expression"),
		{"pattern-changed", Breaking, Breaking, "a text must match another regular expression"},
		narrower("format-added", "a text must have a format, or a narrower one"),
		wider("format-removed", "a text need not have a format, or may have a wider one"),
		{"format-changed", Breaking, Breaking, "a text must have another format"},
		narrower("min-length-raised", "a text must be longer"),
		wider("min-length-lowered", "a text may be shorter"),
		narrower("max-length-lowered", "a text must be shorter"),
		wider("max-length-raised", "a text may be longer"),

		narrower("minimum-raised", "a number must be greater"),
		wider("minimum-lowered", "a number may be smaller"),
		narrower("maximum-lowered", "a number must be smaller"),
		wider("maximum-raised", "a number may be greater"),
		narrower("min-items-raised", "a list must be longer"),
		wider("min-items-lowered", "a list may be shorter"),
		narrower("unique-items-added", "a list must not hold a value twice"),
		wider("unique-items-removed", "a list may hold a value twice"),

		{"default-changed", Warning, Info, "an absent property means something else"},
		{"labels-changed", Breaking, Info, "the labels of an HCL block are others"},
		{"alias-changed", Warning, Info, "a spelling now means another value"},
		{"path-changed", Warning, Info, "whether a text is a path relative to its file, and whether that is read"},
		{"sensitive-changed", Warning, Warning, "whether a value is kept out of outputs"},
		{"source-changed", Info, Warning, "a property is filled from something else"},
		{"presence-changed", Info, Warning, "a property that may be absent is there at other times"},
		{"go-changed", Source, Source, "the Go name or type of something that generated code has: documents stay as they are"},
		{"description-changed", Info, Info, "what the schema says about something"},
	}
}
