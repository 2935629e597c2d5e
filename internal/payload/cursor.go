package payload

import (
	"bytes"

	"iggysink/internal/jsonscan"
)

// maxDepth is how deeply a payload may nest for the nodes, which recurse.
const maxDepth = 1000

// cursor reads a payload. It expects valid JSON and never reads outside of it, whatever it is.
type cursor struct {
	text    []byte
	pos     int
	depth   int
	steps   int    // that are left
	scratch []byte // a string whose escapes were resolved
	items   []span // of arrays whose items have to differ
}

type span struct{ start, end int }

// peek skips white space and returns the next byte, 0 at the end.
func (c *cursor) peek() byte {
	for c.pos < len(c.text) {
		switch b := c.text[c.pos]; b {
		case ' ', '\n', '\r', '\t':
			c.pos++
		default:
			return b
		}
	}
	return 0
}

// take skips white space and the byte b behind it.
func (c *cursor) take(b byte) bool {
	if c.peek() != b {
		return false
	}
	c.pos++
	return true
}

// end reports whether nothing is left.
func (c *cursor) end() bool { return c.peek() == 0 && c.pos == len(c.text) }

// raw reads a string and returns what is between its quotes.
func (c *cursor) raw() (text []byte, ok bool) {
	if c.peek() != '"' {
		return nil, false
	}
	start := c.pos + 1
	if c.pos, ok = jsonscan.StringEnd(c.text, c.pos); !ok {
		return nil, false
	}
	return c.text[start : c.pos-1], true
}

// string reads a string and resolves its escapes. The result is valid until the next string is read.
func (c *cursor) string() (text []byte, ok bool) {
	text, ok = c.raw()
	if !ok || bytes.IndexByte(text, '\\') < 0 {
		return text, ok
	}
	if c.scratch, ok = jsonscan.AppendUnescaped(c.scratch[:0], text); !ok {
		return nil, false
	}
	return c.scratch, true
}

// number reads the bytes of a number.
func (c *cursor) number() []byte {
	start := c.pos
	c.pos = jsonscan.NumberEnd(c.text, start)
	return c.text[start:c.pos]
}

// literal reads true, false or null.
func (c *cursor) literal(word string) bool {
	if len(c.text)-c.pos < len(word) || string(c.text[c.pos:c.pos+len(word)]) != word {
		return false
	}
	c.pos += len(word)
	return true
}

// skip reads a value of any kind without recursion.
func (c *cursor) skip() bool {
	c.peek()
	start := c.pos
	c.pos = jsonscan.End(c.text, start)
	return c.pos > start
}
