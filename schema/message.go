package schema

import "encoding/base64"

// Message is one message of a partition as the broker delivered it. It is what every x-source of the envelope schema
// refers to. Byte slices alias the poll they came with: read them, never write or append to them.
type Message struct {
	ID              MessageID // assigned by the producer or the server; the same in every delivery
	Offset          uint64    // position in the partition, from 0; may have gaps
	Timestamp       uint64    // when the server appended it, microseconds since the Unix epoch
	OriginTimestamp uint64    // when the producer made it by its own clock, microseconds since the Unix epoch
	Checksum        uint64    // XXH3-64 as the server stored it, not verified here
	Headers         []Header  // user headers in the order of the message, keys unique; nil if it has none
	Payload         []byte    // may be empty
}

// Size is what the message counts against a memory bound, in bytes: its payload, its headers and a fixed overhead.
func (m *Message) Size() int {
	n := 96 + len(m.Payload)
	for i := range m.Headers {
		n += 56 + len(m.Headers[i].Key) + len(m.Headers[i].Value)
	}
	return n
}

// MaxRequestMemory is how many bytes of messages, by Size, a request of several is made of at most: a batch ends there
// whatever its limits are.
const MaxRequestMemory = 2 << 20

// MessageID is Iggy's 128-bit message id in the byte order of the wire: little-endian.
type MessageID [16]byte

// AppendText appends the id as the envelope has it: 32 lower-case hexadecimal digits.
func (id MessageID) AppendText(dst []byte) []byte {
	for i := len(id) - 1; i >= 0; i-- {
		dst = append(dst, hexDigits[id[i]>>4], hexDigits[id[i]&15])
	}
	return dst
}

// Partition names one partition of a topic. It is comparable and serves as a map key.
type Partition struct {
	Stream string
	Topic  string
	ID     uint32 // from 0
}

// Header is one user header of a message.
type Header struct {
	Key   []byte // already text: a key of another kind than string or raw is in its printed form
	Kind  HeaderKind
	Value []byte // as on the wire; numbers are little-endian
}

// AppendText appends the value as text: a string as it is, a number or a bool as the envelope has it, and what is raw, or
// has not the length of its kind, in base64.
func (h *Header) AppendText(dst []byte) []byte {
	if h.Kind == HeaderString {
		return append(dst, h.Value...)
	}
	if text, ok := appendHeaderNumber(dst, h.Kind, h.Value); ok {
		return text
	}
	return base64.StdEncoding.AppendEncode(dst, h.Value)
}

// HeaderKind is the type of a user header's value, numbered as on Iggy's wire.
type HeaderKind uint8

// The fifteen kinds of Iggy 0.8.
const (
	HeaderRaw HeaderKind = iota + 1
	HeaderString
	HeaderBool
	HeaderInt8
	HeaderInt16
	HeaderInt32
	HeaderInt64
	HeaderInt128
	HeaderUint8
	HeaderUint16
	HeaderUint32
	HeaderUint64
	HeaderUint128
	HeaderFloat32
	HeaderFloat64
)

// Width returns how many bytes a value of the kind has; 0 if any number, or if there is no such kind.
func (k HeaderKind) Width() int {
	switch k {
	case HeaderBool, HeaderInt8, HeaderUint8:
		return 1
	case HeaderInt16, HeaderUint16:
		return 2
	case HeaderInt32, HeaderUint32, HeaderFloat32:
		return 4
	case HeaderInt64, HeaderUint64, HeaderFloat64:
		return 8
	case HeaderInt128, HeaderUint128:
		return 16
	}
	return 0
}
