package iggy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"

	"iggysink/schema"
)

// Sizes of a poll's reply: u32 partition, u64 current offset, u32 count, then the messages.
const (
	polledHead  = 16
	messageHead = 64
)

// errMalformed is a reply that contradicts itself.
var errMalformed = errors.New("malformed reply")

// polled is the reply to a poll.
type polled struct {
	partition uint32
	current   uint64 // the partition's last offset; 0 also where nothing is in it, or where the member does not own it
	messages  []schema.Message
	broken    int // messages whose user headers could not be read
}

// decodePolled reads the reply to a poll. Messages alias raw; their slices are clipped, so that an append to one cannot
// reach its neighbour. The SDK's own decoder drops a message with an empty payload at the end of a reply.
func decodePolled(raw []byte) (polled, error) {
	if len(raw) == 0 {
		return polled{}, nil
	}
	if len(raw) < polledHead {
		return polled{}, fmt.Errorf("%w: %d bytes for a poll", errMalformed, len(raw))
	}
	reply := polled{partition: binary.LittleEndian.Uint32(raw), current: binary.LittleEndian.Uint64(raw[4:])}
	count := int(binary.LittleEndian.Uint32(raw[12:]))
	rest := raw[polledHead:]
	if count > len(rest)/messageHead {
		return polled{}, fmt.Errorf("%w: %d messages in %d bytes", errMalformed, count, len(rest))
	}
	if count > 0 {
		reply.messages = make([]schema.Message, 0, count)
	}
	for range count {
		if len(rest) < messageHead {
			return polled{}, fmt.Errorf("%w: a message is cut", errMalformed)
		}
		headers, payload := int(binary.LittleEndian.Uint32(rest[48:])), int(binary.LittleEndian.Uint32(rest[52:]))
		end := messageHead + payload + headers
		if end > len(rest) {
			return polled{}, fmt.Errorf("%w: a message of %d bytes in %d", errMalformed, end, len(rest))
		}
		m := decodeHead(rest)
		body := messageHead + payload
		m.Payload = rest[messageHead:body:body]
		var err error
		if m.Headers, err = decodeHeaders(rest[body:end:end]); err != nil {
			reply.broken++
		}
		reply.messages = append(reply.messages, m)
		rest = rest[end:]
	}
	return reply, nil
}

// decodeHead reads the 64 bytes before a payload.
func decodeHead(b []byte) schema.Message {
	return schema.Message{
		Checksum:        binary.LittleEndian.Uint64(b),
		ID:              schema.MessageID(b[8:24]),
		Offset:          binary.LittleEndian.Uint64(b[24:]),
		Timestamp:       binary.LittleEndian.Uint64(b[32:]),
		OriginTimestamp: binary.LittleEndian.Uint64(b[40:]),
	}
}

// manyHeaders is from how many headers on a map finds duplicates; a list does it for fewer.
const manyHeaders = 16

// decodeHeaders reads a block of user headers: (u8 kind, u32 length, key, u8 kind, u32 length, value)*. Of duplicate keys
// the last value wins, at the place of the first. An error means none of them can be trusted.
func decodeHeaders(b []byte) ([]schema.Header, error) {
	var headers []schema.Header
	var seen map[string]int
	for len(b) > 0 {
		keyKind, key, rest, err := decodeTyped(b)
		if err != nil {
			return nil, fmt.Errorf("header key: %w", err)
		}
		valueKind, value, rest, err := decodeTyped(rest)
		if err != nil {
			return nil, fmt.Errorf("header value: %w", err)
		}
		b = rest
		h := schema.Header{Key: printedKey(keyKind, key), Kind: valueKind, Value: value}
		if len(headers) == manyHeaders && seen == nil {
			seen = make(map[string]int, 4*manyHeaders)
			for i := range headers {
				seen[string(headers[i].Key)] = i
			}
		}
		if i := findHeader(headers, seen, h.Key); i >= 0 {
			headers[i] = h
			continue
		}
		if seen != nil {
			seen[string(h.Key)] = len(headers)
		}
		headers = append(headers, h)
	}
	return headers, nil
}

// findHeader returns the index of key, or -1. A block of headers has up to 100 kB: a list alone would be quadratic.
func findHeader(headers []schema.Header, seen map[string]int, key []byte) int {
	if seen != nil {
		if i, found := seen[string(key)]; found {
			return i
		}
		return -1
	}
	return slices.IndexFunc(headers, func(h schema.Header) bool { return bytes.Equal(h.Key, key) })
}

// decodeTyped reads one key or value and returns what follows.
func decodeTyped(b []byte) (kind schema.HeaderKind, value, rest []byte, err error) {
	if len(b) < 5 {
		return 0, nil, nil, fmt.Errorf("%w: cut", errMalformed)
	}
	kind = schema.HeaderKind(b[0])
	n := int(binary.LittleEndian.Uint32(b[1:]))
	b = b[5:]
	switch size := kindSize(kind); {
	case size < 0:
		return 0, nil, nil, fmt.Errorf("%w: kind %d", errMalformed, kind)
	case size > 0 && size != n:
		return 0, nil, nil, fmt.Errorf("%w: %d bytes for kind %d", errMalformed, n, kind)
	case n > len(b):
		return 0, nil, nil, fmt.Errorf("%w: cut", errMalformed)
	}
	return kind, b[:n:n], b[n:], nil
}

// kindSize returns how many bytes a value of kind has: 0 for any number, -1 for no kind of Iggy's.
func kindSize(kind schema.HeaderKind) int {
	switch kind {
	case schema.HeaderRaw, schema.HeaderString:
		return 0
	case schema.HeaderBool, schema.HeaderInt8, schema.HeaderUint8:
		return 1
	case schema.HeaderInt16, schema.HeaderUint16:
		return 2
	case schema.HeaderInt32, schema.HeaderUint32, schema.HeaderFloat32:
		return 4
	case schema.HeaderInt64, schema.HeaderUint64, schema.HeaderFloat64:
		return 8
	case schema.HeaderInt128, schema.HeaderUint128:
		return 16
	}
	return -1
}

// printedKey turns a key into text: text and raw bytes as they are, numbers in decimal.
func printedKey(kind schema.HeaderKind, key []byte) []byte {
	switch kind {
	case schema.HeaderBool:
		return strconv.AppendBool(nil, key[0] != 0)
	case schema.HeaderInt8, schema.HeaderInt16, schema.HeaderInt32, schema.HeaderInt64, schema.HeaderInt128:
		return bigLittle(key, true).Append(nil, 10)
	case schema.HeaderUint8, schema.HeaderUint16, schema.HeaderUint32, schema.HeaderUint64, schema.HeaderUint128:
		return bigLittle(key, false).Append(nil, 10)
	case schema.HeaderFloat32:
		f := math.Float32frombits(binary.LittleEndian.Uint32(key))
		return strconv.AppendFloat(nil, float64(f), 'g', -1, 32)
	case schema.HeaderFloat64:
		return strconv.AppendFloat(nil, math.Float64frombits(binary.LittleEndian.Uint64(key)), 'g', -1, 64)
	}
	return key
}

// bigLittle reads a little-endian integer of any width, in two's complement if it is signed.
func bigLittle(b []byte, signed bool) *big.Int {
	order := slices.Clone(b)
	slices.Reverse(order)
	n := new(big.Int).SetBytes(order)
	if signed && order[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}
