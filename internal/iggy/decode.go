package iggy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"iggysink/internal/userheader"
	"iggysink/schema"
)

// Sizes of a poll's reply: u32 partition, u64 current offset, u32 count, then the messages.
const (
	polledHead  = 16
	messageHead = 64
)

// errMalformed is a reply that contradicts itself.
var errMalformed = errors.New("malformed reply")

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
	if reply.current == math.MaxUint64 {
		return polled{}, fmt.Errorf("%w: an offset of 2^64-1", errMalformed) // one more must be a number
	}
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
		if m.Offset == math.MaxUint64 {
			return polled{}, fmt.Errorf("%w: an offset of 2^64-1", errMalformed)
		}
		body := messageHead + payload
		m.Payload = rest[messageHead:body:body]
		var err error
		if m.Headers, err = userheader.Decode(rest[body:end:end]); err != nil {
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
