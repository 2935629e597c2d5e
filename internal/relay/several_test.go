package relay

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"iggysink/schema"
)

// Two topics, or several messages in several partitions, are ill at once: what is well still arrives within one cool-down.
func TestSeveralIllTopicsOrMessagesDoNotStopTheOthers(t *testing.T) {
	illnesses := map[string][]string{
		"two topics":                   {"t0/", "t1/"},
		"two messages":                 {"t0/0/3", "t1/1/3"},
		"four messages":                {"t0/0/3", "t0/1/3", "t1/1/3", "t2/0/3"},
		"a topic and a message":        {"t0/", "t2/0/3"},
		"messages of one topic":        {"t2/0/3", "t2/1/3", "t2/2/3"},
		"messages one after the other": {"t0/0/3", "t0/0/4", "t0/0/5", "t1/0/3"},
	}
	for _, f := range append(faults(), fault{name: "410", status: 410}, fault{name: "400", status: 400}) {
		for name, ill := range illnesses {
			for _, mode := range []schema.BatchMode{schema.BatchModeIndividual, schema.BatchModeNDJSON} {
				if f.refuse && !slices.ContainsFunc(ill, func(s string) bool { return strings.HasSuffix(s, "/") }) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%s", f.name, name, mode), func(t *testing.T) {
					inWorld(t, 3, 4, func(w *world) {
						w.cfg.BatchMode = mode
						w.severalAreIll(f, ill)
					})
				})
			}
		}
	}
}

func (w *world) severalAreIll(f fault, ill []string) {
	isIll := func(m string) bool {
		return slices.ContainsFunc(ill, func(s string) bool { return m == s || strings.HasSuffix(s, "/") && strings.HasPrefix(m, s) })
	}
	well := func(m string) bool { // nothing in its partition is ill
		at := strings.LastIndexByte(m, '/')
		return !isIll(m) && !slices.ContainsFunc(ill, func(s string) bool { return strings.HasPrefix(s, m[:at+1]) })
	}
	w.infect(only(f, isIll))
	w.run(func() {
		bound := coolDown + ordinary
		if f.hang {
			bound += time.Duration(len(ill)) * maxPatience
		}
		for round := range 30 {
			for topic := range w.topics { // the ill ones first
				for id := range uint32(4) {
					if name := fmt.Sprintf("t%d/%d/", topic, id); round == 0 || isIll(name) || slices.ContainsFunc(ill, func(s string) bool {
						return strings.HasPrefix(s, name)
					}) {
						w.publish(topic, id, 2)
					}
				}
			}
			time.Sleep(time.Duration(round*700) * time.Millisecond) // the endpoint's silence begins at any moment of the pause
			w.publish(2, 3, 1)
			time.Sleep(time.Duration(round%5) * 4 * time.Second)
		}
		time.Sleep(2 * maxCoolDown)
		w.publish(2, 3, 1)
		time.Sleep(bound)
		if f.after == "" { // otherwise the endpoint says how long everybody waits
			assert.Empty(w.t, w.late(bound, well), "what is well arrives within one cool-down")
			assert.LessOrEqual(w.t, w.most(coolDown-ordinary, 2*time.Minute), 2*2*5, "and the rest gets a handful of attempts")
		}
		w.heal()
		if f.status == 410 {
			w.relay.Resume()
		}
		time.Sleep(maxCoolDown + 2*coolDown)
		assert.Empty(w.t, w.late(time.Hour, everything), "nothing is lost")
	})
}

// While the partitions of two ill topics come one after the other with their first messages, a topic that was silent for
// minutes has one.
func TestASilentTopicIsHeardWhileOthersFail(t *testing.T) {
	for _, f := range append(faults(), fault{name: "410", status: 410}) {
		if f.after != "" {
			continue // the endpoint says how long everybody waits
		}
		t.Run(f.name, func(t *testing.T) {
			inWorld(t, 3, 32, func(w *world) {
				w.infect(only(f, func(m string) bool { return !strings.HasPrefix(m, "t2/") }))
				w.run(func() {
					for id := range uint32(32) {
						w.publish(0, id, 1)
						w.publish(1, id, 1)
						if id%8 == 7 {
							w.publish(2, id, 1)
						}
						time.Sleep(1700 * time.Millisecond)
					}
					time.Sleep(coolDown + ordinary)
					bound := coolDown + ordinary
					assert.Empty(t, w.late(bound, func(m string) bool { return strings.HasPrefix(m, "t2/") }))
					w.heal()
					if f.status == 410 {
						w.relay.Resume()
					}
					if f.status == 410 {
						w.relay.Resume()
					}
					time.Sleep(maxCoolDown + 2*coolDown)
					assert.Empty(t, w.late(time.Hour, everything), "nothing is lost")
				})
			})
		})
	}
}
