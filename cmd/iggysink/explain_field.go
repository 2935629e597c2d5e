package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"iggysink/hclconfig"
	"iggysink/hclconfig/language"
	"iggysink/schema"
)

// explain prints what a block, a label or an attribute is.
func (t topic) explain(out *bytes.Buffer) {
	out.WriteString(t.name() + "\n\n")
	wrap(out, "  ", t.doc())
	out.WriteByte('\n')
	if t.isBlock() {
		t.explainBlock(out)
		return
	}
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(out, "  %-10s %s\n", name, text)
		}
	}
	row("type", schemaAt(t.path).words())
	a := t.attribute
	if a == nil {
		row("place", "label of the block: "+header(t.block))
		row("since", since(t.path))
		return
	}
	switch {
	case a.Required:
		row("default", "none: the attribute is required")
	case a.Default != nil:
		row("default", language.Literal(a.Default))
	case strings.Contains(a.Doc, "Default: "):
		row("default", "as told above")
	default:
		row("default", "none")
	}
	if a.Template {
		row("fields", "${stream}, ${topic} and ${partition}, filled in for each partition; ${message.NAME} for each message")
	}
	if a.Sensitive {
		secret := "appears in no output; take it from env() or file()"
		if strings.HasPrefix(a.Format, "http-url") {
			secret = "but for its scheme and host; " + secret
		}
		row("secret", secret)
	}
	row("example", t.example())
	row("since", since(t.path))
}

// example is one of the schema's, or else a value that differs from the default. A secret's is where to take it from.
func (t topic) example() string {
	a := t.attribute
	value := a.Default
	if len(a.Enum) > 0 {
		value = a.Enum[0]
		if value == a.Default {
			value = a.Enum[1]
		}
	}
	if len(a.Examples) > 0 {
		value = a.Examples[0]
	}
	text := language.Literal(value)
	from := fmt.Sprintf("env(%q)", strings.ToUpper(a.Name))
	switch {
	case a.Template:
		text = templateLiteral(value, text)
	case a.Sensitive && a.Type.IsMapType():
		text = "{ NAME = " + from + " }"
	case a.Sensitive:
		text = from
	case value == nil:
		return ""
	}
	return a.Name + " = " + text
}

// templateLiteral is a template as it is written: its fields are fields, and one that is nothing but an expression is that.
func templateLiteral(value any, text string) string {
	s, isText := value.(string)
	if !isText || !strings.Contains(s, "message") {
		return strings.ReplaceAll(text, "$${", "${")
	}
	inner, isWhole := strings.CutPrefix(s, "${")
	if inner, ends := strings.CutSuffix(inner, "}"); isWhole && ends && !strings.Contains(inner, "} ") {
		return inner
	}
	return `"` + s + `"`
}

func (t topic) explainBlock(out *bytes.Buffer) {
	fmt.Fprintf(out, "  %s {\n", header(t.block))
	row := func(text, doc string) { fmt.Fprintf(out, "    %-40s # %s\n", text, shortly(doc)) }
	for _, a := range t.block.Attributes {
		switch {
		case a.Required:
			row(a.Name+" = ...", "required: "+a.Doc)
		case a.Default == nil:
			row(a.Name+" = ...", a.Doc)
		default:
			row(a.Name+" = "+language.Literal(a.Default), a.Doc)
		}
	}
	for _, inner := range t.block.Blocks {
		row(header(inner)+" { ... }", inner.Doc)
	}
	out.WriteString("  }\n")
	switch {
	case t.block.Required && t.block.Repeated:
		out.WriteString("\n  There is at least one.\n")
	case !t.block.Repeated:
		out.WriteString("\n  There is at most one.\n")
	}
	fmt.Fprintf(out, "\n  Since %s.\n", since(t.path))
}

// valueRow is what one attribute is in one block.
type valueRow struct {
	attribute string
	hclconfig.Value
}

// values returns what the attribute, or all attributes of the block and of those in it, are in a configuration.
func (t topic) values(result *hclconfig.Result) (rows []valueRow) {
	if t.attribute != nil {
		for _, v := range result.Values(t.path[:len(t.path)-1], *t.attribute) {
			rows = append(rows, valueRow{t.attribute.Name, v})
		}
		return rows
	}
	if !t.isBlock() {
		return nil
	}
	for i := range t.block.Attributes {
		a := &t.block.Attributes[i]
		inner := topic{path: append(slices.Clone(t.path), a.Name), block: t.block, attribute: a}
		rows = append(rows, inner.values(result)...)
	}
	// By block, in the order in which they are written, and not by attribute.
	order := make(map[string]int)
	for _, r := range rows {
		if _, known := order[r.Block]; !known {
			order[r.Block] = len(order)
		}
	}
	slices.SortStableFunc(rows, func(a, b valueRow) int { return order[a.Block] - order[b.Block] })
	for _, inner := range t.block.Blocks {
		rows = append(rows, topic{path: append(slices.Clone(t.path), inner.Name), block: inner}.values(result)...)
	}
	return rows
}

// none stands for the value of an attribute that has none.
const none = "(none)"

// printValues prints a block's header over its rows.
func printValues(out *bytes.Buffer, rows []valueRow) {
	names, texts := 0, 0
	for i := range rows {
		if rows[i].Unknown {
			rows[i].Text = "(unknown)"
		} else if rows[i].Text == "" {
			rows[i].Text = none
		}
		names, texts = max(names, len(rows[i].attribute)), max(texts, min(len(rows[i].Text), 40))
	}
	block := ""
	for i, r := range rows {
		if i == 0 || r.Block != block {
			block = r.Block
			if i > 0 {
				out.WriteByte('\n')
			}
			out.WriteString(block + "\n")
		}
		place := "default"
		switch {
		case r.Range.Filename == "" && r.Text == none:
			place = "not set"
		case r.Range.Filename != "":
			place = fmt.Sprintf("%s:%d:%d", filepath.ToSlash(r.Range.Filename), r.Range.Start.Line, r.Range.Start.Column)
		}
		fmt.Fprintf(out, "  %-*s = %-*s # %s\n", names, r.attribute, texts, r.Text, place)
	}
}

// schemaNode is what the JSON Schema of the configuration says of a value, as far as it is told here.
type schemaNode struct {
	Ref         string                `json:"$ref"`
	Description string                `json:"description"`
	Type        string                `json:"type"`
	Format      string                `json:"format"`
	Enum        []string              `json:"enum"`
	Minimum     json.Number           `json:"minimum"`
	Maximum     json.Number           `json:"maximum"`
	MaxLength   json.Number           `json:"maxLength"`
	Pattern     string                `json:"pattern"`
	Items       *schemaNode           `json:"items"`
	Values      json.RawMessage       `json:"additionalProperties"`
	Properties  map[string]schemaNode `json:"properties"`
	OneOf       []schemaNode          `json:"oneOf"`
	Aliases     map[string]string     `json:"x-enum-aliases"`
	Const       string                `json:"const"`
	Defs        map[string]schemaNode `json:"$defs"`
}

// configNode is the schema of this build, read once: some names are looked up in every topic of it.
var configNode = sync.OnceValue(func() schemaNode { return newSchemaNode(schema.ConfigSchema()) })

// newSchemaNode reads any version of the schema.
func newSchemaNode(text []byte) (root schemaNode) {
	if err := json.Unmarshal(text, &root); err != nil {
		panic("the schema of the configuration is no JSON: " + err.Error()) // a build that no test let through
	}
	return root
}

// schemaAt returns the node at a path of names in the schema of this build.
func schemaAt(path []string) schemaNode {
	at, _ := configNode().at(path)
	return at
}

// at returns the node at a path of names, with what stands beside a $ref laid over its target. False if the schema has
// nothing there.
func (n schemaNode) at(path []string) (schemaNode, bool) {
	at, root := n, n
	for _, name := range path {
		if at.Items != nil {
			at = *at.Items
		}
		next, found := at.property(root, name)
		if !found {
			return schemaNode{}, false
		}
		at = next
	}
	description := at.Description
	if at = at.target(root); description != "" {
		at.Description = description
	}
	if at.Items != nil {
		items := at.Items.target(root)
		at.Items = &items
	}
	return at, true
}

// property returns a property of an object, or of the branches of a oneOf, which are one block with the attributes of all.
// The property that tells them apart takes the constants of all.
func (n schemaNode) property(root schemaNode, name string) (schemaNode, bool) {
	of := n.target(root)
	if len(of.OneOf) == 0 {
		found, ok := of.Properties[name]
		return found, ok
	}
	var all schemaNode
	ok := false
	for _, branch := range of.OneOf {
		found, has := branch.property(root, name)
		if !has {
			continue
		}
		values := all.Enum
		if !ok {
			all = found
		}
		if all.Enum = values; found.Const != "" {
			all.Type, all.Enum = "string", append(all.Enum, found.Const)
		} else {
			all.Enum = found.Enum
		}
		ok = true
	}
	return all, ok
}

// since is the first release that has what stands at path.
func since(path []string) string {
	releases, err := schema.Releases()
	if err != nil {
		panic(err) // a build that no test let through
	}
	for _, r := range releases {
		if _, found := newSchemaNode(r.Config).at(path); found {
			return r.Version
		}
	}
	return "the next release"
}

func (n schemaNode) target(root schemaNode) schemaNode {
	if name, isRef := strings.CutPrefix(n.Ref, "#/$defs/"); isRef {
		return root.Defs[name]
	}
	return n
}

// words says what a value must be.
func (n schemaNode) words() string {
	switch {
	case len(n.Enum) > 0:
		var values []string
		for _, v := range n.Enum {
			if n.Aliases[v] == "" { // another spelling is taken, and not offered
				values = append(values, language.Literal(v))
			}
		}
		return "one of " + strings.Join(values, ", ")
	case n.Format == "go-duration-positive":
		return `duration above zero, such as "500ms" or "1m30s"`
	case n.Format == "go-duration":
		return `duration, such as "500ms", "1m30s" or "0s"`
	case n.Format == "host-port":
		return "host and port"
	case strings.HasPrefix(n.Format, "http-url"):
		return "http or https URL"
	}
	switch n.Type {
	case "array":
		return "list, each element " + n.Items.words()
	case "object":
		return "map, each value a string"
	case "boolean":
		return "true or false"
	}
	words := n.Type
	switch low, high := n.Minimum.String(), n.Maximum.String(); {
	case low != "" && high != "":
		words += ", " + low + " to " + high
	case low != "":
		words += ", from " + low
	}
	if n.MaxLength != "" {
		words += ", at most " + n.MaxLength.String() + " characters"
	}
	if n.Pattern != "" {
		words += ", of the form " + n.Pattern
	}
	return words
}
