package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"iggysink/hclconfig/language"
	"iggysink/schema"
)

// The bounds of what render reads: its output is for people.
const (
	maxRendered      = 100_000
	maxRenderedBytes = 256 << 20
)

// rendered is a message to render, and where it stands.
type rendered struct {
	line   int
	stream *schema.Stream
	at     schema.Partition
	m      schema.Message
}

// messageLine is a line of the input: a message, a dead letter, or what it is taken for. The properties of a dead letter
// that are not of its message are read and not used.
type messageLine struct {
	Payload         json.RawMessage `json:"payload"`
	PayloadBase64   *[]byte         `json:"payload_base64"`
	Headers         json.RawMessage `json:"headers"`
	Stream          string          `json:"stream"`
	Topic           string          `json:"topic"`
	Partition       uint32          `json:"partition"`
	Offset          *uint64         `json:"offset"`
	ID              string          `json:"id"`
	Timestamp       *uint64         `json:"timestamp"`
	OriginTimestamp *uint64         `json:"origin_timestamp"`
	Checksum        uint64          `json:"checksum"`
}

// messageProperties are those of messageLine, and the others of a dead letter.
func messageProperties() []string {
	return []string{
		"attempts", "checksum", "headers", "id", "kind", "offset", "origin_timestamp", "partition", "payload", "payload_base64",
		"reason", "response_body", "schema", "sink", "status", "stream", "time", "timestamp", "topic",
	}
}

// messageReader reads messages of one sink.
type messageReader struct {
	sink     *schema.Sink
	payloads bool // each line is a payload
	now      time.Time
	next     map[schema.Partition]uint64 // offset of a message that does not say its own
	assumed  bool                        // a message without a topic was taken for one of the first of several
}

// read reads all messages of in. An error says on which line it is.
func (r *messageReader) read(in io.Reader) ([]rendered, error) {
	r.next = map[schema.Partition]uint64{}
	var all []rendered
	size := 0
	lines := bufio.NewReaderSize(in, 64<<10)
	for number := 1; ; number++ {
		line, err := readLine(lines)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			m, err := r.message(text)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", number, err)
			}
			m.line = number
			all = append(all, m)
			if size += len(line); len(all) > maxRendered || size > maxRenderedBytes {
				return nil, fmt.Errorf("line %d: too much to render: at most %d messages and %d MiB; give it a part of them",
					number, maxRendered, maxRenderedBytes>>20)
			}
		}
		if err != nil {
			break
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there are no messages: each line is one, a payload or an object with \"payload\"")
	}
	return all, nil
}

// message reads one line.
func (r *messageReader) message(text []byte) (rendered, error) {
	var l messageLine
	properties := map[string]json.RawMessage{}
	isMessage := false
	if !r.payloads && text[0] == '{' && json.Unmarshal(text, &properties) == nil {
		_, plain := properties["payload"]
		_, encoded := properties["payload_base64"]
		isMessage = plain || encoded
	}
	if !isMessage {
		l.Payload = text
	} else if err := l.fill(text, properties); err != nil {
		return rendered{}, err
	}
	out := rendered{m: schema.Message{Checksum: l.Checksum, Payload: l.Payload}}
	if isMessage {
		var err error
		if out.m.Payload, err = l.payload(); err != nil {
			return out, err
		}
		if out.m.Headers, err = headersOf(l.Headers); err != nil {
			return out, fmt.Errorf("headers: %w", err)
		}
		if out.m.ID, err = messageID(l.ID); err != nil {
			return out, err
		}
	}
	var err error
	if out.stream, out.at.Topic, err = r.place(l.Stream, l.Topic); err != nil {
		return out, err
	}
	out.at.Stream, out.at.ID = out.stream.Name, l.Partition
	out.m.Offset = r.next[out.at]
	if l.Offset != nil {
		out.m.Offset = *l.Offset
	}
	r.next[out.at] = out.m.Offset + 1
	out.m.Timestamp = uint64(r.now.UnixMicro())
	if l.Timestamp != nil {
		out.m.Timestamp = *l.Timestamp
	}
	out.m.OriginTimestamp = out.m.Timestamp
	if l.OriginTimestamp != nil {
		out.m.OriginTimestamp = *l.OriginTimestamp
	}
	return out, nil
}

// fill reads the properties of a message, and refuses any other.
func (l *messageLine) fill(text []byte, properties map[string]json.RawMessage) error {
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if slices.Contains(messageProperties(), name) {
			continue
		}
		if near := language.Closest(name, messageProperties()); near != "" {
			return fmt.Errorf("a message has no property %q; did you mean %q?", name, near)
		}
		return fmt.Errorf("a message has no property %q; if the whole line is the payload, add --payloads", name)
	}
	err := json.Unmarshal(text, l)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s: a %s is no %s", wrong.Field, wrong.Value, wrong.Type)
	}
	if err != nil {
		return errors.New("payload_base64 is not base64")
	}
	return nil
}

// payload is what the line says: a string is the text of the payload, any other value is the payload itself.
func (l *messageLine) payload() ([]byte, error) {
	switch {
	case l.PayloadBase64 != nil && l.Payload != nil:
		return nil, errors.New("payload and payload_base64 exclude each other")
	case l.PayloadBase64 != nil:
		return *l.PayloadBase64, nil
	case len(l.Payload) == 0:
		return nil, errors.New("payload_base64 is null")
	case l.Payload[0] != '"':
		return l.Payload, nil
	}
	var text string
	err := json.Unmarshal(l.Payload, &text)
	return []byte(text), err
}

// messageID reads an id as the envelope has it.
func messageID(text string) (id schema.MessageID, err error) {
	if text == "" {
		return id, nil
	}
	if n, err := hex.Decode(id[:], []byte(text[:min(len(text), 2*len(id))])); err != nil || n != len(id) || len(text) != 2*len(id) {
		return id, errors.New("id: it has 32 hexadecimal digits")
	}
	slices.Reverse(id[:])
	return id, nil
}

// place finds the topic of a message among those that the sink reads.
func (r *messageReader) place(stream, topic string) (*schema.Stream, string, error) {
	var known []string
	for i := range r.sink.Streams {
		s := &r.sink.Streams[i]
		for _, t := range s.Topics {
			known = append(known, s.Name+"/"+t)
			if (stream == "" || stream == s.Name) && (topic == "" || topic == t) {
				r.assumed = r.assumed || topic == "" && (len(r.sink.Streams) > 1 || len(s.Topics) > 1)
				return s, t, nil
			}
		}
	}
	return nil, "", fmt.Errorf("the sink does not read topic %q of stream %q; it reads %s", topic, stream, strings.Join(known, ", "))
}

// headersOf reads headers: an object of names and values, or the list that a dead letter has.
func headersOf(text json.RawMessage) ([]schema.Header, error) {
	if text = bytes.TrimSpace(text); len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	if text[0] == '[' {
		return headerList(text)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var values map[string]any
	if decoder.Decode(&values) != nil {
		return nil, errors.New("they are an object of names and values, or the list that a dead letter has")
	}
	var all []schema.Header
	for _, name := range slices.Sorted(maps.Keys(values)) {
		h := schema.Header{Key: []byte(name)}
		switch v := values[name].(type) {
		case string:
			h.Kind, h.Value = schema.HeaderString, []byte(v)
		case bool:
			h.Kind, h.Value = schema.HeaderBool, []byte{0}
			if v {
				h.Value[0] = 1
			}
		case json.Number:
			h.Kind, h.Value = headerNumber(v)
		}
		if h.Kind == 0 {
			return nil, fmt.Errorf("%q is no text, number, true or false", name)
		}
		all = append(all, h)
	}
	return all, nil
}

// headerNumber is a number as a producer would send it: an int64, or a float64.
func headerNumber(n json.Number) (schema.HeaderKind, []byte) {
	if i, err := n.Int64(); err == nil {
		return schema.HeaderInt64, binary.LittleEndian.AppendUint64(nil, uint64(i))
	}
	if f, err := n.Float64(); err == nil {
		return schema.HeaderFloat64, binary.LittleEndian.AppendUint64(nil, math.Float64bits(f))
	}
	return 0, nil
}

// headerList reads the headers of a dead letter.
func headerList(text json.RawMessage) ([]schema.Header, error) {
	var list []struct {
		Key         string  `json:"key"`
		KeyBase64   []byte  `json:"key_base64"`
		Kind        uint8   `json:"kind"`
		Value       *string `json:"value"`
		ValueBase64 []byte  `json:"value_base64"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		var corrupt base64.CorruptInputError
		if errors.As(err, &corrupt) {
			return nil, errors.New("key_base64 or value_base64 is not base64")
		}
		return nil, errors.New("an element is not as in a dead letter: key, kind, and value or value_base64")
	}
	all := make([]schema.Header, 0, len(list))
	for _, h := range list {
		next := schema.Header{Key: h.KeyBase64, Kind: schema.HeaderKind(h.Kind), Value: h.ValueBase64}
		if h.Key != "" {
			next.Key = []byte(h.Key)
		}
		if h.Value != nil {
			next.Value = []byte(*h.Value)
		}
		if next.Kind == 0 {
			next.Kind = schema.HeaderString
		}
		if len(next.Key) == 0 || next.Kind > schema.HeaderFloat64 {
			return nil, errors.New("an element has no key, or a kind that Iggy does not have")
		}
		all = append(all, next)
	}
	return all, nil
}
