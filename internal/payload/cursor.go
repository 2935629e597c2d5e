package payload

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
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

// raw reads a string and returns what is between its quotes, and whether there is an escape.
func (c *cursor) raw() (text []byte, escaped, ok bool) {
	if !c.take('"') {
		return nil, false, false
	}
	start := c.pos
	for {
		quote := bytes.IndexByte(c.text[c.pos:], '"')
		if quote < 0 {
			return nil, false, false
		}
		end := c.pos + quote
		backslash := bytes.IndexByte(c.text[c.pos:end], '\\')
		if backslash < 0 {
			c.pos = end + 1
			return c.text[start:end], escaped, true
		}
		escaped = true
		if c.pos += backslash + 2; c.pos > len(c.text) {
			return nil, false, false
		}
	}
}

// string reads a string and resolves its escapes. The result is valid until the next string is read.
func (c *cursor) string() (text []byte, ok bool) {
	text, escaped, ok := c.raw()
	if !ok || !escaped {
		return text, ok
	}
	return c.resolve(text)
}

// resolve resolves escapes as encoding/json does: half of a surrogate pair becomes U+FFFD.
func (c *cursor) resolve(text []byte) ([]byte, bool) {
	out := c.scratch[:0]
	for i := 0; i < len(text); {
		b := text[i]
		if b != '\\' {
			out = append(out, b)
			i++
			continue
		}
		if i+1 >= len(text) {
			return nil, false
		}
		i += 2
		switch text[i-1] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case '"', '\\', '/':
			out = append(out, text[i-1])
		case 'u':
			r, size := hexRune(text[i:])
			if size == 0 {
				return nil, false
			}
			out = utf8.AppendRune(out, r)
			i += size
		default:
			return nil, false
		}
	}
	c.scratch = out
	return out, true
}

// hexRune reads what stands behind \u, with the other half of a surrogate pair. Size 0: it is no escape.
func hexRune(text []byte) (r rune, size int) {
	r, ok := hex4(text)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if len(text) >= 10 && text[4] == '\\' && text[5] == 'u' {
		if second, ok := hex4(text[6:]); ok {
			if pair := utf16.DecodeRune(r, second); pair != utf8.RuneError {
				return pair, 10
			}
		}
	}
	return utf8.RuneError, 4
}

func hex4(text []byte) (r rune, ok bool) {
	if len(text) < 4 {
		return 0, false
	}
	for _, b := range text[:4] {
		switch {
		case b >= '0' && b <= '9':
			r = r<<4 | rune(b-'0')
		case b|0x20 >= 'a' && b|0x20 <= 'f':
			r = r<<4 | rune(b|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// number reads the bytes of a number.
func (c *cursor) number() []byte {
	start := c.pos
	for c.pos < len(c.text) {
		switch b := c.text[c.pos]; {
		case b >= '0' && b <= '9', b == '-', b == '+', b == '.', b == 'e', b == 'E':
			c.pos++
		default:
			return c.text[start:c.pos]
		}
	}
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
	for open := 0; ; {
		switch b := c.peek(); b {
		case 0:
			return false
		case '{', '[':
			open++
			c.pos++
		case '}', ']':
			open--
			c.pos++
		case '"':
			if _, _, ok := c.raw(); !ok {
				return false
			}
		case ',', ':':
			c.pos++
			continue
		case 't':
			if !c.literal("true") {
				return false
			}
		case 'f':
			if !c.literal("false") {
				return false
			}
		case 'n':
			if !c.literal("null") {
				return false
			}
		default:
			if len(c.number()) == 0 {
				return false
			}
		}
		if open <= 0 {
			return open == 0
		}
	}
}
