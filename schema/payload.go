package schema

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

// ErrPayload is what every error of EnvelopeEncoder.Append wraps: the payload is not what the stream's schema says.
var ErrPayload = errors.New("invalid payload")

// PayloadError says why a payload cannot be encoded. It never carries a piece of the payload.
type PayloadError struct {
	Reason string // what is wrong, such as "not JSON"
	Offset int    // byte of the payload where it shows, from 0
}

// Error implements error.
func (e *PayloadError) Error() string {
	return ErrPayload.Error() + ": " + e.Reason + " at byte " + strconv.Itoa(e.Offset)
}

// Unwrap gives ErrPayload.
func (e *PayloadError) Unwrap() error { return ErrPayload }

// CheckJSON returns nil if payload is one JSON text in UTF-8, and otherwise a *PayloadError. It allocates nothing else.
func CheckJSON(payload []byte) error { return checkJSON(payload) }

// appendPayload appends a payload as a JSON value.
func appendPayload(dst, payload []byte, o *EnvelopeOptions) ([]byte, error) {
	switch o.Payload {
	case PayloadFormatJSON:
		if err := checkJSON(payload); err != nil {
			return dst, err
		}
		start := len(dst)
		dst = append(dst, payload...)
		if o.OneLine {
			joinLines(dst[start:])
		}
		return dst, nil
	case PayloadFormatText:
		if !utf8.Valid(payload) {
			return dst, &PayloadError{Reason: "text is not UTF-8", Offset: invalidUTF8(payload)}
		}
		return appendString(dst, payload), nil
	case PayloadFormatRaw, PayloadFormatProto, PayloadFormatFlatBuffer, PayloadFormatAvro:
		return appendEncoded(dst, payload, "iggy_payload_encoding"), nil
	}
	return dst, &PayloadError{Reason: "the payload schema is not known"}
}

// joinLines turns the line breaks of a valid JSON text into spaces. They can stand only between its tokens: inside a
// string a line break is not JSON.
func joinLines(text []byte) {
	for _, breaks := range [2]byte{'\n', '\r'} {
		for rest := text; ; {
			i := bytes.IndexByte(rest, breaks)
			if i < 0 {
				break
			}
			rest[i] = ' '
			rest = rest[i+1:]
		}
	}
}

// invalidUTF8 returns the offset of the first byte that is not part of UTF-8 text.
func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(b)
}
