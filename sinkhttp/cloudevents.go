package sinkhttp

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"iggysink/internal/message"
	"iggysink/schema"
)

// events writes messages as CloudEvents 1.0.
type events struct {
	sink                  string
	mode                  schema.CloudeventsMode
	source, kind, subject *message.Program // subject is nil where there is none
}

// newEvents compiles the templates of the block. Errors name the attribute.
func newEvents(sink string, b *schema.Cloudevents) (*events, error) {
	e := &events{sink: sink, mode: b.Mode}
	for _, t := range []struct {
		name string
		text schema.Template
		into **message.Program
	}{{"source", b.Source, &e.source}, {"type", b.Type, &e.kind}, {"subject", b.Subject, &e.subject}} {
		if t.text.IsZero() {
			if t.name != "subject" {
				return nil, fmt.Errorf("cloudevents: %s: is empty", t.name)
			}
			continue
		}
		p, err := message.Compile(t.text)
		if err != nil {
			return nil, fmt.Errorf("cloudevents: %s: %w", t.name, err)
		}
		*t.into = p
	}
	return e, nil
}

// contentType is what a request holds; the payload itself in binary mode.
func (e *events) contentType(payload schema.PayloadFormat) string {
	switch e.mode {
	case schema.CloudeventsModeStructured:
		return "application/cloudevents+json; charset=UTF-8"
	case schema.CloudeventsModeBatched:
		return "application/cloudevents-batch+json; charset=UTF-8"
	case schema.CloudeventsModeBinary:
	}
	return dataContentType(payload)
}

// dataContentType is what a payload is.
func dataContentType(payload schema.PayloadFormat) string {
	switch payload {
	case schema.PayloadFormatJSON:
		return "application/json"
	case schema.PayloadFormatText:
		return "text/plain; charset=UTF-8"
	case schema.PayloadFormatProto:
		return "application/protobuf"
	case schema.PayloadFormatAvro:
		return "application/avro"
	case schema.PayloadFormatRaw, schema.PayloadFormatFlatBuffer:
	}
	return "application/octet-stream"
}

// attribute is one of an event. Extension attributes are text: their integers have 32 bits, and an offset has 64.
type attribute struct{ name, value string }

// attributes returns those of a message; the error is a *message.Error.
func (e *events) attributes(d *identity, s *message.Scope, p schema.Partition, m *schema.Message) ([]attribute, error) {
	list := []attribute{
		{"specversion", "1.0"}, {"id", string(d.appendMessageID(nil, e.sink, p, m))}, {"source", ""}, {"type", ""},
		{"time", time.UnixMicro(int64(m.Timestamp)).UTC().Format(time.RFC3339Nano)}, //nolint:gosec // wraps in 292,277
		{"iggyoffset", strconv.FormatUint(m.Offset, 10)}, {"iggypartition", strconv.FormatUint(uint64(p.ID), 10)},
	}
	for i, program := range []*message.Program{e.source, e.kind, e.subject} {
		if program == nil {
			continue
		}
		value, err := program.AppendText(nil, s, nil)
		if err != nil {
			return nil, err
		}
		switch {
		case len(value) == 0:
			return nil, &message.Error{Reason: "an attribute of the event is empty"}
		case !utf8.Valid(value):
			return nil, &message.Error{Reason: "an attribute of the event is not UTF-8"}
		case i == 2:
			list = append(list, attribute{"subject", string(value)})
		default:
			list[2+i].value = string(value)
		}
	}
	return list, nil
}

// appendStructured appends an event in JSON.
func (e *events) appendStructured(dst []byte, list []attribute, payload schema.PayloadFormat, m *schema.Message) ([]byte, error) {
	dst = append(dst, '{')
	for _, a := range list {
		dst = append(schema.AppendJSONString(dst, a.name), ':')
		dst = append(schema.AppendJSONString(dst, a.value), ',')
	}
	dst = append(dst, `"datacontenttype":`...)
	dst = append(schema.AppendJSONString(dst, dataContentType(payload)), ',')
	switch payload {
	case schema.PayloadFormatJSON:
		if err := schema.CheckJSON(m.Payload); err != nil {
			return dst, err
		}
		dst = append(append(dst, `"data":`...), m.Payload...)
	case schema.PayloadFormatText:
		if !utf8.Valid(m.Payload) {
			return dst, &schema.PayloadError{Reason: "text is not UTF-8"}
		}
		dst = schema.AppendJSONString(append(dst, `"data":`...), string(m.Payload))
	default:
		dst = append(dst, `"data_base64":"`...)
		dst = append(base64.StdEncoding.AppendEncode(dst, m.Payload), '"')
	}
	return append(dst, '}'), nil
}

// setBinary sets the headers of an event in binary mode.
func (e *events) setBinary(h http.Header, list []attribute) {
	for _, a := range list {
		h[http.CanonicalHeaderKey("ce-"+a.name)] = []string{headerText(a.value)}
	}
}

// headerText percent-encodes what a header of the HTTP binding cannot hold as it is, section 3.1.3.2: what is not
// printable ASCII, the space, the quote and the percent sign.
func headerText(value string) string {
	var b []byte
	for i := range len(value) {
		c := value[i]
		if c <= ' ' || c >= 0x7f || c == '"' || c == '%' {
			const upperHex = "0123456789ABCDEF"
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
			continue
		}
		b = append(b, c)
	}
	return string(b)
}
