package relay

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// timedSource notes the instants at which polls bring messages.
type timedSource struct {
	*fakeSource
	at *instants
}

func (s timedSource) Run(ctx context.Context, h Handler) error {
	return s.fakeSource.Run(ctx, timedHandler{h, s.at})
}

type timedHandler struct {
	Handler
	at *instants
}

func (h timedHandler) Polled(b Poll) {
	h.at.note(time.Now())
	h.Handler.Polled(b)
}

// instants are points of virtual time: all that happens until everybody waits is one.
type instants struct {
	mu  sync.Mutex
	all map[time.Time]bool
}

func (i *instants) note(now time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.all[now] = true
}

// A schema attribute that is wrong rejects everything before it is sent. That must not empty the topic into the dead
// letters, nor poll without end: in a bubble of virtual time a loop that never waits would not let the hour pass.
func TestATopicThatPrepareRejectsPausesTheSink(t *testing.T) {
	for _, c := range []struct {
		mode       schema.BatchMode
		length     int
		partitions int
		atMost     int // dead letters
	}{
		{schema.BatchModeIndividual, 1, 1, 19}, {schema.BatchModeIndividual, 1, 4, 19},
		{schema.BatchModeNDJSON, 50, 1, 19}, {schema.BatchModeNDJSON, 15, 4, 19},
	} {
		t.Run(fmt.Sprintf("%s of %d, %d partitions", c.mode, c.length, c.partitions), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg, stream := schema.DefaultSink(), schema.DefaultStream()
				url, err := schema.ParseTemplate("http://127.0.0.1:9/")
				require.NoError(t, err)
				cfg.Name, cfg.URL, cfg.BatchMode, cfg.MaxConsecutiveRejects = "test", url, c.mode, 20
				cfg.OnRejected, stream.BatchLength, stream.Schema = schema.OnRejectedDeadLetter, c.length, schema.PayloadFormatJSON
				topic := newFakeTopic(t, c.partitions)
				var owned []uint32
				for p := range uint32(c.partitions) {
					topic.publish(p, 0, make([]string, 300)...) // empty: not JSON
					owned = append(owned, p)
				}
				polls := &instants{all: make(map[time.Time]bool)}
				source := timedSource{topic.source(owned...), polls}
				engine, err := sinkhttp.New(&cfg, sinkhttp.Options{})
				require.NoError(t, err)
				dead := &memoryLetters{}
				r := New(&cfg, engine, dead, Options{})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				_, err = r.Run(ctx, []Feed{{Stream: &stream, Topic: topic.topic, Source: source}})
				require.NoError(t, err)
				state, _, _ := r.judge.now()
				engine.Close()
				assert.True(t, state.Paused)
				assert.Contains(t, state.Reason, "too many rejected messages in a row")
				assert.LessOrEqual(t, len(dead.payloads()), c.atMost)
				// In an hour: at the beginning, and behind cool-downs of 5, 10, 20 and 40 s and 58 of a minute.
				assert.Len(t, polls.all, 1+4+58)
				assert.Zero(t, engine.Stats().Requests)
			})
		})
	}
}

// An acceptance shows that the fault is with those messages: the sink goes on, and they are dead letters.
func TestAnAcceptanceOpensASinkThatPrepareRejectsHavePaused(t *testing.T) {
	s := newScene(t, 2)
	s.stream.Schema, s.cfg.BatchMode = schema.PayloadFormatJSON, schema.BatchModeIndividual
	s.cfg.OnRejected, s.cfg.MaxConsecutiveRejects = schema.OnRejectedDeadLetter, 5
	s.topic.publish(0, 0, "bad", "bad", "bad", "bad", "bad", "bad", "bad")
	r := s.start(0, 1)
	s.until("the sink is paused", func() bool { return r.Status().Gate.Paused })
	assert.Len(t, s.dead.payloads(), 4)
	s.topic.publish(1, 0, `"good"`)
	s.untilStored(1, 0)
	s.untilStored(0, 6)
	assert.Len(t, s.dead.payloads(), 7)
}
