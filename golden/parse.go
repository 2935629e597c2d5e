package golden

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"iggysink/schema"
)

// Parse reads one vector. It is strict: a section, key or value that it does not know, a missing or a repeated one, and
// a message without a fate are errors that name file, section and line.
func Parse(name string, data []byte) (Vector, error) {
	for line := range bytes.Lines(data) {
		if string(bytes.TrimSpace(line)) == "-- --" { // txtar.Parse would panic
			return Vector{}, fmt.Errorf("%s: a section has no name", name)
		}
	}
	archive := txtar.Parse(data)
	v := Vector{Name: name, Doc: strings.TrimSpace(string(archive.Comment)), source: data}
	if v.Doc == "" {
		return v, fmt.Errorf("%s: it must begin with a sentence that says what the case shows", name)
	}
	p := parser{vector: &v}
	for _, f := range archive.Files {
		if err := p.section(f); err != nil {
			return v, fmt.Errorf("%s: section %q: %w", name, f.Name, err)
		}
	}
	if p.stage == 0 {
		return v, fmt.Errorf("%s: it has no section \"options\"", name)
	}
	if err := v.checkFates(); err != nil {
		return v, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

// parser walks through the sections of one vector. Stages keep them in order: options, messages, answers, requests,
// rejected.
type parser struct {
	vector *Vector
	stage  int
}

const (
	stageOptions = iota + 1
	stageMessages
	stageAnswers
	stageRequests
	stageRejected
)

// section reads one file of the archive.
func (p *parser) section(f txtar.File) error {
	v := p.vector
	kind, number, _ := strings.Cut(f.Name, " ")
	var stage, next int
	var read func([]byte) error
	switch kind {
	case "options":
		stage, read = stageOptions, v.parseOptions
	case "message":
		stage, next, read = stageMessages, len(v.Messages), v.parseMessage
	case "answers":
		stage, read = stageAnswers, v.parseAnswers
	case "request":
		stage, next, read = stageRequests, len(v.Requests), v.parseRequest
	case "rejected":
		stage, read = stageRejected, v.parseRejected
	default:
		return fmt.Errorf("unknown section")
	}
	numbered := stage == stageMessages || stage == stageRequests
	if numbered && number != strconv.Itoa(next) || !numbered && number != "" {
		return fmt.Errorf("wrong number: messages and requests count from 0, other sections have none")
	}
	if p.stage == 0 && stage != stageOptions {
		return fmt.Errorf("it must not come before \"options\"")
	}
	if stage < p.stage || stage == p.stage && !numbered {
		return fmt.Errorf("out of order or repeated: the order is options, message, answers, request, rejected")
	}
	p.stage = stage
	return read(f.Data)
}

// field is one line of a section: its key and the rest behind one space.
type field struct{ key, rest string }

// readFields calls set for each line of a section. Empty lines separate nothing and are not allowed; a key of once may
// not come twice; a key of need must come.
func readFields(data []byte, once, need []string, set func(field) error) error {
	seen := map[string]bool{}
	for i, line := range bytes.SplitAfter(data, []byte("\n")) {
		if len(line) == 0 {
			break
		}
		key, rest, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		if seen[key] && slices.Contains(once, key) {
			return fmt.Errorf("line %d: %s is repeated", i+1, key)
		}
		seen[key] = true
		if err := set(field{key, rest}); err != nil {
			return fmt.Errorf("line %d: %s: %w", i+1, key, err)
		}
	}
	for _, key := range need {
		if !seen[key] {
			return fmt.Errorf("%s is missing", key)
		}
	}
	return nil
}

func (v *Vector) parseOptions(data []byte) error {
	o := &v.Options
	def := schema.DefaultSink()
	o.IncludeMetadata, o.MaxPayloadSizeBytes = def.IncludeMetadata, def.MaxPayloadSizeBytes
	o.Partition = schema.Partition{Stream: "shop", Topic: "created"}
	once := []string{"batch_mode", "schema", "include_metadata", "include_checksum", "include_origin_timestamp",
		"content_type", "max_payload_size_bytes", "stream", "topic", "partition"}
	return readFields(data, once, []string{"batch_mode", "schema"}, func(f field) (err error) {
		switch f.key {
		case "batch_mode":
			o.BatchMode, err = schema.ParseBatchMode(f.rest)
		case "schema":
			o.Schema, err = schema.ParsePayloadFormat(f.rest)
		case "include_metadata":
			o.IncludeMetadata, err = parseBool(f.rest)
		case "include_checksum":
			o.IncludeChecksum, err = parseBool(f.rest)
		case "include_origin_timestamp":
			o.IncludeOriginTimestamp, err = parseBool(f.rest)
		case "content_type":
			o.ContentType = f.rest
		case "max_payload_size_bytes":
			o.MaxPayloadSizeBytes, err = strconv.Atoi(f.rest)
		case "stream":
			o.Partition.Stream, err = parseText(f.rest)
		case "topic":
			o.Partition.Topic, err = parseText(f.rest)
		case "partition":
			var id uint64
			id, err = strconv.ParseUint(f.rest, 10, 32)
			o.Partition.ID = uint32(id)
		default:
			err = errUnknownKey
		}
		return err
	})
}

func (v *Vector) parseMessage(data []byte) error {
	var m schema.Message
	once := []string{"id", "offset", "timestamp", "origin_timestamp", "checksum", "payload"}
	err := readFields(data, once, once, func(f field) (err error) {
		switch f.key {
		case "id":
			m.ID, err = parseID(f.rest)
		case "offset":
			m.Offset, err = strconv.ParseUint(f.rest, 10, 64)
		case "timestamp":
			m.Timestamp, err = strconv.ParseUint(f.rest, 10, 64)
		case "origin_timestamp":
			m.OriginTimestamp, err = strconv.ParseUint(f.rest, 10, 64)
		case "checksum":
			m.Checksum, err = strconv.ParseUint(f.rest, 10, 64)
		case "header":
			var h schema.Header
			h, err = parseHeader(f.rest)
			for _, other := range m.Headers {
				if bytes.Equal(other.Key, h.Key) {
					return fmt.Errorf("%q is repeated: names are unique once a message has been read", h.Key)
				}
			}
			m.Headers = append(m.Headers, h)
		case "payload":
			kind, rest, _ := strings.Cut(f.rest, " ")
			m.Payload, err = parseBytes(kind, rest)
		default:
			err = errUnknownKey
		}
		return err
	})
	v.Messages = append(v.Messages, m)
	return err
}

func (v *Vector) parseAnswers(data []byte) error {
	if len(data) == 0 {
		return fmt.Errorf("it is empty")
	}
	return readFields(data, nil, nil, func(f field) error {
		status, err := strconv.Atoi(f.key)
		if err != nil || http.StatusText(status) == "" {
			return fmt.Errorf("not a status code")
		}
		a := Answer{Status: status}
		if f.rest != "" {
			var ok bool
			if a.Header, a.Value, ok = strings.Cut(f.rest, ": "); !ok {
				return fmt.Errorf("want a header as Name: value")
			}
		}
		v.Answers = append(v.Answers, a)
		return nil
	})
}

func (v *Vector) parseRequest(data []byte) error {
	var r Request
	bodyBegun := false
	header := []string{"content_type", "messages"}
	err := readFields(data, header, header, func(f field) (err error) {
		switch f.key {
		case "content_type":
			r.ContentType = f.rest
		case "messages":
			r.Messages, err = parseIndexes(f.rest, len(v.Messages))
		default:
			var part []byte
			part, err = parseBytes(f.key, f.rest)
			r.Body, bodyBegun = append(r.Body, part...), true
		}
		return err
	})
	if err == nil && !bodyBegun {
		err = fmt.Errorf("the body is missing")
	}
	v.Requests = append(v.Requests, r)
	return err
}

func (v *Vector) parseRejected(data []byte) error {
	if len(data) == 0 {
		return fmt.Errorf("it is empty")
	}
	return readFields(data, nil, nil, func(f field) error {
		index, err := parseIndexes(f.key, len(v.Messages))
		if err != nil {
			return err
		}
		why := Why(f.rest)
		if why != WhyPayload && why != WhySize {
			return fmt.Errorf("want payload or size, not %q", f.rest)
		}
		v.Rejected = append(v.Rejected, Rejected{Message: index[0], Why: why})
		return nil
	})
}

// checkFates refuses a vector in which a message is neither sent nor rejected, or both, or in a request before an
// earlier one. Only where the endpoint's answers ask for another attempt may a message be sent more than once.
func (v *Vector) checkFates() error {
	sent, last := make([]int, len(v.Messages)), -1
	for i, r := range v.Requests {
		for _, m := range r.Messages {
			if m <= last && len(v.Answers) == 0 {
				return fmt.Errorf("request %d carries message %d out of order", i, m)
			}
			sent[m]++
			last = m
		}
	}
	for _, r := range v.Rejected {
		if sent[r.Message] != 0 {
			return fmt.Errorf("message %d is sent as well as rejected", r.Message)
		}
		sent[r.Message]++
	}
	for m, n := range sent {
		if n == 0 {
			return fmt.Errorf("message %d is neither sent nor rejected", m)
		}
	}
	return nil
}
