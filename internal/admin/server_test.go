package admin

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"iggysink/internal/relay"
	"iggysink/schema"
	"iggysink/sinkhttp"
)

// healthy is a sink that delivers.
func healthy() relay.Status {
	return relay.Status{
		Sink: "orders", Ready: true,
		Delivered: 10, Rejected: 3, DeadLettered: 2, Dropped: 1,
		Pauses: 5,
		Stats: sinkhttp.Stats{
			Retries: 4, Bytes: 2048, Verdicts: map[string]uint64{
				"accepted": 9, "retry": 4, "split": 0, "reject": 0, "pause": 0, "cancelled": 0,
			},
		},
		Sources: []relay.SourceStatus{{
			Stream: "shop", Topic: "created", Group: "orders", Joined: true, Reconnects: 1, Commits: 7, Polls: 20, Skipped: 6, Released: []uint32{1, 3},
		}},
		Partitions: []relay.PartitionStatus{
			{
				Partition: schema.Partition{Stream: "shop", Topic: "created", ID: 0},
				Lag:       8, OldestAge: 1500 * time.Millisecond, InHand: 512,
			},
			{Partition: schema.Partition{Stream: "shop", Topic: "created", ID: 1}, Blocked: true, Reason: "400"},
		},
	}
}

func changed(change func(*relay.Status)) relay.Status {
	s := healthy()
	change(&s)
	return s
}

func TestUnready(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status relay.Status
		want   []string
	}{
		{"a sink that delivers", healthy(), nil},
		{
			"a paused sink",
			changed(func(s *relay.Status) { s.Gate = relay.State{Paused: true, Reason: "answered 401"} }),
			[]string{`sink "orders": paused: answered 401`},
		},
		{
			"a sink that only a restart opens",
			changed(func(s *relay.Status) { s.Gate = relay.State{Paused: true, Manual: true, Reason: "answered 410"} }),
			[]string{`sink "orders": paused until a restart: answered 410`},
		},
		{
			"a health check under way",
			changed(func(s *relay.Status) { s.Ready = false }),
			[]string{`sink "orders": the health check has not passed yet`},
		},
		{
			"one reason for a health check that pauses",
			changed(func(s *relay.Status) { s.Ready = false; s.Gate = relay.State{Paused: true, Reason: "answered 500"} }),
			[]string{`sink "orders": paused: answered 500`},
		},
		{
			"a source without its group",
			changed(func(s *relay.Status) { s.Sources[0].Joined, s.Sources[0].Err = false, "connection refused" }),
			[]string{`sink "orders": not in group "orders" of shop/created: connection refused`},
		},
		{
			"a sink that a panic has ended",
			relay.Status{Sink: "orders", Crashed: "internal error in the source: x"},
			[]string{`sink "orders": ended, until a restart: internal error in the source: x`},
		},
		{
			"a stop",
			changed(func(s *relay.Status) { s.Draining = true; s.Sources[0].Joined = false }),
			[]string{`sink "orders": stopping`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, unready(tt.status)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// start serves sinks until the test ends.
func start(t *testing.T, sinks ...Sink) (url string) {
	t.Helper()
	return "http://" + startServer(t, sinks...).Addr()
}

func startServer(t *testing.T, sinks ...Sink) *Server {
	t.Helper()
	server, err := Listen("127.0.0.1:0", sinks, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return server
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestReadinessFollowsTheSinks(t *testing.T) {
	paused := make(chan bool, 2)
	flowing := func() relay.Status { return changed(func(s *relay.Status) { s.Partitions = nil }) }
	url := start(t, flowing, func() relay.Status {
		s := flowing()
		s.Sink, s.Gate.Paused, s.Gate.Reason = "alerts", <-paused, "answered 503"
		return s
	})
	paused <- true
	if status, body := get(t, url+"/readyz"); status != 503 || body != "sink \"alerts\": paused: answered 503\n" {
		t.Errorf("while a sink is paused: %d %q", status, body)
	}
	paused <- false
	if status, body := get(t, url+"/readyz"); status != 200 || body != "ok\n" {
		t.Errorf("after the pause: %d %q", status, body)
	}
}

func TestLivenessDoesNotFollowTheSinks(t *testing.T) {
	url := start(t, func() relay.Status { return relay.Status{Sink: "orders", Gate: relay.State{Paused: true}} })
	if status, body := get(t, url+"/livez"); status != 200 || body != "ok\n" {
		t.Errorf("%d %q", status, body)
	}
}

func TestOnlyTheThreePathsExist(t *testing.T) {
	url := start(t, healthy)
	for _, path := range []string{"/", "/readyz/x", "/debug/pprof/"} {
		if status, _ := get(t, url+path); status != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", path, status)
		}
	}
	response, err := http.Post(url+"/metrics", "text/plain", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /metrics: %d, want 405", response.StatusCode)
	}
}

func TestAnAddressThatIsTakenFailsTheStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	if _, err := Listen(taken.Addr().String(), nil, nil); err == nil {
		t.Error("Listen took an address that is taken")
	}
}

// A connection that sends nothing, or half a request, must not hold a stop.
func TestAStopDoesNotWaitForASilentClient(t *testing.T) {
	server, err := Listen("127.0.0.1:0", []Sink{healthy}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx) }()
	for _, said := range []string{"", "GET /livez HT"} {
		client, err := net.Dial("tcp", server.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		if _, err := io.WriteString(client, said); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", server.Addr()); err == nil {
		t.Error("the listener is still open")
	}
}
