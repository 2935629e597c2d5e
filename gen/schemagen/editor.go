package schemagen

import (
	"encoding/json"
	"slices"
	"strings"
)

// Editor returns a JSON Schema for configurations in HCL's JSON syntax, *.hcl.json, for completion and documentation in an
// editor. It differs from the schema of the configuration as the syntax does: labels are nested objects, a block may be a
// list of blocks, "//" is a comment, any value may be a template such as "${env("NAME")}", and the language's own blocks
// stand beside those of the schema. It asks for no block, because a configuration may be spread over several files, and
// for no attribute of a block at the root, because defaults may give it.
func (d *Model) Editor() ([]byte, error) {
	e := &editor{model: d}
	id := strings.TrimSuffix(d.root.keys["$id"].value.text, ".schema.json") + ".hcl.schema.json"
	root := ordered{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"$id", id},
		{"title", d.name + " in HCL's JSON syntax (*.hcl.json)"},
	}
	root = append(root, e.body(d.root, 0)...)
	defs := ordered{
		{"template", ordered{{"description", "A template, such as ${env(\"NAME\")}."}, {"type", "string"}, {"pattern", `[$%]\{`}}},
	}
	slices.SortFunc(e.bodies, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return indented(root.with("$defs", append(defs, e.bodies...)))
}

// editor collects the bodies of blocks, each once.
type editor struct {
	model  *Model
	bodies ordered
}

// language lists the blocks of the configuration language that no schema describes, by the bodies in which they stand.
func language(depth int) ordered {
	anything := ordered{{"type", []string{"object", "array"}}}
	document := func(text string) ordered { return append(ordered{{"description", text}}, anything...) }
	comment := entry{"//", ordered{{"description", "A comment."}}}
	dynamic := entry{"dynamic", document("Blocks that are made from a list or a map: the type, then for_each and content.")}
	switch depth {
	case 0:
		return ordered{
			comment,
			{"variable", document("A value that comes from outside, by its name: type, description, default, sensitive, validation.")},
			{"locals", document("Values with names, for use in this configuration as local.NAME.")},
			{"defaults", document("What the sinks of this configuration have where they do not say it themselves.")},
		}
	case 1:
		each := ordered{{"description", "A map or a set: one sink for each element, with each.key and each.value."}}
		return ordered{comment, dynamic, {"for_each", each}}
	}
	return ordered{comment, dynamic}
}

// body returns the schema of a block's content.
func (e *editor) body(s *schema, depth int) ordered {
	var properties ordered
	var required, blocks []string
	for _, f := range s.properties {
		if isLabel(s, f) {
			continue
		}
		if inner, isBlock := asBlock(s, f); isBlock {
			if s.requires(f.key) && depth > 0 && len(inner.schema.labels) > 0 { // no defaults can give it
				blocks = append(blocks, f.key)
			}
			properties = properties.with(f.key, e.block(inner, f.doc, depth+1))
			continue
		}
		properties = properties.with(f.key, e.attribute(f))
		if s.requires(f.key) && depth > 1 {
			required = append(required, f.key)
		}
	}
	out := ordered{{"description", s.doc}, {"type", "object"}}
	if len(required) > 0 {
		out = out.with("required", required)
	}
	if together := dependents(s, depth); len(together) > 0 {
		out = out.with("dependentRequired", together)
	}
	if len(blocks) > 0 {
		dynamic := ordered{{"required", []string{"dynamic"}}}
		out = out.with("anyOf", []any{ordered{{"required", blocks}}, dynamic})
	}
	return out.with("properties", append(properties, language(depth)...)).with("additionalProperties", !s.closed)
}

// dependents returns what asks for what, where nothing else can give it: at the root another file may, and in a sink the
// defaults.
func dependents(s *schema, depth int) (out ordered) {
	if depth == 0 || len(s.labels) > 0 {
		return nil
	}
	for _, d := range s.dependents {
		var names []string
		for _, name := range d.names {
			names = append(names, name.text)
		}
		out = out.with(d.trigger.text, names)
	}
	return out
}

// block returns the schema of a block: its body, or a list of bodies, inside an object for each label. Where the label is a
// kind, each kind has a body of its own.
func (e *editor) block(b block, doc string, depth int) ordered {
	if names, contents := b.kinds(); names != nil {
		kinds := ordered{{"//", ordered{{"description", "A comment."}}}}
		for i, content := range contents {
			kinds = kinds.with(names[i], append(ordered{{"description", content.doc}}, several(e.reference(content, depth))...))
		}
		object := ordered{{"type", "object"}, {"properties", kinds}, {"additionalProperties", false}}
		return append(ordered{{"description", doc}}, several(object)...)
	}
	inner := several(e.reference(b.schema, depth))
	for _, label := range slices.Backward(b.schema.labels) {
		f := b.schema.property(label.text)
		object := ordered{{"type", "object"}, {"description", f.doc}}
		if names := constraints(f.resolved()); len(names) > 0 {
			object = object.with("propertyNames", ordered{{"anyOf", []any{names, ordered{{"const", "//"}}}}})
		}
		inner = several(object.with("additionalProperties", inner))
	}
	return append(ordered{{"description", doc}}, inner...)
}

// reference refers to the content of a block, which is written once.
func (e *editor) reference(s *schema, depth int) ordered {
	name := "block_" + s.def
	if !slices.ContainsFunc(e.bodies, func(p entry) bool { return p.name == name }) {
		e.bodies = e.bodies.with(name, nil) // takes the name: blocks may be inside each other
		i := len(e.bodies) - 1
		body := e.body(s, depth)
		e.bodies[i].value = body
	}
	return ordered{{"$ref", "#/$defs/" + name}}
}

// several allows a list of what a schema allows, as HCL's JSON syntax does for blocks.
func several(s ordered) ordered {
	return ordered{{"anyOf", []any{s, ordered{{"type", "array"}, {"items", s}}}}}
}

// attribute returns the schema of a value, or of a template that gives it.
func (e *editor) attribute(f *property) ordered {
	out := ordered{{"description", f.doc}}
	if f.defaults != nil {
		out = out.with("default", f.defaults.plain())
	}
	if len(f.examples) > 0 {
		var list []any
		for _, example := range f.examples {
			list = append(list, example.plain())
		}
		out = out.with("examples", list)
	}
	if t := f.resolved(); t.format == "template" {
		return out // an expression over a message: what it gives may be written as any value
	}
	return append(out, leaf(f.schema)...)
}

// leaf returns the schema of a value without its documentation.
func leaf(s *schema) ordered {
	t := s.resolved()
	var value ordered
	switch t.kind {
	case "string":
		value = append(ordered{{"type", "string"}}, constraints(t)...)
		if len(value) == 1 {
			return value // a template is a string too
		}
	case "integer", "number":
		value = ordered{{"type", t.kind}}
		if t.minimum != "" {
			value = value.with("minimum", json.Number(t.minimum))
		}
		if t.maximum != "" {
			value = value.with("maximum", json.Number(t.maximum))
		}
	case "array":
		value = ordered{{"type", "array"}, {"items", leaf(t.items)}}
		if t.minItems != "" {
			value = value.with("minItems", json.Number(t.minItems))
		}
	case "object":
		value = ordered{{"type", "object"}, {"additionalProperties", leaf(t.values)}}
	case "union":
		return ordered{}
	default:
		value = ordered{{"type", t.kind}}
	}
	return ordered{{"anyOf", []any{value, ordered{{"$ref", "#/$defs/template"}}}}}
}

// constraints returns what narrows a text. Editors do not know our formats: those that can be are written as patterns.
func constraints(t *schema) (out ordered) {
	if value, only := t.only(); only {
		return ordered{{"enum", []string{value}}}
	}
	if len(t.enum) > 0 {
		var words []string
		for _, v := range t.enum {
			words = append(words, v.text)
		}
		return ordered{{"enum", words}}
	}
	if t.minLength != "" {
		out = out.with("minLength", json.Number(t.minLength))
	}
	if t.maxLength != "" {
		out = out.with("maxLength", json.Number(t.maxLength))
	}
	switch {
	case t.pattern != "":
		out = out.with("pattern", t.pattern)
	case strings.HasPrefix(t.format, "go-duration"):
		out = out.with("pattern", `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d))+$`)
	case strings.HasPrefix(t.format, "http-url"):
		out = out.with("pattern", "^https?://")
	}
	return out
}
