package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// place is where a message comes from: what identifies it in every delivery.
type place struct {
	Topic     string
	Partition uint32
	Offset    uint64
}

// received is one request as it arrived.
type received struct {
	Number int // from 0
	Time   time.Time
	Method string
	Path   string
	Header http.Header
	Body   string
	Places []place // of the messages in it, if they are envelopes
	Status int     // what it was answered with; 0 while it is not
}

// ingest is an endpoint that keeps what arrives. What it answers may change at any time.
type ingest struct {
	t       *testing.T
	server  *httptest.Server
	mu      sync.Mutex
	answer  func(w http.ResponseWriter, r *received) int // nil: 200
	all     []*received
	changed chan struct{} // closed at the next change
}

// newIngest starts an endpoint. answer writes headers, if any, and returns the status, or 0 if it did all by itself.
func newIngest(t *testing.T, answer func(w http.ResponseWriter, r *received) int) *ingest {
	t.Helper()
	e := &ingest{t: t, answer: answer, changed: make(chan struct{})}
	e.server = httptest.NewServer(e)
	t.Cleanup(e.server.Close)
	return e
}

// at starts the endpoint anew at an address that was free a moment ago.
func (e *ingest) at(address string) {
	e.t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(e.t, err)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: e}}
	server.Start()
	e.t.Cleanup(server.Close)
}

func (e *ingest) url() string { return e.server.URL + "/ingest" }

// status answers every request with a status code.
func status(code int) func(http.ResponseWriter, *received) int {
	return func(http.ResponseWriter, *received) int { return code }
}

// answers changes what the endpoint answers from now on.
func (e *ingest) answers(answer func(w http.ResponseWriter, r *received) int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = answer
}

func (e *ingest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender went away half-way: nothing arrived
	}
	got := &received{Time: time.Now(), Method: r.Method, Path: r.URL.Path, Header: r.Header, Body: string(body)}
	got.Places = placesOf(got.Body)
	e.mu.Lock()
	got.Number = len(e.all)
	e.all = append(e.all, got)
	e.notify()
	answer := e.answer
	e.mu.Unlock()

	code := http.StatusOK
	if answer != nil {
		code = answer(w, got)
	}
	// Counted before the answer leaves: when the sender knows, so does the test.
	e.mu.Lock()
	got.Status = code
	e.notify()
	e.mu.Unlock()
	if code != 0 {
		w.WriteHeader(code)
	}
}

func (e *ingest) notify() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// await waits until what has arrived fulfils a condition.
func (e *ingest) await(what string, condition func(all []received) bool) []received {
	e.t.Helper()
	timeout := time.After(eventTimeout)
	for {
		e.mu.Lock()
		all, changed := e.copy(), e.changed
		e.mu.Unlock()
		if condition(all) {
			return all
		}
		select {
		case <-changed:
		case <-timeout:
			e.t.Fatalf("waited %v for %s; %d requests arrived, %d messages were taken",
				eventTimeout, what, len(all), len(taken(all)))
		}
	}
}

// requests returns what has arrived.
func (e *ingest) requests() []received {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.copy()
}

func (e *ingest) copy() []received {
	all := make([]received, len(e.all))
	for i, r := range e.all {
		all[i] = *r
	}
	return all
}

// awaitTaken waits until n different messages were answered with 200.
func (e *ingest) awaitTaken(n int) []received {
	e.t.Helper()
	return e.await("all messages", func(all []received) bool { return len(taken(all)) >= n })
}

// taken counts how often each message was answered with 200.
func taken(all []received) map[place]int {
	counts := map[place]int{}
	for _, r := range all {
		if r.Status == http.StatusOK {
			for _, p := range r.Places {
				counts[p]++
			}
		}
	}
	return counts
}

// requireEach wants every message of some partitions with n messages each, and returns how many came more than once.
func requireEach(t *testing.T, counts map[place]int, topic string, partitions, n int) (twice int) {
	t.Helper()
	for p := range partitions {
		for i := range n {
			count := counts[place{topic, uint32(p), uint64(i)}]
			require.NotZero(t, count, "partition %d offset %d is lost", p, i)
			if count > 1 {
				twice++
			}
		}
	}
	require.Len(t, counts, partitions*n, "messages that nobody sent")
	return twice
}

// requireOrder wants the first delivery of each partition's messages in offset order.
func requireOrder(t *testing.T, all []received) {
	t.Helper()
	next := map[uint32]uint64{}
	seen := map[place]bool{}
	for _, r := range all {
		for _, p := range r.Places {
			if r.Status == http.StatusOK && !seen[p] {
				require.GreaterOrEqual(t, p.Offset, next[p.Partition], "partition %d: request %d", p.Partition, r.Number)
				next[p.Partition], seen[p] = p.Offset+1, true
			}
		}
	}
}

// placesOf reads the envelopes of a body: one a line.
func placesOf(body string) (places []place) {
	for line := range strings.Lines(body) {
		var envelope struct {
			Metadata struct {
				Topic     string  `json:"iggy_topic"`
				Partition uint32  `json:"iggy_partition_id"`
				Offset    *uint64 `json:"iggy_offset"`
			} `json:"metadata"`
		}
		if json.Unmarshal([]byte(line), &envelope) == nil && envelope.Metadata.Offset != nil {
			m := envelope.Metadata
			places = append(places, place{m.Topic, m.Partition, *m.Offset})
		}
	}
	return places
}
