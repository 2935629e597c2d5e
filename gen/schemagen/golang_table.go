package schemagen

import "strings"

// printTable prints the tables that drive the decoding of HCL: one function for each block.
func printTable(p *printer, d *Model) {
	p.use("github.com/zclconf/go-cty/cty")
	p.comment(d.name + "Block returns the table of the configuration language. Each call builds a new one.")
	printBlock(p, d.name+"Block", d.root, block{schema: d.root, doc: d.root.doc})
}

// block is a property that is written as a block.
type block struct {
	schema   *schema // of one block
	union    *schema // whose branches the kinds of the block are, or nil
	name     string
	doc      string
	repeated bool
	required bool
}

// asBlock returns the block that a property is written as, if it is.
func asBlock(s *schema, f *property) (block, bool) {
	t := f.resolved()
	b := block{schema: t, name: f.key, doc: f.doc, required: s.requires(f.key)}
	if t.kind == "array" && t.items != nil {
		b.schema, b.repeated = t.items.resolved(), true
	}
	if b.schema.tag != "" {
		b.schema, b.union = b.schema.merged(), b.schema
	}
	return b, b.schema.kind == "object" && b.schema.values == nil
}

// kinds returns the content of each kind of block, by the label that says which; nil where the block has one content.
func (b block) kinds() (names []string, contents []*schema) {
	if b.union == nil || len(b.union.labels) != 1 || b.union.labels[0].text != b.union.tag {
		return nil, nil
	}
	for _, branch := range b.union.branches {
		content := *branch.resolved()
		content.labels = b.union.labels
		contents = append(contents, &content)
	}
	return b.union.tags, contents
}

func printBlock(p *printer, function string, s *schema, b block) {
	p.line("func %s() *Block {\nreturn &Block{", function)
	if b.name != "" {
		p.line("Name: %s,", quote(b.name))
	}
	p.line("Doc: %s,", quote(b.doc))
	if len(s.labels) > 0 {
		p.line("Labels: []string{%s},", strings.Join(quoted(s.labels), ", "))
	}
	if len(s.labels) > 0 {
		p.line("LabelRows: []Attribute{")
		for _, label := range s.labels {
			printLabel(p, s.property(label.text))
		}
		p.line("},")
	}
	printTrue(p, "Repeated", b.repeated)
	printTrue(p, "Required", b.required)
	nested := make(map[string]block)
	var order []string
	p.line("Attributes: []Attribute{")
	for _, f := range s.properties {
		if inner, isBlock := asBlock(s, f); isBlock {
			name := strings.TrimSuffix(function, "Block") + goName(f.key) + "Block"
			name = strings.ToLower(name[:1]) + name[1:]
			nested[name], order = inner, append(order, name)
			continue
		}
		if !isLabel(s, f) {
			printAttribute(p, s, f)
		}
	}
	p.line("},")
	if len(order) > 0 {
		p.line("Blocks: []*Block{")
		for _, name := range order {
			p.line("%s(),", name)
		}
		p.line("},")
	}
	p.line("}\n}\n")
	for _, name := range order {
		p.comment(name + " is the table of " + nested[name].name + ".")
		printBlock(p, name, nested[name].schema, nested[name])
	}
}

func isLabel(s *schema, f *property) bool {
	for _, l := range s.labels {
		if l.text == f.key {
			return true
		}
	}
	return false
}

func printTrue(p *printer, name string, v bool) {
	if v {
		p.line("%s: true,", name)
	}
}

// labelWords returns the words that a label may be; none if it may be any name.
func labelWords(f *property) (words []string) {
	t := f.resolved()
	if word, only := t.only(); only {
		return []string{word}
	}
	for _, v := range t.enum {
		words = append(words, v.text)
	}
	return words
}

// printLabel prints the row of a label.
func printLabel(p *printer, f *property) {
	p.line("{")
	p.line("Name: %s,", quote(f.key))
	p.line("Doc: %s,", quote(f.doc))
	p.line("Kind: %s,", quote(typeName(f.schema)))
	p.line("Type: cty.String,")
	p.line("Required: true,")
	if words := labelWords(f); len(words) > 0 {
		for i, word := range words {
			words[i] = quote(word)
		}
		p.line("Enum: []string{%s},", strings.Join(words, ", "))
	}
	p.line("},")
}

func printAttribute(p *printer, s *schema, f *property) {
	t := f.resolved()
	p.line("{")
	p.line("Name: %s,", quote(f.key))
	p.line("Doc: %s,", quote(f.doc))
	p.line("Kind: %s,", quote(typeName(f.schema)))
	p.line("Type: %s,", ctyType(t))
	printTrue(p, "Required", s.requires(f.key))
	printTrue(p, "Sensitive", f.sensitive || t.sensitive)
	printTrue(p, "Template", f.goType == "Template" || t.goType == "Template" || t.values != nil && t.values.resolved().goType == "Template")
	printTrue(p, "Path", f.isPath || t.isPath)
	printTrue(p, "Target", f.isTarget || t.isTarget)
	if t.format != "" {
		p.line("Format: %s,", quote(t.format))
	}
	if len(t.enum) > 0 {
		p.line("Enum: []string{%s},", strings.Join(quoted(t.offered()), ", "))
	}
	if f.defaults != nil {
		p.line("Default: %s,", anyLiteral(p, f.defaults))
	}
	if len(f.examples) > 0 {
		p.line("Examples: %s,", anyLiteral(p, &node{kind: "array", items: f.examples}))
	}
	p.line("},")
}

// ctyType returns the expression of the type that HCL's value is converted to.
func ctyType(s *schema) string {
	if s == nil { // of a schema that is refused for it
		return "cty.DynamicPseudoType"
	}
	t := s.resolved()
	switch t.kind {
	case "boolean":
		return "cty.Bool"
	case "integer", "number":
		return "cty.Number"
	case "array":
		return "cty.List(" + ctyType(t.items) + ")"
	case "object":
		return "cty.Map(" + ctyType(t.values) + ")"
	case "union":
		return "cty.DynamicPseudoType"
	}
	return "cty.String"
}

// anyLiteral returns the Go expression of a JSON value in a plain tree.
func anyLiteral(p *printer, n *node) string {
	switch n.kind {
	case "string":
		return quote(n.text)
	case "number":
		p.use("encoding/json")
		return "json.Number(" + quote(n.text) + ")"
	case "boolean":
		return truth(n.truth)
	case "array":
		var items []string
		for _, item := range n.items {
			items = append(items, anyLiteral(p, item))
		}
		return "[]any{" + strings.Join(items, ", ") + "}"
	case "object":
		var members []string
		for _, m := range n.members {
			members = append(members, quote(m.name)+": "+anyLiteral(p, m.value))
		}
		return "map[string]any{" + strings.Join(members, ", ") + "}"
	}
	return "nil"
}
