package sinkhttp

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"iggysink/schema"
)

// identity makes the ids that an endpoint recognises a request by: webhook-id, ce-id and idempotency keys.
//
// The id of one message is a hash of where it stands and of what the server gave it: sink, stream, topic, partition,
// offset, id and timestamp. So it is the same for every attempt that is ever made, also after a crash, and another one
// where a topic was made anew. The id of several messages is a hash of their positions and of the body: the same for each
// attempt, and not promised across a crash, because what was sent together may be cut differently then.
type identity struct {
	sum    hash.Hash
	number [16]byte
	out    [sha256.Size]byte
}

// idSize is how many bytes of the hash an id has: enough that no two are ever the same by chance.
const idSize = 16

// begin starts an id in a partition.
func (d *identity) begin(sink string, p schema.Partition) {
	if d.sum == nil {
		d.sum = sha256.New()
	}
	d.sum.Reset()
	d.text(sink)
	d.text(p.Stream)
	d.text(p.Topic)
	d.uint(uint64(p.ID))
}

// text adds a text with its length, so that "ab" and "c" differ from "a" and "bc".
func (d *identity) text(s string) {
	d.uint(uint64(len(s)))
	d.sum.Write([]byte(s))
}

func (d *identity) uint(n uint64) {
	binary.BigEndian.PutUint64(d.number[:8], n)
	d.sum.Write(d.number[:8])
}

// end appends the id as hexadecimal digits.
func (d *identity) end(dst []byte) []byte {
	return hex.AppendEncode(dst, d.sum.Sum(d.out[:0])[:idSize])
}

// appendMessageID appends the id of one message.
func (d *identity) appendMessageID(dst []byte, sink string, p schema.Partition, m *schema.Message) []byte {
	d.begin(sink, p)
	d.uint(m.Offset)
	d.sum.Write(m.ID[:])
	d.uint(m.Timestamp)
	return d.end(dst)
}

// appendBatchID appends the id of a request of several messages.
func (d *identity) appendBatchID(dst []byte, sink string, p schema.Partition, spans []span, body []byte) []byte {
	d.begin(sink, p)
	for _, s := range spans {
		d.uint(s.offset)
	}
	d.sum.Write(body)
	return d.end(dst)
}
