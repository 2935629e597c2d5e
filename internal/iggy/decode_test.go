package iggy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	binaryserialization "github.com/apache/iggy/foreign/go/binary_serialization"
	iggcon "github.com/apache/iggy/foreign/go/contracts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/userheader"
	"iggysink/schema"
)

// wireMessage writes a message as the server does.
func wireMessage(offset uint64, payload, headers string) []byte {
	head := iggcon.MessageHeader{
		Checksum: 7, Id: iggcon.MessageID{1, 2}, Offset: offset, Timestamp: 11, OriginTimestamp: 12,
		PayloadLength: uint32(len(payload)), UserHeaderLength: uint32(len(headers)),
	}
	return append(append(head.ToBytes(), payload...), headers...)
}

// wirePoll writes the reply to a poll.
func wirePoll(partition uint32, current uint64, messages ...[]byte) []byte {
	b := []byte(pollReply(partition, current))
	binary.LittleEndian.PutUint32(b[12:], uint32(len(messages)))
	return append(b, bytes.Join(messages, nil)...)
}

// wireHeader writes one user header.
func wireHeader(keyKind schema.HeaderKind, key string, kind schema.HeaderKind, value string) string {
	b := appendText([]byte{byte(keyKind)}, key)
	return string(appendText(append(b, byte(kind)), value))
}

func TestDecodePolled(t *testing.T) {
	header := wireHeader(schema.HeaderString, "k", schema.HeaderString, "v")
	raw := wirePoll(2, 9, wireMessage(4, "one", header), wireMessage(6, "two", ""))
	got, err := decodePolled(raw)
	require.NoError(t, err)
	one := schema.Message{
		ID: schema.MessageID{1, 2}, Offset: 4, Timestamp: 11, OriginTimestamp: 12, Checksum: 7,
		Headers: []schema.Header{{Key: []byte("k"), Kind: schema.HeaderString, Value: []byte("v")}}, Payload: []byte("one"),
	}
	two := one
	two.Offset, two.Payload, two.Headers = 6, []byte("two"), nil
	assert.Equal(t, polled{partition: 2, current: 9, messages: []schema.Message{one, two}}, got)

	before := slices.Clone(raw)
	_ = append(got.messages[0].Payload, "overwrites what follows"...)
	_ = append(got.messages[0].Headers[0].Value, "overwrites what follows"...)
	assert.Equal(t, before, raw, "slices are clipped")
}

// The SDK stops before a message that ends with its header.
func TestDecodeKeepsAnEmptyPayloadAtTheEnd(t *testing.T) {
	raw := wirePoll(0, 1, wireMessage(0, "x", ""), wireMessage(1, "", ""))
	bySDK, err := binaryserialization.DeserializeFetchMessagesResponse(raw, iggcon.MESSAGE_COMPRESSION_NONE)
	require.NoError(t, err)
	assert.Len(t, bySDK.Messages, 1, "the fault is still there")
	got, err := decodePolled(raw)
	require.NoError(t, err)
	require.Len(t, got.messages, 2)
	assert.Empty(t, got.messages[1].Payload)
}

func TestDecodeHeaders(t *testing.T) {
	const s = schema.HeaderString
	header := func(key, value string) schema.Header {
		return schema.Header{Key: []byte(key), Kind: s, Value: []byte(value)}
	}
	ff := strings.Repeat("\xff", 16)
	for name, c := range map[string]struct {
		raw  string
		want []schema.Header
	}{
		"none":                {"", nil},
		"in order":            {wireHeader(s, "b", s, "1") + wireHeader(s, "a", s, "2"), []schema.Header{header("b", "1"), header("a", "2")}},
		"the last one wins":   {wireHeader(s, "a", s, "1") + wireHeader(s, "b", s, "2") + wireHeader(s, "a", s, "3"), []schema.Header{header("a", "3"), header("b", "2")}},
		"raw key":             {wireHeader(1, "\xfe", s, "v"), []schema.Header{header("\xfe", "v")}},
		"bool key":            {wireHeader(3, "\x01", s, "v"), []schema.Header{header("true", "v")}},
		"int8 key":            {wireHeader(4, "\x80", s, "v"), []schema.Header{header("-128", "v")}},
		"int16 key":           {wireHeader(5, "\xfe\xff", s, "v"), []schema.Header{header("-2", "v")}},
		"int32 key":           {wireHeader(6, "\x01\x00\x00\x00", s, "v"), []schema.Header{header("1", "v")}},
		"int64 key":           {wireHeader(7, ff[:8], s, "v"), []schema.Header{header("-1", "v")}},
		"int128 key":          {wireHeader(8, ff, s, "v"), []schema.Header{header("-1", "v")}},
		"uint8 key":           {wireHeader(9, "\xff", s, "v"), []schema.Header{header("255", "v")}},
		"uint16 key":          {wireHeader(10, ff[:2], s, "v"), []schema.Header{header("65535", "v")}},
		"uint32 key":          {wireHeader(11, ff[:4], s, "v"), []schema.Header{header("4294967295", "v")}},
		"uint64 key":          {wireHeader(12, ff[:8], s, "v"), []schema.Header{header("18446744073709551615", "v")}},
		"uint128 key":         {wireHeader(13, ff, s, "v"), []schema.Header{header("340282366920938463463374607431768211455", "v")}},
		"float32 key":         {wireHeader(14, "\x00\x00\xc0\x3f", s, "v"), []schema.Header{header("1.5", "v")}},
		"float64 key":         {wireHeader(15, "\x00\x00\x00\x00\x00\x00\xf8\x3f", s, "v"), []schema.Header{header("1.5", "v")}},
		"same text, same key": {wireHeader(9, "\x07", s, "1") + wireHeader(s, "7", s, "2"), []schema.Header{header("7", "2")}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := userheader.Decode([]byte(c.raw))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestBrokenHeadersLeaveTheMessage(t *testing.T) {
	good := wireHeader(2, "k", 2, "v")
	for name, raw := range map[string]string{
		"cut":           good[:len(good)-1],
		"key only":      good[:6],
		"unknown kind":  wireHeader(2, "k", 16, "v"),
		"kind 0":        wireHeader(0, "k", 2, "v"),
		"size of a u16": wireHeader(2, "k", 10, "abc"),
		"huge length":   "\x02\xff\xff\xff\xff",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodePolled(wirePoll(0, 0, wireMessage(0, "body", good+raw)))
			require.NoError(t, err)
			assert.Equal(t, 1, got.broken)
			assert.Nil(t, got.messages[0].Headers)
			assert.Equal(t, "body", string(got.messages[0].Payload))
		})
	}
}

func TestManyDuplicateHeadersCostNoMoreThanAMap(t *testing.T) {
	var raw strings.Builder
	for i := range 3000 {
		raw.WriteString(wireHeader(2, fmt.Sprint(i%1500), 2, fmt.Sprint(i)))
	}
	got, err := userheader.Decode([]byte(raw.String()))
	require.NoError(t, err)
	require.Len(t, got, 1500)
	for i, h := range got {
		assert.Equal(t, fmt.Sprint(i), string(h.Key))
		assert.Equal(t, fmt.Sprint(i+1500), string(h.Value))
	}
}

// What the SDK reads of a block of headers, this package reads as well.
func FuzzDecodeHeaders(f *testing.F) {
	f.Add([]byte(wireHeader(2, "k", 2, "v") + wireHeader(13, strings.Repeat("a", 16), 3, "\x01")))
	f.Add([]byte("\x02\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := userheader.Decode(raw)
		entries, sdkErr := iggcon.DeserializeHeaders(raw)
		if sdkErr != nil || slices.ContainsFunc(entries, func(e iggcon.HeaderEntry) bool {
			return userheader.Check(schema.HeaderKind(e.Key.Kind), len(e.Key.Value)) != nil ||
				userheader.Check(schema.HeaderKind(e.Value.Kind), len(e.Value.Value)) != nil
		}) {
			return
		}
		require.NoError(t, err)
		last := map[string]string{}
		for _, e := range entries {
			last[string(userheader.PrintedKey(schema.HeaderKind(e.Key.Kind), e.Key.Value))] = string(e.Value.Value)
		}
		require.Len(t, got, len(last))
		for _, h := range got {
			require.Equal(t, last[string(h.Key)], string(h.Value))
		}
	})
}

// No reply makes the decoder panic, and it never returns more than the reply holds.
func FuzzDecodePolled(f *testing.F) {
	f.Add(wirePoll(1, 5, wireMessage(4, "one", wireHeader(2, "k", 2, "v")), wireMessage(5, "", "")))
	f.Add([]byte(pollReply(0, 0)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := decodePolled(raw)
		if err != nil {
			require.ErrorIs(t, err, errMalformed)
			return
		}
		size := 0
		for _, m := range got.messages {
			size += messageHead + len(m.Payload)
		}
		require.LessOrEqual(t, size, len(raw))
	})
}
