package deadletter

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// record is a line of the file, but for its payload, which comes last. Bytes that are UTF-8 are text, others base64
// under a name of their own, so that every message can be sent again exactly as it was. The first names are how a file
// of ours is told from others: see begins.
type record struct {
	Time            time.Time      `json:"time"`                    // when the message was given up, UTC
	Sink            string         `json:"sink"`                    // name of the sink
	Stream          string         `json:"stream"`                  // name of the stream
	Topic           string         `json:"topic"`                   // name of the topic
	Partition       uint32         `json:"partition"`               // number of the partition, from 0
	Offset          uint64         `json:"offset"`                  // offset of the message in its partition
	ID              string         `json:"id"`                      // message id as in the envelope: 32 hexadecimal digits, the highest first
	Kind            string         `json:"kind"`                    // rejected or exhausted
	Reason          string         `json:"reason"`                  // why, in words
	ResponseBody    string         `json:"response_body,omitempty"` // beginning of the last answer's body, at most 1 KiB
	Status          int            `json:"status,omitzero"`         // last status of the endpoint; absent if none came
	Attempts        int            `json:"attempts"`                // how often it was sent; 0 if a check before sending rejected it
	Timestamp       uint64         `json:"timestamp"`               // when the server appended the message, in microseconds since 1970
	OriginTimestamp uint64         `json:"origin_timestamp"`        // when the producer made it, by its own clock, in microseconds since 1970
	Checksum        uint64         `json:"checksum"`                // the server's checksum of the message
	Schema          string         `json:"schema"`                  // the stream block's schema: what the payload was taken for
	Headers         []recordHeader `json:"headers,omitempty"`       // the message's user headers, in order
}

type recordHeader struct {
	Key         *string `json:"key,omitempty"`          // name of the header
	KeyBase64   []byte  `json:"key_base64,omitempty"`   // its bytes in base64, where the name is not UTF-8
	Kind        uint8   `json:"kind"`                   // kind of the value as in Iggy's protocol: 1 raw, 2 string, 3 bool, ...
	Value       *string `json:"value,omitempty"`        // value of kind string
	ValueBase64 []byte  `json:"value_base64,omitempty"` // value of any other kind, or one that is not UTF-8, in base64
}

// writeRecord writes the line of a dead letter, without a copy of its payload.
func writeRecord(w io.Writer, l *relay.DeadLetter) error {
	m := &l.Message
	id := m.ID
	slices.Reverse(id[:])
	r := record{
		Time: l.Time.UTC(), Sink: l.Sink, Stream: l.Partition.Stream, Topic: l.Partition.Topic,
		Partition: l.Partition.ID, Offset: m.Offset, ID: hex.EncodeToString(id[:]), Kind: l.Kind, Reason: l.Reason,
		ResponseBody: l.ResponseBody, Status: l.Status, Attempts: l.Attempts, Timestamp: m.Timestamp,
		OriginTimestamp: m.OriginTimestamp, Checksum: m.Checksum, Schema: string(l.Schema),
	}
	for i := range m.Headers {
		h := recordHeader{Kind: uint8(m.Headers[i].Kind)}
		h.Key, h.KeyBase64 = text(m.Headers[i].Key)
		if m.Headers[i].Kind == schema.HeaderString {
			h.Value, h.ValueBase64 = text(m.Headers[i].Value)
		} else {
			h.ValueBase64 = m.Headers[i].Value // a number that happens to be UTF-8 would only puzzle
		}
		r.Headers = append(r.Headers, h)
	}
	head, err := appendJSON(nil, &r)
	if err != nil {
		return err
	}
	if _, err := w.Write(head[:len(head)-len("}")]); err != nil {
		return err
	}
	if err := writePayload(w, m.Payload); err != nil {
		return err
	}
	_, err = io.WriteString(w, "}\n")
	return err
}

// pieceSize is how much of a payload is encoded at once.
const pieceSize = 32 << 10

// writePayload writes the last attribute of a record, with the comma before it.
func writePayload(w io.Writer, payload []byte) error {
	if !utf8.Valid(payload) {
		if _, err := io.WriteString(w, `,"payload_base64":"`); err != nil {
			return err
		}
		encoder := base64.NewEncoder(base64.StdEncoding, w)
		if _, err := encoder.Write(payload); err != nil {
			return err
		}
		if err := encoder.Close(); err != nil {
			return err
		}
		_, err := io.WriteString(w, `"`)
		return err
	}
	if _, err := io.WriteString(w, `,"payload":"`); err != nil {
		return err
	}
	var buffer []byte
	for len(payload) > 0 {
		piece := payload[:min(len(payload), pieceSize)]
		for len(piece) < len(payload) && !utf8.RuneStart(payload[len(piece)]) {
			piece = piece[:len(piece)-1] // a character must not be cut
		}
		payload = payload[len(piece):]
		var err error
		if buffer, err = appendJSON(buffer[:0], string(piece)); err != nil {
			return err
		}
		if _, err := w.Write(buffer[len(`"`) : len(buffer)-len(`"`)]); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, `"`)
	return err
}

// appendJSON appends v as JSON that leaves <, > and & as they are.
func appendJSON(dst []byte, v any) ([]byte, error) {
	buffer := bytes.NewBuffer(dst)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte{'\n'}), nil
}

// text returns b as text, or b itself where it is not UTF-8.
func text(b []byte) (*string, []byte) {
	if !utf8.Valid(b) {
		return nil, b
	}
	s := string(b)
	return &s, nil
}
