package schema

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func header(kind HeaderKind, value ...byte) Header {
	return Header{Key: []byte("k"), Kind: kind, Value: value}
}

func le64(u uint64) []byte { return binary.LittleEndian.AppendUint64(nil, u) }

// everyKind has one header of each of the fifteen kinds.
func everyKind() []Header {
	var out []Header
	for k := HeaderRaw; k <= HeaderFloat64; k++ {
		value := make([]byte, max(k.Width(), 1))
		value[0] = 1
		out = append(out, Header{Key: []byte("kind-" + strconv.Itoa(int(k))), Kind: k, Value: value})
	}
	return out
}

func TestHeaderValuePrintsAsItsKind(t *testing.T) {
	ff := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = 0xff
		}
		return b
	}
	lowest := make([]byte, 16)
	lowest[15] = 0x80
	for _, tt := range []struct {
		header Header
		want   string
	}{
		{header(HeaderRaw, 1, 2), `{"data":"AQI=","iggy_header_encoding":"base64"}`},
		{header(HeaderRaw), `{"data":"","iggy_header_encoding":"base64"}`},
		{header(HeaderString, 'a', '\n'), `"a\n"`},
		{header(HeaderString, 0xff), "\"\uFFFD\""},
		{header(HeaderBool, 0), `"false"`},
		{header(HeaderBool, 1), `"true"`},
		{header(HeaderInt8, 0x80), `"-128"`},
		{header(HeaderInt16, 0xfe, 0xff), `"-2"`},
		{header(HeaderInt32, 1, 0, 0, 0x80), `"-2147483647"`},
		{header(HeaderInt64, le64(1<<63)...), `"-9223372036854775808"`},
		{header(HeaderInt128, ff(16)...), `"-1"`},
		{header(HeaderInt128, lowest...), `"-170141183460469231731687303715884105728"`},
		{header(HeaderUint8, 0xff), `"255"`},
		{header(HeaderUint16, 0x01, 0x02), `"513"`},
		{header(HeaderUint32, ff(4)...), `"4294967295"`},
		{header(HeaderUint64, ff(8)...), `"18446744073709551615"`},
		{header(HeaderUint128, ff(16)...), `"340282366920938463463374607431768211455"`},
		{header(HeaderFloat32, binary.LittleEndian.AppendUint32(nil, math.Float32bits(0.1))...), `"0.1"`},
		{header(HeaderFloat64, le64(math.Float64bits(1e21))...), `"1000000000000000000000"`},
		{header(HeaderFloat64, le64(math.Float64bits(3.54))...), `"3.54"`},
		{header(HeaderFloat64, le64(math.Float64bits(math.NaN()))...), `"NaN"`},
		{header(HeaderFloat64, le64(math.Float64bits(math.Inf(1)))...), `"inf"`},
		{header(HeaderFloat64, le64(math.Float64bits(math.Inf(-1)))...), `"-inf"`},
		// Not what the kind says: nothing is lost, and nothing is made up.
		{header(HeaderBool, 2), `{"data":"Ag==","iggy_header_encoding":"base64"}`},
		{header(HeaderInt32, 1), `{"data":"AQ==","iggy_header_encoding":"base64"}`},
		{header(0), `{"data":"","iggy_header_encoding":"base64"}`},
		{header(99, 1), `{"data":"AQ==","iggy_header_encoding":"base64"}`},
	} {
		assert.Equal(t, tt.want, string(appendHeaderValue(nil, &tt.header, before, after)), "kind %d, % x", tt.header.Kind, tt.header.Value)
	}
}

func TestEveryHeaderKindIsAString(t *testing.T) {
	var got map[string]any
	require.NoError(t, json.Unmarshal(appendHeaders(nil, everyKind(), before, after), &got))
	assert.Len(t, got, 15)
	for key, v := range got {
		if key != "kind-1" {
			assert.IsType(t, "", v, key)
		}
	}
}

func TestIntegersOf128BitsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hi, lo := rapid.Uint64().Draw(t, "hi"), rapid.Uint64().Draw(t, "lo")
		want := new(big.Int).Lsh(new(big.Int).SetUint64(hi), 64)
		want.Add(want, new(big.Int).SetUint64(lo))
		assert.Equal(t, want.String(), string(appendUint128(nil, hi, lo)))
		if hi>>63 == 1 {
			want.Sub(want, new(big.Int).Lsh(big.NewInt(1), 128))
		}
		h := header(HeaderInt128, append(le64(lo), le64(hi)...)...)
		assert.Equal(t, strconv.Quote(want.String()), string(appendHeaderValue(nil, &h, before, after)))
	})
}

func TestMessageIDPrintsMostSignificantByteFirst(t *testing.T) {
	assert.Equal(t, `"00000000000000000000000000000000"`, string(appendID(nil, MessageID{})))
	assert.Equal(t, `"0000000000000000000000000000002a"`, string(appendID(nil, MessageID{42})))
	full := MessageID{}
	for i := range full {
		full[i] = 0xff
	}
	assert.Equal(t, `"ffffffffffffffffffffffffffffffff"`, string(appendID(nil, full)))
}

// before and after are the text around the base64 of a raw header.
const before, after = `{"data":"`, `","iggy_header_encoding":"base64"}`

func TestOneHeaderAsText(t *testing.T) {
	headers := everyKind()
	assert.Nil(t, findHeader(headers, "kind"))
	assert.Nil(t, findHeader(nil, ""))
	for i := range headers {
		h := findHeader(headers, string(headers[i].Key))
		require.Same(t, &headers[i], h)
		var text string
		require.NoError(t, json.Unmarshal(appendHeaderText(nil, h), &text))
		assert.NotEmpty(t, text)
	}
	assert.Equal(t, `"AQ=="`, string(appendHeaderText(nil, &headers[0])), "raw")
}
