package golden_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
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
			doc := payload.(map[string]any)
			payload = doc["payload"]
			want := map[string]any{"metadata": metadataOf(&v.Options, m), "payload": payload}
			if diff := cmp.Diff(want, doc); diff != "" {
				t.Errorf("envelope (-message +received):\n%s", diff)
			}
		}
		require.NoError(t, samePayload(v.Options.Schema, m.Payload, payload))
	})
	require.NotZero(t, n)
}

// metadataOf is the metadata of a message as encoding/json shows it to a receiver.
func metadataOf(o *golden.Options, m *schema.Message) map[string]any {
	id := slices.Clone(m.ID[:])
	slices.Reverse(id)
	number := func(n uint64) json.Number { return json.Number(strconv.FormatUint(n, 10)) }
	meta := map[string]any{
		"iggy_id":           fmt.Sprintf("%x", id),
		"iggy_offset":       number(m.Offset),
		"iggy_timestamp":    number(m.Timestamp),
		"iggy_stream":       o.Partition.Stream,
		"iggy_topic":        o.Partition.Topic,
		"iggy_partition_id": number(uint64(o.Partition.ID)),
	}
	if o.IncludeChecksum {
		meta["iggy_checksum"] = number(m.Checksum)
	}
	if o.IncludeOriginTimestamp {
		meta["iggy_origin_timestamp"] = number(m.OriginTimestamp)
	}
	if len(m.Headers) > 0 {
		headers := map[string]any{}
		for _, h := range m.Headers {
			headers[string(h.Key)] = headerText(h)
		}
		meta["iggy_headers"] = headers
	}
	return meta
}

// headerText is what a receiver sees of a header, by way of math/big and fmt.
func headerText(h schema.Header) any {
	b := slices.Clone(h.Value)
	slices.Reverse(b)
	switch h.Kind {
	case schema.HeaderRaw:
		return map[string]any{"data": base64.StdEncoding.EncodeToString(h.Value), "iggy_header_encoding": "base64"}
	case schema.HeaderString:
		return string(h.Value)
	case schema.HeaderBool:
		return fmt.Sprint(h.Value[0] == 1)
	case schema.HeaderFloat32:
		return floatText(float64(math.Float32frombits(binary.BigEndian.Uint32(b))), 32)
	case schema.HeaderFloat64:
		return floatText(math.Float64frombits(binary.BigEndian.Uint64(b)), 64)
	}
	n := new(big.Int).SetBytes(b)
	if h.Kind <= schema.HeaderInt128 && b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n.String()
}

func floatText(f float64, bits int) string {
	if math.IsInf(f, 0) {
		return strings.TrimPrefix(strings.ToLower(fmt.Sprint(f)), "+")
	}
	return strconv.FormatFloat(f, 'f', -1, bits)
}

// samePayload compares a payload with what a receiver decoded.
func samePayload(s schema.PayloadSchema, sent []byte, got any) error {
	var want any
	switch s {
	case schema.PayloadSchemaJSON:
		d := json.NewDecoder(bytes.NewReader(sent))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			return err
		}
	case schema.PayloadSchemaText:
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
