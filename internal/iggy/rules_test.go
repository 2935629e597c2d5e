package iggy

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"iggysink/internal/relay"
	"iggysink/schema"
)

func TestStartOf(t *testing.T) {
	none := offset{}
	at := func(n uint64) offset { return offset{n, true} }
	state := func(current, messages uint64) partitionState {
		return partitionState{current: current, messages: messages}
	}
	for name, c := range map[string]struct {
		state           partitionState
		stored, settled offset // settled is what this process asked to be stored
		want            relay.Assignment
	}{
		"nothing stored":          {state(9, 10), none, none, relay.Assignment{Start: 0, End: 10}},
		"behind the stored one":   {state(9, 10), at(4), none, relay.Assignment{Start: 5, End: 10}},
		"all stored":              {state(9, 10), at(9), at(9), relay.Assignment{Start: 10, End: 10}},
		"one message":             {state(0, 1), none, none, relay.Assignment{Start: 0, End: 1}},
		"one message, stored":     {state(0, 1), at(0), none, relay.Assignment{Start: 1, End: 1}},
		"settled, not stored":     {state(9, 10), at(4), at(7), relay.Assignment{Start: 5, End: 10}},
		"empty":                   {state(0, 0), none, none, relay.Assignment{}},
		"emptied by a crash":      {state(0, 0), at(0), none, relay.Assignment{Truncated: true}},
		"emptied, settled here":   {state(0, 0), none, at(3), relay.Assignment{Truncated: true}},
		"stored beyond the end":   {state(4, 5), at(9), none, relay.Assignment{Start: 0, End: 5, Truncated: true}},
		"settled beyond the end":  {state(4, 5), at(0), at(9), relay.Assignment{Start: 0, End: 5, Truncated: true}},
		"back to the stored one":  {state(7, 8), at(3), at(9), relay.Assignment{Start: 3, End: 8, Truncated: true}},
		"settled, stored nowhere": {state(4, 5), none, at(9), relay.Assignment{Start: 0, End: 5, Truncated: true}},
		"emptied by retention":    {state(9, 0), at(4), none, relay.Assignment{Start: 5, End: 0}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, startOf(c.state, c.stored, past{settled: c.settled}))
		})
	}
}

// New messages have filled the log up again, beyond what was settled, and only the stored offset shows that it was cut.
func TestStartOfALogThatGrewAgain(t *testing.T) {
	state := partitionState{current: 14, messages: 15}
	before := past{settled: offset{9, true}, stored: offset{9, true}}
	// Not Truncated: the handler compares what it has settled, which may still be there.
	assert.Equal(t, relay.Assignment{Start: 0, End: 15}, startOf(state, offset{0, true}, before))
	assert.Equal(t, relay.Assignment{Start: 0, End: 15}, startOf(state, offset{}, before))
	assert.Equal(t, relay.Assignment{Start: 10, End: 15}, startOf(state, offset{9, true}, before))
	assert.Equal(t, relay.Assignment{Start: 13, End: 15}, startOf(state, offset{12, true}, before), "another member went on")
}

func group(partitions uint32, members ...[]uint32) *groupState {
	state := &groupState{partitions: partitions}
	for id, owned := range members {
		state.members = append(state.members, groupMember{id: uint32(id), partitions: owned})
	}
	return state
}

func TestOnlyWhatAWaitingMemberWillGetIsHeld(t *testing.T) {
	assert.Equal(t, 0, excessOf(group(4, []uint32{0, 1, 2, 3}), 4), "nobody waits")
	assert.Equal(t, 1, excessOf(group(4, []uint32{0, 1, 2, 3}, nil), 4))
	assert.Equal(t, 2, excessOf(group(4, []uint32{0, 1, 2, 3}, nil, nil), 4))
	assert.Equal(t, 0, excessOf(group(1, []uint32{0}, nil), 1), "there is nothing to give")
	assert.Equal(t, 0, excessOf(group(4, []uint32{0, 1, 2}, []uint32{3}), 3), "the server moves nothing by itself")
}

func TestTheSmallestMemberEvensOut(t *testing.T) {
	for name, c := range map[string]struct {
		group *groupState
		who   []uint32
	}{
		"alone":          {group(8, []uint32{0, 1, 2}), nil},
		"even":           {group(3, []uint32{0, 1}, []uint32{2}), nil},
		"uneven":         {group(8, []uint32{0, 1, 2, 3, 4, 5, 6}, []uint32{7}), []uint32{1}},
		"one of several": {group(8, []uint32{0, 1, 2, 3, 4, 5}, []uint32{7}, []uint32{6}), []uint32{1}},
		"one waits":      {group(8, []uint32{0, 1, 2, 3, 4, 5, 6, 7}, nil), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var who []uint32
			for id := range c.group.members {
				if uneven(c.group, uint32(id)) {
					who = append(who, uint32(id))
				}
			}
			assert.Equal(t, c.who, who)
		})
	}
}

func TestAPollIsBoundedByTheSizesSeen(t *testing.T) {
	var s sizer
	assert.Equal(t, 64, s.count(64<<10), "nothing is known")
	s.expect(1000*904, 1000)
	assert.Equal(t, 65, s.count(65*1000))
	assert.Equal(t, mostMessages, s.count(1<<30))
	assert.Equal(t, 1, s.count(1))
	s.seen(10, 10*9999)
	assert.Equal(t, 10, s.count(100_000), "larger messages count at once")
	for range 100 {
		s.seen(10, 10*99)
	}
	assert.Equal(t, mostMessages, s.count(1<<20), "smaller ones slowly")
	s.tooLarge(1000)
	assert.Equal(t, 250, s.count(1<<30))
	s.tooLarge(3)
	assert.Equal(t, 1, s.count(1<<30))
	for range 10 {
		s.seen(1, 99)
	}
	assert.Equal(t, mostMessages, s.count(1<<30))
}

func TestTakeKeepsWithinTheDemand(t *testing.T) {
	messages := []schema.Message{{Offset: 3}, {Offset: 4}, {Offset: 5}, {Offset: 6}}
	offsets := func(next uint64, bytes int) (got []uint64, size int) {
		taken, size := take(messages, next, bytes)
		for _, m := range taken {
			got = append(got, m.Offset)
		}
		return got, size
	}
	for _, c := range []struct {
		next  uint64
		bytes int
		want  []uint64
	}{
		{3, 1 << 20, []uint64{3, 4, 5, 6}},
		{3, 2 * 96, []uint64{3, 4}},
		{3, 2*96 + 95, []uint64{3, 4}},
		{3, 1, []uint64{3}},
		{5, 1 << 20, []uint64{5, 6}},
		{7, 1 << 20, nil},
	} {
		got, size := offsets(c.next, c.bytes)
		assert.Equal(t, c.want, got)
		assert.Equal(t, 96*len(got), size)
	}
}
