package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
)

// outageSink has short waits, and dead letters that an outage must leave empty.
const outageSink = `
admin {
  address = "127.0.0.1:0"
}

sink "orders" {
  url                     = %q
  max_retries             = 2
  retry_delay             = "5ms"
  max_consecutive_rejects = 3
  %s

  stream STREAM {
    topics       = ["orders"]
    batch_length = 50
  }

  circuit_breaker {
    cooldown     = "100ms"
    max_cooldown = "200ms"
  }

  dead_letter "file" {
    path = "dead.ndjson"
  }
}
`

// letter is a line of the dead-letter file.
type letter struct {
	Partition uint32 `json:"partition"`
	Offset    uint64 `json:"offset"`
	Kind      string `json:"kind"`
	Reason    string `json:"reason"`
	Status    int    `json:"status"`
	Payload   string `json:"payload"`
}

func (s *scene) letters() (letters []letter) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "dead.ndjson"))
	require.NoError(s.t, err)
	for line := range bytes.Lines(text) {
		var l letter
		require.NoError(s.t, json.Unmarshal(line, &l))
		letters = append(letters, l)
	}
	return letters
}

// An outage is the endpoint's fault: nothing is lost, nothing is a dead letter, few requests go out, and each partition
// goes on in order where it was.
func TestOutageLosesNothing(t *testing.T) { over(t, testOutageLosesNothing) }

func testOutageLosesNothing(t *testing.T, in inlet) {
	for _, tt := range []struct{ code, attempts int }{
		{http.StatusServiceUnavailable, 1 + 2}, // retried
		{http.StatusUnauthorized, 1},           // pauses at once
	} {
		t.Run(strconv.Itoa(tt.code), func(t *testing.T) {
			t.Parallel()
			s := newSceneOver(t, in, iggytest.Unique(t, "outage"), 4, "orders")
			s.publishEach("orders", 4, 50)
			e := newIngest(t, status(tt.code))
			p := s.spawn("run", s.config("sink", fmt.Sprintf(outageSink, e.url(), "")))
			p.awaitPause()
			before := len(e.requests())
			all := e.await("three probes", func(all []received) bool { return len(all) >= before+3 })
			// Before the pause each partition may use up its attempts; after it there is a probe a cool-down.
			last := all[len(all)-1].Time.Sub(all[0].Time)
			require.LessOrEqual(t, len(all), 4*tt.attempts+1+int(last/(100*time.Millisecond)), "requests in %v", last)

			e.answers(nil)
			all = e.awaitTaken(200)
			require.Zero(t, requireEach(t, taken(all), "orders", 4, 50), "messages taken twice")
			requireOrder(t, all)
			require.Empty(t, s.letters())
			poll(t, "the sink to be ready", func() bool { ready, _ := p.ready(); return ready })
			require.Equal(t, exitOK, p.stop())
		})
	}
}

// An endpoint that is not there yet: what is sent to nobody is not lost.
func TestEndpointThatIsNotThereIsWaitedFor(t *testing.T) {
	over(t, testEndpointThatIsNotThereIsWaitedFor)
}

func testEndpointThatIsNotThereIsWaitedFor(t *testing.T, in inlet) {
	t.Parallel()
	s := newSceneOver(t, in, iggytest.Unique(t, "absent"), 4, "orders")
	s.publishEach("orders", 4, 50)
	address := freeAddress(t)
	p := s.spawn("run", s.config("sink", fmt.Sprintf(outageSink, "http://"+address+"/ingest", "")))
	p.awaitPause()
	e := newIngest(t, nil)
	e.at(address)
	all := e.awaitTaken(200)
	require.Zero(t, requireEach(t, taken(all), "orders", 4, 50), "messages taken twice")
	requireOrder(t, all)
	require.Empty(t, s.letters())
	require.Equal(t, exitOK, p.stop())
}

// awaitPause waits until the process says that its sink is paused.
func (p *process) awaitPause() {
	p.t.Helper()
	poll(p.t, "the sink to pause", func() bool {
		_, why := p.ready()
		return strings.Contains(why, "paused:")
	})
}

// freeAddress is an address that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// One message that the endpoint refuses goes to the dead letters with its reason; everything else arrives, whether it
// came alone or in the middle of a batch.
func TestOneBadMessageIsADeadLetter(t *testing.T) { over(t, testOneBadMessageIsADeadLetter) }

func testOneBadMessageIsADeadLetter(t *testing.T, in inlet) {
	for _, mode := range []string{"individual", "nd_json"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newSceneOver(t, in, iggytest.Unique(t, "bad"), 2, "orders")
			s.publishEach("orders", 2, 20)
			s.publish("orders", 0, `{"bad":true}`)
			s.publishEach("orders", 2, 20)
			e := newIngest(t, func(_ http.ResponseWriter, r *received) int {
				if strings.Contains(r.Body, `"bad":true`) {
					return http.StatusBadRequest
				}
				return http.StatusOK
			})
			path := s.config("sink", fmt.Sprintf(outageSink, e.url(), "batch_mode = "+strconv.Quote(mode)))
			require.Equal(t, exitOK, s.spawn("run", "--once", path).wait())

			counts := taken(e.requests())
			require.Len(t, counts, 80)
			require.NotContains(t, counts, place{"orders", 0, 20})
			for at, n := range counts {
				require.Equal(t, 1, n, "%v was taken twice", at)
			}
			letters := s.letters()
			require.Len(t, letters, 1)
			require.Contains(t, letters[0].Reason, "400")
			letters[0].Reason = ""
			require.Equal(t, letter{Partition: 0, Offset: 20, Kind: "rejected", Status: 400, Payload: `{"bad":true}`}, letters[0])
		})
	}
}

// An endpoint that refuses everything is at fault itself: the sink pauses before the dead letters fill up, and goes on
// when the endpoint is mended.
func TestRefusingEverythingPauses(t *testing.T) { over(t, testRefusingEverythingPauses) }

func testRefusingEverythingPauses(t *testing.T, in inlet) {
	t.Parallel()
	s := newSceneOver(t, in, iggytest.Unique(t, "refuse"), 1, "orders")
	s.publishEach("orders", 1, 50)
	e := newIngest(t, status(http.StatusBadRequest))
	p := s.spawn("run", s.config("sink", fmt.Sprintf(outageSink, e.url(), "")))
	p.awaitPause()
	_, why := p.ready()
	require.Contains(t, why, "reject")
	e.await("a probe", func(all []received) bool { return len(all) > 4 })

	e.answers(nil)
	all := e.awaitTaken(48)
	// Two came before it was clear whose fault it is. The third is not judged any more: it waits like the rest.
	counts := taken(all)
	letters := s.letters()
	require.Len(t, letters, 2)
	for i, l := range letters {
		require.Equal(t, uint64(i), l.Offset)
		counts[place{"orders", 0, l.Offset}]++
	}
	require.Zero(t, requireEach(t, counts, "orders", 1, 50))
	requireOrder(t, all)
	require.Equal(t, exitOK, p.stop())
}

// What 429 asks for holds for the whole sink: no partition sends before the time is over.
func TestTooManyRequestsHoldsEveryPartition(t *testing.T) {
	over(t, testTooManyRequestsHoldsEveryPartition)
}

func testTooManyRequestsHoldsEveryPartition(t *testing.T, in inlet) {
	for name, after := range map[string]func() (string, time.Time){
		"seconds": func() (string, time.Time) { return "1", time.Now().Add(time.Second) },
		"date": func() (string, time.Time) {
			at := time.Now().Add(2 * time.Second).Truncate(time.Second)
			return at.UTC().Format(http.TimeFormat), at
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSceneOver(t, in, iggytest.Unique(t, "limit"), 4, "orders")
			s.publishEach("orders", 4, 10)
			// All four partitions are under way when the limit is told, so that each of them could send again.
			var first sync.WaitGroup
			first.Add(4)
			var mu sync.Mutex
			var open time.Time
			e := newIngest(t, func(w http.ResponseWriter, r *received) int {
				if r.Number >= 4 {
					return http.StatusOK
				}
				first.Done()
				first.Wait()
				mu.Lock()
				defer mu.Unlock()
				value, at := after()
				if at.After(open) {
					open = at
				}
				w.Header().Set("Retry-After", value)
				return http.StatusTooManyRequests
			})
			path := s.config("sink", fmt.Sprintf(outageSink, e.url(), ""))
			require.Equal(t, exitOK, s.spawn("run", "--once", path).wait())

			all := e.requests()
			require.Zero(t, requireEach(t, taken(all), "orders", 4, 10))
			requireOrder(t, all)
			require.Empty(t, s.letters())
			for _, r := range all[4:] {
				require.False(t, r.Time.Before(open), "request %d came %v too early", r.Number, open.Sub(r.Time))
			}
		})
	}
}
