package schemagen

import (
	"fmt"
	"strings"
)

// printUnion prints the type of oneOf: a struct with a field for each branch, one of which is set. A branch that is a
// string is meant where no other field is set.
func printUnion(p *printer, s *schema) {
	p.use("encoding/json")
	p.comment(s.name + " is " + strings.ToLower(s.doc[:1]) + s.doc[1:])
	p.line("type %s struct {", s.name)
	for i, b := range s.branches {
		p.comment(branchDoc(s, i))
		p.line("%s %s", branchField(s, i), branchType(p, b))
	}
	p.line("}\n")
	printUnmarshal(p, s, "UnmarshalJSON sets the field of the branch that the value is meant to be.")
	p.line("func decode%s(d *decoding, at string, raw json.RawMessage) (v %s) {", s.name, s.name)
	if s.tag != "" {
		printTagged(p, s)
	} else {
		printTyped(p, s)
	}
	p.line("return v\n}\n")
	p.comment("MarshalJSON gives the value of the branch that is set.")
	p.line("func (v %s) MarshalJSON() ([]byte, error) {", s.name)
	last := `[]byte("null"), nil`
	if s.tag != "" { // an object that lacks what tells the branch, which is what Validate says of it
		last = `[]byte("{}"), nil`
	}
	for i, b := range s.branches {
		if b.resolved().kind == "string" {
			last = "json.Marshal(v.Text)"
			continue
		}
		p.line("if v.%s != nil {\nreturn json.Marshal(v.%s)\n}", branchField(s, i), branchField(s, i))
	}
	p.line("return %s\n}\n", last)
}

// printTagged prints the choice by a property.
func printTagged(p *printer, s *schema) {
	p.line("members, ok := d.object(at, raw)\nif !ok {\nreturn v\n}")
	p.line("switch d.variant(at, members, %s, %s) {", quote(s.tag), strings.Join(quotedAll(s.tags), ", "))
	for i, b := range s.branches {
		p.line("case %s:\nv.%s = new(%s)", quote(s.tags[i]), branchField(s, i), decoded(p, b, "at", "raw"))
	}
	p.line("}")
}

// printTyped prints the choice by the type of the value.
func printTyped(p *printer, s *schema) {
	p.line("switch jsonType(raw) {")
	types := make([]string, 0, len(s.branches))
	for i, b := range s.branches {
		t := b.resolved()
		kind := strings.Replace(t.kind, "integer", "number", 1)
		value := decoded(p, b, "at", "raw")
		if strings.HasPrefix(branchType(p, b), "*") {
			value = "new(" + value + ")"
		}
		p.line("case %q:\nv.%s = %s", kind, branchField(s, i), value)
		types = append(types, fmt.Sprintf("%q", t.kind))
	}
	p.line("default:\nd.add(at, Violation{Keyword: \"type\", Types: []string{%s}})\n}", strings.Join(types, ", "))
}

// branchField returns the name of the field of a branch.
func branchField(s *schema, i int) string {
	if s.tag != "" {
		return goName(s.tags[i])
	}
	switch t := s.branches[i].resolved(); t.kind {
	case "string":
		return "Text"
	case "boolean":
		return "Bool"
	case "integer", "number":
		return "Number"
	case "array":
		return "List"
	default:
		return t.name
	}
}

// branchType returns the type of the field of a branch.
func branchType(p *printer, b *schema) string {
	name := goType(p, b)
	if kind := b.resolved().kind; kind == "string" || kind == "array" {
		return name
	}
	return "*" + name
}

func branchDoc(s *schema, i int) string {
	name := branchField(s, i)
	if s.tag != "" {
		return fmt.Sprintf("%s is the value where %s is %s, and otherwise nil.", name, s.tag, s.tags[i])
	}
	switch kind := s.branches[i].resolved().kind; kind {
	case "string":
		return name + " is the value if it is a string."
	case "array":
		return name + " is the value if it is a list, and otherwise nil."
	case "object", "integer":
		return name + " is the value if it is an " + kind + ", and otherwise nil."
	default:
		return name + " is the value if it is a " + kind + ", and otherwise nil."
	}
}

func quotedAll(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, quote(s))
	}
	return out
}

// merged returns the object that an HCL block of a tagged oneOf is: the properties of all branches, and required what
// all of them require. What a branch does not allow is found by the schema.
func (s *schema) merged() *schema {
	m := &schema{at: s.at, def: s.def, name: s.name, doc: s.doc, kind: "object", labels: s.labels, closed: true}
	for i, b := range s.branches {
		t := b.resolved()
		for _, f := range t.properties {
			if i == 0 && f.key == s.tag {
				tag := &schema{at: f.schema.at, doc: f.doc, kind: "string"}
				for _, v := range s.tags {
					tag.enum = append(tag.enum, reference{v, f.schema.at})
				}
				m.properties = append(m.properties, &property{tag, f.key, f.at})
			} else if m.property(f.key) == nil {
				m.properties = append(m.properties, f)
			}
		}
	}
	for _, r := range s.branches[0].resolved().required {
		everywhere := true
		for _, b := range s.branches {
			everywhere = everywhere && b.resolved().requires(r.text)
		}
		if everywhere {
			m.required = append(m.required, r)
		}
	}
	return m
}
