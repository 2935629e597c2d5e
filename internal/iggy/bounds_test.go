package iggy

import (
	"encoding/binary"
	"io"
	"log/slog"
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
		"offset": {controlLimit, func(l *link) error { _, _, err := l.stored(t.Context(), somePlace(t), 0); return err }},
		"store":  {controlLimit, func(l *link) error { return l.store(t.Context(), somePlace(t), 0, 1) }},
		"join":   {controlLimit, func(l *link) error { return l.join(t.Context(), somePlace(t)) }},
		"topic":  {listLimit, func(l *link) error { _, err := l.topicState(t.Context(), somePlace(t)); return err }},
		"group":  {listLimit, func(l *link) error { _, err := l.members(t.Context(), somePlace(t)); return err }},
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

// describes writes the description of a group of so many members, each with as many partitions.
func describes(members, each int) []byte {
	b := binary.LittleEndian.AppendUint32(make([]byte, 4), uint32(members*each))
	b = append(binary.LittleEndian.AppendUint32(b, uint32(members)), 1, 'g')
	for id := range members {
		b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, uint32(id)), uint32(each))
		for p := range each {
			b = binary.LittleEndian.AppendUint32(b, uint32(id*each+p))
		}
	}
	return reply(0, string(b))
}

// A look at a group costs as much as its description is long, and one request once the member knows itself, whatever the
// server says about others.
func TestAHugeGroupCostsNoMoreThanItsLength(t *testing.T) {
	cost := func(members, each int) (allocations float64, requests int) {
		description := describes(members, each)
		require.LessOrEqual(t, len(description), listLimit)
		l := scripted(t, func(request) []byte { requests++; return description })
		g := newMembership(l, somePlace(t), nil, slog.New(slog.DiscardHandler))
		g.self, g.known = uint32(members-1), true
		runs := 3
		allocations = testing.AllocsPerRun(runs, func() {
			g.layout = "" // as if it had changed
			share, err := g.look(t.Context())
			require.NoError(t, err)
			require.Len(t, share.partitions, each)
			g.evenOut(t.Context())
		})
		return allocations, requests / (runs + 1)
	}
	for _, each := range []int{0, 1, 3} {
		for _, members := range []int{1000, 20_000} {
			allocations, requests := cost(members, each)
			assert.Equal(t, 1, requests)
			assert.LessOrEqual(t, allocations, float64(8*members+1000))
		}
	}
}

// A member that does not know itself asks for each partition once, and no further than its own.
func TestLearningTheOwnIDAsksForEachPartitionOnce(t *testing.T) {
	const members = 5000
	asked, described := 0, 0
	l := scripted(t, func(r request) []byte {
		if r.code == 600 {
			described++
			return describes(members, 1)
		}
		if r.code == 121 { // the doubt about partition 0
			return reply(codeNotOwned, "")
		}
		asked++
		if asked == members/2 {
			return reply(0, pollReply(members/2-1, 1))
		}
		return reply(0, pollReply(0, 0))
	})
	g := newMembership(l, somePlace(t), nil, slog.New(slog.DiscardHandler))
	share, err := g.look(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []uint32{members/2 - 1}, share.partitions)
	assert.Equal(t, members/2, asked)
	assert.Equal(t, 2, described)
}
