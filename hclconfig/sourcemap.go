package hclconfig

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// sourceMap knows the place of everything in the plain tree, by JSON Pointer.
type sourceMap map[string]*origin

// origin is where a block, an attribute or an element comes from.
type origin struct {
	name    hcl.Range // of an attribute or a key; of the header of a block
	value   hcl.Range // of the value; of the header of a block
	title   string    // of a block: its type
	secret  bool      // the attribute is sensitive, or the value came from outside
	literal bool      // nothing of the value came from outside
	unknown bool      // the value is not known, or was not valid: nothing is said about it
	present bool      // with unknown: there will be a value, whatever it is
}

// find returns the origin of a pointer, or of the closest thing around it: an element of a list that a function made has
// the place of its attribute.
func (m sourceMap) find(pointer string) *origin {
	for {
		if o := m[pointer]; o != nil {
			return o
		}
		i := strings.LastIndexByte(pointer, '/')
		if i < 0 {
			return new(origin)
		}
		pointer = pointer[:i]
	}
}

// own returns the origin of a pointer itself. It begins as a copy of the closest one around it.
func (m sourceMap) own(pointer string) *origin {
	if m[pointer] == nil {
		copied := *m.find(pointer)
		m[pointer] = &copied
	}
	return m[pointer]
}

// forget notes that nothing is to be said about a value.
func (m sourceMap) forget(pointer string) { m.own(pointer).unknown = true }

// known reports whether the values at all of these pointers, present or not, are what the user wrote.
func (m sourceMap) known(pointers ...string) bool {
	for _, p := range pointers {
		if o := m[p]; o != nil && o.unknown {
			return false
		}
	}
	return true
}

// place is how a message names another place.
func place(rng hcl.Range) string {
	return fmt.Sprintf("%s:%d:%d", rng.Filename, rng.Start.Line, rng.Start.Column)
}
