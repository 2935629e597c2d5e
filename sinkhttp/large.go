package sinkhttp

import (
	"encoding/base64"
	"fmt"
	"slices"

	"iggysink/schema"
)

// largePayload is from which size on a payload is measured before it is encoded. Encoding a payload of 60 MB for nothing
// costs its size several times in memory; measuring a small one costs more than it can save.
const largePayload = 1 << 20

// weigh returns how many bytes a payload takes in a request: at least, and at most what to make room for.
func (s *Sink) weigh(kind schema.PayloadFormat, payload []byte) (least, room int) {
	switch {
	case s.cfg.BatchMode == schema.BatchModeRaw:
		return len(payload), len(payload)
	case kind == schema.PayloadFormatJSON:
		for _, c := range payload {
			if c != ' ' && c != '\t' && c != '\n' && c != '\r' { // which may go where a line has to stay a line
				least++
			}
		}
		return least, len(payload)
	case kind == schema.PayloadFormatText:
		n := len(payload) + len(`""`)
		for _, c := range payload {
			switch {
			case c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == '\f':
				n += len(`\n`) - 1
			case c < ' ':
				n += len(`\u0000`) - 1
			}
		}
		return n, n
	}
	n := base64.StdEncoding.EncodedLen(len(payload)) + len(`""`)
	return n, n
}

// admit looks at a large payload before it is encoded. It returns why it can never be sent, or makes room for it: a buffer
// that grows while it is filled is there twice.
func (s *Sink) admit(p *Prepared, kind schema.PayloadFormat, payload []byte) (reason string) {
	if len(payload) < largePayload {
		return ""
	}
	least, room := s.weigh(kind, payload)
	if limit := s.cfg.MaxPayloadSizeBytes; limit > 0 && least > limit {
		return fmt.Sprintf("a request with this message alone has at least %d bytes, more than max_payload_size_bytes (%d)",
			least, limit)
	}
	p.body = slices.Grow(p.body, room+frameRoom)
	return ""
}

// frameRoom is enough for what an envelope has around most payloads.
const frameRoom = 4 << 10
