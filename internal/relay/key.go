package relay

import (
	"bytes"
	"hash/maphash"
	"strings"

	"iggysink/internal/jsonscan"
	"iggysink/schema"
)

// orderingKey finds the value that orders a message: a header's, or the one that a JSON Pointer (RFC 6901) names in the
// payload. The zero value finds none.
type orderingKey struct {
	header []byte
	path   jsonscan.Pointer
	json   bool
	seed   maphash.Seed
}

// parseOrderingKey reads header:NAME or payload:/json/pointer. Anything else finds no key: all messages then share one
// lane and keep their order.
func parseOrderingKey(s string) orderingKey {
	k := orderingKey{seed: maphash.MakeSeed()}
	if name, ok := strings.CutPrefix(s, "header:"); ok {
		k.header = []byte(name)
	}
	if pointer, ok := strings.CutPrefix(s, "payload:"); ok && (pointer == "" || pointer[0] == '/') {
		k.json, k.path = true, jsonscan.ParsePointer(pointer)
	}
	return k
}

// lane returns the lane of m among n; messages without a key share lane 0.
func (k *orderingKey) lane(m *schema.Message, n int) int {
	v, ok := k.value(m)
	if !ok || n == 1 {
		return 0
	}
	return int(maphash.Bytes(k.seed, v) % uint64(n))
}

// value returns the bytes of the key. A string is compared by its text, however it is escaped; a number, an object or
// an array as it is spelled. Text that is not JSON may have a key or none, which is good enough to choose a lane: Prepare
// rejects it later.
func (k *orderingKey) value(m *schema.Message) ([]byte, bool) {
	if k.header != nil {
		for i := range m.Headers {
			if bytes.Equal(m.Headers[i].Key, k.header) {
				return m.Headers[i].Value, true
			}
		}
		return nil, false
	}
	if !k.json {
		return nil, false
	}
	v, ok := k.path.Find(m.Payload)
	if !ok {
		return nil, false
	}
	return unescape(v), true
}

// unescape gives a string one spelling; other values stay.
func unescape(v []byte) []byte {
	if v[0] != '"' || bytes.IndexByte(v, '\\') < 0 {
		return v
	}
	return append(jsonscan.AppendText([]byte{'"'}, v), '"')
}
