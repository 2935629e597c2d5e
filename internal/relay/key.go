package relay

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"strconv"
	"strings"

	"iggysink/schema"
)

// orderingKey finds the value that orders a message: a header's, or the one that a JSON Pointer (RFC 6901) names in the
// payload. The zero value finds none.
type orderingKey struct {
	header []byte
	path   []string // reference tokens, unescaped
	json   bool
	seed   maphash.Seed
}

// parseOrderingKey reads header:NAME or payload:/json/pointer. Anything else finds no key: all messages then share one
// lane and keep their order.
func parseOrderingKey(s string) orderingKey {
	k := orderingKey{seed: maphash.MakeSeed()}
	if name, ok := strings.CutPrefix(s, "header:"); ok {
		k.header = []byte(name)
	}
	if pointer, ok := strings.CutPrefix(s, "payload:"); ok && (pointer == "" || pointer[0] == '/') {
		k.json = true
		for token := range strings.SplitSeq(pointer, "/") {
			token = strings.ReplaceAll(token, "~1", "/")
			k.path = append(k.path, strings.ReplaceAll(token, "~0", "~"))
		}
		k.path = k.path[1:] // before the first slash there is nothing
	}
	return k
}

// lane returns the lane of m among n; messages without a key share lane 0.
func (k *orderingKey) lane(m *schema.Message, n int) int {
	v, ok := k.value(m)
	if !ok || n == 1 {
		return 0
	}
	return int(maphash.Bytes(k.seed, v) % uint64(n))
}

// value returns the bytes of the key. A string is compared by its text, however it is escaped; a number, an object or
// an array as it is spelled.
func (k *orderingKey) value(m *schema.Message) ([]byte, bool) {
	if k.header != nil {
		for i := range m.Headers {
			if bytes.Equal(m.Headers[i].Key, k.header) {
				return m.Headers[i].Value, true
			}
		}
		return nil, false
	}
	if !k.json {
		return nil, false
	}
	s := scanner{rest: m.Payload}
	for _, token := range k.path {
		if !s.enter(token) {
			return nil, false
		}
	}
	v, ok := s.value()
	if !ok {
		return nil, false
	}
	return unescape(v), true
}

// unescape gives a string one spelling; other values stay.
func unescape(v []byte) []byte {
	if v[0] != '"' || bytes.IndexByte(v, '\\') < 0 {
		return v
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		return v
	}
	return append(append([]byte{'"'}, s...), '"')
}

// scanner walks JSON text without decoding it. It is lenient: text that is not JSON may have a key or none, which is
// good enough to choose a lane, and Prepare rejects it later.
type scanner struct{ rest []byte }

// enter moves to the member or element that token names.
func (s *scanner) enter(token string) bool {
	switch s.peek() {
	case '{':
		return s.member(token)
	case '[':
		return s.element(token)
	}
	return false
}

// member moves to the value of the first member of that name.
func (s *scanner) member(name string) bool {
	s.rest = s.rest[1:]
	for s.peek() == '"' {
		key, ok := s.value()
		if !ok || s.peek() != ':' {
			return false
		}
		s.rest = s.rest[1:]
		if key = unescape(key); string(key[1:len(key)-1]) == name {
			return true
		}
		if _, ok := s.value(); !ok || s.peek() != ',' {
			return false
		}
		s.rest = s.rest[1:]
	}
	return false
}

// element moves to the value at an index: digits without a leading zero (RFC 6901, section 4).
func (s *scanner) element(index string) bool {
	n, err := strconv.Atoi(index)
	if err != nil || n < 0 || strconv.Itoa(n) != index {
		return false
	}
	s.rest = s.rest[1:]
	if s.peek() == ']' {
		return false
	}
	for ; n > 0; n-- {
		if _, ok := s.value(); !ok || s.peek() != ',' {
			return false
		}
		s.rest = s.rest[1:]
	}
	return true
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for i, c := range s.rest {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			s.rest = s.rest[i:]
			return c
		}
	}
	s.rest = nil
	return 0
}

// value takes the next value, as it is spelled.
func (s *scanner) value() ([]byte, bool) {
	switch s.peek() {
	case 0, ',', ':', '}', ']':
		return nil, false
	case '"':
		return s.take(s.rest, stringEnd(s.rest))
	case '{', '[':
		return s.take(s.rest, nestedEnd(s.rest))
	}
	start := s.rest // behind the white space, which peek has skipped
	if n := bytes.IndexAny(start, " \t\r\n,]}"); n >= 0 {
		return s.take(start, n)
	}
	return s.take(start, len(start))
}

// take splits the first n bytes off; n of 0 means that the value has no end.
func (s *scanner) take(start []byte, n int) ([]byte, bool) {
	s.rest = start[n:]
	return start[:n], n > 0
}

// stringEnd returns the length of the string at the start of b, 0 if it does not end.
func stringEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// nestedEnd returns the length of the object or array at the start of b, 0 if it does not end.
func nestedEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			n := stringEnd(b[i:])
			if n == 0 {
				return 0
			}
			i += n - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
