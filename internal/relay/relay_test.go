package relay

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

func TestMessagesArriveInOrderPerPartitionAndTheirOffsetsAreStored(t *testing.T) {
	for _, batch := range []int{1, 7} {
		s := newScene(t, 3)
		if batch > 1 {
			s.batches(batch)
		}
		for p := range uint32(3) {
			s.topic.publish(p, 0, numbered(p, 0, 50)...)
		}
		r := s.start(0, 1, 2)
		for p := range uint32(3) {
			s.untilStored(p, 49)
			assert.Equal(t, numbered(p, 0, 50), of(p, s.endpoint.got()))
		}
		s.topic.publish(1, 0, numbered(1, 50, 60)...)
		s.untilStored(1, 59)
		assert.Equal(t, Result{Settled: true}, r.stop())
		assert.EqualValues(t, 160, r.Status().Delivered)
	}
}

func TestAStartGoesOnBehindTheStoredOffset(t *testing.T) {
	s := newScene(t, 1)
	s.topic.publish(0, 0, numbered(0, 0, 10)...)
	r := s.start(0)
	s.untilStored(0, 9)
	r.stop()
	s.topic.publish(0, 3, numbered(0, 10, 12)...) // with gaps
	s.start(0)
	s.untilStored(0, 17)
	assert.Equal(t, numbered(0, 0, 12), s.endpoint.got())
}

func TestABatchIsCutWhenTheLaneFrees(t *testing.T) {
	s := newScene(t, 1)
	s.batches(100)
	release := s.endpoint.hold()
	s.topic.publish(0, 0, numbered(0, 0, 1)...)
	s.start(0)
	s.until("the first request", func() bool { return len(s.endpoint.bodies()) == 1 })
	for i := 1; i < 31; i++ {
		s.topic.publish(0, 0, numbered(0, i, i+1)...)
	}
	release()
	s.untilStored(0, 30)
	assert.LessOrEqual(t, len(s.endpoint.bodies()), 4, "what came meanwhile went together")
}

func TestBatchWaitLetsASmallBatchWaitForMore(t *testing.T) {
	s := newScene(t, 1)
	s.batches(10)
	s.stream.BatchWait = schema.Duration(time.Hour)
	s.topic.publish(0, 0, numbered(0, 0, 5)...)
	r := s.start(0)
	s.until("polled", func() bool { return nextOf(r) == 5 })
	assert.Empty(t, s.endpoint.bodies())
	s.topic.publish(0, 0, numbered(0, 5, 10)...)
	s.untilStored(0, 9)
	assert.Len(t, s.endpoint.bodies(), 1)
	s.topic.publish(0, 0, numbered(0, 10, 11)...)
	s.until("polled", func() bool { return nextOf(r) == 11 })
	assert.Equal(t, Result{Settled: true}, r.stop(), "what waits is not in hand")
}

func TestBatchWaitEnds(t *testing.T) {
	s := newScene(t, 1)
	s.batches(10)
	s.stream.BatchWait = ms(20)
	s.topic.publish(0, 0, numbered(0, 0, 5)...)
	s.start(0)
	s.untilStored(0, 4)
	assert.Len(t, s.endpoint.bodies(), 1)
}

func nextOf(r *running) uint64 {
	for _, p := range r.Status().Partitions {
		return p.Next
	}
	return 0
}

func TestRejectedMessagesGoToTheDeadLetters(t *testing.T) {
	for _, batch := range []int{1, 5} {
		s := newScene(t, 1)
		if batch > 1 {
			s.batches(batch)
		}
		s.cfg.OnRejected = schema.OnRejectedDeadLetter
		s.endpoint.answers(func(m string, _ int) int {
			if m == `"0/3"` || m == `"0/11"` {
				return http.StatusBadRequest
			}
			return http.StatusOK
		})
		s.topic.publish(0, 0, numbered(0, 0, 20)...)
		r := s.start(0)
		s.untilStored(0, 19)
		assert.Equal(t, []string{`"0/3"`, `"0/11"`}, s.dead.payloads())
		want := slices.DeleteFunc(numbered(0, 0, 20), func(m string) bool { return m == `"0/3"` || m == `"0/11"` })
		assert.Equal(t, want, s.endpoint.got())
		st := r.Status()
		assert.EqualValues(t, []uint64{18, 2, 2, 0}, []uint64{st.Delivered, st.Rejected, st.DeadLettered, st.Dropped})
		l := s.dead.letters[0]
		assert.Equal(t, "rejected", l.Kind)
		assert.Equal(t, 400, l.Status)
		assert.NotEmpty(t, l.Reason)
		assert.Equal(t, s.topic.partition(0), l.Partition)
		assert.Equal(t, Result{Settled: true}, r.stop())
	}
}

func TestRejectedMessagesAreDroppedOnlyWhereTheConfigurationSaysSo(t *testing.T) {
	s := newScene(t, 1)
	s.cfg.OnRejected = schema.OnRejectedDrop
	s.endpoint.answers(refuse(`"0/0"`))
	s.topic.publish(0, 0, numbered(0, 0, 3)...)
	r := s.start(0)
	s.untilStored(0, 2)
	assert.Empty(t, s.dead.payloads())
	assert.EqualValues(t, 1, r.Status().Dropped)
}

// refuse answers 400 for these messages and 200 for others.
func refuse(messages ...string) func(string, int) int {
	return func(m string, _ int) int {
		if slices.Contains(messages, m) {
			return http.StatusBadRequest
		}
		return http.StatusOK
	}
}

func TestMessagesThatPrepareRejectsFollowTheSamePolicyInOrder(t *testing.T) {
	bad := "\xff"
	for _, policy := range []schema.OnRejected{schema.OnRejectedDeadLetter, schema.OnRejectedBlock} {
		s := newScene(t, 2)
		s.batches(100)
		s.cfg.OnRejected = policy
		s.topic.publish(0, 0, `"0/0"`, `"0/1"`, bad, `"0/3"`)
		s.topic.publish(1, 0, numbered(1, 0, 4)...)
		r := s.start(0, 1)
		s.untilStored(1, 3)
		if policy == schema.OnRejectedDeadLetter {
			s.untilStored(0, 3)
			assert.Equal(t, []string{bad}, s.dead.payloads())
			assert.Equal(t, []string{`"0/0"`, `"0/1"`, `"0/3"`}, of(0, s.endpoint.got()))
			continue
		}
		s.untilStored(0, 1)
		s.until("blocked", func() bool { return r.Status().Partitions[0].Blocked })
		assert.Equal(t, []string{`"0/0"`, `"0/1"`}, of(0, s.endpoint.got()), "nothing behind it is sent")
		assert.EqualValues(t, 2, r.Status().Partitions[0].BlockedOffset)
		assert.Equal(t, Result{Unsettled: 1}, r.stop())
	}
}

func TestABlockedPartitionStopsAtItsMessageAndGoesOnWhenItIsAccepted(t *testing.T) {
	for _, ordering := range []schema.Ordering{schema.OrderingPartition, schema.OrderingNone, schema.OrderingKey} {
		s := newScene(t, 2)
		s.cfg.OnRejected, s.cfg.Ordering, s.cfg.OrderingKey = schema.OnRejectedBlock, ordering, "payload:"
		s.cfg.MaxConsecutiveRejects = 0
		if ordering != schema.OrderingPartition {
			s.cfg.MaxInFlight = 4
		}
		s.endpoint.answers(refuse(`"0/5"`))
		s.topic.publish(0, 0, numbered(0, 0, 40)...)
		s.topic.publish(1, 0, numbered(1, 0, 40)...)
		r := s.start(0, 1)
		s.untilStored(1, 39)
		s.untilStored(0, 4)
		s.until("it is tried again", func() bool { return s.endpoint.attemptsOf(`"0/5"`) > 3 })
		s.until("it says so", func() bool {
			p := r.Status().Partitions[0]
			return p.Blocked && p.BlockedOffset == 5 && p.Reason != "" && p.InHand == 0 && p.Lag == 35
		})
		if ordering == schema.OrderingPartition {
			assert.Equal(t, numbered(0, 0, 5), of(0, s.endpoint.got()))
		}
		s.endpoint.answers(nil)
		s.untilStored(0, 39)
		assert.ElementsMatch(t, numbered(0, 0, 40), of(0, s.endpoint.got()), "nothing lost, nothing twice")
		assert.False(t, r.Status().Partitions[0].Blocked)
		assert.EqualValues(t, 1, r.Status().Rejected, "however often it was tried")
		assert.Equal(t, Result{Settled: true}, r.stop())
	}
}

func (e *endpoint) attemptsOf(message string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.attempts[message]
}

func TestABlockedMessageThatRetentionDeletesBlocksNoLonger(t *testing.T) {
	s := newScene(t, 1)
	s.cfg.OnRejected = schema.OnRejectedBlock
	s.endpoint.answers(refuse(`"0/1"`))
	s.topic.publish(0, 0, numbered(0, 0, 5)...)
	s.start(0)
	s.untilStored(0, 0)
	s.topic.retain(0, 3)
	s.untilStored(0, 4)
	assert.Equal(t, []string{`"0/0"`, `"0/3"`, `"0/4"`}, s.endpoint.got())
}

func TestAPausedSinkKeepsOnlyWhatIsInFlightAndLosesNothing(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusServiceUnavailable} {
		s := newScene(t, 2)
		s.cfg.OnRejected = schema.OnRejectedDeadLetter
		s.endpoint.answers(func(string, int) int { return status })
		s.topic.publish(0, 0, numbered(0, 0, 200)...)
		s.topic.publish(1, 0, numbered(1, 0, 200)...)
		r := s.start(0, 1)
		s.until("it is paused and holds one message a partition", func() bool {
			st := r.Status()
			return st.Gate.Paused && len(st.Partitions) == 2 && st.Partitions[0].Next <= 1 && st.Partitions[1].Next <= 1
		})
		notStored(t, s, 0)
		s.endpoint.answers(nil)
		for p := range uint32(2) {
			s.untilStored(p, 199)
			assert.Equal(t, numbered(p, 0, 200), of(p, s.endpoint.got()))
		}
		assert.Empty(t, s.dead.payloads())
		assert.Equal(t, Result{Settled: true}, r.stop())
	}
}

func TestASinkThatIsPausedWithNothingInFlightProbesByItself(t *testing.T) {
	s := newScene(t, 1)
	r := s.start(0)
	s.until("joined", func() bool { return len(r.Status().Partitions) == 1 })
	r.judge.hold("from outside")
	s.topic.publish(0, 0, numbered(0, 0, 3)...)
	s.untilStored(0, 2)
	assert.Equal(t, numbered(0, 0, 3), s.endpoint.got())
}

func TestAFailingDeadLetterPausesTheSinkAndSettlesNothing(t *testing.T) {
	s := newScene(t, 2)
	s.cfg.OnRejected = schema.OnRejectedDeadLetter
	s.dead.fail(true)
	s.endpoint.answers(refuse(`"0/1"`))
	s.topic.publish(0, 0, numbered(0, 0, 4)...)
	r := s.start(0, 1)
	s.until("it was tried again", func() bool {
		s.dead.mu.Lock()
		defer s.dead.mu.Unlock()
		return s.dead.tries > 2
	})
	assert.Equal(t, numbered(0, 0, 1), s.endpoint.got())
	stored, _ := s.topic.storedOffset(0)
	assert.EqualValues(t, 0, stored)
	assert.Positive(t, r.Status().Pauses)
	s.dead.fail(false)
	s.untilStored(0, 3)
	assert.Equal(t, []string{`"0/1"`}, s.dead.payloads())
}

func TestAStopWhileTheDeadLettersFailEndsAndSettlesNothing(t *testing.T) {
	s := newScene(t, 1)
	s.cfg.OnRejected = schema.OnRejectedDeadLetter
	s.dead.fail(true)
	s.endpoint.answers(refuse(`"0/0"`))
	s.topic.publish(0, 0, numbered(0, 0, 4)...)
	r := s.start(0)
	s.until("it was tried", func() bool {
		s.dead.mu.Lock()
		defer s.dead.mu.Unlock()
		return s.dead.tries > 0
	})
	assert.Equal(t, Result{Unsettled: 1}, r.stop())
	notStored(t, s, 0)
}

func TestASourceThatWaitingCannotMendEndsRun(t *testing.T) {
	s := newScene(t, 1)
	r := s.start(0)
	broken := errors.New("credentials refused")
	r.source.do(t, func(Handler) error { return broken })
	assert.False(t, r.ended().Settled)
	require.ErrorIs(t, r.err, broken)
	assert.True(t, strings.Contains(r.err.Error(), s.topic.topic))
}
