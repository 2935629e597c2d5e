package golden_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"iggysink/golden"
	"iggysink/schema"
)

// envelopesOf takes a body apart as a receiver does. In batch mode raw there is nothing to take apart.
func envelopesOf(t *testing.T, v *golden.Vector, r *golden.Request) [][]byte {
	t.Helper()
	switch v.Options.BatchMode {
	case schema.BatchModeRaw:
		return nil
	case schema.BatchModeNDJSON:
		require.True(t, bytes.HasSuffix(r.Body, []byte("\n")), "the last line has no end")
		return bytes.Split(bytes.TrimSuffix(r.Body, []byte("\n")), []byte("\n"))
	case schema.BatchModeJSONArray:
		var elements []json.RawMessage
		require.NoError(t, json.Unmarshal(r.Body, &elements))
		out := make([][]byte, len(elements))
		for i := range elements {
			out[i] = elements[i]
		}
		return out
	default:
		return [][]byte{r.Body}
	}
}

// decode reads one JSON text with exact numbers.
func decode(t *testing.T, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var doc any
	require.NoError(t, d.Decode(&doc), "%s", b)
	_, err := d.Token()
	require.ErrorIs(t, err, io.EOF, "more than one value in %s", b)
	return doc
}

// eachEnvelope calls f for every envelope that the corpus expects, with the message that it is made of.
func eachEnvelope(t *testing.T, f func(t *testing.T, v *golden.Vector, m *schema.Message, envelope []byte)) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			for _, r := range v.Requests {
				if v.Options.BatchMode == schema.BatchModeRaw {
					require.Len(t, r.Messages, 1)
					require.Equal(t, string(v.Messages[r.Messages[0]].Payload), string(r.Body))
					continue
				}
				envelopes := envelopesOf(t, &v, &r)
				require.Len(t, envelopes, len(r.Messages))
				for i, index := range r.Messages {
					f(t, &v, &v.Messages[index], envelopes[i])
				}
			}
		})
	}
}

// Every envelope keeps to the schema, by jsonschema as well as by the generated code.
func TestEnvelopesKeepToTheSchema(t *testing.T) {
	n := 0
	eachEnvelope(t, func(t *testing.T, v *golden.Vector, _ *schema.Message, envelope []byte) {
		if !v.Options.IncludeMetadata {
			return
		}
		n++
		require.Empty(t, schema.ValidateEnvelope(decode(t, envelope)))
		var typed schema.Envelope
		require.NoError(t, json.Unmarshal(envelope, &typed))
		require.Empty(t, typed.Validate())
	})
	require.NotZero(t, n)
}

// A receiver that knows nothing of iggysink finds every field of the message again.
func TestAReceiverFindsEveryField(t *testing.T) {
	n := 0
	eachEnvelope(t, func(t *testing.T, v *golden.Vector, m *schema.Message, envelope []byte) {
		n++
		payload := decode(t, envelope)
		if v.Options.IncludeMetadata {
			r := receiver{options: &v.Options, message: m}
			want := r.object(contract(t), payload)
			if diff := cmp.Diff(want, payload); diff != "" {
				t.Errorf("envelope (-message +received):\n%s", diff)
			}
			payload = r.payload
		}
		require.NoError(t, samePayload(v.Options.Schema, m.Payload, payload))
	})
	require.NotZero(t, n)
}

func floatText(f float64, bits int) string {
	if math.IsInf(f, 0) {
		return strings.TrimPrefix(strings.ToLower(fmt.Sprint(f)), "+")
	}
	return strconv.FormatFloat(f, 'f', -1, bits)
}

// samePayload compares a payload with what a receiver decoded.
func samePayload(s schema.PayloadFormat, sent []byte, got any) error {
	var want any
	switch s {
	case schema.PayloadFormatJSON:
		d := json.NewDecoder(bytes.NewReader(sent))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			return err
		}
	case schema.PayloadFormatText:
		want = string(sent)
	default:
		want = map[string]any{
			"data": base64.StdEncoding.EncodeToString(sent), "iggy_payload_encoding": "base64"}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("payload (-sent +received):\n%s", diff)
	}
	return nil
}
