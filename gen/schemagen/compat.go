package schemagen

import (
	"path"
	"slices"
	"strings"
)

// Direction says whose documents have to stay valid when a schema changes.
type Direction string

const (
	// Backward is for what people write, such as a configuration: every document of the old schema must be one of the
	// new schema. Where an object is open, a document may hold any other property.
	Backward Direction = "backward"
	// Forward is for what we write, such as the envelope: every document of the new schema must be one of the old
	// schema, by which deployed readers go. We write the properties that the schema names and no others.
	Forward Direction = "forward"
)

// Severity says what a change does to documents.
type Severity string

const (
	// Breaking means that a document may become invalid, or that deployed readers may refuse it.
	Breaking Severity = "breaking"
	// Warning means that documents stay valid, and that something about them is not what it was.
	Warning Severity = "warning"
	// Source means that documents stay valid and mean the same, and that code which uses the generated types has to change.
	Source Severity = "source"
	// Info means that nobody has to do anything.
	Info Severity = "info"
)

// Change is one difference between two schemas.
type Change struct {
	Rule     string   // id of a Rule
	Severity Severity // in the direction that was asked for
	Message  string   // what is different, without a full stop and without control characters
	// Pointer is the JSON Pointer (RFC 6901) of what changed in the new schema; in the old one if it is gone from the new.
	Pointer string
	Removed bool  // Pointer and the snippet of Text are in the old schema
	Old     Place // what changed, or what is around it
	New     Place
}

// Place is a token of a schema file.
type Place struct {
	File   string
	Line   int // from 1
	Column int // from 1, in bytes

	problem Problem
}

// Compare returns the differences between two schemas, breaking ones first, and in the order of the new file.
//
// It is sound for what it reads: without a breaking change every document of one schema is valid by the other, as the
// direction says. It is not complete: where the sets of two keywords cannot be compared, as with two regular
// expressions, the change counts as breaking.
func Compare(before, after *Model, direction Direction) []Change {
	c := &comparison{direction: direction, oldTree: before.tree(), newTree: after.tree(), seen: make(map[pair]bool)}
	c.schema(pair{before.root, after.root}, spots{})
	slices.SortStableFunc(c.changes, func(a, b Change) int { return rank(a.Severity) - rank(b.Severity) })
	return c.changes
}

func rank(s Severity) int { return slices.Index([]Severity{Breaking, Warning, Source, Info}, s) }

// TypeName returns the name that a schema file gives its root type: what is before .schema.json, .json or the end; a
// file whose name is none, such as a pipe's, has a Document.
func TypeName(file string) string {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	base = strings.TrimSuffix(strings.TrimSuffix(base, ".json"), ".schema")
	if name := goName(base); name == "" || name[0] < 'A' || name[0] > 'Z' {
		return "schema"
	}
	return base
}

// Sourced reports whether the schema says with x-source what fills its properties: it is an envelope.
func (d *Model) Sourced() bool { return d.sourced() }

// tree returns the model's file as nodes, which know the place of every keyword.
func (d *Model) tree() *node {
	root, err := parseJSON(d.file, []byte(strings.Join(d.root.at.file.lines, "\n")))
	if err != nil { // it was read before
		return &node{at: d.root.at, kind: "object"}
	}
	return root
}

// pair is a schema before and after.
type pair struct{ old, new *schema }

// spots are the JSON Pointers of a pair.
type spots struct{ old, new string }

func (s spots) below(segments ...string) spots {
	for _, segment := range segments {
		escaped := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(segment)
		s.old, s.new = s.old+escaped, s.new+escaped
	}
	return s
}

// comparison walks through two schemas at once.
type comparison struct {
	direction        Direction
	oldTree, newTree *node
	seen             map[pair]bool // definitions are used in several places and compared once
	changes          []Change
}

// note adds a change at a place below s.
func (c *comparison) note(rule string, s spots, message string) {
	severity := Info
	for _, r := range Rules() {
		if r.ID == rule {
			severity = r.Severity(c.direction)
		}
	}
	oldPlace, _ := find(c.oldTree, s.old)
	newPlace, there := find(c.newTree, s.new)
	change := Change{
		Rule: rule, Severity: severity, Message: string(printable(message)), Pointer: s.new, Removed: !there, Old: oldPlace, New: newPlace,
	}
	if !there {
		change.Pointer = s.old
	}
	c.changes = append(c.changes, change)
}

// find returns the place of what a pointer leads to, or the last place on the way that is there.
func find(n *node, pointer string) (place Place, there bool) {
	at := n.at
	for segment := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		name := strings.NewReplacer("~1", "/", "~0", "~").Replace(segment)
		i := slices.IndexFunc(n.members, func(m member) bool { return m.name == name })
		if i < 0 {
			return newPlace(at), false
		}
		at, n = n.members[i].at, n.members[i].value
	}
	return newPlace(at), true
}

func newPlace(at position) Place {
	return Place{File: at.file.name, Line: at.line, Column: at.col, problem: at.problem("")}
}

// Text gives a change for people, as Problem.Text does.
func (c Change) Text() string {
	p := c.New.problem
	if c.Removed {
		p = c.Old.problem
	}
	p.Message = c.Message + " [" + c.Rule + "]"
	title := map[Severity]string{Breaking: "Breaking", Warning: "Warning", Source: "Source", Info: "Compatible"}[c.Severity]
	return title + strings.TrimPrefix(p.Text(), "Error")
}
