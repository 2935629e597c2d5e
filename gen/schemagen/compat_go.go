package schemagen

import "fmt"

// This file compares what code that uses the generated types sees of a schema: names of types, fields and constants, and the
// types of fields. What a document may hold is compared elsewhere.

// typeName compares the names of the types that a pair becomes.
func (c *comparison) typeName(p pair, s spots) {
	if p.old.isType() && p.new.isType() && p.old.name != p.new.name && p.old.def != "" {
		c.note("go-changed", s.besideName(p), fmt.Sprintf("the Go type was %s and is %s", p.old.name, p.new.name))
	}
}

// field compares the fields that a property becomes. A value of another kind is another type, and has a change of its own.
func (c *comparison) field(p pair, before, after *property, s spots) {
	if before.field() != after.field() {
		c.note("go-changed", s.besideName(pair{before.schema, after.schema}),
			fmt.Sprintf("the Go field %s.%s is %s now", p.old.name, before.field(), after.field()))
	}
	was, is := fieldType(&printer{}, p.old, before), fieldType(&printer{}, p.new, after)
	renamed := before.resolved().isType() && after.resolved().isType() && before.resolved().name != after.resolved().name
	if was != is && !renamed && before.resolved().kind == after.resolved().kind {
		c.note("go-changed", s, fmt.Sprintf("the Go field %s.%s was of type %s and is of type %s", p.old.name, before.field(), was, is))
	}
}

// sourceOfValue notes the constant of a value of an enum that is gone.
func (c *comparison) sourceOfValue(p pair, value string, s spots) {
	if p.old.isType() && !p.old.isAlias(value) {
		c.note("go-changed", s, "the Go constant "+constant(p.old, value)+" is gone")
	}
}

// besideName returns the place of the x-go-name that made the difference, where one did.
func (s spots) besideName(p pair) spots {
	if p.old.goName != p.new.goName {
		return s.below("x-go-name")
	}
	return s
}
