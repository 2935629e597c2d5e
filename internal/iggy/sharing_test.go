package iggy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggy"
)

// Partition 0 without messages looks the same to its owner and to everybody else.
func TestAStandbyOwnsNothingUntilTheOwnerLeaves(t *testing.T) {
	w := testWorld(t, 1)
	first := w.start(committing)
	first.until(t, "the partition", func(r *recorder) bool { return len(r.owned) == 1 })
	second := w.start(committing)
	second.until(t, "join", func(r *recorder) bool { return r.joins == 1 })
	assert.True(t, second.source.Status().Joined)
	assert.Empty(t, second.ownedIDs())
	w.send(0, "a")
	first.until(t, "delivery", func(r *recorder) bool { return r.count() == 1 })
	second.source.Commit(first.owned[0].Partition, 0) // not its own: ignored
	require.NoError(t, first.stop())
	second.until(t, "the partition", func(r *recorder) bool { return len(r.owned) == 1 })
	assert.Equal(t, uint64(1), second.owned[0].Start)
	w.send(0, "b")
	second.until(t, "delivery", func(r *recorder) bool { return r.count() == 1 })
}

// A member that always has a poll outstanding would keep its partitions for 30 s after a join.
func TestAHandOverDoesNotWaitForItsTimeout(t *testing.T) {
	w := testWorld(t, 4)
	stop := w.produce(4)
	slow := func(r *recorder, _ *iggy.SourceOptions) { r.commit, r.delay = true, 100*time.Millisecond }
	first := w.start(slow)
	first.until(t, "messages", func(r *recorder) bool { return r.count() > 1000 })
	second := w.start(committing)
	begin := time.Now()
	second.until(t, "a partition", func(r *recorder) bool { return len(r.owned) > 0 })
	assert.Less(t, time.Since(begin), 25*time.Second, "the server forces a hand-over after 30 s")
	second.until(t, "messages", func(r *recorder) bool { return r.count() > 100 })
	sent := stop()
	for p := range uint32(4) {
		w.awaitStored(p, sent-1)
	}
	for p := range uint32(4) {
		seen := map[string]bool{}
		for _, r := range []*recorder{first.recorder, second.recorder} {
			r.until(t, "look at it", func(r *recorder) bool {
				for _, payload := range r.payloads(p) {
					seen[payload] = true
				}
				return true
			})
		}
		assert.Len(t, seen, sent)
	}
}

func TestSharesAreEvenedOut(t *testing.T) {
	w := testWorld(t, 8)
	first := w.start(committing)
	first.until(t, "all", func(r *recorder) bool { return len(r.owned) == 8 })
	second := w.start(committing)
	second.until(t, "half", func(r *recorder) bool { return len(r.owned) == 4 })
	first.until(t, "half", func(r *recorder) bool { return len(r.owned) == 4 })
	all := append(first.ownedIDs(), second.ownedIDs()...)
	slices.Sort(all)
	assert.Equal(t, []uint32{0, 1, 2, 3, 4, 5, 6, 7}, all)
}

func TestWithoutDemandNothingIsPolled(t *testing.T) {
	w := testWorld(t, 2)
	w.send(0, "a")
	run := w.start(func(r *recorder, _ *iggy.SourceOptions) { r.demand = 0 })
	run.until(t, "join", func(r *recorder) bool { return len(r.owned) == 2 })
	w.send(0, "b")
	run.until(t, "a newer current offset", func(r *recorder) bool { return r.current[0] == 1 })
	assert.Zero(t, run.source.Status().Polls)
	run.update(func() { run.demand = 1 << 20 })
	run.source.Wake()
	run.until(t, "delivery", func(r *recorder) bool { return r.count() == 2 })
}

func TestABatchKeepsWithinTheDemand(t *testing.T) {
	w := testWorld(t, 1)
	const demand = 64 << 10
	var want []string
	for i := range 400 {
		size := 50
		if i%50 == 49 {
			size = 100 << 10 // alone over the demand
		}
		want = append(want, string(make([]byte, size)))
	}
	w.send(0, want...)
	run := w.start(func(r *recorder, _ *iggy.SourceOptions) { r.demand, r.commit = demand, true })
	run.until(t, "delivery", func(r *recorder) bool { return r.count() == len(want) })
	assert.Equal(t, want, run.payloads(0))
	for _, b := range run.batches {
		sum := 0
		for i := range b.Messages {
			sum += b.Messages[i].Size()
		}
		assert.Equal(t, sum, b.Bytes)
		assert.True(t, b.Bytes <= demand || len(b.Messages) == 1, "%d bytes in %d messages", b.Bytes, len(b.Messages))
	}
}
