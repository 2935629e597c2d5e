package iggy_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggy"
	"iggysink/internal/relay"
)

// Members come, leave and lose their connection while messages flow. Each message reaches one of them at least once.
func TestChurnLosesNothing(t *testing.T) {
	w := testWorld(t, 5)
	const partitions = 5
	network := w.through()
	stop := w.produce(partitions)
	slow := func(r *recorder, _ *iggy.SourceOptions) { r.commit, r.delay = true, 5*time.Millisecond }
	var all []*running
	first := w.start(slow)
	all = append(all, first)
	for range 4 {
		one := w.start(slow)
		all = append(all, one)
		one.until(t, "join", func(r *recorder) bool { return r.joins > 0 })
		two := w.start(slow)
		all = append(all, two)
		two.until(t, "join", func(r *recorder) bool { return r.joins > 0 })
		require.NoError(t, one.stop())
		network.drop()
		two.until(t, "join after the drop", func(r *recorder) bool { return r.joins > 1 })
		// The second assignment can be what the first member left behind: the drop may then come as late as the stop.
		if err := two.stop(); !errors.Is(err, relay.ErrNotStored) {
			require.NoError(t, err)
		}
		first.until(t, "everything", func(r *recorder) bool { return len(r.owned) == partitions })
	}
	sent := stop()
	first.until(t, "the last messages", func(r *recorder) bool {
		for p := range uint32(partitions) {
			if m := r.messages[p]; len(m) == 0 || m[len(m)-1].Offset != uint64(sent-1) {
				return false
			}
		}
		return true
	})
	require.NoError(t, first.stop())
	for p := range uint32(partitions) {
		seen := map[uint64]string{}
		for _, r := range all {
			for _, m := range r.messages[p] {
				seen[m.Offset] = string(m.Payload)
			}
		}
		require.Len(t, seen, sent)
		for offset, payload := range seen {
			require.Equal(t, fmt.Sprint(offset), payload)
		}
	}
}
