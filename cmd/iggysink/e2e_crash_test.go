package main

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
)

// crashSink delivers in small batches, so that a run of 10,000 messages has a middle.
const crashSink = `
sink "orders" {
  url        = %q
  batch_mode = "nd_json"
  headers    = { X-Process = %q }

  stream STREAM {
    topics         = ["orders"]
    batch_length   = 20
    consumer_group = "orders"
  }
}
`

// stuckAfter answers 200 until n requests have come, then holds them until release is closed, and says on reached that
// the first one is held. Those that were held get the status late, or no answer if it is 0; what comes after release is
// answered with 200.
func stuckAfter(n int, reached, release chan struct{}, late int) func(http.ResponseWriter, *received) int {
	return func(_ http.ResponseWriter, r *received) int {
		select {
		case <-release:
			return http.StatusOK
		default:
		}
		if r.Number < n {
			return http.StatusOK
		}
		if r.Number == n {
			close(reached)
		}
		<-release
		return late
	}
}

// A killed process has requests in flight and offsets that are not stored yet. The next one delivers them again, and
// only them.
func TestSIGKILLLosesNothing(t *testing.T) { over(t, testSIGKILLLosesNothing) }

func testSIGKILLLosesNothing(t *testing.T, in inlet) {
	for name, stored := range map[string]bool{"at once": false, "with all stored that is settled": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSceneOver(t, in, iggytest.Unique(t, "kill"), 4, "orders")
			s.publishEach("orders", 4, 2500)
			reached, release := make(chan struct{}), make(chan struct{})
			e := newIngest(t, stuckAfter(200, reached, release, 0))
			answer := sync.OnceFunc(func() { close(release) })
			t.Cleanup(answer) // before the endpoint's own end, which waits for its requests
			path := s.config("sink", fmt.Sprintf(crashSink, e.url(), "first"))

			first := s.spawn("run", path)
			awaitEvent(t, "the middle of the run", reached)
			if stored {
				e.await("each partition to wait for an answer", func(all []received) bool { return len(all) == 200+4 })
				poll(t, "the offsets to be stored", func() bool { return s.stored("orders") == len(taken(e.requests())) })
			}
			first.kill()
			require.Less(t, len(taken(e.requests())), 10000, "the kill came after the end")
			answer()

			require.Equal(t, exitOK, s.spawn("run", "--once", path).wait())
			twice := requireEach(t, taken(e.requests()), "orders", 4, 2500)
			require.LessOrEqual(t, twice, 200*20, "the second process began anew")
			if stored {
				require.Zero(t, twice, "what was stored came again")
			}
		})
	}
}

// stored tells how many messages of the four partitions lie before the stored offsets.
func (s *scene) stored(group string) int {
	s.t.Helper()
	n := 0
	for p := range uint32(4) {
		offset, found, err := s.client.stored(s.t.Context(), topicName{s.stream, "orders"}, group, p)
		require.NoError(s.t, err)
		if found {
			n += int(offset) + 1
		}
	}
	return n
}

// A stop finishes what is in flight and stores it: the next start goes on behind it.
func TestSIGTERMLosesNothingAndRepeatsNothing(t *testing.T) {
	over(t, testSIGTERMLosesNothingAndRepeatsNothing)
}

func testSIGTERMLosesNothingAndRepeatsNothing(t *testing.T, in inlet) {
	t.Parallel()
	s := newSceneOver(t, in, iggytest.Unique(t, "term"), 4, "orders")
	s.publishEach("orders", 4, 2500)
	reached, release := make(chan struct{}), make(chan struct{})
	e := newIngest(t, stuckAfter(200, reached, release, http.StatusOK))
	answer := sync.OnceFunc(func() { close(release) })
	t.Cleanup(answer)
	path := s.config("sink", fmt.Sprintf(crashSink, e.url(), "first"))

	first := s.spawn("run", path)
	awaitEvent(t, "the middle of the run", reached)
	require.NoError(t, first.cmd.Process.Signal(syscall.SIGTERM))
	first.said("stopping")
	answer() // while the process drains
	require.Equal(t, exitOK, first.wait())
	between := len(e.requests())
	require.Less(t, len(taken(e.requests())), 10000, "the stop came after the end")

	require.Equal(t, exitOK, s.spawn("run", "--once", path).wait())
	all := e.requests()
	require.Greater(t, len(all), between)
	require.Zero(t, requireEach(t, taken(all), "orders", 4, 2500), "messages delivered twice")
	requireOrder(t, all)
}

// Two processes share the partitions of a group. When one is killed the other takes over where it was.
func TestTheOtherProcessOfAGroupTakesOver(t *testing.T) {
	t.Parallel()
	s := newScene(t, iggytest.Address(t), iggytest.Unique(t, "group"), 4, "orders")
	e := newIngest(t, nil)
	a := s.spawn("run", s.config("a", fmt.Sprintf(crashSink, e.url(), "a")))
	b := s.spawn("run", s.config("b", fmt.Sprintf(crashSink, e.url(), "b")))
	by := func(name string) func([]received) bool {
		return func(all []received) bool {
			return slices.ContainsFunc(all, func(r received) bool { return r.Header.Get("X-Process") == name })
		}
	}
	// Messages to every partition until both have got some: who owns what is the server's choice.
	sent := 0
	for !by("a")(e.requests()) || !by("b")(e.requests()) {
		s.publishEach("orders", 4, 5)
		sent += 5
		e.awaitTaken(4 * sent)
		require.Less(t, sent, 50000, "one process gets nothing")
	}
	reached, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	held := false
	e.answers(func(_ http.ResponseWriter, r *received) int {
		if r.Header.Get("X-Process") != "a" {
			return http.StatusOK
		}
		e.mu.Lock()
		first := !held
		held = true
		e.mu.Unlock()
		if first {
			close(reached)
		}
		<-release
		return 0
	})
	s.publishEach("orders", 4, 500)
	sent += 500
	awaitEvent(t, "a request of the first process", reached)
	a.kill()
	requireEach(t, taken(e.awaitTaken(4*sent)), "orders", 4, sent)
	require.Equal(t, exitOK, b.stop())
}
