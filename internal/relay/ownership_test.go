package relay

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

func TestARevokedPartitionMakesNoFurtherAttemptAndStoresNothing(t *testing.T) {
	s := newScene(t, 2)
	s.cfg.MaxRetries = 1000
	s.endpoint.answers(func(m string, _ int) int {
		if m[1] == '0' {
			return http.StatusUnauthorized
		}
		return http.StatusOK
	})
	s.topic.publish(0, 0, numbered(0, 0, 10)...)
	r := s.start(0, 1)
	s.until("it waits", func() bool { return s.endpoint.attemptsOf(`"0/0"`) > 1 })
	r.source.do(t, func(h Handler) error { r.source.revoke(h, 0); return nil })
	attempts := s.endpoint.attemptsOf(`"0/0"`)
	s.topic.publish(1, 0, numbered(1, 0, 10)...)
	s.untilStored(1, 9)
	assert.Equal(t, attempts, s.endpoint.attemptsOf(`"0/0"`))
	notStored(t, s, 0)
	assert.Len(t, r.Status().Partitions, 1)
	assert.Equal(t, Result{Settled: true}, r.stop(), "a partition that another member has is not in hand")
}

func TestAReconnectDeliversNothingTwiceThatThisProcessHasSettled(t *testing.T) {
	s := newScene(t, 2)
	s.topic.publish(0, 0, numbered(0, 0, 50)...)
	s.topic.publish(1, 0, numbered(1, 0, 50)...)
	source := s.topic.source(0, 1)
	source.setLate(true) // nothing that is settled gets stored
	r := s.startWith(source)
	s.until("all arrived", func() bool { return len(s.endpoint.got()) == 100 })
	s.until("all is settled", func() bool {
		st := r.Status().Partitions
		return st[0].Settled == 50 && st[1].Settled == 50
	})
	source.setLate(false)
	source.reconnect(t, 0, 1)
	s.untilStored(0, 49)
	s.topic.publish(0, 0, numbered(0, 50, 60)...)
	s.untilStored(0, 59)
	assert.Equal(t, numbered(0, 0, 60), of(0, s.endpoint.got()))
	s.untilStored(1, 49)
	assert.Equal(t, numbered(1, 0, 50), of(1, s.endpoint.got()))
}

func TestAReconnectInTheMiddleOfARequestDeliversItOnceAndKeepsTheOrder(t *testing.T) {
	s := newScene(t, 2)
	s.topic.publish(0, 0, numbered(0, 0, 20)...)
	s.topic.publish(1, 0, numbered(1, 0, 1)...)
	release := s.endpoint.hold()
	r := s.start(0, 1)
	s.until("both have a request in flight", func() bool { return len(s.endpoint.bodies()) == 2 })
	for range 3 {
		r.source.reconnect(t, 0, 1) // would hang here if it waited for the request
	}
	assert.Len(t, r.Status().Partitions, 2)
	assert.Len(t, s.endpoint.bodies(), 2, "no second request before the first has ended")
	release()
	s.untilStored(0, 19)
	s.untilStored(1, 0)
	assert.Equal(t, numbered(0, 0, 20), of(0, s.endpoint.got()))
	assert.Equal(t, numbered(0, 0, 20), of(0, s.endpoint.bodies()), "the request in flight was not cancelled")
}

func TestARevocationLetsTheRequestFinishAndStoresNothing(t *testing.T) {
	s := newScene(t, 1)
	s.topic.publish(0, 0, numbered(0, 0, 5)...)
	release := s.endpoint.hold()
	r := s.start(0)
	s.until("a request is in flight", func() bool { return len(s.endpoint.bodies()) == 1 })
	p := r.partition(0)
	r.source.do(t, func(h Handler) error { r.source.revoke(h, 0); return nil })
	release()
	<-p.done // a revoked partition ends with its request
	assert.EqualValues(t, 1, r.Status().Delivered)
	assert.Equal(t, Result{Settled: true}, r.stop())
	notStored(t, s, 0)
	assert.Equal(t, numbered(0, 0, 1), s.endpoint.bodies())
}

func TestAStopWhileAFormerRequestIsInFlightCountsIt(t *testing.T) {
	s := newScene(t, 1)
	s.opts.DrainTimeout = time.Millisecond
	s.topic.publish(0, 0, numbered(0, 0, 5)...)
	defer s.endpoint.hold()()
	r := s.start(0)
	s.until("a request is in flight", func() bool { return len(s.endpoint.bodies()) == 1 })
	r.source.reconnect(t, 0)
	assert.Equal(t, Result{Unsettled: 1}, r.stop())
}

func TestWhatWasSettledIsDeliveredAgainWhereTheServerHasOtherMessagesNow(t *testing.T) {
	s := newScene(t, 1)
	s.topic.publish(0, 0, numbered(0, 0, 5)...)
	source := s.topic.source(0)
	source.setLate(true) // nothing that is settled gets stored
	r := s.startWith(source)
	s.until("all is settled", func() bool { return len(r.Status().Partitions) == 1 && r.Status().Partitions[0].Settled == 5 })
	source.setLate(false)
	r.source.do(t, func(h Handler) error {
		r.source.revoke(h, 0)
		s.topic.mu.Lock()
		s.topic.logs[0] = s.topic.logs[0][:2] // a crash loses the end, and others publish there
		s.topic.mu.Unlock()
		s.topic.publish(0, 0, numbered(0, 12, 16)...)
		r.source.assign(h, 0)
		return nil
	})
	s.untilStored(0, 5)
	assert.Equal(t, slices.Concat(numbered(0, 0, 5), numbered(0, 0, 2), numbered(0, 12, 16)), s.endpoint.got())
}

func TestATruncatedPartitionIsReadAgainFromWhereTheServerSays(t *testing.T) {
	s := newScene(t, 1)
	s.topic.publish(0, 0, numbered(0, 0, 5)...)
	r := s.start(0)
	s.untilStored(0, 4)
	r.source.do(t, func(h Handler) error {
		r.source.revoke(h, 0)
		s.topic.mu.Lock()
		s.topic.logs[0] = s.topic.logs[0][:2]
		delete(s.topic.stored, 0)
		s.topic.mu.Unlock()
		r.source.mu.Lock()
		r.source.owned[0] = true
		r.source.mu.Unlock()
		h.Assigned([]Assignment{{Partition: s.topic.partition(0), Start: 1, End: 2, Truncated: true}})
		return nil
	})
	s.untilStored(0, 1)
	assert.Equal(t, append(numbered(0, 0, 5), numbered(0, 1, 2)...), s.endpoint.got(), "a duplicate rather than a loss")
}

func TestAPartitionAssignedTwiceHasOneWorker(t *testing.T) {
	s := newScene(t, 1)
	s.topic.publish(0, 0, numbered(0, 0, 20)...)
	r := s.start(0)
	s.untilStored(0, 19)
	r.source.do(t, func(h Handler) error { r.source.assign(h, 0); return nil })
	s.topic.publish(0, 0, numbered(0, 20, 40)...)
	s.untilStored(0, 39)
	assert.Equal(t, numbered(0, 0, 40), s.endpoint.got())
}

func TestAStalePollAfterARewindIsThrownAway(t *testing.T) {
	s := newScene(t, 1)
	r := s.start(0)
	s.until("joined", func() bool { return len(r.Status().Partitions) == 1 })
	s.endpoint.answers(func(string, int) int { return http.StatusUnauthorized })
	r.source.do(t, func(h Handler) error {
		s.topic.publish(0, 0, numbered(0, 0, 5)...)
		p := s.topic.partition(0)
		s.until("it is asked for", func() bool { _, bytes := h.Demand(p); return bytes > 0 })
		next, bytes := h.Demand(p)
		assert.Zero(t, next)
		assert.Positive(t, bytes)
		h.Polled(s.topic.read(0, next, 1<<20))
		h.Demand(p)
		s.until("paused, and given up", func() bool {
			st := r.Status()
			return st.Gate.Paused && st.Partitions[0].Next == 0
		})
		s.endpoint.answers(nil)
		r.Resume()
		s.until("resumed", func() bool { return !r.Status().Gate.Paused })
		s.topic.publish(0, 0, numbered(0, 5, 8)...)
		h.Polled(s.topic.read(0, 5, 1<<20))
		assert.Zero(t, r.Status().Partitions[0].Next)
		return nil
	})
	s.untilStored(0, 7)
	assert.Equal(t, numbered(0, 0, 8), s.endpoint.got())
}

func TestOrderingKeepsTheOrderOfAKeyAndNoneUsesTheLanes(t *testing.T) {
	for _, ordering := range []schema.Ordering{schema.OrderingKey, schema.OrderingNone} {
		s := newScene(t, 1)
		s.cfg.Ordering, s.cfg.OrderingKey, s.cfg.MaxInFlight = ordering, "payload:/0", 4
		var payloads []string
		for i := range 120 {
			payloads = append(payloads, `["`+string(rune('a'+i%6))+`",`+strconv.Itoa(i)+`]`)
		}
		s.topic.publish(0, 0, payloads...)
		release := s.endpoint.hold()
		s.start(0)
		lanes := map[schema.Ordering]int{schema.OrderingKey: 1, schema.OrderingNone: 4}[ordering]
		s.until("every lane has a request in flight", func() bool { return len(s.endpoint.bodies()) >= lanes })
		release()
		s.untilStored(0, 119)
		assert.ElementsMatch(t, payloads, s.endpoint.got())
		if ordering == schema.OrderingNone {
			continue
		}
		for key := range byte(6) {
			ofKey := func(all []string) []string {
				return slices.DeleteFunc(slices.Clone(all), func(m string) bool { return m[2] != 'a'+key })
			}
			assert.Equal(t, ofKey(payloads), ofKey(s.endpoint.got()))
		}
	}
}

// A sink that pauses and goes on at once can ask for a demand in between; the source then has to be woken for another.
func TestASourceThatWasRefusedDuringADropIsWokenAfterIt(t *testing.T) {
	s := newScene(t, 1)
	s.topic.publish(0, 0, numbered(0, 0, 1)...)
	engine, err := sinkhttp.New(&s.cfg, sinkhttp.Options{})
	require.NoError(t, err)
	defer engine.Close()
	r := New(&s.cfg, engine, s.dead, s.opts)
	r.ready.Store(true)
	source := s.topic.source()
	p := newPartition(&feed{relay: r, stream: &s.stream, source: source, length: 1}, s.topic.assignment(0), nil)
	p.waiting = false
	p.drop()
	_, bytes := p.demand()
	require.Zero(t, bytes)
	p.rewind(nil)
	require.Len(t, source.wake, 1)
	_, bytes = p.demand()
	assert.Positive(t, bytes)
}
