package schema

import "unicode/utf8"

// maxDepth is how deeply arrays and objects of a payload may nest, as in encoding/json: readers would refuse more.
const maxDepth = 10000

// checkJSON returns nil if b is one JSON text (RFC 8259) in UTF-8, and otherwise a *PayloadError. It reads b once, does
// not recurse, and needs no memory that depends on b.
func checkJSON(b []byte) error {
	// One word holds the kinds of 64 nested containers. Clearing the whole stack for each message would cost more than
	// reading most payloads, so that the deep ones are read again.
	var nesting [1]uint64
	s := jsonText{text: b, nesting: nesting[:]}
	if s.scan() {
		return nil
	}
	if s.tooDeep {
		return checkDeepJSON(b)
	}
	return s.fault()
}

// checkDeepJSON is checkJSON for a text that nests more than 64 times.
//
//go:noinline
func checkDeepJSON(b []byte) error {
	var nesting [(maxDepth + 63) / 64]uint64
	s := jsonText{text: b, nesting: nesting[:]}
	if s.scan() {
		return nil
	}
	return s.fault()
}

// jsonText is a JSON text that is being checked.
type jsonText struct {
	text    []byte
	pos     int      // of the next byte; where the fault is after a scan that failed
	depth   int      // containers that are open
	nesting []uint64 // one bit for each of them: 1 for an object
	tooDeep bool     // more than nesting can hold
}

// fault describes why scan failed.
func (s *jsonText) fault() error {
	switch {
	case s.tooDeep:
		return &PayloadError{Reason: "JSON is nested too deeply", Offset: s.pos}
	case s.pos >= len(s.text):
		return &PayloadError{Reason: "JSON ends too early", Offset: len(s.text)}
	case s.atInvalidUTF8():
		return &PayloadError{Reason: "JSON is not UTF-8", Offset: s.pos}
	}
	return &PayloadError{Reason: "not JSON", Offset: s.pos}
}

func (s *jsonText) atInvalidUTF8() bool {
	r, size := utf8.DecodeRune(s.text[s.pos:])
	return r == utf8.RuneError && size == 1
}

// expect is what may come next in a JSON text.
type expect uint8

const (
	wantValue        expect = iota
	wantFirstElement        // a value or ]
	wantKey                 // a name and its colon
	wantFirstKey            // the same or }
	wantNext                // a comma, the container's end, or the end of the text
)

// scan reads the whole text and reports whether it is JSON.
func (s *jsonText) scan() bool {
	want := wantValue
	for {
		c := s.peek()
		switch {
		case want == wantNext && s.depth == 0:
			return s.pos == len(s.text)
		case want == wantNext:
			object := s.inObject()
			switch {
			case c == ',' && object:
				want = wantKey
			case c == ',':
				want = wantValue
			case c == '}' && object, c == ']' && !object:
				s.depth--
			default:
				return false
			}
			s.pos++
		case want == wantFirstKey && c == '}', want == wantFirstElement && c == ']':
			s.pos++
			s.depth--
			want = wantNext
		case want == wantKey || want == wantFirstKey:
			if c != '"' || !s.string() || s.peek() != ':' {
				return false
			}
			s.pos++
			want = wantValue
		case c == '{' || c == '[':
			if !s.open(c == '{') {
				return false
			}
			if want = wantFirstElement; c == '{' {
				want = wantFirstKey
			}
		default:
			if !s.scalar(c) {
				return false
			}
			want = wantNext
		}
	}
}

// peek skips white space and returns the byte behind it, or 0 at the end; a NUL in the text is nowhere valid.
func (s *jsonText) peek() byte {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; c {
		case ' ', '\n', '\r', '\t':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// open enters an object or an array.
func (s *jsonText) open(object bool) bool {
	word, bit := s.depth/64, uint64(1)<<(s.depth%64)
	if word >= len(s.nesting) || s.depth >= maxDepth {
		s.tooDeep = true
		return false
	}
	if object {
		s.nesting[word] |= bit
	} else {
		s.nesting[word] &^= bit
	}
	s.depth++
	s.pos++
	return true
}

// inObject reports whether the innermost open container is an object.
func (s *jsonText) inObject() bool {
	d := s.depth - 1
	return s.nesting[d/64]>>(d%64)&1 == 1
}

// scalar reads a string, a number or a literal that begins with c.
func (s *jsonText) scalar(c byte) bool {
	switch c {
	case '"':
		return s.string()
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	}
	return s.number()
}

func (s *jsonText) literal(word string) bool {
	for i := range len(word) {
		if s.pos >= len(s.text) || s.text[s.pos] != word[i] {
			return false
		}
		s.pos++
	}
	return true
}

// number reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (s *jsonText) number() bool {
	s.skip("-")
	if !s.skip("0") && !s.digits() {
		return false
	}
	if s.skip(".") && !s.digits() {
		return false
	}
	if s.skip("eE") {
		s.skip("+-")
		return s.digits()
	}
	return true
}

// skip takes the next byte if it is one of set.
func (s *jsonText) skip(set string) bool {
	if s.pos >= len(s.text) {
		return false
	}
	for i := range len(set) {
		if s.text[s.pos] == set[i] {
			s.pos++
			return true
		}
	}
	return false
}

func (s *jsonText) digits() bool {
	start := s.pos
	for s.pos < len(s.text) && s.text[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos > start
}

// string reads a string, its quotes included.
func (s *jsonText) string() bool {
	s.pos++
	for {
		s.pos += plainPrefix(s.text[s.pos:])
		if s.pos >= len(s.text) {
			return false
		}
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return true
		case c == '\\':
			if !s.escape() {
				return false
			}
		case c >= utf8.RuneSelf:
			if !s.runes() {
				return false
			}
		default:
			return false // a control character
		}
	}
}

// runes reads a run of UTF-8 beyond ASCII.
func (s *jsonText) runes() bool {
	for s.pos < len(s.text) && s.text[s.pos] >= utf8.RuneSelf {
		r, size := utf8.DecodeRune(s.text[s.pos:])
		if r == utf8.RuneError && size == 1 {
			return false
		}
		s.pos += size
	}
	return true
}

// escape reads a backslash and what it escapes. A lone surrogate passes, as it does in encoding/json: it is JSON, and
// the text goes on as it came.
func (s *jsonText) escape() bool {
	s.pos++
	if s.pos >= len(s.text) {
		return false
	}
	switch s.text[s.pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return true
	case 'u':
		s.pos++
		for range 4 {
			if s.pos >= len(s.text) || !isHex(s.text[s.pos]) {
				return false
			}
			s.pos++
		}
		return true
	}
	return false
}

func isHex(c byte) bool {
	return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f'
}
