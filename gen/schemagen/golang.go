package schemagen

import (
	"slices"
	"strings"
)

// wordsFolder has the package of the table, which says what HCL has to know: schema knows nothing of HCL.
const wordsFolder = "hclconfig/internal/words"

// Go returns the Go files of the package schema by their slash-separated names, which begin with the schema's, and the
// table of a configuration.
func (d *Model) Go() (map[string][]byte, error) {
	base := strings.TrimSuffix(d.file, ".schema.json")
	out := make(map[string][]byte)
	for suffix, print := range map[string]func(*printer, *Model){
		"_gen.go":          printTypes,
		"_enums_gen.go":    printEnums,
		"_validate_gen.go": printValidate,
		"_append_gen.go":   printEncoder,
	} {
		p := &printer{}
		print(p, d)
		if p.Len() == 0 {
			continue
		}
		source, err := p.source("schema", d.file)
		if err != nil {
			return nil, err
		}
		out[base+suffix] = source
	}
	if !d.configures() {
		return out, nil
	}
	p := &printer{}
	printTable(p, d)
	source, err := p.source("words", d.file)
	if err != nil {
		return nil, err
	}
	out[wordsFolder+strings.TrimPrefix(base, "schema")+"_table_gen.go"] = source
	return out, nil
}

// types returns the root and the definitions that become Go types, in the order of the file.
func (d *Model) types() []*schema {
	var out []*schema
	for _, s := range append([]*schema{d.root}, d.defs...) {
		if s.isType() {
			out = append(out, s)
		}
	}
	return out
}

// configures reports whether the document is one that people write: it has labels, so that it has blocks.
func (d *Model) configures() bool {
	found := false
	walk(d, func(s *schema) { found = found || len(s.labels) > 0 })
	return found
}

// printTypes prints the structs, their defaults and how they are decoded.
func printTypes(p *printer, d *Model) {
	for _, s := range d.types() {
		switch s.kind {
		case "object":
			printStruct(p, s)
			if d.defaulted(s) {
				printDefault(p, s)
			}
			printDecode(p, d, s)
		case "union":
			printUnion(p, s)
		}
	}
	printDocument(p, d.root)
}

// defaulted reports whether a type has a function with its defaults: every one that people write, or one that has any.
func (d *Model) defaulted(s *schema) bool {
	return d.configures() || slices.ContainsFunc(s.properties, func(f *property) bool { return f.defaults != nil })
}

func printStruct(p *printer, s *schema) {
	p.comment(s.name + " is " + strings.ToLower(s.doc[:1]) + s.doc[1:])
	p.line("type %s struct {", s.name)
	for _, f := range s.properties {
		p.comment(f.doc)
		p.line("%s %s `json:\"%s%s\"`", f.field(), fieldType(p, s, f), f.key, omit(s, f))
	}
	p.line("}\n")
}

// optional reports whether a property may be absent and has no default then.
func optional(s *schema, f *property) bool { return !s.requires(f.key) && f.defaults == nil }

// omit returns the option of a property's tag.
func omit(s *schema, f *property) string {
	if optional(s, f) {
		return ",omitzero"
	}
	if f.key == "-" {
		return "," // or the tag would leave the field out
	}
	return ""
}

// fieldType returns the type of a struct's field. What may be absent is a pointer, unless its zero value means that.
func fieldType(p *printer, s *schema, f *property) string {
	name := goType(p, f.schema)
	switch f.resolved().kind {
	case "object":
		if f.resolved().values != nil {
			return name
		}
	case "integer", "number", "boolean", "union":
	default:
		return name
	}
	if optional(s, f) {
		return "*" + name
	}
	return name
}

// goType returns the Go type of the values of a schema.
func goType(p *printer, s *schema) string {
	t := s.resolved()
	switch {
	case s.goType != "":
		return s.goType
	case t.goType != "":
		return t.goType
	case t.isType():
		return t.name
	}
	switch t.kind {
	case "string":
		if strings.HasPrefix(t.format, "go-duration") {
			return "Duration"
		}
		return "string"
	case "boolean":
		return "bool"
	case "number":
		return "float64"
	case "integer":
		if t.maximum != "" && rational(t.maximum).Cmp(rational("9223372036854775807")) > 0 {
			return "uint64"
		}
		return "int"
	case "array":
		return "[]" + goType(p, t.items)
	case "object":
		return "map[string]" + goType(p, t.values)
	}
	p.use("encoding/json")
	return "json.RawMessage"
}

// printDefault prints the function that returns a struct with the defaults of the schema.
func printDefault(p *printer, s *schema) {
	p.comment("Default" + s.name + " returns the defaults of the schema; what has none is zero.")
	p.line("func Default%s() %s {", s.name, s.name)
	p.line("return %s{", s.name)
	for _, f := range s.properties {
		switch c := f.resolved().constant; {
		case f.defaults != nil:
			p.line("%s: %s,", f.field(), literal(p, f.schema, f.defaults))
		case c != nil && s.requires(f.key):
			p.line("%s: %s,", f.field(), literal(p, f.schema, c))
		}
	}
	p.line("}\n}\n")
}

// literal returns the Go expression of a default.
func literal(p *printer, s *schema, n *node) string {
	t := s.resolved()
	name := goType(p, s)
	switch {
	case len(t.enum) > 0:
		return constant(t, t.canonical(n.text))
	case name == "Duration":
		return "mustDuration(" + quote(n.text) + ")"
	case name == "Secret":
		return "NewSecret(" + quote(n.text) + ")"
	case n.kind == "string":
		return quote(n.text)
	case n.kind == "number" && name == "float64":
		return n.text
	case n.kind == "number":
		return number(n.text)
	case n.kind == "boolean":
		return truth(n.truth)
	case n.kind == "array":
		var items []string
		for _, item := range n.items {
			items = append(items, literal(p, t.items, item))
		}
		return name + "{" + strings.Join(items, ", ") + "}"
	}
	var members []string
	for _, m := range n.members {
		members = append(members, quote(m.name)+": "+literal(p, t.values, m.value))
	}
	return name + "{" + strings.Join(members, ", ") + "}"
}

// number returns a number of the schema in a form that is a constant of any Go type that can hold it.
func number(text string) string {
	if v := rational(text); v.IsInt() {
		return v.Num().String()
	}
	return text
}

func truth(v bool) string {
	if v {
		return "true"
	}
	return "false"
}
