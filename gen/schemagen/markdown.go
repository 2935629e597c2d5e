package schemagen

import (
	"fmt"
	"regexp"
	"strings"
)

// Markdown returns the reference of a schema: a table for each block of the configuration, or for each object of the
// envelope.
func (d *Model) Markdown() string {
	var b strings.Builder
	if d.configures() {
		blockReference(&b, nil, block{schema: d.root, doc: d.root.doc})
	} else {
		objectReference(&b, "", d.root)
	}
	return strings.TrimSpace(b.String()) + "\n"
}

// blockReference writes a block and the blocks inside it.
func blockReference(b *strings.Builder, path []string, at block) {
	s := at.schema
	if len(path) > 0 {
		title := strings.Join(path, " > ")
		fmt.Fprintf(b, "#### `%s`\n\n%s", title, cell(at.doc))
		// The first sentence of a definition says what the property says; what follows is said nowhere else.
		if _, rest, found := strings.Cut(s.doc, ". "); found {
			b.WriteString(" " + cell(rest))
		}
		b.WriteString("\n\n")
	}
	var rows strings.Builder
	var nested []*property
	for _, f := range s.properties {
		if _, isBlock := asBlock(s, f); isBlock {
			nested = append(nested, f)
			continue
		}
		if isLabel(s, f) {
			fmt.Fprintf(&rows, "| `%s` (label) | %s | required | %s |\n", f.key, typeName(f.schema), cell(f.doc))
			continue
		}
		fmt.Fprintf(&rows, "| `%s` | %s | %s | %s |\n", f.key, typeName(f.schema), defaultText(s, f), cell(f.doc))
	}
	if rows.Len() > 0 {
		b.WriteString("| attribute | type | default | meaning |\n|---|---|---|---|\n" + rows.String() + "\n")
	}
	for _, f := range nested {
		inner, _ := asBlock(s, f)
		name := f.key
		for _, l := range inner.schema.labels {
			name += ` "` + strings.ToUpper(l.text) + `"`
		}
		blockReference(b, append(path[:len(path):len(path)], name), inner)
	}
}

// objectReference writes the properties of an object, those of objects inside it by their path.
func objectReference(b *strings.Builder, path string, s *schema) {
	if path == "" {
		b.WriteString(cell(s.doc) + "\n\n| property | type | present | meaning |\n|---|---|---|---|\n")
	}
	for _, f := range s.properties {
		name := path + f.key
		when := "always"
		if key, isHeader := strings.CutPrefix(f.source, "header:"); isHeader {
			when = "with header " + code(key)
		}
		if f.when != "" {
			when = strings.ReplaceAll(f.when, "_", " ")
			if strings.HasPrefix(f.when, "include") {
				when = "`" + f.when + "`"
			}
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", name, typeName(f.schema), when, cell(f.doc))
		if t := f.resolved(); t.kind == "object" && t.values == nil {
			objectReference(b, name+".", t)
		}
	}
}

// typeName returns the type of a value in words.
func typeName(s *schema) string {
	t := s.resolved()
	switch {
	case len(t.enum) > 0:
		var words []string
		for _, v := range t.enum {
			if !t.isAlias(v.text) {
				words = append(words, code(v.text))
			}
		}
		return strings.Join(words, ", ")
	case strings.HasPrefix(t.format, "go-duration"):
		return "duration"
	case t.format == "host-port":
		return "host and port"
	case strings.HasPrefix(t.format, "http-url"):
		return "URL"
	case t.kind == "integer" || t.kind == "number":
		return t.kind + bounds(t)
	case t.kind == "array":
		return "list of " + typeName(t.items)
	case t.kind == "object" && t.values != nil:
		return "map of " + typeName(t.values)
	case t.kind == "union":
		var words []string
		for _, branch := range t.branches {
			words = append(words, typeName(branch))
		}
		return strings.Join(words, " or ")
	case t.kind == "boolean":
		return "bool"
	case t.kind == "any":
		return "any value"
	}
	return t.kind
}

// bounds returns the range of a number, bounds left out that are only the type's own.
func bounds(s *schema) string {
	low, high := s.minimum, s.maximum
	if len(high) > 18 {
		high = ""
	}
	switch {
	case low != "" && high != "":
		return ", " + low + " to " + high
	case low != "":
		return ", from " + low
	}
	return ""
}

// defaultText returns what a property is when it is absent.
func defaultText(s *schema, f *property) string {
	switch {
	case s.requires(f.key):
		return "required"
	case f.defaults == nil:
		return ""
	}
	return code(valueText(f.defaults))
}

// valueText returns a value as HCL writes it.
func valueText(n *node) string {
	switch n.kind {
	case "string":
		return fmt.Sprintf("%q", n.text)
	case "number":
		return n.text
	case "boolean":
		return truth(n.truth)
	case "array":
		var items []string
		for _, item := range n.items {
			items = append(items, valueText(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return "{}"
}

// code returns text as code that stays inside its cell.
func code(text string) string {
	return "`" + strings.NewReplacer("`", "'", "|", `\|`, "\n", " ", "\r", " ").Replace(text) + "`"
}

// identifier finds names in a description, which read better as code: max_retries, ${topic}.
var identifier = regexp.MustCompile(`\$\{[a-z]+\}|\b[A-Za-z0-9]+(_[A-Za-z0-9]+)+\b`)

// cell returns text that stays inside its cell of a table and is no markup.
func cell(text string) string { return strings.ReplaceAll(prose(text), "|", `\|`) }

// prose returns text as one paragraph that is no markup, but for names, which read better as code.
func prose(text string) string {
	text = strings.NewReplacer("<", "&lt;", ">", "&gt;", "\n", " ", "\r", " ", "*", `\*`, "`", "'").Replace(text)
	return identifier.ReplaceAllString(text, "`$0`")
}
