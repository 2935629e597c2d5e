package sinkhttp

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"iggysink/schema"
)

// What is measured before encoding is never more than what encoding makes of it: no message is refused that would fit. And
// the room is enough, so that nothing is copied.
func TestAPayloadIsWeighedAsItIsEncoded(t *testing.T) {
	modes := []schema.BatchMode{
		schema.BatchModeRaw, schema.BatchModeIndividual, schema.BatchModeNDJSON, schema.BatchModeJSONArray,
	}
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(schema.PayloadFormatValues()).Draw(t, "schema")
		cfg := schema.DefaultSink()
		cfg.BatchMode = rapid.SampledFrom(modes).Draw(t, "mode")
		cfg.IncludeMetadata = false
		text := rapid.StringOfN(rapid.RuneFrom([]rune("a \n\t\"\\\x01é€😀")), 0, 50, -1).Draw(t, "text")
		payload := []byte(text)
		if kind == schema.PayloadFormatJSON {
			payload = append(schema.AppendJSONString([]byte("[ \n"), text), " ,\t1\n]"...)
		}
		s := &Sink{cfg: cfg}
		least, room := s.weigh(kind, payload)
		if cfg.BatchMode == schema.BatchModeRaw {
			require.Equal(t, len(payload), least)
			return
		}
		encoder := schema.NewEnvelopeEncoder(schema.Partition{}, schema.EnvelopeOptions{
			Payload: kind, OneLine: cfg.BatchMode == schema.BatchModeNDJSON,
		})
		encoded, err := encoder.Append(nil, &schema.Message{Payload: payload})
		require.NoError(t, err)
		require.LessOrEqual(t, least, len(encoded), "%q", encoded)
		require.LessOrEqual(t, len(encoded), room+frameRoom)
	})
}

func TestALargePayloadIsRefusedBeforeItIsEncoded(t *testing.T) {
	cfg := schema.DefaultSink()
	cfg.BatchMode, cfg.MaxPayloadSizeBytes = schema.BatchModeNDJSON, 2<<20
	s := &Sink{cfg: cfg}
	large := []byte(strings.Repeat("\"", largePayload+1))
	var p Prepared
	reason := s.admit(&p, schema.PayloadFormatText, large)
	assert.Contains(t, reason, "more than max_payload_size_bytes (2097152)")
	assert.Zero(t, cap(p.body))
	require.Empty(t, s.admit(&p, schema.PayloadFormatText, bytes.Repeat([]byte("x"), largePayload)))
	assert.GreaterOrEqual(t, cap(p.body), largePayload)
	require.Empty(t, s.admit(&p, schema.PayloadFormatText, large[:largePayload-1]), "a small one is measured as it is encoded")
}
