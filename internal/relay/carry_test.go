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

// A partition that goes and comes back stands where it stood: what it is blocked at is not tried sooner, or more often.
func TestABlockSurvivesARebalance(t *testing.T) {
	for _, busy := range []bool{true, false} {
		for _, stored := range []bool{true, false} {
			t.Run(fmt.Sprintf("busy=%t/stored=%t", busy, stored), func(t *testing.T) {
				inWorld(t, 1, 2, func(w *world) {
					one(w)
					w.cfg.MaxRetries, w.cfg.RetryJitter = 3, schema.RetryJitterNone // 100 ms each
					w.infect(only(fault{status: 500}, func(m string) bool { return m == "t0/0/2" }))
					w.slow(func(m string) time.Duration { return time.Duration(truth(strings.HasPrefix(m, "t0/1/"))) * time.Second })
					storm := func(at ...time.Duration) (all []time.Duration) { // each try has its retries
						for _, t := range at {
							for retry := range 4 {
								all = append(all, t+time.Duration(retry*100)*time.Millisecond)
							}
						}
						return all
					}
					res := w.run(func() {
						w.sources[0].setLate(!stored)
						if busy {
							w.publish(0, 1, 1000)
							synctest.Wait() // the first is under way: nobody may find the failing one alone
						}
						w.publish(0, 0, 5)
						for range 29 {
							time.Sleep(4 * time.Second)
							if busy {
								assert.True(t, w.relay.Status().Partitions[0].Blocked)
								assert.EqualValues(t, 2, w.relay.Status().Partitions[0].BlockedOffset)
							}
							if !w.isTrying("t0/0/2") {
								w.sources[0].reconnect(t, 0, 1)
							}
						}
						if busy {
							assert.Equal(t, storm(0, 5300*time.Millisecond, 15600*time.Millisecond, 35900*time.Millisecond,
								76200*time.Millisecond), w.attempts("t0/0/2"))
						} else {
							assert.LessOrEqual(t, len(w.attempts("t0/0/2")), 4*5)
						}
						assert.Equal(t, 1, len(w.attempts("t0/0/1")), "what was settled is not sent again")
						w.sources[0].setLate(false)
						w.heal()
						time.Sleep(2 * maxCoolDown)
						assert.Empty(t, w.late(time.Hour, func(m string) bool { return strings.HasPrefix(m, "t0/0/") }))
					})
					assert.Equal(t, Result{Settled: true}, res)
				})
			})
		}
	}
}

// isTrying reports whether a message was sent within the last half second.
func (w *world) isTrying(message string) bool {
	at := w.attempts(message)
	return len(at) > 0 && w.now()-at[len(at)-1] < 500*time.Millisecond
}

// Where the log is another one when the partition comes back, nothing of it is blocked.
func TestABlockEndsWithItsLog(t *testing.T) {
	inWorld(t, 1, 2, func(w *world) {
		one(w)
		w.infect(only(fault{status: 400}, func(m string) bool { return m == "t0/0/2" }))
		w.run(func() {
			w.publish(0, 0, 5)
			time.Sleep(3 * maxCoolDown)
			assert.True(t, w.relay.Status().Partitions[0].Blocked)
			w.sources[0].do(t, func(h Handler) error {
				f := w.topics[0]
				w.sources[0].revoke(h, 0)
				f.mu.Lock()
				f.logs[0] = f.logs[0][:2]
				f.mu.Unlock()
				f.publish(0, 0, `"t0/0/100"`, `"t0/0/101"`)
				w.sources[0].assign(h, 0)
				return nil
			})
			time.Sleep(maxCoolDown + ordinary)
			assert.Len(t, w.attempts("t0/0/100"), 1)
			assert.Len(t, w.attempts("t0/0/101"), 1)
			assert.False(t, w.relay.Status().Partitions[0].Blocked)
			assert.EqualValues(t, 4, w.relay.Status().Partitions[0].Settled)
		})
	})
}
