package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver"
	"iggysink/internal/iggyserver/iggytest"
	"iggysink/schema"
)

// plainSink is a sink of one topic with a name of its own, and with it a group of its own.
const plainSink = `
sink %q {
  url = %q
  %s

  stream STREAM {
    topics = ["orders"]
  }

  circuit_breaker {
    cooldown     = "50ms"
    max_cooldown = "100ms"
  }
}
`

// hang holds every request until release is closed or the sender goes.
func hang(release <-chan struct{}) func(http.ResponseWriter, *received) int {
	return func(http.ResponseWriter, *received) int {
		<-release
		return 0
	}
}

// Sinks share nothing that one of them could hold: a dead and a hanging endpoint leave the third sink alone.
func TestSinksAreIsolated(t *testing.T) { over(t, testSinksAreIsolated) }

func testSinksAreIsolated(t *testing.T, in inlet) {
	t.Parallel()
	s := newSceneOver(t, in, iggytest.Unique(t, "isolated"), 4, "orders")
	s.publishEach("orders", 4, 500)
	release := make(chan struct{})
	hanging, good := newIngest(t, hang(release)), newIngest(t, nil)
	t.Cleanup(func() { close(release) }) // before the endpoint's own end, which waits for its requests
	p := s.spawn("run", "--drain-timeout", "200ms", s.config("sinks",
		fmt.Sprintf(plainSink, "dead", "http://"+freeAddress(t)+"/ingest", "")+
			fmt.Sprintf(plainSink, "hanging", hanging.url(), `timeout = "1h"`)+
			fmt.Sprintf(plainSink, "good", good.url(), "")))
	hanging.await("the hanging requests", func(all []received) bool { return len(all) > 0 })
	require.Zero(t, requireEach(t, taken(good.awaitTaken(2000)), "orders", 4, 500))
	require.Empty(t, taken(hanging.requests()))
	// The drain cancels what hangs.
	require.Equal(t, exitUnsettled, p.stop())
}

// A server that restarts in the middle, with and without a goodbye: the sink connects again and goes on.
func TestServerRestartLosesNothing(t *testing.T) {
	for name, c := range map[string]struct{ kill, http bool }{
		"told": {}, "killed": {kill: true}, "told, http": {http: true}, "killed, http": {kill: true, http: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := iggytest.Faulty(t)
			in := inlet{schema.IggyTransportTCP, server.Addr()}
			if c.http {
				in = inlet{schema.IggyTransportHTTP, server.HTTPAddr()}
			}
			s := newSceneOver(t, in, "restart", 4, "orders")
			s.publishEach("orders", 4, 200)
			reached, release := make(chan struct{}), make(chan struct{})
			e := newIngest(t, stuckAfter(100, reached, release, http.StatusOK))
			answer := sync.OnceFunc(func() { close(release) })
			t.Cleanup(answer)
			path := s.config("sink", fmt.Sprintf(plainSink, "orders", e.url(), ""))
			p := s.spawn("run", path)
			awaitEvent(t, "the middle of the run", reached)
			require.NoError(t, server.Restart(iggyserver.RestartOptions{Kill: c.kill}))
			answer()
			requireEach(t, taken(e.awaitTaken(800)), "orders", 4, 200)
			require.Equal(t, exitOK, p.stop())
		})
	}
}

// A server that stops answering is given up after a while: everything arrives over a new connection.
func TestSilentServerIsLeft(t *testing.T) {
	for name, fault := range map[string]iggyserver.Fault{
		"silent":  {Kind: iggyserver.Stall, Code: iggyserver.CodePollMessages, Skip: 2},
		"half":    {Kind: iggyserver.Half, Code: iggyserver.CodePollMessages, Skip: 2},
		"cut":     {Kind: iggyserver.Cut, Code: iggyserver.CodePollMessages, Skip: 2},
		"no word": {Kind: iggyserver.Mute, Code: iggyserver.CodeStoreOffset},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := iggytest.Faulty(t)
			s := newScene(t, server.Addr(), "silent", 4, "orders")
			s.publishEach("orders", 4, 100)
			e := newIngest(t, nil)
			fired := server.Inject(fault)
			p := s.spawn("run", s.config("sink", fmt.Sprintf(plainSink, "orders", e.url(), "")))
			awaitEvent(t, "the fault", fired)
			e.awaitTaken(400)
			s.publishEach("orders", 4, 100)
			requireEach(t, taken(e.awaitTaken(800)), "orders", 4, 200)
			require.Equal(t, exitOK, p.stop())
		})
	}
}

// A stop ends in bounded time even if the server does not answer at all any more.
func TestStopWithASilentServerIsBounded(t *testing.T) {
	t.Parallel()
	server := iggytest.Faulty(t)
	s := newScene(t, server.Addr(), "stop", 1, "orders")
	s.publishEach("orders", 1, 10)
	e := newIngest(t, nil)
	p := s.spawn("run", "--drain-timeout", "1s", s.config("sink", fmt.Sprintf(plainSink, "orders", e.url(), "")))
	e.awaitTaken(10)
	fired := server.Inject(iggyserver.Fault{Kind: iggyserver.Stall, Count: -1})
	awaitEvent(t, "the silence", fired)
	require.Contains(t, []int{exitOK, exitUnsettled}, p.stop())
	server.ClearFaults()
}

// An endpoint that takes requests and never answers costs a timeout each; when it answers again all arrive.
func TestEndpointThatNeverAnswers(t *testing.T) { over(t, testEndpointThatNeverAnswers) }

func testEndpointThatNeverAnswers(t *testing.T, in inlet) {
	t.Parallel()
	s := newSceneOver(t, in, iggytest.Unique(t, "mute"), 2, "orders")
	s.publishEach("orders", 2, 50)
	release := make(chan struct{})
	e := newIngest(t, hang(release))
	t.Cleanup(func() { close(release) })
	p := s.spawn("run", s.config("sink", fmt.Sprintf(plainSink, "orders", e.url(),
		"timeout = \"100ms\"\nmax_retries = 1\nretry_delay = \"1ms\"")))
	e.await("attempts to end", func(all []received) bool { return len(all) >= 6 })
	e.answers(nil)
	all := e.awaitTaken(100)
	requireEach(t, taken(all), "orders", 2, 50) // a slow machine may let a timeout pass and send one twice
	requireOrder(t, all)
	require.Equal(t, exitOK, p.stop())
}

// An answer without end is read up to a bound: its status is all that counts.
func TestEndlessAnswerIsBounded(t *testing.T) { over(t, testEndlessAnswerIsBounded) }

func testEndlessAnswerIsBounded(t *testing.T, in inlet) {
	t.Parallel()
	s := newSceneOver(t, in, iggytest.Unique(t, "endless"), 1, "orders")
	s.publishEach("orders", 1, 5)
	var sent atomic.Int64
	e := newIngest(t, func(w http.ResponseWriter, _ *received) int {
		w.WriteHeader(http.StatusOK)
		chunk := make([]byte, 64<<10)
		for {
			n, err := w.Write(chunk)
			sent.Add(int64(n))
			if err != nil {
				return 0 // the sender has heard enough
			}
		}
	})
	p := s.spawn("run", "--once", s.config("sink", fmt.Sprintf(plainSink, "orders", e.url(), `timeout = "20s"`)))
	require.Equal(t, exitOK, p.wait())
	counts := map[place]int{}
	for _, r := range e.requests() {
		for _, at := range r.Places {
			counts[at]++
		}
	}
	require.Zero(t, requireEach(t, counts, "orders", 1, 5))
	require.Less(t, sent.Load(), int64(200<<20), "read on for too long")
}

// 130 MB wait in eight partitions while the endpoint hangs: the process keeps a bounded part of it.
func TestMemoryIsBoundedWhileTheEndpointHangs(t *testing.T) {
	over(t, testMemoryIsBoundedWhileTheEndpointHangs)
}

func testMemoryIsBoundedWhileTheEndpointHangs(t *testing.T, in inlet) {
	t.Parallel()
	s := newSceneOver(t, in, iggytest.Unique(t, "memory"), 8, "orders")
	payload := `"` + strings.Repeat("x", 20_000) + `"`
	payloads := make([]string, 820)
	for i := range payloads {
		payloads[i] = payload
	}
	for partition := range uint32(8) {
		s.publish("orders", partition, payloads...)
	}
	release := make(chan struct{})
	e := newIngest(t, hang(release))
	t.Cleanup(func() { close(release) })
	p := s.spawn("run", "--drain-timeout", "100ms", s.config("sink", fmt.Sprintf(plainSink, "orders", e.url(),
		"batch_mode = \"nd_json\"\ntimeout = \"500ms\"\nmax_retries = 3\nretry_delay = \"1ms\"")))
	// Every partition has sent and sent again, and paused, and has polled anew for the probes.
	e.await("attempts of all partitions", func(all []received) bool { return len(all) >= 8*4+4 })
	require.Less(t, p.peakMemory(), 160<<20)
	require.Equal(t, exitUnsettled, p.stop())
}

// peakMemory is the largest resident set of the process so far, in bytes.
func (p *process) peakMemory() int {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		p.t.Skipf("this system does not tell: %v", err)
	}
	match := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	require.NotNil(p.t, match)
	kilobytes, err := strconv.Atoi(string(match[1]))
	require.NoError(p.t, err)
	p.t.Logf("peak %d MB", kilobytes>>10)
	return kilobytes << 10
}
