package iggyserver

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Command codes of the Iggy 0.8 wire protocol that this server knows.
const (
	CodePing               uint32 = 1
	CodeGetClusterMetadata uint32 = 12
	CodeGetMe              uint32 = 20
	CodeGetClient          uint32 = 21
	CodeGetClients         uint32 = 22
	CodeLoginUser          uint32 = 38
	CodeLogoutUser         uint32 = 39
	CodeLoginWithToken     uint32 = 44
	CodePollMessages       uint32 = 100
	CodeSendMessages       uint32 = 101
	CodeGetOffset          uint32 = 120
	CodeStoreOffset        uint32 = 121
	CodeDeleteOffset       uint32 = 122
	CodeGetStream          uint32 = 200
	CodeGetStreams         uint32 = 201
	CodeCreateStream       uint32 = 202
	CodeDeleteStream       uint32 = 203
	CodePurgeStream        uint32 = 205
	CodeGetTopic           uint32 = 300
	CodeGetTopics          uint32 = 301
	CodeCreateTopic        uint32 = 302
	CodeDeleteTopic        uint32 = 303
	CodePurgeTopic         uint32 = 305
	CodeCreatePartitions   uint32 = 402
	CodeDeletePartitions   uint32 = 403
	CodeGetGroup           uint32 = 600
	CodeGetGroups          uint32 = 601
	CodeCreateGroup        uint32 = 602
	CodeDeleteGroup        uint32 = 603
	CodeJoinGroup          uint32 = 604
	CodeLeaveGroup         uint32 = 605
)

// status is the first field of a reply: 0 for success, otherwise the error code of the real server.
type status uint32

const (
	ok                     status = 0
	invalidCommand         status = 3
	invalidFormat          status = 4
	disconnected           status = 8
	resourceNotFound       status = 20
	unauthenticated        status = 40
	invalidCredentials     status = 42
	invalidClientID        status = 101
	streamNotFound         status = 1009
	streamNameExists       status = 1012
	invalidTopicSize       status = 1019
	topicNotFound          status = 2010
	topicNameExists        status = 2013
	tooManyPartitions      status = 2015
	invalidPartitionsCount status = 2019
	partitionNotFound      status = 3007
	topicFull              status = 3009
	offsetNotFound         status = 3021
	notResolved            status = 3022
	invalidMessagesCount   status = 4009
	tooBigUserHeaders      status = 4017
	tooBigPayload          status = 4022
	invalidMessagesSize    status = 4036
	invalidOffset          status = 4100
	groupNotFound          status = 5000
	groupNameExists        status = 5004
	memberNotFound         status = 5006
)

// reader takes fields off a request. The first field that is not there, or not allowed, sets err and every later read
// returns a zero, so a handler checks once and a truncated frame cannot reach an index out of range.
type reader struct {
	rest []byte
	err  status
}

func (r *reader) fail(s status) {
	if r.err == ok {
		r.err = s
	}
	r.rest = nil
}

func (r *reader) bytes(n int) []byte {
	if r.err != ok || n < 0 || n > len(r.rest) {
		r.fail(invalidCommand)
		return nil
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) u8() uint8 {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) text(n int) string {
	b := r.bytes(n)
	if !utf8.Valid(b) {
		r.fail(invalidCommand)
		return ""
	}
	return string(b)
}

// name reads a name of 1 to 255 bytes. An empty one is a format error, as with the real server.
func (r *reader) name() string {
	n := int(r.u8())
	if r.err == ok && n == 0 {
		r.fail(invalidFormat)
	}
	return r.text(n)
}

// ident names a stream, a topic, a group or a consumer by number or by name; name is empty for a number.
type ident struct {
	number uint32
	name   string
}

func (r *reader) ident() ident {
	kind, n := r.u8(), int(r.u8())
	switch {
	case r.err != ok:
	case kind == 1 && n == 4:
		return ident{number: r.u32()}
	case kind == 2 && n > 0:
		return ident{name: r.text(n)}
	case kind == 1 || kind == 2:
		r.fail(invalidFormat)
	default:
		r.fail(invalidCommand)
	}
	return ident{}
}

// consumer is who polls or stores: a single consumer or a group.
type consumer struct {
	group bool
	id    ident
}

func (r *reader) consumer() consumer {
	kind := r.u8()
	if r.err == ok && kind != 1 && kind != 2 {
		r.fail(invalidCommand)
	}
	return consumer{group: kind == 2, id: r.ident()}
}

// key is the number under which the offsets of a single consumer are kept: the real server hashes a name, so a number
// and a name can collide there and do here.
func (c consumer) key() uint32 {
	if c.id.name == "" {
		return c.id.number
	}
	return xxh32([]byte(c.id.name))
}

// optional is a partition that the client may leave to the server.
type optional struct {
	given bool
	id    uint32
}

func (r *reader) optional() optional {
	given := r.u8() == 1
	return optional{given: given, id: r.u32()}
}

func put32(b []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(b, v) }
func put64(b []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(b, v) }

// putName appends a name; names are checked when they are created, so the length fits its byte.
func putName(b []byte, name string) []byte { return append(append(b, byte(len(name))), name...) }

func putText(b []byte, text string) []byte { return append(put32(b, uint32(len(text))), text...) }

// xxh32 is XXH32 with seed 0, which the real server uses for message keys and for the names of single consumers. The
// partition of a key must be the same here and there.
func xxh32(b []byte) uint32 {
	const p1, p2, p3, p4, p5 uint32 = 2654435761, 2246822519, 3266489917, 668265263, 374761393
	n := uint32(len(b))
	h := p5
	if len(b) >= 16 {
		lanes := [4]uint32{p1, p2, 0, 0}
		lanes[0] += p2
		lanes[3] -= p1
		for ; len(b) >= 16; b = b[16:] {
			for i := range lanes {
				lanes[i] = bits.RotateLeft32(lanes[i]+binary.LittleEndian.Uint32(b[4*i:])*p2, 13) * p1
			}
		}
		h = bits.RotateLeft32(lanes[0], 1) + bits.RotateLeft32(lanes[1], 7) +
			bits.RotateLeft32(lanes[2], 12) + bits.RotateLeft32(lanes[3], 18)
	}
	h += n
	for ; len(b) >= 4; b = b[4:] {
		h = bits.RotateLeft32(h+binary.LittleEndian.Uint32(b)*p3, 17) * p4
	}
	for _, c := range b {
		h = bits.RotateLeft32(h+uint32(c)*p5, 11) * p1
	}
	h = (h ^ h>>15) * p2
	h = (h ^ h>>13) * p3
	return h ^ h>>16
}
