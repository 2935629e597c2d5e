package message

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"iggysink/internal/jsonscan"
	"iggysink/schema"
)

// Scope is one message as expressions see it, with what was found out about it so far. It is used for one message after
// the other, by one goroutine.
type Scope struct {
	partition schema.Partition
	format    schema.PayloadFormat
	message   *schema.Message
	state     payloadState
	scratch   []byte
}

type payloadState uint8

const (
	unchecked payloadState = iota
	isSound
	isUnsound
)

// Reset makes s the scope of m, a message of p whose payload is what format says. m is read until the next Reset.
func (s *Scope) Reset(p schema.Partition, format schema.PayloadFormat, m *schema.Message) {
	s.partition, s.format, s.message, s.state = p, format, m, unchecked
}

// Error says why a program has no value for a message.
type Error struct {
	Reason string // for a person; it holds no value of the message and no secret
}

// Error implements error.
func (e *Error) Error() string { return e.Reason }

// kind is what a found value is.
type kind uint8

const (
	isText   kind = iota // bytes are the text itself
	isJSON               // bytes are JSON: a number, true, false, null, an object, an array, or a string with escapes
	isNumber             // bytes are the digits of a number that is not the payload's
)

// found is a value that was read straight from the message. Its bytes are valid until the next reference is read.
type found struct {
	kind  kind
	bytes []byte
}

// payload returns the payload as something that can be scanned: sound JSON, or text.
func (s *Scope) payload() (found, error) {
	switch s.format {
	case schema.PayloadFormatJSON:
		if s.state == unchecked {
			s.state = isSound
			if schema.CheckJSON(s.message.Payload) != nil {
				s.state = isUnsound
			}
		}
		if s.state == isUnsound {
			return found{}, &Error{"the payload is not JSON"}
		}
		return found{isJSON, jsonscan.Trim(s.message.Payload)}, nil
	case schema.PayloadFormatText:
		if !utf8.Valid(s.message.Payload) {
			return found{}, &Error{"the payload is not UTF-8"}
		}
		return found{isText, s.message.Payload}, nil
	}
	return found{}, &Error{"message.payload needs a stream with schema json or text; message.raw is the payload in base64"}
}

// header returns the value of a header as text.
func (s *Scope) header(name string) (found, bool) {
	for i := range s.message.Headers {
		if h := &s.message.Headers[i]; string(h.Key) == name {
			s.scratch = h.AppendText(s.scratch[:0])
			return found{isText, s.scratch}, true
		}
	}
	return found{}, false
}

// attribute returns message.NAME for every name but headers and payload.
func (s *Scope) attribute(name string) found {
	m, dst := s.message, s.scratch[:0]
	numeric := isNumber
	switch name {
	case "id":
		dst, numeric = m.ID.AppendText(dst), isText
	case "offset":
		dst = strconv.AppendUint(dst, m.Offset, 10)
	case "timestamp":
		dst = strconv.AppendUint(dst, m.Timestamp, 10)
	case "partition":
		dst = strconv.AppendUint(dst, uint64(s.partition.ID), 10)
	case "stream":
		dst, numeric = append(dst, s.partition.Stream...), isText
	case "topic":
		dst, numeric = append(dst, s.partition.Topic...), isText
	case "raw":
		dst, numeric = base64.StdEncoding.AppendEncode(dst, m.Payload), isText
	}
	s.scratch = dst
	return found{numeric, dst}
}
