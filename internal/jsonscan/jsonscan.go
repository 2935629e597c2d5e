// Package jsonscan finds values in JSON text without decoding it. It reads text that was checked before, with
// schema.CheckJSON for instance: of other text it may find anything, but it reads no byte outside and always ends, and it
// finds no value that the end of the text cuts off.
//
//	jsonscan.go  values inside of arrays and objects
//	pointer.go   the value that a JSON Pointer names
//	text.go      where strings and numbers end, and what an escaped string says
package jsonscan

import "bytes"

// Step is one step from a value to one inside it.
type Step struct {
	Name    string // of a member
	Index   int    // of an element, from 0
	IsIndex bool   // the step is Index; otherwise Name
}

// Trim returns text without the white space around it.
func Trim(text []byte) []byte { return bytes.Trim(text, " \t\r\n") }

// Find returns the text of the value that the path leads to. Of members with one name the last counts, as in
// encoding/json.
func Find(text []byte, path []Step) ([]byte, bool) {
	value := Trim(text)
	for _, step := range path {
		var ok bool
		if value, ok = enter(value, step); !ok {
			return nil, false
		}
	}
	return value, len(value) > 0
}

func enter(value []byte, step Step) (inner []byte, ok bool) {
	n := 0
	if step.IsIndex {
		for c := (cursor{text: value}); c.element(); n++ {
			if n == step.Index {
				return c.value, true
			}
		}
		return nil, false
	}
	for c := (cursor{text: value}); c.member(); {
		if nameIs(c.name, step.Name) {
			inner, ok = c.value, true
		}
	}
	return inner, ok
}

// nameIs reports whether a quoted name has that text.
func nameIs(quoted []byte, name string) bool {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return len(quoted) >= 2 && string(quoted[1:len(quoted)-1]) == name
	}
	return string(AppendText(nil, quoted)) == name
}

// Elements ranges over the elements of an array, and over nothing if value is none.
func Elements(value []byte) func(yield func(element []byte) bool) {
	return func(yield func([]byte) bool) {
		for c := (cursor{text: value}); c.element() && yield(c.value); {
		}
	}
}

// Members ranges over the members of an object, names with their quotes and in the order of the text, and over nothing if
// value is none.
func Members(value []byte) func(yield func(name, member []byte) bool) {
	return func(yield func(name, member []byte) bool) {
		for c := (cursor{text: value}); c.member() && yield(c.name, c.value); {
		}
	}
}

// cursor goes through one array or one object. Find uses it and no iterator, which would cost an allocation.
type cursor struct {
	text        []byte
	at          int // of the next element or member; 0: not begun
	name, value []byte
}

// element moves to the next element of an array.
func (c *cursor) element() bool {
	if !c.begin('[') || c.text[c.at] == ']' {
		return false
	}
	return c.take()
}

// member moves to the next member of an object.
func (c *cursor) member() bool {
	if !c.begin('{') || c.text[c.at] != '"' {
		return false
	}
	end := End(c.text, c.at)
	c.name = c.text[c.at:end]
	if c.at = space(c.text, end); c.at >= len(c.text) || c.text[c.at] != ':' {
		return false
	}
	c.at = space(c.text, c.at+1)
	return c.take()
}

// begin moves behind the opening bracket, the first time. False if there is nothing more to read.
func (c *cursor) begin(open byte) bool {
	if c.at == 0 {
		if len(c.text) == 0 || c.text[0] != open {
			return false
		}
		c.at = space(c.text, 1)
	}
	return c.at < len(c.text)
}

// take reads the value that begins here, and the comma behind it.
func (c *cursor) take() bool {
	end := End(c.text, c.at)
	if end == c.at {
		return false
	}
	c.value = c.text[c.at:end]
	c.at = comma(c.text, end)
	return true
}

// comma returns the index of what stands behind a comma at i, white space aside.
func comma(text []byte, i int) int {
	if i = space(text, i); i < len(text) && text[i] == ',' {
		i = space(text, i+1)
	}
	return i
}

// space returns the index of the first byte from i on that is no white space.
func space(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// End returns the index behind the value that begins at i; i if none begins there, or the text ends before it does.
func End(text []byte, i int) int {
	if i >= len(text) {
		return i
	}
	switch text[i] {
	case '"':
		if end, whole := StringEnd(text, i); whole {
			return end
		}
		return i
	case '{', '[':
		return nestedEnd(text, i)
	}
	return plainEnd(text, i)
}

// nestedEnd is End for an array or an object. It does not mind which bracket closes which.
func nestedEnd(text []byte, begin int) int {
	depth := 0
	for i := begin; i < len(text); i++ {
		switch text[i] {
		case '"':
			end, whole := StringEnd(text, i)
			if !whole {
				return begin
			}
			i = end - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return begin
}

// plainEnd returns the index behind the number or the word at i.
func plainEnd(text []byte, i int) int {
	for ; i < len(text); i++ {
		switch text[i] {
		case ',', ':', ']', '}', ' ', '\t', '\n', '\r', '"', '[', '{':
			return i
		}
	}
	return i
}
