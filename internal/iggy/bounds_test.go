package iggy

import (
	"encoding/binary"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// claims answers with a head that promises length bytes, and none of them.
func claims(length uint32) []byte {
	return binary.LittleEndian.AppendUint32(make([]byte, 4), length)
}

func TestEveryReplyHasItsLimit(t *testing.T) {
	calls := map[string]struct {
		limit uint32
		call  func(*link) error
	}{
		"login":  {controlLimit, func(l *link) error { return l.login(t.Context(), &schema.Iggy{Username: "me"}) }},
		"ping":   {controlLimit, func(l *link) error { return l.ping(t.Context()) }},
		"offset": {controlLimit, func(l *link) error { _, _, err := l.stored(t.Context(), someTarget(t), 0); return err }},
		"store":  {controlLimit, func(l *link) error { return l.store(t.Context(), someTarget(t), 0, 1) }},
		"join":   {controlLimit, func(l *link) error { return l.join(t.Context(), someTarget(t)) }},
		"topic":  {listLimit, func(l *link) error { _, err := l.topicState(t.Context(), someTarget(t)); return err }},
		"group":  {listLimit, func(l *link) error { _, err := l.members(t.Context(), someTarget(t)); return err }},
	}
	for name, c := range calls {
		t.Run(name, func(t *testing.T) {
			for _, length := range []uint32{c.limit + 1, 256 << 20, math.MaxUint32} {
				err := c.call(scripted(t, answers(claims(length))))
				var broken *LinkError
				require.ErrorAs(t, err, &broken)
				assert.ErrorContains(t, err, "a reply of ")
			}
		})
	}
}

// endsAt is a reader of n bytes.
type endsAt struct{ n int }

func (r *endsAt) Read(b []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := min(len(b), r.n)
	r.n -= n
	return n, nil
}

func TestMemoryGrowsOnlyAsBytesArrive(t *testing.T) {
	for _, sent := range []int{0, 1, firstBody, firstBody + 1, 5 * firstBody} {
		body, err := readBody(&endsAt{sent}, maxMessage)
		require.Error(t, err)
		assert.LessOrEqual(t, cap(body), 2*sent+firstBody)
	}
	body, err := readBody(&endsAt{5 * firstBody}, 5*firstBody)
	require.NoError(t, err)
	assert.Len(t, body, 5*firstBody)
}

func TestTheLastOffsetOfAllIsRefused(t *testing.T) {
	head := binary.LittleEndian.AppendUint64(make([]byte, 4), math.MaxUint64)
	_, err := decodePolled(append(head, 0, 0, 0, 0))
	require.ErrorIs(t, err, errMalformed)
	raw := append(make([]byte, 12), 1, 0, 0, 0)
	raw = append(raw, make([]byte, messageHead)...)
	binary.LittleEndian.PutUint64(raw[polledHead+24:], math.MaxUint64)
	_, err = decodePolled(raw)
	require.ErrorIs(t, err, errMalformed)
}
