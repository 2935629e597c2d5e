package schemagen

import (
	"fmt"
	"strings"
)

// Example returns a JSON document with every property of the schema: an example of the schema where it has one, otherwise
// its default, otherwise the simplest value. A document without one valid value for everything is an error.
func (d *Model) Example() ([]byte, error) {
	root, err := exampleOf(d.root)
	if err != nil {
		return nil, fmt.Errorf("make an example of %s: %w", d.file, err)
	}
	text, err := indented(root.plain())
	if err != nil {
		return nil, fmt.Errorf("make an example of %s: %w", d.file, err)
	}
	return text, nil
}

// EditorExample returns the same as a configuration in HCL's JSON syntax. What is secret comes from the environment.
func (d *Model) EditorExample() ([]byte, error) {
	root, err := exampleBody(d.root)
	if err != nil {
		return nil, fmt.Errorf("make an example of %s: %w", d.file, err)
	}
	return indented(root)
}

// exampleOf returns a valid value of a schema.
func exampleOf(s *schema) (*node, error) {
	t := s.resolved()
	for _, candidate := range append(append([]*node(nil), s.examples...), t.examples...) {
		return candidate, nil
	}
	for _, candidate := range []*node{s.defaults, t.defaults} {
		if candidate != nil && (candidate.kind == "boolean" || len(candidate.items)+len(candidate.members)+len(candidate.text) > 0) {
			return candidate, nil
		}
	}
	switch t.kind {
	case "object":
		return exampleObject(t)
	case "array":
		item, err := exampleOf(t.items)
		return &node{kind: "array", items: []*node{item}}, err
	case "union":
		return exampleOf(t.branches[0])
	case "boolean":
		return &node{kind: "boolean", truth: true}, nil
	case "any":
		return &node{kind: "object", members: []member{{name: "id", value: &node{kind: "number", text: "1"}}}}, nil
	case "integer", "number":
		low, high := limits(t, goType(&printer{}, t))
		switch {
		case t.minimum != "":
			return &node{kind: "number", text: low}, nil
		case t.maximum != "":
			return &node{kind: "number", text: high}, nil
		}
		return &node{kind: "number", text: "1"}, nil
	}
	return exampleText(t)
}

func exampleText(t *schema) (*node, error) {
	value, only := t.only()
	switch {
	case only:
	case len(t.enum) > 0:
		value = t.enum[0].text
	default:
		value = "text"
	}
	for _, candidate := range []string{value, "", "a", "1s", "127.0.0.1:80", "https://example.com", "0"} {
		n := &node{at: t.at, kind: "string", text: candidate}
		var c checker
		if c.instance(t, n); len(c.problems) == 0 {
			return n, nil
		}
	}
	if n := rational(t.minLength); n.IsInt() && n.Num().IsInt64() && n.Sign() > 0 && t.pattern == "" && t.format == "" {
		return &node{kind: "string", text: strings.Repeat("x", int(n.Num().Int64()))}, nil
	}
	return nil, fmt.Errorf("%s: give the schema an example: no simple text fits it", t.at)
}

func exampleObject(t *schema) (*node, error) {
	n := &node{kind: "object"}
	if t.values != nil {
		value, err := exampleOf(t.values)
		n.members = []member{{name: "name", value: value}}
		return n, err
	}
	for _, f := range t.properties {
		value, err := exampleOf(f.schema)
		if err != nil {
			return nil, err
		}
		n.members = append(n.members, member{name: f.key, value: value})
	}
	return n, nil
}

// exampleBody returns the content of a block.
func exampleBody(s *schema) (ordered, error) {
	out := ordered{}
	for _, f := range s.properties {
		inner, isBlock := asBlock(s, f)
		switch {
		case isLabel(s, f):
		case isBlock:
			names, kinds := inner.kinds()
			if names != nil { // one of them
				inner.schema = kinds[0]
			}
			body, err := exampleBody(inner.schema)
			if err != nil {
				return nil, err
			}
			for i := len(inner.schema.labels) - 1; i >= 0; i-- {
				name, err := exampleOf(inner.schema.property(inner.schema.labels[i].text).schema)
				if err != nil {
					return nil, err
				}
				body = ordered{{name.text, body}}
			}
			out = out.with(f.key, body)
		case f.sensitive && f.resolved().kind == "string" && len(f.examples) == 0:
			out = out.with(f.key, `${env("`+strings.ToUpper(f.key)+`")}`)
		default:
			value, err := exampleOf(f.schema)
			if err != nil {
				return nil, err
			}
			out = out.with(f.key, value.plain())
		}
	}
	return out, nil
}
