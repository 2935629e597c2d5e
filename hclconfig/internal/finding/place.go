package finding

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Places knows the place of everything in the plain tree, by JSON Pointer.
type Places map[string]*Origin

// Origin is where a block, an attribute or an element comes from.
type Origin struct {
	Name    hcl.Range // of an attribute or a key; of the header of a block
	Value   hcl.Range // of the value; of the header of a block
	Title   string    // of a block: its type
	Secret  bool      // the attribute is sensitive, or the value came from outside
	Literal bool      // nothing of the value came from outside
	Unknown bool      // the value is not known, or was not valid: nothing is said about it
	Shown   string    // of a url: its scheme and host, where they may be shown; empty: they may not
	Present bool      // with unknown: there will be a value, whatever it is
}

// Find returns the Origin of a pointer, or of the closest thing around it: an element of a list that a function made has
// the place of its attribute.
func (m Places) Find(pointer string) *Origin {
	for {
		if o := m[pointer]; o != nil {
			return o
		}
		i := strings.LastIndexByte(pointer, '/')
		if i < 0 {
			return new(Origin)
		}
		pointer = pointer[:i]
	}
}

// Own returns the Origin of a pointer itself. It begins as a copy of the closest one around it.
func (m Places) Own(pointer string) *Origin {
	if m[pointer] == nil {
		copied := *m.Find(pointer)
		m[pointer] = &copied
	}
	return m[pointer]
}

// Forget notes that nothing is to be said about a value.
func (m Places) Forget(pointer string) { m.Own(pointer).Unknown = true }

// Known reports whether the values at all of these pointers, present or not, are what the user wrote.
func (m Places) Known(pointers ...string) bool {
	for _, p := range pointers {
		if o := m[p]; o != nil && o.Unknown {
			return false
		}
	}
	return true
}

// Place is how a message names another place.
func Place(rng hcl.Range) string {
	return fmt.Sprintf("%s:%d:%d", rng.Filename, rng.Start.Line, rng.Start.Column)
}

// Unescape returns the name that a segment of a JSON Pointer stands for.
func Unescape(segment string) string {
	return strings.ReplaceAll(strings.ReplaceAll(segment, "~1", "/"), "~0", "~")
}
