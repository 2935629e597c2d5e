package deadletter

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// writtenRecord is a whole line.
type writtenRecord struct {
	record
	Payload       *string `json:"payload,omitempty"`
	PayloadBase64 []byte  `json:"payload_base64,omitempty"`
}

// letterOf reads a line back: what a replay has to be able to do.
func letterOf(t require.TestingT, line []byte) relay.DeadLetter {
	var r writtenRecord
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&r))
	data := func(text *string, raw []byte) []byte {
		if text != nil {
			return []byte(*text)
		}
		return raw
	}
	id, err := hex.DecodeString(r.ID)
	require.NoError(t, err)
	slices.Reverse(id)
	l := relay.DeadLetter{
		Sink: r.Sink, Time: r.Time, Partition: schema.Partition{Stream: r.Stream, Topic: r.Topic, ID: r.Partition},
		Schema: schema.PayloadFormat(r.Schema), Kind: r.Kind, Reason: r.Reason, Status: r.Status, Attempts: r.Attempts,
		ResponseBody: r.ResponseBody,
		Message: schema.Message{
			ID: schema.MessageID(id), Offset: r.Offset, Timestamp: r.Timestamp, OriginTimestamp: r.OriginTimestamp,
			Checksum: r.Checksum, Payload: data(r.Payload, r.PayloadBase64),
		},
	}
	for _, h := range r.Headers {
		l.Message.Headers = append(l.Message.Headers, schema.Header{
			Key: data(h.Key, h.KeyBase64), Kind: schema.HeaderKind(h.Kind), Value: data(h.Value, h.ValueBase64),
		})
	}
	return l
}

// lineOf is the line of l.
func lineOf(t require.TestingT, l *relay.DeadLetter) []byte {
	var buffer bytes.Buffer
	require.NoError(t, writeRecord(&buffer, l))
	return buffer.Bytes()
}

func TestADeadLetterIsALineThatSaysWhatAndWhy(t *testing.T) {
	l := someLetter(7)
	l.Message.Headers = []schema.Header{
		{Key: []byte("k"), Kind: schema.HeaderString, Value: []byte("v")},
		{Key: []byte("n"), Kind: schema.HeaderUint8, Value: []byte{1}},
	}
	line := lineOf(t, &l)
	assert.Equal(t, `{"time":"1970-01-01T00:00:01Z","sink":"s","stream":"st","topic":"to","partition":3,"offset":7,`+
		`"id":"00000000000000000000000000000001","kind":"rejected","reason":"status 400","status":400,"attempts":1,`+
		`"timestamp":0,"origin_timestamp":0,"checksum":0,"schema":"json","headers":[{"key":"k","kind":2,"value":"v"},`+
		`{"key":"n","kind":9,"value_base64":"AQ=="}],"payload":"{\"a\":1}"}`+"\n", string(line))
}

func TestADeadLetterCanBeReplayedExactly(t *testing.T) {
	content := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Map(rapid.String(), func(s string) []byte {
		return []byte(s)
	}))
	rapid.Check(t, func(t *rapid.T) {
		l := someLetter(rapid.Uint64().Draw(t, "offset"))
		l.Time = time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "time"), 5).UTC()
		copy(l.Message.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		l.Message.Checksum = rapid.Uint64().Draw(t, "checksum")
		l.Message.Payload = content.Draw(t, "payload")
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			l.Message.Headers = append(l.Message.Headers, schema.Header{
				Key: content.Draw(t, "key"), Value: content.Draw(t, "value"),
				Kind: schema.HeaderKind(rapid.Uint8Range(1, 15).Draw(t, "kind")),
			})
		}
		line := lineOf(t, &l)
		assert.Equal(t, 1, bytes.Count(line, []byte{'\n'}), "one line")
		if diff := cmp.Diff(l, letterOf(t, line), cmp.Comparer(bytes.Equal)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// A payload is written in pieces: none may cut a character or an escape, wherever the borders fall.
func TestALongPayloadIsWrittenInPieces(t *testing.T) {
	for _, unit := range []string{"a", "\u00e4", "\u20ac", "\U0001f600", "\"", "\\", "\x00", "\u2028", "\xff"} {
		for shift := range 4 {
			l := someLetter(1)
			l.Message.Payload = []byte(strings.Repeat("-", shift) + strings.Repeat(unit, 2*pieceSize/len(unit)+3))
			require.Equal(t, l.Message.Payload, letterOf(t, lineOf(t, &l)).Message.Payload, "%q behind %d bytes", unit, shift)
		}
	}
}

// A dead letter of 60 MB must not be in memory once more: it is written in pieces of a bounded size.
func TestALargePayloadIsNotCopied(t *testing.T) {
	l := someLetter(1)
	for name, payload := range map[string][]byte{
		"text": bytes.Repeat([]byte("\"x"), 4<<20), "bytes": bytes.Repeat([]byte("\xff"), 8<<20),
	} {
		l.Message.Payload = payload
		var w largestWrite
		require.NoError(t, writeRecord(&w, &l))
		assert.Greater(t, w.total, len(payload), name)
		assert.LessOrEqual(t, w.largest, 6*pieceSize, name) // a control character has six bytes as text
	}
}

// largestWrite remembers how much was written at once.
type largestWrite struct{ largest, total int }

func (w *largestWrite) Write(p []byte) (int, error) {
	w.largest, w.total = max(w.largest, len(p)), w.total+len(p)
	return len(p), nil
}
