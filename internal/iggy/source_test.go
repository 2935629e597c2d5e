package iggy_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
	"iggysink/schema"
)

// testWorld gives a test a topic of its own. Tests of worlds run side by side: they mostly wait.
func testWorld(t testing.TB, partitions int) *world {
	if single, ok := t.(*testing.T); ok {
		single.Parallel()
	}
	return newWorld(t, iggytest.Address(t), iggytest.Unique(t, "iggy"), partitions)
}

func TestSourceReadsAllPartitionsInOffsetOrder(t *testing.T) {
	w := testWorld(t, 3)
	for p := range uint32(3) {
		w.send(p, lines(fmt.Sprint(p), 2500)...)
	}
	run := w.start()
	run.until(t, "delivery", func(r *recorder) bool { return r.count() == 7500 })
	for p := range uint32(3) {
		assert.Equal(t, lines(fmt.Sprint(p), 2500), run.payloads(p))
		for i, m := range run.messages[p] {
			require.Equal(t, uint64(i), m.Offset)
		}
		assert.Equal(t, uint64(2500), run.owned[p].End)
	}
	w.send(1, "late")
	run.until(t, "late message", func(r *recorder) bool { return r.count() == 7501 })
	require.NoError(t, run.stop())
}

func TestSourceStoresWhatIsCommittedAndGoesOnBehindIt(t *testing.T) {
	w := testWorld(t, 2)
	w.send(0, "a", "b", "c")
	run := w.start()
	run.until(t, "delivery", func(r *recorder) bool { return r.count() == 3 })
	run.source.Commit(run.owned[0].Partition, 0)
	run.source.Commit(run.owned[0].Partition, 1)
	require.NoError(t, run.stop())
	assert.Equal(t, 1, w.stored(0))
	assert.Equal(t, -1, w.stored(1))

	again := w.start(committing)
	again.until(t, "the rest", func(r *recorder) bool { return r.count() == 1 })
	assert.Equal(t, []string{"c"}, again.payloads(0))
	assert.Equal(t, uint64(2), again.owned[0].Start)
	assert.False(t, again.owned[0].Truncated)
	require.NoError(t, again.stop())
	assert.Equal(t, 2, w.stored(0))
}

func TestTwoMembersShareFourPartitionsAndOneDies(t *testing.T) {
	w := testWorld(t, 4)
	first := w.start(committing)
	first.until(t, "all partitions", func(r *recorder) bool { return len(r.owned) == 4 })
	second := w.start(committing)
	second.until(t, "half of them", func(r *recorder) bool { return len(r.owned) == 2 })
	first.until(t, "the other half", func(r *recorder) bool { return len(r.owned) == 2 })
	for p := range uint32(4) {
		w.send(p, lines(fmt.Sprint(p), 100)...)
	}
	first.until(t, "its share", func(r *recorder) bool { return r.count() == 200 })
	second.until(t, "its share", func(r *recorder) bool { return r.count() == 200 })
	all := append(first.ownedIDs(), second.ownedIDs()...)
	slices.Sort(all)
	assert.Equal(t, []uint32{0, 1, 2, 3}, all)
	require.NoError(t, second.stop())
	first.until(t, "all again", func(r *recorder) bool { return len(r.owned) == 4 })
	w.send(0, "x")
	w.send(3, "x")
	first.until(t, "both", func(r *recorder) bool { return r.count() == 202 })
}

func TestEmptyPayloads(t *testing.T) {
	w := testWorld(t, 1)
	w.send(0, "", "a", "", "")
	run := w.start()
	run.until(t, "all four", func(r *recorder) bool { return r.count() == 4 })
	assert.Equal(t, []string{"", "a", "", ""}, run.payloads(0))
}

func TestStartFromLatest(t *testing.T) {
	w := testWorld(t, 2)
	w.stream.StartFrom = schema.StartFromLatest
	w.send(0, "old", "old")
	run := w.start()
	run.until(t, "join", func(r *recorder) bool { return len(r.owned) == 2 })
	assert.Equal(t, 1, w.stored(0))
	assert.Equal(t, -1, w.stored(1))
	w.send(0, "new")
	w.send(1, "new")
	run.until(t, "new messages", func(r *recorder) bool { return r.count() == 2 })
	assert.Equal(t, []string{"new"}, run.payloads(0))
}
