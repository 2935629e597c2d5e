package relay

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBudgetGivesEachPartitionAnEqualShareThatOthersCannotTake(t *testing.T) {
	b := budget{partition: 4000, sink: 16000}
	b.divide(2)
	assert.Equal(t, 1000, b.grant(0), "a quarter of the partition's bound")
	assert.Equal(t, 1000, b.grant(3000))
	assert.Equal(t, 0, b.grant(3001), "no room for a poll")
	b.divide(8)
	assert.Equal(t, 500, b.grant(0))
	b.take(15000) // what others hold
	assert.Equal(t, 500, b.grant(0))
	b.divide(100000)
	assert.Equal(t, 1, b.grant(0), "one message is always admitted")
}

func TestBudgetRefusesOnlyAfterAMessageThatIsLargerThanItsShare(t *testing.T) {
	b := budget{partition: 4000, sink: 16000}
	b.divide(8)
	b.take(20000)
	assert.Equal(t, 0, b.grant(0))
	assert.False(t, b.release(1000), "still over the bound")
	assert.True(t, b.release(5000), "those that were refused can ask again")
	assert.False(t, b.release(1000), "told once")
	assert.Equal(t, 500, b.grant(0))
}

func TestAMessageOverTheBoundIsAdmittedAlone(t *testing.T) {
	s := newScene(t, 2)
	s.opts.PartitionBytes, s.opts.SinkBytes = 1000, 2000
	large := `"` + strings.Repeat("x", 50000) + `"`
	for p := range uint32(2) {
		s.topic.publish(p, 0, append(numbered(p, 0, 3), large)...)
		s.topic.publish(p, 0, numbered(p, 3, 6)...)
	}
	r := s.start(0, 1)
	s.untilStored(0, 6)
	s.untilStored(1, 6)
	assert.Len(t, s.endpoint.got(), 14)
	for _, p := range r.Status().Partitions {
		assert.Zero(t, p.InHand, "all memory is given back")
	}
	assert.Zero(t, r.budget.used.Load())
}

// A release that comes while a partition is refused tells it: it would otherwise wait for the next time that somebody looks.
func TestAPartitionThatIsRefusedIsToldOfTheNextRelease(t *testing.T) {
	b := budget{partition: 1000, sink: 1000}
	b.divide(1)
	for range 20000 {
		b.take(1000)
		told := make(chan bool)
		go func() { told <- b.release(1000) }()
		granted := b.grant(0)
		if !<-told {
			require.Positive(t, granted, "refused, and not told that there is room")
		}
	}
}
