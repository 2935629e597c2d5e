package relay_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggy"
	"iggysink/internal/iggyserver/iggytest"
	"iggysink/internal/relay"
	"iggysink/schema"
	"iggysink/sinkhttp"
)

// These tests hold the rules about whose fault a failure is to a server that speaks the wire protocol. With
// IGGYSINK_TEST_SERVER it is a real one, and every kind of failure is tried; the tests in virtual time do that without it.

// ward is an endpoint that takes everything but the messages, or the topics, that are ill.
type ward struct {
	*httptest.Server
	happened relay.Event // a request has come; and what watched and the log tell
	mu       sync.Mutex
	ill      func(topic, message string) int // status; 0: well, 1: no answer, 2: the connection ends
	arrived  []string                        // topic/message
	requests []time.Time                     // with something ill
}

func newWard(t *testing.T, ill func(topic, message string) int) *ward {
	w := &ward{ill: ill}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

func (w *ward) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	topic := strings.Trim(r.URL.Path, "/")
	w.mu.Lock()
	verdict := 0
	var messages []string
	for line := range bytes.Lines(body) {
		m := strings.Trim(string(line), "\"\n")
		messages = append(messages, topic+"/"+m)
		verdict = max(verdict, w.ill(topic, m))
	}
	if verdict == 0 {
		w.arrived = append(w.arrived, messages...)
	} else {
		w.requests = append(w.requests, time.Now())
	}
	w.mu.Unlock()
	w.happened.Fire()
	switch verdict {
	case 0:
	case 1:
		<-r.Context().Done()
	case 2:
		panic(http.ErrAbortHandler)
	default:
		rw.WriteHeader(verdict)
	}
}

func (w *ward) heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ill = func(string, string) int { return 0 }
}

// got returns what has arrived, sorted.
func (w *ward) got() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := slices.Clone(w.arrived)
	slices.Sort(list)
	return list
}

func (w *ward) attempts() []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

const wardCooldown = 100 * time.Millisecond

// letterBox keeps dead letters.
type letterBox struct {
	mu      sync.Mutex
	letters []relay.DeadLetter
}

func (l *letterBox) Write(_ context.Context, letters []relay.DeadLetter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, letter := range letters {
		letter.Message.Payload = bytes.Clone(letter.Message.Payload)
		l.letters = append(l.letters, letter)
	}
	return nil
}

func (l *letterBox) Close() error { return nil }

func (l *letterBox) payloads() (list []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, letter := range l.letters {
		list = append(list, string(letter.Message.Payload))
	}
	return list
}

// clinic is a broker with topics, a ward, and a relay of them.
type clinic struct {
	*broker
	ward   *ward
	relay  *relay.Relay
	topics []string
}

func newClinic(t *testing.T, partitions int, w *ward, topics ...string) *clinic {
	c := &clinic{broker: newBroker(t, partitions), ward: w, topics: topics}
	url, err := schema.ParseTemplate(w.URL + "/${topic}")
	require.NoError(t, err)
	c.cfg.URL, c.cfg.MaxRetries, c.cfg.RetryDelay, c.cfg.Timeout = url, 1, milliseconds(1), milliseconds(300)
	c.cfg.CircuitBreaker = &schema.CircuitBreaker{Cooldown: schema.Duration(wardCooldown), MaxCooldown: schema.Duration(5 * wardCooldown)}
	for _, topic := range topics {
		require.NoError(t, c.client.EnsureTopic(t.Context(), c.stream.Name, topic, partitions))
	}
	return c
}

func milliseconds(n int) schema.Duration { return schema.Duration(time.Duration(n) * time.Millisecond) }

// run delivers until the test ends.
func (c *clinic) run(dead relay.DeadLetters) {
	engine, err := sinkhttp.New(&c.cfg, sinkhttp.Options{})
	require.NoError(c.t, err)
	c.relay = relay.New(&c.cfg, engine, dead, relay.Options{Logger: relay.Tell(&c.ward.happened)})
	var feeds []relay.Feed
	for _, topic := range c.topics {
		source, err := iggy.NewSource(iggy.SourceOptions{Server: &c.server, Stream: &c.stream, Topic: topic, Group: c.cfg.Group(&c.stream)})
		require.NoError(c.t, err)
		feeds = append(feeds, relay.Feed{Stream: &c.stream, Topic: topic, Source: watched{source, &c.ward.happened}})
	}
	ctx, cancel := context.WithCancel(c.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := c.relay.Run(ctx, feeds)
		assert.NoError(c.t, err)
	}()
	c.t.Cleanup(func() {
		cancel()
		<-done
		engine.Close()
	})
}

// send publishes the messages p/from to p/to-1 of a topic.
func (c *clinic) send(topic string, p uint32, from, to int) {
	var out []iggy.Outgoing
	for i := from; i < to; i++ {
		out = append(out, iggy.Outgoing{Payload: fmt.Appendf(nil, "%d/%d", p, i)})
	}
	require.NoError(c.t, c.client.Send(c.t.Context(), c.stream.Name, topic, iggy.ToPartition(p), out))
}

// soon waits for a condition that an event makes true.
func (c *clinic) soon(what string, is func() bool) {
	c.t.Helper()
	await(c.t, what, &c.ward.happened, is)
}

// holds waits until a message has arrived.
func (c *clinic) holds(message string) {
	c.t.Helper()
	c.soon(message+" arrives", func() bool { return slices.Contains(c.ward.got(), message) })
}

// spaced checks that attempts at one ill thing, each with its retry, come at most once a cool-down. What it compares are
// the starts of the pauses in between: a slow machine only makes them longer.
func (c *clinic) spaced(attempts []time.Time, things int) {
	c.t.Helper()
	elapsed := attempts[len(attempts)-1].Sub(attempts[0])
	most := 2 * 2 * things * (2 + int(elapsed/wardCooldown))
	assert.LessOrEqual(c.t, len(attempts), most, "attempts in %v", elapsed)
}

// One message, or one topic, that the endpoint never takes stops nobody else, with idle neighbours and with busy ones.
func TestAtABrokerOneIllMessageOrTopicStopsNobodyElse(t *testing.T) {
	for name, status := range map[string]int{
		"500": 500, "503": 503, "403": 403, "404": 404, "501": 501, "302": 302, "410": 410, "400": 400, "no answer": 1, "closed connection": 2,
	} {
		for _, what := range []string{"message", "topic"} {
			for _, busy := range []bool{false, true} {
				if !iggytest.Real() && status != 1 && status != 404 && status != 500 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/busy=%t", name, what, busy), func(t *testing.T) {
					t.Parallel()
					w := newWard(t, func(topic, message string) int {
						if topic == "a" && (what == "topic" || message == "0/3") {
							return status
						}
						return 0
					})
					c := newClinic(t, 4, w, "a", "b")
					c.cfg.OnRejected = schema.OnRejectedBlock
					c.run(nil)
					c.send("a", 0, 0, 8)
					c.soon("it is tried", func() bool { return len(w.attempts()) > 0 })
					for i := range 6 {
						for p := range uint32(4) {
							if busy || int(p) == i%4 {
								c.send("b", p, i*100, i*100+3)
							}
						}
						c.holds(fmt.Sprintf("b/%d/%d", i%4, i*100+2))
						if what == "message" {
							c.send("a", 1, i*100, i*100+3)
							c.holds(fmt.Sprintf("a/1/%d", i*100+2))
						}
					}
					c.soon("it goes on being tried", func() bool { return len(w.attempts()) > 3 })
					c.spaced(w.attempts(), 1)
					w.heal()
					c.relay.Resume()
					c.holds("a/0/7")
				})
			}
		}
	}
}

// A dead endpoint gets a handful of requests a cool-down from 64 partitions, and all there is once it is well.
func TestAtABrokerADeadEndpointGetsAHandfulOfRequestsACooldown(t *testing.T) {
	for name, status := range map[string]int{"500": 500, "403": 403, "closed connection": 2} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t, func(string, string) int { return status })
			c := newClinic(t, 64, w, "a")
			for p := range uint32(64) {
				c.send("a", p, 0, 5)
			}
			c.run(nil)
			c.soon("it is paused", func() bool { return c.relay.Status().Gate.Paused })
			time.Sleep(wardCooldown) // what was under way as it paused
			before, began := len(w.attempts()), time.Now()
			c.soon("many probes", func() bool { return len(w.attempts()) >= before+10 })
			cooldowns := 2 + int(time.Since(began)/wardCooldown)
			// A kept connection that ends costs a probe a second attempt.
			assert.LessOrEqual(t, len(w.attempts())-before, 2*5*cooldowns)
			assert.LessOrEqual(t, before, 2*2*64+2*5*2)
			w.heal()
			// A slow machine lets a request outlast its timeout: what was taken comes again then.
			c.soon("all arrive", func() bool {
				got := w.got()
				slices.Sort(got)
				return len(slices.Compact(got)) == 64*5
			})
		})
	}
}

// Every reject of several messages is halved until the one at fault is alone, and so is a batch that is given up.
func TestAtABrokerARefusedBatchKeepsItsGoodMessages(t *testing.T) {
	for _, status := range []int{400, 409, 412, 413, 414, 418, 422, 424, 428, 431, 500, 502} {
		for _, n := range []int{50, 400} {
			if !iggytest.Real() && (n == 400) != (status == 409) {
				continue
			}
			t.Run(fmt.Sprintf("%d/%d messages", status, n), func(t *testing.T) {
				t.Parallel()
				bad := fmt.Sprintf("0/%d", n/3)
				w := newWard(t, func(_, message string) int {
					if message == bad {
						return status
					}
					return 0
				})
				c := newClinic(t, 1, w, "a")
				c.stream.BatchLength = n
				c.cfg.OnRejected, c.cfg.OnExhausted, c.cfg.RejectStatusCodes = schema.OnRejectedDeadLetter, schema.OnExhaustedDeadLetter, []int{418}
				c.send("a", 0, 0, n)
				dead := &letterBox{}
				c.run(dead)
				c.soon("all is settled", func() bool {
					s := c.relay.Status()
					return len(s.Partitions) == 1 && s.Partitions[0].Settled == uint64(n)
				})
				assert.Equal(t, []string{bad}, dead.payloads())
				assert.Len(t, w.got(), n-1)
				assert.Len(t, slices.Compact(w.got()), n-1, "none twice")
				assert.False(t, c.relay.Status().Gate.Paused)
			})
		}
	}
}
