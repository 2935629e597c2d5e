package schemagen

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// text compares what two schemas of strings allow.
func (c *comparison) text(p pair, s spots) {
	before, after := texts(p.old), texts(p.new)
	switch at := s.below("enum"); {
	case before != nil && after != nil: // two lists say all: what else narrows them has been applied to them
		c.values(p, before, after, s)
		return
	case after != nil:
		c.note("enum-added", at, fmt.Sprintf("only %s will do now", words(after)))
	case before != nil:
		c.note("enum-removed", at, fmt.Sprintf("more than %s will do now", words(before)))
	}
	c.limit(s, "minLength", orZero(p.old.minLength), orZero(p.new.minLength), "min-length-lowered", "min-length-raised")
	c.limit(s, "maxLength", p.old.maxLength, p.new.maxLength, "max-length-lowered", "max-length-raised")
	c.pattern(p, s.below("pattern"))
	c.format(p, s.below("format"))
}

// texts returns the texts that a schema of strings allows if it lists them, and otherwise nil.
func texts(s *schema) []string {
	if s.constant == nil && len(s.enum) == 0 {
		return nil
	}
	out := []string{}
	candidates := s.enum
	if len(candidates) == 0 {
		candidates = []reference{{text: s.constant.text}}
	}
	pattern := regexp.MustCompile(s.pattern) // check has compiled it
	for _, v := range candidates {
		n := length(v.text)
		if (s.constant == nil || s.constant.text == v.text) && pattern.MatchString(v.text) &&
			(s.minLength == "" || n.Cmp(rational(s.minLength)) >= 0) &&
			(s.maxLength == "" || n.Cmp(rational(s.maxLength)) <= 0) &&
			(s.format == "" || hasFormat(s.format, v.text)) {
			out = append(out, v.text)
		}
	}
	return out
}

func (c *comparison) values(p pair, before, after []string, s spots) {
	at := spots{s.old + listed(c.oldTree, s.old), s.new + listed(c.newTree, s.new)}
	for _, v := range after {
		if !slices.Contains(before, v) {
			c.note("enum-value-added", at, fmt.Sprintf("%q is a further value", v))
		}
	}
	for _, v := range before {
		if !slices.Contains(after, v) {
			c.note("enum-value-removed", at, fmt.Sprintf("%q is not a value any more", v))
			c.sourceOfValue(p, v, at)
		}
	}
}

// listed returns the keyword that lists the values of the schema at a pointer.
func listed(tree *node, pointer string) string {
	if _, there := find(tree, pointer+"/enum"); there {
		return "/enum"
	}
	return "/const"
}

func words(values []string) string {
	var out string
	for i, v := range values {
		if i > 0 {
			out += ", "
		}
		out += strconv.Quote(v)
	}
	return out
}

func (c *comparison) pattern(p pair, s spots) {
	switch before, after := p.old.pattern, p.new.pattern; {
	case before == after:
	case before == "":
		c.note("pattern-added", s, "the text must match "+after+" now")
	case after == "":
		c.note("pattern-removed", s, "the text need not match "+before+" any more")
	default:
		c.note("pattern-changed", s, "the pattern was "+before+" and is "+after)
	}
}

// format compares formats; every positive duration is a duration.
func (c *comparison) format(p pair, s spots) {
	const all, positive = "go-duration", "go-duration-positive"
	before, after := p.old.format, p.new.format
	message := fmt.Sprintf("the format was %s and is %s", orNone(before), orNone(after))
	switch {
	case before == after:
	case before == "", before == all && after == positive:
		c.note("format-added", s, message)
	case after == "", before == positive && after == all:
		c.note("format-removed", s, message)
	default:
		c.note("format-changed", s, message)
	}
}

// annotations compares what does not decide which documents are valid.
func (c *comparison) annotations(p pair, s spots) {
	before, after := p.old, p.new
	if valueOf(before.defaults) != valueOf(after.defaults) {
		c.note("default-changed", s.below("default"),
			fmt.Sprintf("the default was %s and is %s", orNone(valueOf(before.defaults)), orNone(valueOf(after.defaults))))
	}
	spelled := func(list []reference) string {
		var out []string
		for _, r := range list {
			out = append(out, r.text)
		}
		return words(out)
	}
	for _, a := range []struct{ rule, keyword, before, after string }{
		{"labels-changed", "x-hcl-labels", spelled(before.labels), spelled(after.labels)},
		{"path-changed", "x-path", truth(before.isPath), truth(after.isPath)},
		{"path-changed", "x-target", truth(before.isTarget), truth(after.isTarget)},
		{"sensitive-changed", "x-sensitive", truth(before.sensitive), truth(after.sensitive)},
		{"source-changed", "x-source", before.source, after.source},
		{"presence-changed", "x-when", before.when, after.when},
	} {
		if a.before != a.after {
			c.note(a.rule, s.below(a.keyword), fmt.Sprintf("%s was %s and is %s", a.keyword, orNone(a.before), orNone(a.after)))
		}
	}
	if before.doc != after.doc && before.doc != "" && after.doc != "" {
		c.note("description-changed", s.below("description"), "the description says something else")
	}
	for _, v := range before.enum {
		if slices.ContainsFunc(after.enum, func(r reference) bool { return r.text == v.text }) &&
			before.canonical(v.text) != after.canonical(v.text) {
			c.note("alias-changed", s.below("x-enum-aliases"), fmt.Sprintf("%q stood for %q and stands for %q",
				v.text, before.canonical(v.text), after.canonical(v.text)))
		}
	}
}

// valueOf returns a value as JSON, empty if there is none. Two numbers of one value have one text.
func valueOf(n *node) string {
	if n == nil {
		return ""
	}
	switch n.kind {
	case "string":
		return strconv.Quote(n.text)
	case "number":
		return rational(n.text).RatString()
	case "boolean":
		return truth(n.truth)
	case "null":
		return "null"
	}
	open, end := "[", "]"
	var parts []string
	for _, item := range n.items {
		parts = append(parts, valueOf(item))
	}
	if n.kind == "object" {
		open, end = "{", "}"
		for _, m := range n.members {
			parts = append(parts, strconv.Quote(m.name)+": "+valueOf(m.value))
		}
		slices.Sort(parts) // the order of members means nothing
	}
	var list string
	for i, part := range parts {
		if i > 0 {
			list += ", "
		}
		list += part
	}
	return open + list + end
}
