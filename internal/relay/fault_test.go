package relay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"iggysink/schema"
)

// Whatever the endpoint does to one message, or to the messages of one topic: the others arrive within one cool-down, and
// what is ill is tried at most once a cool-down.
func TestOneMessageOrTopicDoesNotStopTheOthers(t *testing.T) {
	modes := []schema.BatchMode{schema.BatchModeIndividual, schema.BatchModeNDJSON, schema.BatchModeJSONArray, schema.BatchModeRaw}
	orderings := []schema.Ordering{schema.OrderingPartition, schema.OrderingKey, schema.OrderingNone}
	for _, f := range faults() {
		for _, mode := range modes {
			for _, ordering := range orderings {
				for _, busy := range []bool{false, true} {
					for _, what := range []string{"message", "topic"} {
						if f.refuse && what == "message" {
							continue // a connection is refused before anything is sent
						}
						name := fmt.Sprintf("%s/%s/%s/busy=%t/%s", f.name, mode, ordering, busy, what)
						t.Run(name, func(t *testing.T) {
							inWorld(t, 2, 2, func(w *world) {
								w.cfg.BatchMode, w.cfg.Ordering = mode, ordering
								w.oneIsIll(f, what, busy)
							})
						})
					}
				}
			}
		}
	}
}

func (w *world) oneIsIll(f fault, what string, busy bool) {
	ill := func(m string) bool { return m == "t0/0/3" }
	if what == "topic" {
		ill = func(m string) bool { return strings.HasPrefix(m, "t0/") }
	}
	well := func(m string) bool { return !strings.HasPrefix(m, "t0/0/") && !ill(m) }
	w.infect(only(f, ill))
	res := w.run(func() {
		w.publish(0, 0, 8)
		if what == "topic" {
			w.publish(0, 1, 1)
		}
		others := func() {
			for topic := range w.topics {
				for id := range uint32(2) {
					if well(fmt.Sprintf("t%d/%d/", topic, id)) {
						w.publish(topic, id, 1)
					}
				}
			}
		}
		step := 400 * time.Millisecond
		for at, turn := time.Duration(0), 0; at < 2*time.Minute; turn++ {
			if !busy {
				step = time.Duration(700+turn*4100) * time.Millisecond // and each time for longer
			}
			time.Sleep(step)
			at += step
			others()
		}
		bound := coolDown + ordinary
		if f.hang {
			bound += w.cfg.Timeout.Std() // a probe that is under way
		}
		if f.after != "" {
			bound += 2 * 3 * time.Second // it holds the whole sink: the endpoint asks for it
		}
		time.Sleep(bound)
		if f.after == "" || !busy {
			assert.Empty(w.t, w.late(bound, well), "what is well arrives within one cool-down")
		}
		if f.after == "" { // its attempts cost no retry: one request may be tried for long
			tries := 1 + w.cfg.MaxRetries
			if f.status == 0 {
				tries *= 2 // a kept connection may have ended before, so that costs no retry
			}
			if what == "topic" {
				tries *= 2 // it has two partitions
			}
			assert.LessOrEqual(w.t, w.most(coolDown-ordinary, 30*time.Second), tries, "what is ill is tried once a cool-down")
		}
		assert.Positive(w.t, w.count(time.Minute, 2*time.Minute), "and goes on being tried")
		w.heal()
		time.Sleep(maxCoolDown + coolDown)
		assert.Empty(w.t, w.late(time.Hour, func(string) bool { return true }), "nothing is lost")
	})
	assert.Equal(w.t, Result{Settled: true}, res)
}

// An endpoint that is down gets a handful of requests a cool-down, however many partitions have something for it, and
// everything arrives once it is up.
func TestADeadEndpointGetsAHandfulOfRequestsACooldown(t *testing.T) {
	for _, f := range faults() {
		for _, mode := range []schema.BatchMode{schema.BatchModeIndividual, schema.BatchModeNDJSON} {
			t.Run(fmt.Sprintf("%s/%s", f.name, mode), func(t *testing.T) {
				inWorld(t, 2, 32, func(w *world) {
					w.cfg.BatchMode = mode
					w.infect(all(f))
					res := w.run(func() {
						for topic := range w.topics {
							for id := range uint32(32) {
								w.publish(topic, id, 20)
							}
						}
						time.Sleep(2 * time.Hour)
						assert.LessOrEqual(t, w.count(0, 5*time.Second), 64*2, "at the begin each partition tries once")
						assert.LessOrEqual(t, w.most(coolDown-ordinary, 6*time.Second), 5)
						assert.GreaterOrEqual(t, w.count(time.Hour, 2*time.Hour), 30, "and goes on")
						if f.after == "" { // otherwise it comes when the endpoint says
							assert.LessOrEqual(t, w.most(maxCoolDown-ordinary, 10*time.Minute), 5, "the cool-down has grown")
							assert.True(t, w.relay.Status().Gate.Paused)
							assert.EqualValues(t, 1, w.relay.Status().Pauses)
						}
						w.heal()
						time.Sleep(maxCoolDown + 2*coolDown)
						assert.Empty(t, w.late(3*time.Hour, func(string) bool { return true }), "nothing is lost")
					})
					assert.Equal(t, Result{Settled: true}, res)
				})
			})
		}
	}
}
