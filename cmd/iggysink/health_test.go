package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"iggysink/internal/iggy"
	"iggysink/internal/iggyserver"
	"iggysink/schema"
)

// While an endpoint refuses everything, the process is alive and not ready and says why; when it accepts again, the
// process is ready by itself, and the metrics tell of what happened.
func TestHealthFollowsTheEndpoint(t *testing.T) {
	var status atomic.Int64
	status.Store(http.StatusUnauthorized)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
	}))
	defer endpoint.Close()
	broker := startBroker(t, topicName{"shop", "created"}, "1", "2", "3")
	path := filepath.Join(t.TempDir(), "iggysink.hcl")
	config := fmt.Sprintf(`
iggy {
  address  = %q
  username = "iggy"
  password = "iggy"
}
admin {
  address = "127.0.0.1:0"
}
sink "orders" {
  url = %q
  circuit_breaker {
    cooldown     = "20ms"
    max_cooldown = "20ms"
  }
  stream "shop" {
    topics         = ["created"]
    consumer_group = "orders"
  }
}
`, broker, endpoint.URL+"/orders")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var stderr syncBuffer
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"run", path}, nil, io.Discard, &stderr) }()
	defer func() {
		stop()
		if code := <-ended; code != exitOK {
			t.Errorf("exit code %d\n%s", code, &stderr)
		}
	}()
	admin := "http://" + stderr.await(t, `msg="health and metrics" address=(\S+)`)

	awaitPage(t, admin+"/readyz", `(?s)^503 sink "orders": paused: .*401`)
	awaitPage(t, admin+"/livez", `^200 ok\n$`)
	awaitPage(t, admin+"/metrics", `(?m)^iggysink_sink_paused\{sink="orders"\} 1$`)
	status.Store(http.StatusOK)
	awaitPage(t, admin+"/readyz", `^200 ok\n$`)
	awaitPage(t, admin+"/metrics", `(?m)^iggysink_messages_delivered_total\{sink="orders"\} 3$`)
	awaitPage(t, admin+"/metrics",
		`(?m)^iggysink_partition_lag_messages\{partition="0",sink="orders",stream="shop",topic="created"\} 0$`)
	awaitPage(t, admin+"/metrics", `(?m)^iggysink_sink_pauses_total\{sink="orders"\} [1-9]`)
}

// startBroker runs an in-process server with messages in one partition until the test ends.
func startBroker(t *testing.T, topic topicName, payloads ...string) (address string) {
	t.Helper()
	server, err := iggyserver.Start(iggyserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := schema.Iggy{Address: server.Addr(), Username: devUser, Password: schema.NewSecret(devPassword)}
	client, err := iggy.Connect(t.Context(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if err := client.EnsureTopic(t.Context(), topic.stream, topic.topic, 1); err != nil {
		t.Fatal(err)
	}
	publisher, err := newPublisher(t.Context(), tcpClient{client}, topic)
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range payloads {
		if err := publisher.publish(t.Context(), nil, [][]byte{[]byte(payload)}); err != nil {
			t.Fatal(err)
		}
	}
	return server.Addr()
}

// awaitPage asks for a page until status and body match.
func awaitPage(t *testing.T, url, pattern string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	var got string
	for end := time.Now().Add(awaitTimeout); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		response, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if got = fmt.Sprintf("%d %s", response.StatusCode, body); re.MatchString(got) {
			return
		}
	}
	t.Fatalf("%s has no match of %s after %v; it says:\n%s", url, pattern, awaitTimeout, got)
}

// syncBuffer is written by the program and read by the test.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// await returns the first group of the first match.
func (b *syncBuffer) await(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for end := time.Now().Add(awaitTimeout); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if match := re.FindStringSubmatch(b.String()); match != nil {
			return match[1]
		}
	}
	t.Fatalf("no match of %s after %v in:\n%s", pattern, awaitTimeout, strings.TrimSpace(b.String()))
	return ""
}
