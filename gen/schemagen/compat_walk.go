package schemagen

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// schema compares two schemas with what they refer to.
func (c *comparison) schema(p pair, s spots) {
	c.annotations(p, s)
	if p.old.target != nil {
		s.old = "/$defs/" + escaped(p.old.ref)
	}
	if p.new.target != nil {
		s.new = "/$defs/" + escaped(p.new.ref)
	}
	q := pair{p.old.resolved(), p.new.resolved()}
	if c.seen[q] {
		return
	}
	c.seen[q] = true
	c.typeName(q, s)
	if p.old.target != nil && p.new.target != nil {
		c.annotations(q, s)
	}
	c.value(q, s)
}

func escaped(name string) string { return strings.TrimPrefix(spots{}.below(name).new, "/") }

// value compares what two resolved schemas allow.
func (c *comparison) value(p pair, s spots) {
	before, after := p.old.kind, p.new.kind
	numeric := func(kind string) bool { return kind == "integer" || kind == "number" }
	changed := fmt.Sprintf("the type was %s and is %s", spoken(p.old), spoken(p.new))
	switch {
	case before == "union" || after == "union":
		c.branches(p, s)
	case before == "any" && after == "any":
	case before == "any":
		c.note("type-narrowed", s.below("type"), changed)
	case after == "any":
		c.note("type-widened", s.below("type"), changed)
	case numeric(before) && numeric(after):
		if before != after {
			rule := map[string]string{"integer": "type-narrowed", "number": "type-widened"}[after]
			c.note(rule, s.below("type"), changed)
		}
		c.bounds(p, s)
	case before != after, before == "object" && (p.old.values == nil) != (p.new.values == nil):
		c.note("type-changed", s.below("type"), changed)
	case after == "object" && p.new.values != nil:
		c.schema(pair{p.old.values, p.new.values}, s.below("additionalProperties"))
	case after == "object":
		c.object(p, s)
	case after == "array":
		c.array(p, s)
	case after == "string":
		c.text(p, s)
	}
}

func spoken(s *schema) string {
	switch {
	case s.kind == "any":
		return "any"
	case s.kind == "union":
		return "oneOf"
	case s.values != nil:
		return "a map"
	}
	return s.kind
}

// branches compares forms of a value. One that is no oneOf has one form.
func (c *comparison) branches(p pair, s spots) {
	if p.old.kind == "any" || p.new.kind == "any" { // any value is not a form beside others: it has them all
		rule := map[bool]string{true: "type-widened", false: "type-narrowed"}[p.new.kind == "any"]
		c.note(rule, s, fmt.Sprintf("the type was %s and is %s", spoken(p.old), spoken(p.new)))
		return
	}
	rest := forms(p.new)
	for _, old := range forms(p.old) {
		i := counterpart(rest, old)
		if i < 0 {
			c.note("branch-removed", spots{s.old + old.at, s.new + old.at},
				old.spoken()+" will not do any more")
			continue
		}
		c.schema(pair{old.schema, rest[i].schema}, spots{s.old + old.at, s.new + rest[i].at})
		rest = slices.Delete(rest, i, i+1)
	}
	for _, added := range rest {
		c.note("branch-added", spots{s.old + added.at, s.new + added.at},
			added.spoken()+" will do as well")
	}
}

// counterpart returns the index of the form that stands for old: one of its type with the same constants, such as the
// property that tells branches apart; -1 if there is none. Where only one of the two has constants the type decides.
func counterpart(list []form, old form) int {
	same := func(n form) bool { return n.resolved().kind == old.resolved().kind }
	i := slices.IndexFunc(list, func(n form) bool { return same(n) && n.constants() == old.constants() })
	if i < 0 {
		i = slices.IndexFunc(list, func(n form) bool { return same(n) && (n.constants() == "" || old.constants() == "") })
	}
	return i
}

// constants returns the required properties of an object that have one value only.
func (f form) constants() string {
	var out []string
	s := f.resolved()
	for _, p := range s.properties {
		if only := texts(p.resolved()); s.requires(p.key) && len(only) == 1 {
			out = append(out, words([]string{p.key, only[0]}))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// form is a branch of a oneOf and its place below the schema.
type form struct {
	*schema
	at string
}

// spoken names the form by its definition, or else by its type.
func (f form) spoken() string {
	if f.ref != "" {
		return f.ref
	}
	return spoken(f.schema)
}

func forms(s *schema) []form {
	if s.kind != "union" {
		return []form{{s, ""}}
	}
	var out []form
	for i, b := range s.branches {
		out = append(out, form{b, fmt.Sprintf("/oneOf/%d", i)})
	}
	return out
}

// object compares the properties of two objects that are no maps.
func (c *comparison) object(p pair, s spots) {
	for _, f := range p.new.properties {
		at := s.below("properties", f.key)
		switch old := p.old.property(f.key); {
		case old != nil:
			c.schema(pair{old.schema, f.schema}, at)
			c.field(p, old, f, at)
		case p.old.closed:
			c.note("property-added", at, fmt.Sprintf("the property %q is new", f.key))
		case f.resolved().kind == "any": // whatever a document has there stays valid
			c.note("property-named", at, fmt.Sprintf("the property %q is new, with any value", f.key))
		default:
			c.note("property-added-open", at, fmt.Sprintf("the property %q is new", f.key))
		}
		if p.new.requires(f.key) && !p.old.requires(f.key) {
			c.note("required-added", at, fmt.Sprintf("the property %q is required now", f.key))
		}
	}
	for _, f := range p.old.properties {
		at := s.below("properties", f.key)
		if p.new.property(f.key) == nil {
			rule := "property-removed-open"
			if p.new.closed {
				rule = "property-removed"
			}
			c.note(rule, at, fmt.Sprintf("the property %q is gone", f.key))
			c.note("go-changed", at, "the Go field "+p.old.name+"."+f.field()+" is gone")
		}
		if p.old.requires(f.key) && !p.new.requires(f.key) {
			c.note("required-removed", at, fmt.Sprintf("the property %q is not required any more", f.key))
		}
	}
	at := s.below("additionalProperties")
	switch {
	case p.new.closed && !p.old.closed:
		c.note("additional-properties-closed", at, "properties that the schema does not name are refused now")
	case p.old.closed && !p.new.closed:
		c.note("additional-properties-opened", at, "properties that the schema does not name are ignored now")
	}
	c.dependencies(p, s)
}

// dependencies compares dependentRequired by what it means: one that follows from other rules says nothing.
func (c *comparison) dependencies(p pair, s spots) {
	at := s.below("dependentRequired")
	for _, d := range p.new.dependents {
		for _, name := range d.names {
			possible := p.old.property(d.trigger.text) != nil || !p.old.closed
			if possible && !asks(p.old, d.trigger.text, name.text) {
				c.note("dependency-added", at.below(d.trigger.text), fmt.Sprintf("%q asks for %q now", d.trigger.text, name.text))
			}
		}
	}
	for _, d := range p.old.dependents {
		for _, name := range d.names {
			if p.new.property(d.trigger.text) != nil && !asks(p.new, d.trigger.text, name.text) {
				c.note("dependency-removed", at.below(d.trigger.text),
					fmt.Sprintf("%q does not ask for %q any more", d.trigger.text, name.text))
			}
		}
	}
}

// asks reports whether an object of s with one property must have another.
func asks(s *schema, trigger, name string) bool {
	reached := []string{trigger}
	for i := 0; i < len(reached); i++ { // reached grows
		for _, d := range s.dependents {
			for _, n := range d.names {
				if d.trigger.text == reached[i] && !slices.Contains(reached, n.text) {
					reached = append(reached, n.text)
				}
			}
		}
	}
	return s.requires(name) || slices.Contains(reached, name)
}

func (c *comparison) array(p pair, s spots) {
	c.limit(s, "minItems", orZero(p.old.minItems), orZero(p.new.minItems), "min-items-lowered", "min-items-raised")
	switch at := s.below("uniqueItems"); {
	case p.new.unique && !p.old.unique:
		c.note("unique-items-added", at, "a value may not be there twice any more")
	case p.old.unique && !p.new.unique:
		c.note("unique-items-removed", at, "a value may be there twice now")
	}
	c.schema(pair{p.old.items, p.new.items}, s.below("items"))
}

func orZero(limit string) string {
	if limit == "" {
		return "0"
	}
	return limit
}

func (c *comparison) bounds(p pair, s spots) {
	c.limit(s, "minimum", p.old.minimum, p.new.minimum, "minimum-lowered", "minimum-raised")
	c.limit(s, "maximum", p.old.maximum, p.new.maximum, "maximum-lowered", "maximum-raised")
}

// limit compares a bound. An absent one is infinitely low or high.
func (c *comparison) limit(s spots, keyword, before, after, lowered, raised string) {
	absent := 1
	if strings.HasPrefix(keyword, "min") {
		absent = -1
	}
	order := 0
	switch {
	case before == "" && after == "":
	case before == "":
		order = -absent
	case after == "":
		order = absent
	default:
		order = rational(after).Cmp(rational(before))
	}
	message := fmt.Sprintf("%s was %s and is %s", keyword, orNone(before), orNone(after))
	switch {
	case order < 0:
		c.note(lowered, s.below(keyword), message)
	case order > 0:
		c.note(raised, s.below(keyword), message)
	}
}

func orNone(limit string) string {
	if limit == "" {
		return "not there"
	}
	return limit
}

// length returns the number of characters of a text.
func length(text string) *big.Rat { return big.NewRat(int64(len([]rune(text))), 1) }
