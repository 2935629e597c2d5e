package sinkhttp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

func TestRedirectsAreNotFollowed(t *testing.T) {
	inScene(t, nil, func(w http.ResponseWriter, r request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(map[bool]int{true: 307, false: 200}[r.at == 0])
	}, func(s *scene) {
		assert.Equal(t, "A", kinds(insist(s.t.Context(), s.sink, batch(0, "a"))))
		assert.Equal(t, []time.Duration{0, 5 * sec}, s.endpoint.times())
		assert.Equal(t, "/in", s.endpoint.requests()[1].path)
	})
}

func TestEndlessResponseBodyIsCut(t *testing.T) {
	inScene(t, nil, func(w http.ResponseWriter, r request) {
		for block := make([]byte, 16<<10); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}, func(s *scene) {
		assert.Equal(t, "AA", kinds(send(s.t.Context(), s.sink, batch(0, "a", "b"))))
		assert.Equal(t, []time.Duration{0, 0}, s.endpoint.times())
	})
}

func TestSilentResponseBodyHoldsTheRequestForAMomentAndTheStatusCounts(t *testing.T) {
	inScene(t, nil, func(w http.ResponseWriter, r request) {
		assert.NoError(t, http.NewResponseController(w).Flush())
		time.Sleep(time.Hour)
	}, func(s *scene) {
		assert.Equal(t, "AA", kinds(send(s.t.Context(), s.sink, batch(0, "a", "b"))))
		assert.Equal(t, []time.Duration{0, drainTime}, s.endpoint.times())
		time.Sleep(2 * time.Hour) // the handlers end
	})
}

func TestNoAnswerIsRetriedAfterTheTimeout(t *testing.T) {
	inScene(t, nil, func(_ http.ResponseWriter, r request) {
		if r.at == 0 {
			time.Sleep(time.Hour)
		}
	}, func(s *scene) {
		assert.Equal(t, "A", kinds(send(s.t.Context(), s.sink, batch(0, "a"))))
		assert.Equal(t, []time.Duration{0, 31 * sec}, s.endpoint.times())
		assert.Contains(t, s.log.String(), "no answer within 30s")
		time.Sleep(2 * time.Hour)
	})
}

// rawServer answers each connection with handle, one after the other. At the end of the test the connection under way is closed,
// so that a handle that reads or writes ends; one that waits for something else selects on the context of the test.
func rawServer(t *testing.T, handle func(n int, c net.Conn)) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(t.Context(), func() { _ = c.Close() })
			handle(n, c)
			stop()
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}

// TestEarlyAnswerDoesNotMixBodies: an answer that comes while the body is being written must not let the next batch
// write into the buffer that the transport still reads. The race detector is the judge.
func TestEarlyAnswerDoesNotMixBodies(t *testing.T) {
	var servers sync.WaitGroup
	cfg := config(t, "http://endpoint/")
	s, err := New(&cfg, Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe() // without a buffer: nothing is written before it is read
		servers.Go(func() {
			_, _ = server.Read(make([]byte, 64))
			_, _ = io.WriteString(server, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			_, _ = io.Copy(io.Discard, server)
			_ = server.Close()
		})
		return client, nil
	}})
	require.NoError(t, err)
	early := 0
	for i := range 20 {
		p, _ := s.Prepare(batch(0, strings.Repeat(string(rune('a'+i)), 3<<20)))
		assert.Equal(t, "A", kinds(s.Send(t.Context(), nil, p)))
		if p.inUse {
			early++
		}
	}
	assert.Positive(t, early)
	s.Close()
	servers.Wait()
}

func TestStaleKeptAliveConnectionCostsAtMostOneAttempt(t *testing.T) {
	answered := make(chan struct{})
	url := rawServer(t, func(_ int, c net.Conn) {
		if n, _ := c.Read(make([]byte, 4096)); n == 0 {
			return // a connection that was dialled and not used
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		select {
		case answered <- struct{}{}:
		case <-t.Context().Done():
		}
	})
	s := startAt(t, url, func(c *schema.Sink) { c.MaxRetries = 0 })
	for range 20 {
		out := send(t.Context(), s, batch(0, "a"))
		require.Equal(t, "A", kinds(out), "%v", out) // otherwise no answer is to be waited for
		assert.LessOrEqual(t, out[0].Attempts, 2, "whether it was written before the end was seen is a race")
		<-answered
	}
}

func TestConnectionRefusedIsRetried(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	url := "http://" + l.Addr().String()
	require.NoError(t, l.Close())
	cfg := config(t, url)
	s, err := New(&cfg, Options{})
	require.NoError(t, err)
	defer s.Close()
	_, _, err = s.exchange(t.Context(), "POST", s.health, s.header, nil)
	j := s.classifier.failure(err)
	assert.Equal(t, judgement{verdict: retry, outage: true, scope: ScopeConnection, reason: "connection refused"}, j)
}

func TestUnresolvableNamePauses(t *testing.T) {
	cfg := schema.DefaultSink()
	j := newClassifier(&cfg).failure(fmt.Errorf("dial: %w", &net.DNSError{Err: "no such host", Name: "nowhere", IsNotFound: true}))
	assert.Equal(t, pause, j.verdict)
	j = newClassifier(&cfg).failure(&net.DNSError{Err: "server misbehaving", IsTemporary: true})
	assert.Equal(t, retry, j.verdict)
}

// TestNoSecretIsToldAnywhere: neither an echo by the endpoint nor an error brings url, header or payload into a log
// line, a reason or an error.
func TestNoSecretIsToldAnywhere(t *testing.T) {
	secrets := []string{"canary-path", "canary-key", "canary-user", "canary-pass", "canary-token", "canary-payload"}
	echo := strings.Join(secrets, " ")
	printed := captureStandardLog(t)
	url := rawServer(t, func(n int, c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		switch n % 6 {
		case 0:
			_, _ = io.WriteString(c, echo+"\r\n\r\n")
		case 1:
			_, _ = io.WriteString(c, "HTTP/1.1 500 "+echo+"\r\nContent-Length: 5\r\n\r\n"+echo)
		case 2:
			_, _ = io.WriteString(c, "HTTP/1.1 302 x\r\nLocation: http://"+echo+"\r\nContent-Length: 0\r\n\r\n")
		case 3: // surplus behind a whole answer, on a connection that would be kept
			_, _ = io.WriteString(c, "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n"+echo+"\r\n\r\n")
			_, _ = c.Read(make([]byte, 1))
		case 4:
			_, _ = io.WriteString(c, "HTTP/1.1 400 "+echo+"\r\nContent-Length: 900\r\n\r\n"+echo)
		}
	})
	host := strings.TrimPrefix(url, "http://")
	var log bytes.Buffer
	cfg := config(t, "http://canary-user:canary-pass@"+host+"/canary-path?key=canary-key")
	cfg.Headers = map[string]schema.Template{"Authorization": schema.Literal("Bearer canary-token")}
	cfg.RetryDelay, cfg.VerboseLogging, cfg.MaxRetries = schema.Duration(time.Millisecond), true, 100
	cfg.CircuitBreaker = &schema.CircuitBreaker{Cooldown: schema.Duration(time.Millisecond), MaxCooldown: schema.Duration(time.Millisecond)}
	s, err := New(&cfg, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	var out []Outcome
	for range 8 { // through answers of every kind
		out = append(out, send(t.Context(), s, batch(0, "canary-payload", "canary-payload"))...)
	}
	assert.Contains(t, kinds(out), "R")
	assert.Contains(t, kinds(out), "F")
	s.Close()
	all := log.String() + fmt.Sprintf("%+v", out) + printed.String()
	assert.Contains(t, all, "500")
	for _, secret := range secrets {
		assert.NotContains(t, all, secret)
	}
}
