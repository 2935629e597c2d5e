package schema

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func BenchmarkEnvelopeAppend(b *testing.B) {
	for _, size := range []int{200, 2 << 10, 50 << 10} {
		payload := `{"id":123456,"name":"Zoë","items":[{"sku":"a-1","n":2,"price":1.50}],"note":"` + strings.Repeat("lorem ipsum ", size/12) + `"}`
		for _, schema := range []PayloadFormat{PayloadFormatJSON, PayloadFormatText, PayloadFormatRaw} {
			for _, headers := range [][]Header{nil, everyKind()} {
				m := message(payload[:min(len(payload), size)])
				if schema == PayloadFormatJSON {
					m.Payload = []byte(payload)
				}
				m.Headers = headers
				b.Run(fmt.Sprintf("%s/%dB/%dheaders", schema, size, len(headers)), func(b *testing.B) {
					e := NewEnvelopeEncoder(orders, EnvelopeOptions{IncludeMetadata: true, Payload: schema, OneLine: true})
					dst := make([]byte, 0, 2*size+4096)
					b.SetBytes(int64(len(m.Payload)))
					b.ReportAllocs()
					for b.Loop() {
						if _, err := e.Append(dst, m); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

func BenchmarkEnvelopeValidate(b *testing.B) {
	body, err := NewEnvelopeEncoder(orders, EnvelopeOptions{IncludeMetadata: true, Payload: PayloadFormatText}).Append(nil, message("x"))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("generated", func(b *testing.B) {
		b.ReportAllocs()
		var e Envelope
		if err := e.UnmarshalJSON(body); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if v := e.Validate(); v != nil {
				b.Fatal(v)
			}
		}
	})
	b.Run("decode and validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, found := DecodeEnvelope(body); found != nil {
				b.Fatal(found)
			}
		}
	})
	b.Run("jsonschema", func(b *testing.B) {
		b.ReportAllocs()
		doc, err := decodeTree(string(body))
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if v := ValidateEnvelope(doc); v != nil {
				b.Fatal(v)
			}
		}
	})
}

// A valid envelope costs no allocation: Validate may stand in a receiver's hot path.
func TestValidateOfAValidEnvelopeAllocatesNothing(t *testing.T) {
	m := message("1")
	m.Headers = everyKind()
	body, err := NewEnvelopeEncoder(orders, EnvelopeOptions{IncludeMetadata: true, IncludeChecksum: true,
		IncludeOriginTimestamp: true, Payload: PayloadFormatText}).Append(nil, m)
	require.NoError(t, err)
	e, found := DecodeEnvelope(body)
	require.Empty(t, found)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if e.Validate() != nil {
			panic("the envelope is not valid")
		}
	}))
}
