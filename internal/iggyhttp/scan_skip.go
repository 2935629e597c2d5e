package iggyhttp

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"iggysink/internal/userheader"
	"iggysink/schema"
)

// errMalformed is an answer that contradicts itself.
var errMalformed = errors.New("malformed answer")

// The fields that are read, for encoding/json takes them in any case of letters: what is almost one is odd.
const (
	answerFields  = " partition_id current_offset messages "
	messageFields = " header payload user_headers "
	headFields    = " checksum id offset timestamp origin_timestamp "
	entryFields   = " key value "
	typedFields   = " kind value "
)

// deepest is how many brackets may be open in a value that is skipped.
const deepest = 64

// skip reads over the value of a field that means nothing to us, such as one that a later version adds.
func (s *scanner) skip(key []byte, known string) {
	if !isPlain(key) || strings.Contains(known, " "+string(bytes.ToLower(key))+" ") {
		s.odd = true
		return
	}
	s.value(0)
}

// value reads over any value.
func (s *scanner) value(depth int) {
	if depth > deepest {
		s.odd = true
		return
	}
	switch s.peek() {
	case '{':
		for more := s.open('{', '}'); more; more = s.next('}') {
			if !isPlain(s.key()) {
				s.odd = true
			}
			s.value(depth + 1)
		}
	case '[':
		for more := s.open('[', ']'); more; more = s.next(']') {
			s.value(depth + 1)
		}
	case '"':
		s.plain()
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	case 'n':
		s.literal("null")
	default:
		s.anyNumber()
	}
}

// anyNumber reads over a number: -1.5e+3.
func (s *scanner) anyNumber() {
	if s.peek() == '-' {
		s.at++
	}
	begin := s.at
	if s.digits(); s.at-begin > 1 && s.b[begin] == '0' {
		s.odd = true
	}
	if s.at < len(s.b) && s.b[s.at] == '.' {
		s.at++
		s.digits()
	}
	if s.at < len(s.b) && (s.b[s.at] == 'e' || s.b[s.at] == 'E') {
		s.at++
		if s.at < len(s.b) && (s.b[s.at] == '+' || s.b[s.at] == '-') {
			s.at++
		}
		s.digits()
	}
}

// digits reads over at least one digit.
func (s *scanner) digits() {
	begin := s.at
	for s.at < len(s.b) && s.b[s.at] >= '0' && s.b[s.at] <= '9' {
		s.at++
	}
	if s.at == begin {
		s.odd = true
	}
}

// literal reads a word.
func (s *scanner) literal(word string) {
	if !bytes.HasPrefix(s.b[s.at:], []byte(word)) {
		s.odd = true
		return
	}
	s.at += len(word)
}

// kindNames are the names of the kinds, in the order of their numbers, from 1 on.
const kindNames = "raw string bool int8 int16 int32 int64 int128 uint8 uint16 uint32 uint64 uint128 float32 float64"

// kindOf returns the kind of a name; 0 if there is none.
func kindOf(name []byte) schema.HeaderKind {
	kind := schema.HeaderRaw
	for rest := kindNames; rest != ""; kind++ {
		var one string
		one, rest, _ = strings.Cut(rest, " ")
		if one == string(name) {
			return kind
		}
	}
	return 0
}

// nameOf returns the name of a kind.
func nameOf(kind schema.HeaderKind) string {
	names := strings.Fields(kindNames)
	if kind < 1 || int(kind) > len(names) {
		return "raw"
	}
	return names[kind-1]
}

// jsonPolled and its parts are the answer to a poll as encoding/json reads it. A pointer is a field that has to be there.
type jsonPolled struct {
	Partition *uint32        `json:"partition_id"`
	Current   *uint64        `json:"current_offset"`
	Messages  *[]jsonMessage `json:"messages"`
}

type jsonMessage struct {
	Header *struct {
		Checksum        *uint64      `json:"checksum"`
		ID              *json.Number `json:"id"`
		Offset          *uint64      `json:"offset"`
		Timestamp       *uint64      `json:"timestamp"`
		OriginTimestamp *uint64      `json:"origin_timestamp"`
	} `json:"header"`
	Payload *string         `json:"payload"`
	Headers json.RawMessage `json:"user_headers"`
}

type jsonHeader struct {
	Key   *jsonTyped `json:"key"`
	Value *jsonTyped `json:"value"`
}

type jsonTyped struct {
	Kind  *string `json:"kind"`
	Value *string `json:"value"`
}

// decodeSlowly is decodePolled by encoding/json.
func decodeSlowly(body []byte) (polled, error) {
	var answer jsonPolled
	if err := json.Unmarshal(body, &answer); err != nil {
		return polled{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if answer.Partition == nil || answer.Current == nil || answer.Messages == nil {
		return polled{}, fmt.Errorf("%w: a field is missing", errMalformed)
	}
	a := polled{partition: *answer.Partition, current: *answer.Current, messages: []schema.Message{}}
	for i := range *answer.Messages {
		m, broken, err := (*answer.Messages)[i].decode()
		if err != nil {
			return polled{}, fmt.Errorf("%w: message %d: %w", errMalformed, i, err)
		}
		if broken {
			a.broken++
		}
		a.messages = append(a.messages, m)
	}
	return a, nil
}

// errMissing is a field that every message has.
var errMissing = errors.New("a field is missing")

func (j *jsonMessage) decode() (m schema.Message, broken bool, err error) {
	h := j.Header
	if h == nil || j.Payload == nil || h.Checksum == nil || h.ID == nil || h.Offset == nil || h.Timestamp == nil ||
		h.OriginTimestamp == nil {
		return m, false, errMissing
	}
	m = schema.Message{
		Checksum: *h.Checksum, Offset: *h.Offset, Timestamp: *h.Timestamp, OriginTimestamp: *h.OriginTimestamp,
	}
	id, isNumber := new(big.Int).SetString(h.ID.String(), 10)
	if !isNumber || id.Sign() < 0 || id.BitLen() > 128 {
		return m, false, errors.New("the id is not a number of 128 bits")
	}
	m.ID = idOf(new(big.Int).Rsh(id, 64).Uint64(), id.Uint64())
	if m.Payload, err = base64.StdEncoding.DecodeString(*j.Payload); err != nil {
		return m, false, fmt.Errorf("the payload is not base64: %w", err)
	}
	m.Headers, broken, err = decodeJSONHeaders(j.Headers)
	return m, broken, err
}

func decodeJSONHeaders(raw json.RawMessage) (headers []schema.Header, broken bool, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, false, nil
	}
	if raw[0] == '"' {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, false, err
		}
		block, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, false, fmt.Errorf("the headers are not base64: %w", err)
		}
		headers, err := userheader.Decode(block)
		if err != nil {
			return nil, true, nil //nolint:nilerr // the message is delivered without them
		}
		return headers, false, nil
	}
	var all []jsonHeader
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, false, err
	}
	var unique userheader.Unique
	for _, h := range all {
		if h.Key == nil || h.Value == nil {
			return nil, false, errMissing
		}
		keyKind, key, err := h.Key.decode()
		if err != nil {
			return nil, false, err
		}
		kind, value, err := h.Value.decode()
		if err != nil {
			return nil, false, err
		}
		if broken = broken || userheader.Check(keyKind, len(key)) != nil || userheader.Check(kind, len(value)) != nil; broken {
			continue
		}
		one := schema.Header{Key: userheader.PrintedKey(keyKind, key), Kind: kind, Value: value}
		headers = unique.Add(headers, 0, one)
	}
	if broken {
		return nil, true, nil
	}
	return headers, false, nil
}

func (j *jsonTyped) decode() (schema.HeaderKind, []byte, error) {
	if j.Kind == nil || j.Value == nil {
		return 0, nil, errMissing
	}
	value, err := base64.StdEncoding.DecodeString(*j.Value)
	if err != nil {
		return 0, nil, fmt.Errorf("a header is not base64: %w", err)
	}
	return kindOf([]byte(*j.Kind)), value, nil
}
