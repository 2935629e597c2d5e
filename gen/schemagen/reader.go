package schemagen

import (
	"slices"
	"strings"
)

// The methods below read a value of one kind. Where it is another they note a problem and return something harmless, so
// that one run finds all problems.

func (r *reader) want(n *node, kind string) bool {
	if n.kind == kind {
		return true
	}
	r.refuse(n.at, "this must be of type %s", kind)
	return false
}

func (r *reader) text(n *node) string {
	r.want(n, "string")
	return n.text
}

func (r *reader) number(n *node) string {
	if !r.want(n, "number") {
		return "0"
	}
	return n.text
}

func (r *reader) truth(n *node) bool {
	r.want(n, "boolean")
	return n.truth
}

func (r *reader) object(n *node) []member {
	r.want(n, "object")
	return n.members
}

func (r *reader) array(n *node) []*node {
	r.want(n, "array")
	return n.items
}

// words reads a list of strings, none of them twice.
func (r *reader) words(n *node) []reference {
	var out []reference
	for _, item := range r.array(n) {
		w := reference{r.text(item), item.at}
		if slices.ContainsFunc(out, func(o reference) bool { return o.text == w.text }) {
			r.fail(item.at, "%q occurs twice", w.text)
		}
		out = append(out, w)
	}
	return out
}

// oneOf reads one of a few words.
func (r *reader) oneOf(n *node, allowed ...string) string {
	if !slices.Contains(allowed, r.text(n)) {
		if n.kind == "string" {
			r.refuse(n.at, "%q is not one of %s", n.text, strings.Join(allowed, ", "))
		}
		return allowed[0]
	}
	return n.text
}

// typeOf reads a type. Go has no value that says null: what may be null in other schemas is a property that may be absent.
func (r *reader) typeOf(n *node) string {
	var types []string
	for _, item := range n.items {
		types = append(types, item.text)
	}
	rest := slices.DeleteFunc(slices.Clone(types), func(t string) bool { return t == "null" })
	switch {
	case n.kind != "array":
		return r.oneOf(n, "object", "array", "string", "integer", "number", "boolean")
	case len(rest) == 1 && len(types) > 1:
		r.refuse(n.at, "a value that may be null is not supported: write \"type\": %q, and leave the property out of required, so that it "+
			"may be absent instead", rest[0])
	default:
		r.refuse(n.at, "one of several types is not supported: write a oneOf in $defs with a branch for each type")
	}
	return "any"
}

// refuse is fail for a keyword that cannot be read, so that its schema cannot be judged any further.
func (r *reader) refuse(at position, format string, args ...any) {
	if r.current != nil {
		r.current.broken = true
	}
	r.fail(at, format, args...)
}
