package schema

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// The append helpers write JSON values at the end of a buffer. None of them allocates where the buffer has room.

const hexDigits = "0123456789abcdef"

// appendID appends a message id as a JSON string of 32 digits. The wire's order is little-endian and people read big
// numbers first, so the bytes go in backwards.
func appendID(dst []byte, id MessageID) []byte {
	return append(id.AppendText(append(dst, '"')), '"')
}

// AppendJSONString appends s as a JSON string, escaped as in an envelope.
func AppendJSONString(dst []byte, s string) []byte { return appendString(dst, []byte(s)) }

// appendString appends s as a JSON string. Only what RFC 8259 requires is escaped; bytes that are not UTF-8 become
// U+FFFD, because JSON has no way to say them.
func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	for {
		n := plainPrefix(s)
		for n < len(s) && s[n] >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(s[n:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			n += size
		}
		dst = append(dst, s[:n]...)
		if n == len(s) {
			return append(dst, '"')
		}
		dst, s = appendEscape(dst, s[n:])
	}
}

// appendEscape appends what stands for the first byte of s if that byte cannot stand for itself, and returns the rest.
func appendEscape(dst, s []byte) (_, rest []byte) {
	switch c := s[0]; {
	case c == '"' || c == '\\':
		dst = append(dst, '\\', c)
	case c == '\n':
		dst = append(dst, '\\', 'n')
	case c == '\r':
		dst = append(dst, '\\', 'r')
	case c == '\t':
		dst = append(dst, '\\', 't')
	case c == '\b':
		dst = append(dst, '\\', 'b')
	case c == '\f':
		dst = append(dst, '\\', 'f')
	case c < ' ':
		dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	case c >= utf8.RuneSelf:
		dst = append(dst, "\uFFFD"...)
	default:
		return dst, s // plainPrefix takes it
	}
	return dst, s[1:]
}

// plainPrefix returns how many leading bytes of b are ASCII that stands for itself inside a JSON string: everything but
// control characters, the quote and the backslash. It looks at eight bytes at a time.
func plainPrefix(b []byte) int {
	const ones = 0x0101010101010101
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^('"'*ones), w^('\\'*ones)
		// The top bit of a byte becomes 1 where the byte is below 0x20, a quote, a backslash or above 0x7f. A borrow
		// can spoil only the bytes above a true hit, and only the lowest hit is used.
		hits := ((w - 0x20*ones) & ^w) | ((quote - ones) & ^quote) | ((slash - ones) & ^slash) | w
		if hits &= 0x80 * ones; hits != 0 {
			return i + bits.TrailingZeros64(hits)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			break
		}
	}
	return i
}

// appendEncoded appends an object with b in standard, padded base64, and the property that says so.
func appendEncoded(dst, b []byte, property string) []byte {
	dst = append(dst, `{"data":`...)
	dst = appendBase64(dst, b)
	dst = append(dst, `,"`...)
	dst = append(dst, property...)
	return append(dst, `":"base64"}`...)
}

// appendBase64 appends b as a JSON string of standard, padded base64.
func appendBase64(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"')
}

// findHeader returns the header of a key, or nil.
func findHeader(headers []Header, key string) *Header {
	for i := range headers {
		if string(headers[i].Key) == key {
			return &headers[i]
		}
	}
	return nil
}

// appendHeaders appends the user headers as a JSON object. before and after are the text around the base64 of a value
// that is not text; they come from the schema.
func appendHeaders(dst []byte, headers []Header, before, after string) []byte {
	dst = append(dst, '{')
	for i := range headers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, headers[i].Key)
		dst = append(dst, ':')
		dst = appendHeaderValue(dst, &headers[i], before, after)
	}
	return append(dst, '}')
}

// appendHeaderValue appends a header's value: raw as base64 between before and after, every other kind as the string of
// its text.
func appendHeaderValue(dst []byte, h *Header, before, after string) []byte {
	if text, ok := appendText(dst, h); ok {
		return text
	}
	dst = append(dst, before...)
	dst = base64.StdEncoding.AppendEncode(dst, h.Value)
	return append(dst, after...)
}

// appendHeaderText appends a header's value as a string: raw as its base64.
func appendHeaderText(dst []byte, h *Header) []byte {
	if text, ok := appendText(dst, h); ok {
		return text
	}
	return appendBase64(dst, h.Value)
}

// appendText appends a header's value as the string of its text, if it has one. A value that does not have the length of
// its kind, or a kind that is not known, is treated as raw: nothing is lost.
func appendText(dst []byte, h *Header) ([]byte, bool) {
	if h.Kind == HeaderString {
		return appendString(dst, h.Value), true
	}
	start := len(dst)
	dst = append(dst, '"')
	text, ok := appendHeaderNumber(dst, h.Kind, h.Value)
	if !ok {
		return dst[:start], false
	}
	return append(text, '"'), true
}

// appendHeaderNumber appends the text of a bool, an integer or a float in the wire's little-endian form.
func appendHeaderNumber(dst []byte, kind HeaderKind, b []byte) ([]byte, bool) {
	if len(b) != kind.Width() || len(b) == 0 {
		return dst, false
	}
	switch kind {
	case HeaderBool:
		if b[0] > 1 {
			return dst, false
		}
		return strconv.AppendBool(dst, b[0] == 1), true
	case HeaderInt128, HeaderUint128:
		hi, lo := binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b)
		if kind == HeaderInt128 && hi>>63 == 1 {
			var borrow uint64
			lo, borrow = bits.Sub64(0, lo, 0)
			hi, _ = bits.Sub64(0, hi, borrow)
			dst = append(dst, '-')
		}
		return appendUint128(dst, hi, lo), true
	case HeaderFloat32:
		return appendFloat(dst, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), 32), true
	case HeaderFloat64:
		return appendFloat(dst, math.Float64frombits(binary.LittleEndian.Uint64(b)), 64), true
	}
	var u uint64
	for i := len(b) - 1; i >= 0; i-- {
		u = u<<8 | uint64(b[i])
	}
	if kind >= HeaderUint8 {
		return strconv.AppendUint(dst, u, 10), true
	}
	unused := 64 - 8*len(b)
	return strconv.AppendInt(dst, int64(u<<unused)>>unused, 10), true // the shift back copies the sign
}

// appendUint128 appends hi*2^64 + lo in decimal, in pieces of 19 digits: the largest power of ten in 64 bits.
func appendUint128(dst []byte, hi, lo uint64) []byte {
	const piece = 1e19
	if hi == 0 {
		return strconv.AppendUint(dst, lo, 10)
	}
	top, rem := hi/piece, hi%piece
	middle, low := bits.Div64(rem, lo, piece)
	top, middle = bits.Div64(top, middle, piece)
	if top > 0 {
		dst = strconv.AppendUint(dst, top, 10)
		dst = appendPadded(dst, middle)
	} else {
		dst = strconv.AppendUint(dst, middle, 10)
	}
	return appendPadded(dst, low)
}

// appendPadded appends u < 10^19 in exactly 19 digits.
func appendPadded(dst []byte, u uint64) []byte {
	start := len(dst)
	dst = append(dst, "0000000000000000000"...)
	for i := len(dst) - 1; i >= start && u > 0; i-- {
		dst[i] = byte('0' + u%10)
		u /= 10
	}
	return dst
}

// appendFloat appends the shortest decimal without an exponent that reads back as v. What is not a number is spelled
// as Iggy prints it: NaN, inf, -inf.
func appendFloat(dst []byte, v float64, bitSize int) []byte {
	switch {
	case math.IsInf(v, 1):
		return append(dst, "inf"...)
	case math.IsInf(v, -1):
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, bitSize)
}
