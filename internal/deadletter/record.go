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
	Time            time.Time      `json:"time"`
	Sink            string         `json:"sink"`
	Stream          string         `json:"stream"`
	Topic           string         `json:"topic"`
	Partition       uint32         `json:"partition"`
	Offset          uint64         `json:"offset"`
	ID              string         `json:"id"` // as in the envelope: 32 hexadecimal digits, the highest first
	Kind            string         `json:"kind"`
	Reason          string         `json:"reason"`
	ResponseBody    string         `json:"response_body,omitempty"` // its begin
	Status          int            `json:"status,omitzero"`
	Attempts        int            `json:"attempts"`
	Timestamp       uint64         `json:"timestamp"`
	OriginTimestamp uint64         `json:"origin_timestamp"`
	Checksum        uint64         `json:"checksum"`
	Schema          string         `json:"schema"`
	Headers         []recordHeader `json:"headers,omitempty"`
}

type recordHeader struct {
	Key         *string `json:"key,omitempty"`
	KeyBase64   []byte  `json:"key_base64,omitempty"`
	Kind        uint8   `json:"kind"` // as on Iggy's wire: 1 raw, 2 string, 3 bool, ...
	Value       *string `json:"value,omitempty"`
	ValueBase64 []byte  `json:"value_base64,omitempty"`
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
