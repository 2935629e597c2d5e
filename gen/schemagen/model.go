package schemagen

import (
	"errors"
	"path"
	"slices"
	"strings"
)

// Model is a schema that has been checked.
type Model struct {
	file string // such as schema/config.schema.json
	name string // of the root's Go type
	root *schema
	defs []*schema // in the order of the file

	foreign bool // it is written in another language than draft 2020-12
}

// schema is one schema node with the keywords that the generator knows.
type schema struct {
	at   position
	keys map[string]member // its keywords
	def  string            // name in $defs; empty for the root and for nested schemas
	name string            // Go name of the type, for the root and for $defs

	broken bool // what a value is could not be read, which has been reported

	doc    string
	kind   string // object, array, string, integer, number, boolean, union, reference, or any
	ref    string // name in $defs
	target *schema

	properties []*property
	required   []reference
	closed     bool    // additionalProperties: false
	values     *schema // additionalProperties: schema
	dependents []dependent

	items    *schema
	minItems string
	unique   bool

	enum      []reference
	aliases   []alias
	alike     map[string]bool // Go names that several values would have
	constant  *node
	untyped   bool // the constant has no type beside it
	single    bool // the constant is written as an enum of one value
	pattern   string
	format    string
	minLength string
	maxLength string
	minimum   string
	maximum   string
	branches  []*schema // oneOf
	tag       string    // property whose constant tells the branches of oneOf apart; empty if their types do
	tags      []string  // its value in each branch

	defaults *node
	examples []*node

	goType    string
	goName    string
	labels    []reference
	sensitive bool
	isPath    bool
	isTarget  bool
	source    string
	when      string
}

// property is a named part of an object.
type property struct {
	*schema
	key string
	at  position
}

// reference is a word together with the place where it is written.
type reference struct {
	text string
	at   position
}

// dependent says that trigger asks for the names.
type dependent struct {
	trigger reference
	names   []reference
}

// alias is another spelling of an enum's value.
type alias struct{ spelling, value reference }

// keyword returns where a keyword stands, and value where its value does; where the schema stands if it has none.
func (s *schema) keyword(name string) position {
	if m, there := s.keys[name]; there {
		return m.at
	}
	return s.at
}

func (s *schema) value(keyword string) position {
	if m, there := s.keys[keyword]; there {
		return m.value.at
	}
	return s.at
}

// resolved returns the schema that s refers to, or s itself.
func (s *schema) resolved() *schema {
	if s.target != nil {
		return s.target
	}
	return s
}

// property returns the property of that name, or nil.
func (s *schema) property(key string) *property {
	for _, p := range s.properties {
		if p.key == key {
			return p
		}
	}
	return nil
}

// requires reports whether the property must be there.
func (s *schema) requires(key string) bool {
	return slices.ContainsFunc(s.required, func(r reference) bool { return r.text == key })
}

// loadModel reads one schema file into the model. It gives every problem that it finds.
func loadModel(file string, source []byte) (*Model, Problems) {
	root, err := parseJSON(file, source)
	if stop := (*stopError)(nil); errors.As(err, &stop) {
		return nil, Problems{stop.problem}
	}
	d := &Model{file: file, name: goName(strings.TrimSuffix(path.Base(file), ".schema.json"))}
	r := reader{problems: root.at.file.problems}
	d.root = r.schema(root, true)
	d.foreign = r.foreign
	d.root.name = d.name
	if defs := root.get("$defs"); defs != nil {
		for _, m := range r.object(defs) {
			s := r.schema(m.value, false)
			s.def, s.name = m.name, s.goName
			if s.name == "" {
				s.name = goName(m.name)
			}
			d.defs = append(d.defs, s)
		}
	}
	r.link(d)
	walk(d, func(s *schema) {
		if s.def == "" && len(s.enum) == 1 && len(s.aliases) == 0 {
			s.constant, s.single, s.enum = &node{at: s.enum[0].at, kind: "string", text: s.enum[0].text}, true, nil
		}
	})
	walk(d, (*schema).findTag)
	walk(d, (*schema).findAlike)
	return d, r.problems
}

// reader turns nodes into schemas and collects what it does not understand.
type reader struct {
	problems Problems
	current  *schema // whose keywords are read
	foreign  bool    // $schema is not the draft that it reads
}

func (r *reader) fail(at position, format string, args ...any) {
	r.problems = append(r.problems, at.problem(format, args...))
}

// schema reads a schema node.
func (r *reader) schema(n *node, root bool) *schema {
	s := &schema{at: n.at, kind: "any", keys: make(map[string]member)}
	outer := r.current
	r.current = s
	defer func() { r.current = outer }()
	for _, m := range r.object(n) {
		s.keys[m.name] = m
		switch m.name {
		case "$schema":
			r.root(root, m)
			if r.text(m.value) != "https://json-schema.org/draft/2020-12/schema" {
				r.foreign = true
				r.fail(m.value.at, "$schema must be draft 2020-12: an older one ignores what is written beside $ref, and has definitions "+
					"where this one has $defs")
			}
		case "$id":
			r.root(root, m)
			if !strings.HasPrefix(r.text(m.value), "https://") {
				r.fail(m.value.at, "$id must be absolute")
			}
		case "$defs", "title":
			r.root(root, m)
		case "description":
			s.doc = r.text(m.value)
		default:
			if !r.structure(s, m) && !r.constraint(s, m) && !r.extension(s, m) {
				s.broken = s.broken || slices.Contains(shapes(), m.name)
				r.fail(m.at, unsupported, m.name)
			}
		}
	}
	if s.kind == "any" && s.constant != nil {
		s.kind, s.untyped = "string", true
	}
	if root && (n.get("$schema") == nil || n.get("$id") == nil) {
		r.fail(n.at, "$schema and $id are required")
	}
	return s
}

// shapes lists keywords of JSON Schema that say what a value is and that the subset lacks: without them the rest of a schema
// cannot be judged.
func shapes() []string {
	return []string{"anyOf", "allOf", "not", "if", "then", "else", "prefixItems", "patternProperties", "unevaluatedProperties",
		"$dynamicRef", "nullable"}
}

// root refuses a keyword below the root.
func (r *reader) root(root bool, m member) {
	if !root {
		r.fail(m.at, "%s belongs at the root", m.name)
	}
}

// shape refuses a second of the keywords that say what a value is: only one of them would be kept.
func (r *reader) shape(s *schema, m member) {
	if s.kind != "any" {
		s.broken = true
		r.fail(m.at, "%s cannot be used together with another of type, $ref and oneOf", m.name)
	}
}

// structure reads the keywords that give a schema its shape.
func (r *reader) structure(s *schema, m member) bool {
	switch m.name {
	case "type":
		r.shape(s, m)
		s.kind = r.typeOf(m.value)
	case "$ref":
		name, found := strings.CutPrefix(r.text(m.value), "#/$defs/")
		if !found {
			s.broken = true
			r.fail(m.value.at, "$ref must begin with #/$defs/")
		}
		r.shape(s, m)
		s.kind, s.ref = "reference", name
	case "properties":
		for _, p := range r.object(m.value) {
			s.properties = append(s.properties, &property{r.schema(p.value, false), p.name, p.at})
		}
	case "additionalProperties":
		if m.value.kind == "boolean" {
			s.closed = !m.value.truth
		} else {
			s.values = r.schema(m.value, false)
		}
	case "required":
		s.required = r.words(m.value)
	case "dependentRequired":
		for _, d := range r.object(m.value) {
			s.dependents = append(s.dependents, dependent{reference{d.name, d.at}, r.words(d.value)})
		}
	case "items":
		s.items = r.schema(m.value, false)
	case "oneOf":
		r.shape(s, m)
		s.kind = "union"
		for _, b := range r.array(m.value) {
			s.branches = append(s.branches, r.schema(b, false))
		}
	default:
		return false
	}
	return true
}

// constraint reads the keywords that narrow values.
func (r *reader) constraint(s *schema, m member) bool {
	switch m.name {
	case "enum":
		if s.enum = r.words(m.value); len(s.enum) == 0 {
			r.fail(m.value.at, "an enum needs values")
		}
	case "const":
		s.constant = m.value
		r.text(m.value)
	case "pattern":
		s.pattern = r.text(m.value)
	case "format":
		s.format = r.text(m.value)
	case "minLength":
		s.minLength = r.number(m.value)
	case "maxLength":
		s.maxLength = r.number(m.value)
	case "minItems":
		s.minItems = r.number(m.value)
	case "uniqueItems":
		s.unique = r.truth(m.value)
	case "minimum":
		s.minimum = r.number(m.value)
	case "maximum":
		s.maximum = r.number(m.value)
	case "default":
		s.defaults = m.value
	case "examples":
		s.examples = r.array(m.value)
	default:
		return false
	}
	return true
}

// extension reads the keywords of our own.
func (r *reader) extension(s *schema, m member) bool {
	switch m.name {
	case "x-go-name":
		s.goName = r.text(m.value)
	case "x-go-type":
		s.goType = r.oneOf(m.value, "Secret", "Template", "uint32")
	case "x-hcl-labels":
		s.labels = r.words(m.value)
	case "x-sensitive":
		s.sensitive = r.truth(m.value)
	case "x-path":
		s.isPath = r.truth(m.value)
	case "x-target":
		s.isTarget = r.truth(m.value)
	case "x-enum-aliases":
		for _, a := range r.object(m.value) {
			s.aliases = append(s.aliases, alias{reference{a.name, a.at}, reference{r.text(a.value), a.value.at}})
		}
	case "x-source":
		s.source = r.text(m.value)
	case "x-when":
		s.when = r.text(m.value)
	default:
		return false
	}
	return true
}

// link finds what references refer to.
func (r *reader) link(d *Model) {
	byName := make(map[string]*schema)
	for _, s := range d.defs {
		byName[s.def] = s
	}
	used := make(map[*schema]bool)
	walk(d, func(s *schema) {
		if s.kind != "reference" {
			return
		}
		s.target = byName[s.ref]
		switch {
		case s.target == nil:
			if !s.broken {
				r.fail(s.value("$ref"), "$ref to #/$defs/%s, which is not there", s.ref)
			}
			s.kind, s.broken = "any", true
		case s.target.kind == "reference":
			used[s.target], s.broken = true, true
			r.fail(s.value("$ref"), "$ref to #/$defs/%s, which is a $ref itself", s.ref)
			s.kind, s.target = "any", nil
		default:
			used[s.target] = true
		}
	})
	for _, s := range d.defs {
		if !used[s] {
			r.fail(s.at, "#/$defs/%s is never used", s.def)
		}
	}
}

// findTag finds the property that tells the branches of oneOf apart: the first that every branch requires and that has
// another constant in each.
func (s *schema) findTag() {
	if s.kind != "union" || len(s.branches) == 0 {
		return
	}
	for _, r := range s.branches[0].resolved().required {
		var values []string
		for _, b := range s.branches {
			t := b.resolved()
			f := t.property(r.text)
			if f == nil || !t.requires(r.text) {
				break
			}
			value, isConstant := f.resolved().only()
			if isConstant && !slices.Contains(values, value) {
				values = append(values, value)
			}
		}
		if len(values) == len(s.branches) {
			s.tag, s.tags = r.text, values
			return
		}
	}
}

// only returns the one value that the schema allows, if there is only one.
func (s *schema) only() (string, bool) {
	switch {
	case s.constant != nil:
		return s.constant.text, true
	case len(s.enum) == 1:
		return s.enum[0].text, true
	}
	return "", false
}

// constantKeyword returns the keyword that a value other than the constant violates.
func (s *schema) constantKeyword() string {
	if s.single {
		return "enum"
	}
	return "const"
}

// walk calls f for every schema of a model, in the order of the file.
func walk(d *Model, f func(*schema)) {
	var visit func(*schema)
	visit = func(s *schema) {
		if s == nil {
			return
		}
		f(s)
		for _, p := range s.properties {
			visit(p.schema)
		}
		visit(s.values)
		visit(s.items)
		for _, b := range s.branches {
			visit(b)
		}
	}
	visit(d.root)
	for _, s := range d.defs {
		visit(s)
	}
}
