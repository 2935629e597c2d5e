package iggyhttp

import (
	"bytes"
	"encoding/base64"
	"math/bits"

	"iggysink/internal/userheader"
	"iggysink/schema"
)

// polled is the answer to a poll.
type polled struct {
	partition uint32
	current   uint64 // the partition's last offset; 0 also where the answer says nothing
	messages  []schema.Message
	broken    int // messages whose user headers could not be read
}

// decodePolled reads the answer to a poll; count is how many messages were asked for. The messages hold no part of body.
//
// The scanner reads what Iggy writes, in any order and with any further fields. It gives up on what is well-formed and odd,
// such as an escape in a key or a field that is there twice; encoding/json, at eight times the cost, then has the last word.
func decodePolled(body []byte, count int) (polled, error) {
	s := scanner{b: body}
	answer := polled{messages: make([]schema.Message, 0, min(count, len(body)/minMessage))}
	if s.answer(&answer); s.odd || s.space() != len(body) {
		return decodeSlowly(body)
	}
	return answer, nil
}

// minMessage is the fewest bytes that a message takes in an answer.
const minMessage = 64

// scanner reads one JSON text in one pass. odd is set at whatever it does not read; then nothing counts.
type scanner struct {
	b       []byte
	at      int
	odd     bool
	arena   []byte          // what is left of the memory for payloads and headers
	headers []schema.Header // of all messages so far that share its memory
}

// The fields of an answer, a message, its head, and a header, as bits: a field that is there twice is odd.
const (
	fieldFirst = 1 << iota
	fieldSecond
	fieldThird
	fieldFourth
	fieldFifth
)

// space skips white space and returns where the next byte is.
func (s *scanner) space() int {
	for s.at < len(s.b) {
		switch s.b[s.at] {
		case ' ', '\n', '\r', '\t':
			s.at++
		default:
			return s.at
		}
	}
	return s.at
}

// peek returns the next byte that is no white space; 0 at the end.
func (s *scanner) peek() byte {
	if s.space() >= len(s.b) {
		return 0
	}
	return s.b[s.at]
}

// take skips c, which has to come next.
func (s *scanner) take(c byte) {
	if s.peek() != c {
		s.odd = true
		return
	}
	s.at++
}

// text reads a string without escapes.
func (s *scanner) text() []byte {
	s.take('"')
	if s.odd {
		return nil
	}
	n := bytes.IndexByte(s.b[s.at:], '"')
	if n < 0 {
		s.odd = true
		return nil
	}
	text := s.b[s.at : s.at+n]
	s.at += n + 1
	return text
}

// plain reads a string that is ASCII and has no escape and no control character: all keys and kinds are.
func (s *scanner) plain() []byte {
	text := s.text()
	if !isPlain(text) {
		s.odd = true
	}
	return text
}

func isPlain(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c == '\\' || c >= 0x7f {
			return false
		}
	}
	return true
}

// open begins an object or a list; more tells whether an element follows. The first of each loop is
//
//	for more := s.open('{', '}'); more; more = s.next('}') { ... }
func (s *scanner) open(begin, end byte) (more bool) {
	s.take(begin)
	if s.odd {
		return false
	}
	if s.peek() == end {
		s.at++
		return false
	}
	return true
}

// next skips what is between two elements, or the end.
func (s *scanner) next(end byte) (more bool) {
	if s.odd {
		return false
	}
	switch s.peek() {
	case end:
		s.at++
		return false
	case ',':
		s.at++
		return true
	}
	s.odd = true
	return false
}

// key reads the name of a field and the colon behind it.
func (s *scanner) key() []byte {
	key := s.text()
	s.take(':')
	return key
}

// number reads a natural number of up to 128 bits.
func (s *scanner) number() (high, low uint64) {
	s.space()
	begin := s.at
	for ; s.at < len(s.b); s.at++ {
		digit := uint64(s.b[s.at] - '0')
		if digit > 9 {
			break
		}
		if s.at-begin < 19 { // cannot overflow
			low = low*10 + digit
			continue
		}
		over, next := bits.Mul64(low, 10)
		next, carry := bits.Add64(next, digit, 0)
		top, rest := bits.Mul64(high, 10)
		rest, carry2 := bits.Add64(rest, over, carry)
		if top != 0 || carry2 != 0 {
			s.odd = true
			return 0, 0
		}
		high, low = rest, next
	}
	n := s.at - begin
	if n == 0 || n > 1 && s.b[begin] == '0' {
		s.odd = true
	}
	if s.at < len(s.b) {
		switch s.b[s.at] {
		case '.', 'e', 'E': // a natural number can be written so, and Iggy does not
			s.odd = true
		}
	}
	return high, low
}

// small reads a natural number of up to 64 bits.
func (s *scanner) small() uint64 {
	high, low := s.number()
	if high != 0 {
		s.odd = true
	}
	return low
}

// once notes that a field came.
func (s *scanner) once(seen *uint8, field uint8) {
	if *seen&field != 0 {
		s.odd = true
	}
	*seen |= field
}

// answer reads the whole.
func (s *scanner) answer(a *polled) {
	var seen uint8
	for more := s.open('{', '}'); more; more = s.next('}') {
		key := s.key()
		switch string(key) {
		case "partition_id":
			s.once(&seen, fieldFirst)
			n := s.small()
			if n > 1<<32-1 {
				s.odd = true
			}
			a.partition = uint32(n)
		case "current_offset":
			s.once(&seen, fieldSecond)
			a.current = s.small()
		case "messages":
			s.once(&seen, fieldThird)
			for more := s.open('[', ']'); more; more = s.next(']') {
				s.message(a)
			}
		case "count":
			s.anyNumber() // the list says it
		default:
			s.skip(key, answerFields)
		}
	}
	if seen != fieldFirst|fieldSecond|fieldThird {
		s.odd = true
	}
}

// message reads one message.
func (s *scanner) message(a *polled) {
	a.messages = append(a.messages, schema.Message{})
	m := &a.messages[len(a.messages)-1]
	var seen uint8
	for more := s.open('{', '}'); more; more = s.next('}') {
		key := s.key()
		switch string(key) {
		case "header":
			s.once(&seen, fieldFirst)
			s.head(m)
		case "payload":
			s.once(&seen, fieldSecond)
			m.Payload = s.base64()
		case "user_headers":
			s.once(&seen, fieldThird)
			s.userHeaders(a, m)
		default:
			s.skip(key, messageFields)
		}
	}
	if seen&(fieldFirst|fieldSecond) != fieldFirst|fieldSecond {
		s.odd = true
	}
}

// head reads the numbers of one message.
func (s *scanner) head(m *schema.Message) {
	var seen uint8
	for more := s.open('{', '}'); more; more = s.next('}') {
		key := s.key()
		switch string(key) {
		case "checksum":
			s.once(&seen, fieldFirst)
			m.Checksum = s.small()
		case "id":
			s.once(&seen, fieldSecond)
			m.ID = idOf(s.number())
		case "offset":
			s.once(&seen, fieldThird)
			m.Offset = s.small()
		case "timestamp":
			s.once(&seen, fieldFourth)
			m.Timestamp = s.small()
		case "origin_timestamp":
			s.once(&seen, fieldFifth)
			m.OriginTimestamp = s.small()
		case "user_headers_length", "payload_length", "reserved":
			s.anyNumber() // what follows says it
		default:
			s.skip(key, headFields)
		}
	}
	if seen != fieldFirst|fieldSecond|fieldThird|fieldFourth|fieldFifth {
		s.odd = true
	}
}

// idOf writes a 128-bit number in the byte order of the wire.
func idOf(high, low uint64) (id schema.MessageID) {
	for i := range 8 {
		id[i], id[8+i] = byte(low>>(8*i)), byte(high>>(8*i))
	}
	return id
}

// userHeaders reads a list of headers, or the bytes of headers that the server could not read.
func (s *scanner) userHeaders(a *polled, m *schema.Message) {
	switch s.peek() {
	case '"':
		var err error
		if m.Headers, err = userheader.Decode(s.base64()); err != nil {
			m.Headers = nil
			a.broken++
		}
	case 'n':
		s.literal("null")
	default:
		from := len(s.headers)
		var unique userheader.Unique
		broken := false
		for more := s.open('[', ']'); more; more = s.next(']') {
			s.userHeader(&unique, from, &broken)
		}
		if broken {
			s.headers = s.headers[:from]
			a.broken++
		}
		if n := len(s.headers); n > from {
			m.Headers = s.headers[from:n:n]
		}
	}
}

// userHeader reads one header.
func (s *scanner) userHeader(unique *userheader.Unique, from int, broken *bool) {
	var seen uint8
	var keyKind, kind schema.HeaderKind
	var name, value []byte
	for more := s.open('{', '}'); more; more = s.next('}') {
		field := s.key()
		switch string(field) {
		case "key":
			s.once(&seen, fieldFirst)
			keyKind, name = s.typed()
		case "value":
			s.once(&seen, fieldSecond)
			kind, value = s.typed()
		default:
			s.skip(field, entryFields)
		}
	}
	if s.odd || seen != fieldFirst|fieldSecond {
		s.odd = true
		return
	}
	if userheader.Check(keyKind, len(name)) != nil || userheader.Check(kind, len(value)) != nil {
		*broken = true
		return
	}
	s.headers = unique.Add(s.headers, from, schema.Header{Key: userheader.PrintedKey(keyKind, name), Kind: kind, Value: value})
}

// typed reads a key or a value of a header.
func (s *scanner) typed() (kind schema.HeaderKind, value []byte) {
	var seen uint8
	for more := s.open('{', '}'); more; more = s.next('}') {
		field := s.key()
		switch string(field) {
		case "kind":
			s.once(&seen, fieldFirst)
			kind = kindOf(s.plain())
		case "value":
			s.once(&seen, fieldSecond)
			value = s.base64()
		default:
			s.skip(field, typedFields)
		}
	}
	if seen != fieldFirst|fieldSecond {
		s.odd = true
	}
	return kind, value
}

// base64 decodes a string into the arena.
func (s *scanner) base64() []byte {
	text := s.text()
	if s.odd {
		return nil
	}
	n := base64.StdEncoding.DecodedLen(len(text))
	if n > len(s.arena) {
		// Three quarters of what is left to read hold all that can come; in pieces, so that little of it stays empty.
		s.arena = make([]byte, max(n, min((len(s.b)-s.at+len(text))*3/4, arenaPiece)))
	}
	got, err := base64.StdEncoding.Decode(s.arena, text)
	if err != nil || bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
		s.odd = true // the decoder ignores line breaks, JSON has none in a string
		return nil
	}
	value := s.arena[:got:got]
	s.arena = s.arena[got:]
	return value
}

// arenaPiece is how many bytes of payloads and headers share one allocation.
const arenaPiece = 256 << 10
