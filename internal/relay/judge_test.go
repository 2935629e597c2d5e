package relay

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"iggysink/schema"
)

// attempts lists when requests with a message of that prefix began.
func (w *world) attempts(prefix string) (at []time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.requests {
		for _, m := range r.messages {
			if strings.HasPrefix(m, prefix) {
				at = append(at, r.at)
				break
			}
		}
	}
	return at
}

// one is a world of a single partition whose requests are tried once and carry one message.
func one(w *world) {
	w.cfg.MaxRetries, w.cfg.BatchMode = 0, schema.BatchModeIndividual
}

func seconds(list ...int) (at []time.Duration) {
	for _, s := range list {
		at = append(at, time.Duration(s)*time.Second)
	}
	return at
}

// 410 says that waiting mends nothing: nobody asks again until a person says so.
func TestA410WaitsForResume(t *testing.T) {
	inWorld(t, 1, 1, func(w *world) {
		one(w)
		w.infect(all(fault{status: 410}))
		res := w.run(func() {
			w.publish(0, 0, 2)
			time.Sleep(24 * time.Hour)
			assert.Equal(t, seconds(0), w.attempts("t0/"))
			state := w.relay.Status().Gate
			assert.True(t, state.Paused && state.Manual)
			assert.Contains(t, state.Reason, "410")
			w.heal()
			time.Sleep(24 * time.Hour)
			assert.Len(t, w.attempts("t0/"), 1, "the endpoint is well, and nobody has said so")
			w.relay.Resume()
			time.Sleep(coolDown + ordinary)
			assert.Empty(t, w.late(72*time.Hour, everything))
		})
		assert.Equal(t, Result{Settled: true}, res)
	})
}

// A probe that finds a 410 waits from then on.
func TestAProbeThatFindsA410WaitsForResume(t *testing.T) {
	inWorld(t, 1, 1, func(w *world) {
		one(w)
		w.infect(all(fault{status: 403}))
		w.run(func() {
			w.publish(0, 0, 1)
			time.Sleep(ordinary)
			assert.False(t, w.relay.Status().Gate.Manual)
			w.infect(all(fault{status: 410}))
			time.Sleep(time.Hour)
			assert.Equal(t, seconds(0, 5), w.attempts("t0/"))
			assert.True(t, w.relay.Status().Gate.Manual)
			w.heal()
			w.relay.Resume()
			time.Sleep(maxCoolDown)
			assert.Empty(t, w.late(2*time.Hour, everything))
		})
	})
}

// Each partition hears a 410 for itself, because with the topic in the url it is one topic that is gone. Then it is quiet.
func TestA410IsHeardOnceByEachPartition(t *testing.T) {
	inWorld(t, 2, 32, func(w *world) {
		one(w)
		w.cfg.MaxConnections = 3
		w.infect(all(fault{status: 410}))
		w.run(func() {
			for id := range uint32(32) {
				w.publish(0, id, 20)
				w.publish(1, id, 20)
			}
			time.Sleep(24 * time.Hour)
			assert.Equal(t, 64, w.count(0, 24*time.Hour))
			assert.LessOrEqual(t, w.most(coolDown, ordinary), 5)
			assert.Zero(t, w.count(2*time.Minute, 24*time.Hour))
			assert.True(t, w.relay.Status().Gate.Manual)
			w.heal()
			w.relay.Resume()
			time.Sleep(maxCoolDown)
			assert.Empty(t, w.late(25*time.Hour, everything))
		})
	})
}

// A message that is at fault says nothing about the endpoint, not even that it is gone.
func TestA410OfAMessageAtFaultStopsNobody(t *testing.T) {
	inWorld(t, 1, 2, func(w *world) {
		one(w)
		gone := only(fault{status: 410}, func(m string) bool { return m == "t0/0/0" })
		w.infect(gone)
		w.run(func() {
			w.slow(func(m string) time.Duration { return time.Duration(truth(strings.HasPrefix(m, "t0/1/"))) * time.Second })
			w.publish(0, 1, 20)
			synctest.Wait() // the first is under way: nobody may find the failing one alone
			w.publish(0, 0, 1)
			time.Sleep(20*time.Second + ordinary)
			assert.True(t, w.relay.Status().Partitions[0].Blocked)
			w.infect(func(m string) *fault {
				if f := gone(m); f != nil {
					return f
				}
				return &fault{status: 500}
			})
			w.publish(0, 1, 1)
			time.Sleep(10 * time.Minute)
			assert.Greater(t, len(w.attempts("t0/0/0")), 5, "it is a probe, too")
			assert.True(t, w.relay.Status().Gate.Paused)
			assert.False(t, w.relay.Status().Gate.Manual)
			w.infect(gone)
			time.Sleep(2 * maxCoolDown)
			assert.Empty(t, w.late(time.Hour, func(m string) bool { return m != "t0/0/0" }))
		})
	})
}

// Three partitions fail at once while the fourth one's request is under way: when that is accepted the endpoint is not down.
func TestAnAcceptanceOfWhatWasUnderWayEndsAPause(t *testing.T) {
	inWorld(t, 1, 4, func(w *world) {
		one(w)
		w.infect(only(fault{status: 500}, func(m string) bool { return !strings.HasPrefix(m, "t0/3/") }))
		w.slow(func(m string) time.Duration { return time.Duration(truth(strings.HasPrefix(m, "t0/3/"))) * time.Second })
		w.run(func() {
			w.publish(0, 3, 10)
			synctest.Wait() // its first request is under way: those that fail at once may not pause the sink before it begins
			assert.Len(t, w.attempts("t0/3/"), 1)
			for id := range uint32(3) {
				w.publish(0, id, 2)
			}
			time.Sleep(ordinary)
			assert.True(t, w.relay.Status().Gate.Paused)
			time.Sleep(10 * time.Second)
			assert.False(t, w.relay.Status().Gate.Paused)
			assert.Empty(t, w.late(10*time.Second, func(m string) bool { return strings.HasPrefix(m, "t0/3/") }))
			assert.EqualValues(t, 1, w.relay.Status().Pauses)
		})
	})
}

// An endpoint that ends takes what is under way and refuses connections: that is no sign that it is well.
func TestAnAcceptanceOfWhatWasUnderWayEndsNoOutage(t *testing.T) {
	inWorld(t, 2, 1, func(w *world) {
		one(w)
		w.infect(only(fault{refuse: true}, func(m string) bool { return strings.HasPrefix(m, "t0/") }))
		w.slow(func(string) time.Duration { return time.Second })
		w.run(func() {
			w.publish(1, 0, 10)
			time.Sleep(ordinary)
			w.publish(0, 0, 1)
			time.Sleep(4 * time.Second)
			assert.True(t, w.relay.Status().Gate.Paused)
			assert.Len(t, w.attempts("t1/"), 1)
			time.Sleep(20 * time.Second)
			assert.Empty(t, w.late(coolDown+11*time.Second, func(m string) bool { return strings.HasPrefix(m, "t1/") }))
		})
	})
}

// A probe that is rejected is an answer: the endpoint judges messages, so it works.
func TestAProbeThatIsRejectedOpens(t *testing.T) {
	for _, policy := range schema.OnRejectedValues() {
		t.Run(string(policy), func(t *testing.T) {
			inWorld(t, 1, 2, func(w *world) {
				one(w)
				dead := &memoryLetters{}
				w.dead, w.cfg.OnRejected = dead, policy
				w.infect(all(fault{status: 403}))
				w.run(func() {
					w.publish(0, 0, 1)
					time.Sleep(ordinary)
					assert.True(t, w.relay.Status().Gate.Paused)
					w.infect(only(fault{status: 422}, func(m string) bool { return m == "t0/0/0" }))
					time.Sleep(coolDown)
					assert.Equal(t, seconds(0, 5), w.attempts("t0/"))
					status := w.relay.Status()
					assert.False(t, status.Gate.Paused)
					assert.EqualValues(t, 1, status.Rejected)
					assert.Equal(t, policy == schema.OnRejectedBlock, status.Partitions[0].Blocked)
					assert.EqualValues(t, truth(policy == schema.OnRejectedDrop), status.Dropped)
					assert.Len(t, dead.payloads(), truth(policy == schema.OnRejectedDeadLetter))
					w.publish(0, 1, 3)
					time.Sleep(ordinary)
					assert.Empty(t, w.late(ordinary, func(m string) bool { return strings.HasPrefix(m, "t0/1/") }))
				})
			})
		})
	}
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func everything(string) bool { return true }

// A pause because of rejects ends with Resume, and the count begins anew.
func TestResumeEndsAPauseBecauseOfRejects(t *testing.T) {
	inWorld(t, 1, 1, func(w *world) {
		one(w)
		dead := &memoryLetters{}
		w.dead, w.cfg.OnRejected, w.cfg.MaxConsecutiveRejects = dead, schema.OnRejectedDeadLetter, 10
		w.infect(all(fault{status: 400}))
		w.run(func() {
			w.publish(0, 0, 30)
			time.Sleep(time.Hour)
			for round := 1; round <= 3; round++ {
				state := w.relay.Status().Gate
				assert.True(t, state.Paused && !state.Manual, round)
				assert.Equal(t, tooManyRejects, state.Reason)
				assert.Len(t, dead.payloads(), 9*round, "the one that reaches the limit is not settled")
				w.relay.Resume()
				time.Sleep(maxCoolDown + coolDown)
			}
			assert.Len(t, dead.payloads(), 30, "the rest is less than the limit")
			assert.EqualValues(t, 30, w.relay.Status().Rejected, "each of them is counted once")
			assert.False(t, w.relay.Status().Gate.Paused)
		})
	})
}

// Rejects in a row are counted for the sink, not for a topic or a partition.
func TestRejectsInARowAreCountedOverAllTopics(t *testing.T) {
	inWorld(t, 3, 2, func(w *world) {
		one(w)
		dead := &memoryLetters{}
		w.dead, w.cfg.OnRejected, w.cfg.MaxConsecutiveRejects = dead, schema.OnRejectedDeadLetter, 10
		w.infect(only(fault{status: 400}, func(m string) bool { return !strings.HasSuffix(m, "/100") }))
		w.run(func() {
			for i := range 9 {
				w.publish(i%3, uint32(i%2), 1)
				time.Sleep(time.Second)
			}
			assert.Len(t, dead.payloads(), 9)
			assert.False(t, w.relay.Status().Gate.Paused, "nine of ten")
			w.publish(2, 1, 1)
			time.Sleep(time.Second)
			assert.True(t, w.relay.Status().Gate.Paused)
			assert.Len(t, dead.payloads(), 9)
		})
	})
}

// With on_rejected = "block" a reject is not settled, so it is not counted either, however often it comes.
func TestABlockCountsNothing(t *testing.T) {
	inWorld(t, 1, 2, func(w *world) {
		one(w)
		w.cfg.OnRejected, w.cfg.MaxConsecutiveRejects = schema.OnRejectedBlock, 3
		w.infect(only(fault{status: 400}, func(m string) bool { return m == "t0/0/1" }))
		res := w.run(func() {
			w.publish(0, 0, 3)
			time.Sleep(time.Hour)
			status := w.relay.Status()
			assert.Greater(t, len(w.attempts("t0/0/1")), 50)
			assert.EqualValues(t, 1, status.Rejected, "it is one message")
			assert.False(t, status.Gate.Paused)
			assert.Zero(t, status.Pauses)
			assert.True(t, status.Partitions[0].Blocked)
			assert.EqualValues(t, 1, status.Partitions[0].BlockedOffset)
			assert.EqualValues(t, 1, status.Partitions[0].Settled)
		})
		assert.Equal(t, Result{Unsettled: 1}, res)
	})
}

// A blocked message is tried after 5 s, and after twice as long each time, up to a minute; so is what a pause waits for.
func TestTheCoolDownsOfABlockAndOfAPause(t *testing.T) {
	times := seconds(0, 5, 15, 35, 75, 135, 195, 255)
	for _, status := range []int{500, 403, 400} {
		for _, busy := range []bool{true, false} {
			if status == 400 && !busy {
				continue // a reject pauses nothing
			}
			t.Run(fmt.Sprintf("%d/busy=%t", status, busy), func(t *testing.T) {
				inWorld(t, 1, 2, func(w *world) {
					one(w)
					w.infect(only(fault{status: status}, func(m string) bool { return strings.HasPrefix(m, "t0/0/") }))
					w.slow(func(m string) time.Duration {
						return time.Duration(truth(!strings.HasPrefix(m, "t0/0/"))) * time.Second
					})
					w.run(func() {
						if busy {
							w.publish(0, 1, 301)                // one a second
							time.Sleep(1500 * time.Millisecond) // a failure before the other partition is polled would be everybody's
						}
						w.publish(0, 0, 2)
						time.Sleep(290 * time.Second)
						at := w.attempts("t0/0/")
						first := at[0]
						for i := range at {
							at[i] -= first
						}
						assert.Equal(t, times, at)
						assert.Equal(t, !busy, w.relay.Status().Gate.Paused)
					})
				})
			})
		}
	}
}

// on_exhausted gives up what the endpoint answers with an error of its own. An outage, or an answer that is about the
// endpoint, gives nothing up: it must not empty a topic into the dead letters.
func TestOnExhaustedGivesUpNoOutage(t *testing.T) {
	for _, f := range append(faults(), fault{name: "408", status: 408}, fault{name: "599", status: 599}) {
		givesUp := f.status == 408 || f.status == 500 || f.status == 599
		for _, policy := range schema.OnExhaustedValues() {
			t.Run(f.name+"/"+string(policy), func(t *testing.T) {
				inWorld(t, 1, 2, func(w *world) {
					dead := &memoryLetters{}
					w.dead, w.cfg.BatchMode, w.cfg.OnExhausted = dead, schema.BatchModeNDJSON, policy
					w.infect(all(f))
					w.run(func() {
						w.publish(0, 0, 3)
						w.publish(0, 1, 3)
						time.Sleep(10 * time.Minute)
						status := w.relay.Status()
						if givesUp && policy != schema.OnExhaustedPause {
							assert.False(t, status.Gate.Paused)
							assert.Len(t, dead.payloads(), 6*truth(policy == schema.OnExhaustedDeadLetter))
							assert.EqualValues(t, 6*truth(policy == schema.OnExhaustedDrop), status.Dropped)
							w.heal()
							return
						}
						if f.after == "" { // otherwise each answer asks for another attempt, which costs no retry
							assert.True(t, status.Gate.Paused)
						}
						assert.Empty(t, dead.payloads())
						assert.Zero(t, status.Dropped)
						w.heal()
						time.Sleep(maxCoolDown + 2*coolDown)
						assert.Empty(t, w.late(time.Hour, everything), "nothing is given up")
					})
				})
			})
		}
	}
}
