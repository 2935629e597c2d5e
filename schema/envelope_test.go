package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var orders = Partition{Stream: "shop", Topic: "created", ID: 7}

// message is what most tests encode; its id reads 0123456789abcdef0123456789abcdef.
func message(payload string) *Message {
	return &Message{
		ID: MessageID{0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01,
			0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01},
		Offset: 10, Timestamp: 1710064800000000, OriginTimestamp: 1710064799000000, Checksum: 12345,
		Payload: []byte(payload),
	}
}

func ExampleEnvelopeEncoder_Append() {
	// With IncludeMetadata the envelope stands around this; golden/vectors shows all of them.
	e := NewEnvelopeEncoder(orders, EnvelopeOptions{Payload: PayloadFormatText})
	body, err := e.Append([]byte("body: "), message(`a "b"`))
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(string(body))
	// Output:
	// body: "a \"b\""
}

// The names of the properties are the schema's affair: golden shows what each envelope is.
func TestEnvelopeHasOnlyWhatIsAskedFor(t *testing.T) {
	checksum, origin, header := "777000111", "1710064799000000", `"a\"b"`
	for _, tt := range []struct {
		name    string
		options EnvelopeOptions
		headers []Header
		has     []string
	}{
		{"metadata alone", EnvelopeOptions{IncludeMetadata: true}, nil, nil},
		{"checksum", EnvelopeOptions{IncludeMetadata: true, IncludeChecksum: true}, nil, []string{checksum}},
		{"origin timestamp", EnvelopeOptions{IncludeMetadata: true, IncludeOriginTimestamp: true}, nil, []string{origin}},
		{"headers", EnvelopeOptions{IncludeMetadata: true}, []Header{
			{Key: []byte("x-correlation-id"), Kind: HeaderString, Value: []byte("a\"b")},
			{Key: []byte("blob"), Kind: HeaderRaw, Value: []byte{0, 1}},
		}, []string{header, `"AAE="`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Payload = PayloadFormatJSON
			m := message("1")
			m.Headers, m.Checksum = tt.headers, 777000111
			got, err := NewEnvelopeEncoder(orders, tt.options).Append([]byte("before"), m)
			require.NoError(t, err)
			body, found := strings.CutPrefix(string(got), "before")
			require.True(t, found)
			for _, part := range []string{checksum, origin, header, `"AAE="`} {
				assert.Equal(t, slices.Contains(tt.has, part), strings.Contains(body, part), "%s in %s", part, body)
			}
			assert.Empty(t, ValidateEnvelope(tree(t, body)))
		})
	}
	got, err := NewEnvelopeEncoder(orders, EnvelopeOptions{IncludeChecksum: true, Payload: PayloadFormatJSON}).Append(nil, message("1"))
	require.NoError(t, err)
	assert.Equal(t, "1", string(got), "no metadata")
}

func TestPayloadBecomesTheValueOfItsSchema(t *testing.T) {
	for _, tt := range []struct {
		schema  PayloadFormat
		oneLine bool
		payload string
		want    string
	}{
		{PayloadFormatJSON, false, "{\"z\": 1.50,\r\n \"a\":\"\\u00e9\"}", "{\"z\": 1.50,\r\n \"a\":\"\\u00e9\"}"},
		{PayloadFormatJSON, true, "{\"z\": 1.50,\r\n \"a\":\"\\n\"}\n", "{\"z\": 1.50,   \"a\":\"\\n\"} "},
		{PayloadFormatText, false, "", `""`},
		{PayloadFormatText, true, "line\n\"two\" \\ \x01\x7f<&>\u2028é", `"line\n\"two\" \\ \u0001` + "\x7f<&>\u2028é\""},
		{PayloadFormatRaw, false, "\x01\x02\x03", `{"data":"AQID","iggy_payload_encoding":"base64"}`},
		{PayloadFormatRaw, false, "", `{"data":"","iggy_payload_encoding":"base64"}`},
		{PayloadFormatFlatBuffer, false, "\x04\x05\x06", `{"data":"BAUG","iggy_payload_encoding":"base64"}`},
		{PayloadFormatProto, false, "\xff", `{"data":"/w==","iggy_payload_encoding":"base64"}`},
		{PayloadFormatAvro, false, "ab", `{"data":"YWI=","iggy_payload_encoding":"base64"}`},
	} {
		e := NewEnvelopeEncoder(orders, EnvelopeOptions{Payload: tt.schema, OneLine: tt.oneLine})
		got, err := e.Append(nil, message(tt.payload))
		require.NoError(t, err)
		assert.Equal(t, tt.want, string(got))
		assert.True(t, json.Valid(got))
	}
}

func TestPayloadThatIsNotWhatItsSchemaSaysIsRefused(t *testing.T) {
	for _, tt := range []struct {
		schema  PayloadFormat
		payload string
		want    string
	}{
		{PayloadFormatJSON, "", "JSON ends too early at byte 0"},
		{PayloadFormatJSON, " ", "JSON ends too early at byte 1"},
		{PayloadFormatJSON, `{"a":1`, "JSON ends too early at byte 6"},
		{PayloadFormatJSON, `{"a":1}}`, "not JSON at byte 7"},
		{PayloadFormatJSON, `{"a" 1}`, "not JSON at byte 5"},
		{PayloadFormatJSON, "\xef\xbb\xbf1", "not JSON at byte 0"},
		{PayloadFormatJSON, "\"\xff\"", "JSON is not UTF-8 at byte 1"},
		{PayloadFormatJSON, strings.Repeat("[", 12<<20), "JSON is nested too deeply at byte 10000"},
		{PayloadFormatText, "é\xc3", "text is not UTF-8 at byte 2"},
		{"", "1", "the payload schema is not known at byte 0"},
	} {
		for _, metadata := range []bool{true, false} {
			e := NewEnvelopeEncoder(orders, EnvelopeOptions{IncludeMetadata: metadata, Payload: tt.schema})
			got, err := e.Append([]byte("kept"), message(tt.payload))
			require.ErrorIs(t, err, ErrPayload)
			var p *PayloadError
			require.True(t, errors.As(err, &p))
			assert.Equal(t, "invalid payload: "+tt.want, err.Error())
			assert.Equal(t, "kept", string(got))
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	m := message(`{"text":"` + strings.Repeat("aé\\n", 500) + `"}`)
	m.Headers = everyKind()
	dst := make([]byte, 0, 64<<10)
	for _, schema := range PayloadFormatValues() {
		e := NewEnvelopeEncoder(orders, EnvelopeOptions{IncludeMetadata: true, IncludeChecksum: true,
			IncludeOriginTimestamp: true, Payload: schema, OneLine: true})
		allocations := testing.AllocsPerRun(100, func() {
			if _, err := e.Append(dst, m); err != nil {
				t.Error(err)
			}
		})
		assert.Zero(t, allocations, schema)
	}
}

func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-0.5e+7,true,false,null,"\u00e9\ud800"]}`, "[[[[]]],{}]", "01", "1.", "-", `"\x"`,
		"\"\xc3\"", "[1,]", "{,}", "\x00", "nul", `{"a":}`, "\"\u2028\"", "[\x00]", strings.Repeat("[", 70) + strings.Repeat("]", 70)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		err := checkJSON(b)
		if want := json.Valid(b) && utf8.Valid(b); want != (err == nil) {
			t.Fatalf("%q: want valid %v, got %v", b, want, err)
		}
		if err != nil {
			return
		}
		before := decode(t, b)
		joinLines(b)
		assert.Equal(t, before, decode(t, b), "the value does not change with the line breaks")
		assert.NotContains(t, string(b), "\n")
	})
}

func decode(t *testing.T, b []byte) any {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	require.NoError(t, d.Decode(&v))
	return v
}

func TestJSONNestsToTheLimitOfEncodingJSON(t *testing.T) {
	for _, depth := range []int{1, 63, 64, 65, 128, maxDepth, maxDepth + 1} {
		for _, pair := range [][2]string{{"[", "]"}, {`{"":`, "}"}} {
			inner := "1"
			text := []byte(strings.Repeat(pair[0], depth) + inner + strings.Repeat(pair[1], depth))
			assert.Equal(t, json.Valid(text), checkJSON(text) == nil, "%d times %s", depth, pair[0])
		}
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add([]byte("plain"))
	f.Add([]byte("q\"b\\n\n\x00\x1f\x7f\u2028é\xff\xc3(long enough for words of eight)\t"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := appendString(nil, b)
		var s string
		require.NoError(t, json.Unmarshal(got, &s))
		assert.Equal(t, string([]rune(string(b))), s)
	})
}
