package schemagen

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// check refuses what would compile into something that is quietly wrong: a default that its own schema refuses, a
// required name that no property has, two schemas that become one Go name, and so on.
func check(d *Model) Problems {
	c := checker{}
	for _, s := range d.defs {
		c.definition(s)
	}
	if !openings.MatchString(d.root.doc) {
		c.fail(d.root.at, "the description must begin with A, An, The, What, How or Where")
	}
	walk(d, c.schema)
	if d.sourced() {
		c.checkSources(d.root)
	}
	return c.problems
}

type checker struct{ reader }

// openings are the words that a definition's description may begin with: "An HTTP method" reads well in Markdown, and
// in Go as "Method is an HTTP method".
var openings = regexp.MustCompile(`^(A|An|The|What|How|Where) `)

// definition checks what holds for the members of $defs alone.
func (c *checker) definition(s *schema) {
	if !openings.MatchString(s.doc) {
		c.fail(s.at, "the description of a definition must begin with A, An, The, What, How or Where")
	}
	if s.kind == "reference" {
		return
	}
	if slices.Contains(reach(s), s) {
		c.fail(s.at, "#/$defs/%s contains itself: a table for it would have no end", s.def)
	}
}

// reach returns the definitions that s leads to.
func reach(s *schema) []*schema {
	var out []*schema
	var visit func(*schema)
	visit = func(s *schema) {
		walk(&Model{root: s}, func(part *schema) {
			if part.target != nil && !slices.Contains(out, part.target) {
				out = append(out, part.target)
				visit(part.target)
			}
		})
	}
	visit(s)
	return out
}

// schema checks one schema on its own.
func (c *checker) schema(s *schema) {
	if !s.broken {
		c.keywords(s)
	}
	for _, p := range s.properties {
		if p.doc == "" {
			c.fail(p.at, "the property %s has no description", p.key)
		}
		if !validTag(p.key) {
			c.fail(p.at, "encoding/json cannot write a property of this name: it may have letters, digits and %s", tagSigns)
		}
	}
	for _, r := range s.required {
		c.known(s, r)
	}
	for _, label := range s.labels {
		if s.kind == "union" {
			continue
		}
		c.known(s, label)
		if !s.requires(label.text) {
			c.fail(label.at, "the label %s must be required: a block without it cannot be written", label.text)
		}
	}
	for _, d := range s.dependents {
		c.known(s, d.trigger)
		for _, name := range d.names {
			c.known(s, name)
			c.tellable(s, name)
		}
		c.tellable(s, d.trigger)
	}
	if s.pattern != "" {
		if _, err := regexp.Compile(s.pattern); err != nil {
			c.fail(s.value("pattern"), "the pattern does not compile: %v", err)
		}
	}
	if s.format != "" && !slices.Contains(formatNames(), s.format) {
		c.fail(s.value("format"), "the format %q is not one of %s", s.format, strings.Join(formatNames(), ", "))
	}
	if len(s.enum) > 0 && s.def == "" {
		c.fail(s.keyword("enum"), "an enum must be a member of $defs: its Go type needs a name")
	}
	for _, a := range s.aliases {
		c.alias(s, a)
	}
	if s.resolved().broken || s.broken {
		return // nothing can be said of values
	}
	if s.defaults != nil {
		c.instance(s, s.defaults)
	}
	for _, e := range s.examples {
		c.instance(s, e)
	}
	for _, p := range s.properties {
		c.absence(s, p)
	}
	c.union(s)
}

// absence refuses properties whose Go type cannot say what their absence means.
func (c *checker) absence(s *schema, p *property) {
	switch t := p.resolved(); {
	case strings.HasPrefix(t.format, "go-duration") && optional(s, p):
		c.fail(p.at, "a duration must be required or have a default: its zero value is a duration")
	case t.goType == "Template" && p.defaults != nil:
		c.fail(p.at, "a Template cannot have a default")
	}
}

// tellable refuses dependentRequired where Validate could not tell whether the property is there: where it has a default,
// and where an empty text is a value like any other.
func (c *checker) tellable(s *schema, r reference) {
	f := s.property(r.text)
	if f == nil || s.requires(f.key) {
		return
	}
	t := f.resolved()
	switch {
	case f.defaults != nil:
		c.fail(r.at, "%s has a default, and so is always there", f.key)
	case t.kind == "string" && len(t.enum) == 0 && len(emptyFaults(t)) == 0,
		slices.ContainsFunc(t.enum, func(v reference) bool { return v.text == "" }):
		c.fail(r.at, "%s may be empty, and an empty text counts as absent: give it a minLength of 1", f.key)
	}
}

// known checks that a name is a property.
func (c *checker) known(s *schema, r reference) {
	if s.property(r.text) == nil {
		c.fail(r.at, "there is no property %q", r.text)
	}
}

// keywords checks that every keyword stands where it means something.
func (c *checker) keywords(s *schema) {
	allow := func(there bool, keyword string, kinds ...string) {
		if there && !slices.Contains(kinds, s.kind) {
			c.fail(s.keyword(keyword), "%s means nothing beside type %s", keyword, s.kind)
		}
	}
	allow(len(s.properties) > 0, "properties", "object")
	allow(len(s.required) > 0, "required", "object")
	allow(len(s.dependents) > 0, "dependentRequired", "object")
	allow(s.closed || s.values != nil, "additionalProperties", "object")
	allow(len(s.labels) > 0, "x-hcl-labels", "object", "union")
	allow(s.items != nil, "items", "array")
	allow(s.minItems != "", "minItems", "array")
	allow(s.unique, "uniqueItems", "array")
	allow(len(s.enum) > 0, "enum", "string")
	allow(len(s.aliases) > 0, "x-enum-aliases", "string")
	allow(s.pattern != "", "pattern", "string")
	allow(s.format != "", "format", "string")
	allow(s.minLength != "", "minLength", "string")
	allow(s.maxLength != "", "maxLength", "string")
	allow(s.isPath, "x-path", "string")
	if s.isTarget && !s.isPath {
		c.fail(s.keyword("x-target"), "x-target means nothing without x-path")
	}
	allow(s.minimum != "", "minimum", "integer", "number")
	allow(s.maximum != "", "maximum", "integer", "number")
	switch {
	case s.kind == "array" && s.items == nil:
		c.fail(s.at, "an array needs items")
	case s.kind == "object" && s.values != nil && len(s.properties) > 0:
		c.fail(s.at, "an object has either properties or additionalProperties with a schema")
	case s.kind == "object" && s.values == nil && s.name == "":
		c.fail(s.at, "an object must be a member of $defs, because its Go type needs a name, or have additionalProperties with a schema")
	case s.kind == "any" && s.source != "payload":
		c.fail(s.at, "a type is missing")
	}
	c.text(s)
	c.bounds(s)
}

// alias checks that both spellings are in the enum.
func (c *checker) alias(s *schema, a alias) {
	for _, r := range []reference{a.spelling, a.value} {
		if !slices.ContainsFunc(s.enum, func(v reference) bool { return v.text == r.text }) {
			c.fail(r.at, "%q is not a value of the enum", r.text)
		}
	}
}

// union checks that one look at a value tells which branch is meant: by a property, or by the type.
func (c *checker) union(s *schema) {
	if s.kind != "union" {
		return
	}
	if s.name == "" {
		c.fail(s.keyword("oneOf"), "oneOf must be a member of $defs: its Go type needs a name")
	}
	if len(s.branches) < 2 {
		c.fail(s.value("oneOf"), "oneOf needs two branches or more")
	}
	var kinds []string
	for _, b := range s.branches {
		t := b.resolved()
		kind := strings.Replace(t.kind, "integer", "number", 1)
		if b.broken || t.broken {
			continue
		}
		switch {
		case t.kind == "object" && !t.isType():
			c.fail(b.at, "a branch of oneOf that is an object needs properties")
		case t.kind == "string" && (t.goType != "" || len(t.enum) > 0 || t.format != ""):
			c.fail(b.at, "a branch of oneOf that is a string must be plain text")
		case t.kind == "any", t.kind == "union", s.tag == "" && slices.Contains(kinds, kind):
			c.fail(b.at, "the branches of oneOf must differ by their type, or by a property that each requires, "+
				"with another const in each")
		}
		kinds = append(kinds, kind)
	}
	if s.tag != "" && len(s.labels) > 0 {
		c.oneAttribute(s)
	}
	for _, l := range s.labels {
		if l.text != s.tag {
			c.fail(l.at, "the label of a oneOf must be the property that distinguishes its branches")
		}
	}
}

// oneAttribute refuses a name that means values of two types in the branches of a oneOf that is written as a block: HCL
// has one attribute of a name in a block.
func (c *checker) oneAttribute(s *schema) {
	first := make(map[string]string)
	for _, b := range s.branches {
		for _, f := range b.resolved().properties {
			kind := "block"
			if _, isBlock := asBlock(b.resolved(), f); !isBlock {
				kind = ctyType(f.schema)
			}
			switch earlier, there := first[f.key]; {
			case !there:
				first[f.key] = kind
			case f.key != s.tag && (kind == "block" || kind != earlier):
				c.fail(f.at, "%s has another type in another branch, and a block has one attribute of a name", f.key)
			}
		}
	}
}

// instance checks a default or an example against its schema.
func (c *checker) instance(s *schema, n *node) {
	t := s.resolved()
	switch {
	case t.kind == "any" || t.broken || s.broken:
	case t.kind == "union":
		for i, b := range t.branches {
			kind := strings.Replace(b.resolved().kind, "integer", "number", 1)
			tag := n.get(t.tag)
			if kind == n.kind && (t.tag == "" || tag != nil && tag.text == t.tags[i]) {
				c.instance(b, n)
				return
			}
		}
		c.fail(n.at, "no branch of oneOf is like this")
	case t.kind == "integer" || t.kind == "number":
		if c.want(n, "number") {
			c.number(t, n)
		}
	case !c.want(n, t.kind):
	case t.kind == "string":
		c.string(t, n)
	case t.kind == "array":
		c.list(t, n)
	case t.kind == "object":
		c.members(t, n)
	}
}

func (c *checker) number(s *schema, n *node) {
	v := rational(n.text)
	if s.kind == "integer" && !v.IsInt() {
		c.fail(n.at, "%s is not an integer", n.text)
	}
	if s.minimum != "" && v.Cmp(rational(s.minimum)) < 0 {
		c.fail(n.at, "%s is below the minimum of %s", n.text, s.minimum)
	}
	if s.maximum != "" && v.Cmp(rational(s.maximum)) > 0 {
		c.fail(n.at, "%s is above the maximum of %s", n.text, s.maximum)
	}
}

// rational returns the exact value of a number of a schema.
func rational(text string) *big.Rat {
	if _, exponent, _ := strings.Cut(strings.ToLower(text), "e"); len(strings.TrimLeft(exponent, "+-0")) > 3 {
		return new(big.Rat) // the parser has refused it: exact arithmetic with it would take all memory
	}
	if v, ok := new(big.Rat).SetString(text); ok {
		return v
	}
	return new(big.Rat)
}

func (c *checker) string(s *schema, n *node) {
	length := rational(big.NewInt(int64(len([]rune(n.text)))).String())
	if s.minLength != "" && length.Cmp(rational(s.minLength)) < 0 {
		c.fail(n.at, "the text is shorter than minLength")
	}
	if s.maxLength != "" && length.Cmp(rational(s.maxLength)) > 0 {
		c.fail(n.at, "the text is longer than maxLength")
	}
	if len(s.enum) > 0 && !slices.ContainsFunc(s.enum, func(v reference) bool { return v.text == n.text }) {
		c.fail(n.at, "%q is not a value of the enum", n.text)
	}
	if s.constant != nil && s.constant.text != n.text {
		c.fail(n.at, "%q is not the const", n.text)
	}
	if pattern, err := regexp.Compile(s.pattern); err == nil && !pattern.MatchString(n.text) {
		c.fail(n.at, "%q does not match the pattern", n.text)
	}
	if s.format != "" && !hasFormat(s.format, n.text) {
		c.fail(n.at, "%q does not have the format %s", n.text, s.format)
	}
}

func (c *checker) list(s *schema, n *node) {
	if s.minItems != "" && big.NewRat(int64(len(n.items)), 1).Cmp(rational(s.minItems)) < 0 {
		c.fail(n.at, "the list is shorter than minItems")
	}
	if s.items == nil { // reported as such
		return
	}
	for i, item := range n.items {
		c.instance(s.items, item)
		for _, earlier := range n.items[:i] {
			if s.unique && earlier.kind == item.kind && earlier.text == item.text {
				c.fail(item.at, "the list holds this twice")
			}
		}
	}
}

func (c *checker) members(s *schema, n *node) {
	for _, r := range s.required {
		if n.get(r.text) == nil {
			c.fail(n.at, "%q is missing", r.text)
		}
	}
	for _, m := range n.members {
		switch p := s.property(m.name); {
		case p != nil:
			c.instance(p.schema, m.value)
		case s.values != nil:
			c.instance(s.values, m.value)
		case s.closed:
			c.fail(m.at, "%q is not a property", m.name)
		}
	}
}
