// Package userheader reads the user headers of Iggy messages, whichever protocol brought them: how long the values of a
// kind are, how a key of any kind prints, and which of two with the same key counts.
package userheader

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

// ErrMalformed is a block, a kind or a value that contradicts itself.
var ErrMalformed = errors.New("malformed user headers")

// Decode reads a block of user headers: (u8 kind, u32 length, key, u8 kind, u32 length, value)*. The headers alias b. Of
// duplicate keys the last value wins, at the place of the first. An error means that none of them can be trusted.
func Decode(b []byte) ([]schema.Header, error) {
	var headers []schema.Header
	var u Unique
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
		headers = u.Add(headers, 0, schema.Header{Key: PrintedKey(keyKind, key), Kind: valueKind, Value: value})
	}
	return headers, nil
}

// decodeTyped reads one key or value and returns what follows.
func decodeTyped(b []byte) (kind schema.HeaderKind, value, rest []byte, err error) {
	if len(b) < 5 {
		return 0, nil, nil, fmt.Errorf("%w: cut", ErrMalformed)
	}
	kind = schema.HeaderKind(b[0])
	n := int(binary.LittleEndian.Uint32(b[1:]))
	b = b[5:]
	if err := Check(kind, n); err != nil {
		return 0, nil, nil, err
	}
	if n > len(b) {
		return 0, nil, nil, fmt.Errorf("%w: cut", ErrMalformed)
	}
	return kind, b[:n:n], b[n:], nil
}

// Check says what is wrong with a key or value of n bytes.
func Check(kind schema.HeaderKind, n int) error {
	switch size := kind.Width(); {
	case kind < schema.HeaderRaw || kind > schema.HeaderFloat64:
		return fmt.Errorf("%w: kind %d", ErrMalformed, kind)
	case size > 0 && size != n:
		return fmt.Errorf("%w: %d bytes for kind %d", ErrMalformed, n, kind)
	}
	return nil
}

// manyHeaders is from how many headers on a map finds duplicates; a list does it for fewer.
const manyHeaders = 16

// Unique keeps the keys of one message's headers unique. The zero value is for one message.
type Unique struct{ seen map[string]int }

// Add appends h to headers, which begin at from, or puts it in the place of the one that has its key already.
func (u *Unique) Add(headers []schema.Header, from int, h schema.Header) []schema.Header {
	own := headers[from:]
	if len(own) == manyHeaders && u.seen == nil {
		u.seen = make(map[string]int, 4*manyHeaders)
		for i := range own {
			u.seen[string(own[i].Key)] = i
		}
	}
	if i := u.find(own, h.Key); i >= 0 {
		own[i] = h
		return headers
	}
	if u.seen != nil {
		u.seen[string(h.Key)] = len(own)
	}
	return append(headers, h)
}

// find returns the index of key, or -1. A block of headers has up to 100 kB: a list alone would be quadratic.
func (u *Unique) find(headers []schema.Header, key []byte) int {
	if u.seen != nil {
		if i, found := u.seen[string(key)]; found {
			return i
		}
		return -1
	}
	return slices.IndexFunc(headers, func(h schema.Header) bool { return bytes.Equal(h.Key, key) })
}

// PrintedKey turns a key, which Check has passed, into text: text and raw bytes as they are, numbers in decimal.
func PrintedKey(kind schema.HeaderKind, key []byte) []byte {
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
