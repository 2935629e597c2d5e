package sinkhttp

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// serveConns serves every connection in its own goroutine until the test ends, which closes them.
func serveConns(t *testing.T, serve func(n int, c net.Conn)) (url string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var all sync.WaitGroup
	all.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				stop := make(chan struct{})
				defer close(stop)
				all.Go(func() {
					select {
					case <-t.Context().Done():
					case <-stop:
					}
					_ = c.Close()
				})
				serve(n, c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return "http://" + l.Addr().String()
}

// readRequest takes one request off the connection.
func readRequest(r *bufio.Reader) bool {
	request, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, request.Body)
	return err == nil
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// The worst that was seen: 17 idle connections, all of which end under the next request, made one message go out 17 times.
func TestARequestIsReplayedAtMostOnceHoweverManyConnectionsAreIdle(t *testing.T) {
	for name, configure := range map[string]func(*schema.Sink){
		"POST":                         func(*schema.Sink) {},
		"GET":                          func(c *schema.Sink) { c.Method = schema.MethodGet },
		"with an Idempotency-Key":      func(c *schema.Sink) { c.Headers = map[string]schema.Template{"Idempotency-Key": schema.Literal("k")} },
		"of another spelling, no body": func(c *schema.Sink) { c.Headers = map[string]schema.Template{"X-Idempotency-Key": schema.Literal("k")} },
	} {
		t.Run(name, func(t *testing.T) {
			const lanes = 17
			var together sync.WaitGroup
			together.Add(lanes)
			var late, all atomic.Int32
			var warm atomic.Bool
			warm.Store(true)
			url := serveConns(t, func(_ int, c net.Conn) {
				r := bufio.NewReader(c)
				for first := true; readRequest(r); first = false {
					all.Add(1)
					if !warm.Load() {
						late.Add(1)
						return // without an answer, on new connections as well
					}
					if first {
						together.Done()
						together.Wait()
					}
					if _, err := io.WriteString(c, okAnswer); err != nil {
						return
					}
				}
			})
			s := startAt(t, url, func(c *schema.Sink) {
				configure(c)
				c.MaxRetries = 0
				c.OnExhausted = schema.OnExhaustedPause
			})
			var sends sync.WaitGroup
			for i := range lanes {
				sends.Go(func() { send(t.Context(), s, batch(uint32(i), "a")) })
			}
			sends.Wait()
			warm.Store(false)
			_, _, err := s.exchange(t.Context(), string(s.cfg.Method), s.health, s.header, nil)
			require.Error(t, err)
			assert.True(t, s.classifier.failure(err).replay)
			assert.Equal(t, int32(1), late.Load(), "the transport sends nothing twice")
		})
	}
}

func TestInterimAnswersAreBoundedByBytesAndNotByTheirNumber(t *testing.T) {
	hint := "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	for _, interim := range []string{strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 6), strings.Repeat(hint, 200), "HTTP/1.1 100 Continue\n\n" + hint} {
		for _, piece := range []int{0, 1, 11} {
			server := answerWith(t, interim+okAnswer, piece)
			s := startAt(t, server.url, nil)
			for range 3 {
				out := send(t.Context(), s, batch(0, "a"))
				assert.Equal(t, "A", kinds(out))
				assert.Equal(t, 1, out[0].Attempts)
			}
			s.Close()
			assert.Equal(t, int32(1), server.conns.Load())
		}
	}
	for name, endless := range map[string]string{"answers": hint, "lines": "X: a\r\n", "text": "aaaa"} {
		var sent atomic.Int64
		url := serveConns(t, func(_ int, c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n")
			for {
				n, err := io.WriteString(c, strings.Repeat(endless, 100))
				if sent.Add(int64(n)); err != nil {
					return
				}
			}
		})
		s := startAt(t, url, func(c *schema.Sink) { c.Timeout = schema.Duration(time.Minute) })
		_, _, err := s.exchange(t.Context(), http.MethodPost, s.health, s.header, []byte("a"))
		require.Error(t, err)
		assert.Equal(t, "the endpoint sends interim answers (1xx) without end", s.classifier.failure(err).reason, name)
		s.Close()
		assert.False(t, s.classifier.failure(err).replay)
	}
}

// What is read of an answer is counted as it comes: chunk extensions are no part of a decoded body.
func TestAnAnswerIsBoundedInRawBytes(t *testing.T) {
	for name, piece := range map[string]string{
		"chunk extensions": "1;" + strings.Repeat("x", 1000) + "\r\na\r\n",
		"tiny chunks":      strings.Repeat("1\r\na\r\n", 100),
		"chunks":           "400\r\n" + strings.Repeat("a", 0x400) + "\r\n",
	} {
		sent := make(chan int64, 1)
		url := serveConns(t, func(_ int, c net.Conn) {
			if !readRequest(bufio.NewReader(c)) {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			var all int64
			for {
				n, err := io.WriteString(c, piece)
				if all += int64(n); err != nil {
					sent <- all
					return
				}
			}
		})
		s := startAt(t, url, nil)
		assert.Equal(t, "A", kinds(send(t.Context(), s, batch(0, "a"))), name)
		assert.Less(t, <-sent, int64(maxAnswerBytes+(8<<20)), "%s: what it takes and what the kernel holds", name)
		s.Close()
	}
}

func TestALargeAnswerKeepsItsConnection(t *testing.T) {
	for _, length := range []int{64<<10 + 1, 300 << 10, maxDrain} {
		body := strings.Repeat("a", length)
		for _, answer := range []string{
			fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", length, body),
			fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", length, body),
		} {
			server := answerWith(t, answer, 0)
			s := startAt(t, server.url, nil)
			for range 3 {
				assert.Equal(t, "A", kinds(send(t.Context(), s, batch(0, "a"))))
			}
			s.Close()
			assert.Equal(t, int32(1), server.conns.Load(), "%d", length)
		}
	}
}

// The status decides: a body that drips behind it holds the request for a moment and not for its whole time.
func TestABodyThatDripsHoldsNobody(t *testing.T) {
	inScene(t, func(c *schema.Sink) { c.Timeout = schema.Duration(time.Minute) }, func(w http.ResponseWriter, _ request) {
		w.WriteHeader(http.StatusOK)
		flusher, _ := w.(http.Flusher)
		for {
			if _, err := w.Write([]byte("a")); err != nil {
				return
			}
			flusher.Flush()
			time.Sleep(50 * time.Millisecond)
		}
	}, func(s *scene) {
		assert.Equal(t, "A", kinds(send(s.t.Context(), s.sink, batch(0, "a"))))
		assert.Equal(t, drainTime, s.endpoint.now())
		time.Sleep(time.Second) // the handler ends with its connection
	})
}

// Where the attempt's own time is shorter it stays the bound.
func TestABodyThatDripsHoldsNobodyBeyondTheTimeout(t *testing.T) {
	inScene(t, func(c *schema.Sink) { c.Timeout = schema.Duration(100 * time.Millisecond) }, func(w http.ResponseWriter, _ request) {
		w.WriteHeader(http.StatusOK)
		flusher, _ := w.(http.Flusher)
		flusher.Flush()
		time.Sleep(time.Second)
	}, func(s *scene) {
		assert.Equal(t, "A", kinds(send(s.t.Context(), s.sink, batch(0, "a"))))
		assert.Equal(t, 100*time.Millisecond, s.endpoint.now())
		time.Sleep(time.Second)
	})
}

// An empty body is no body: servers that know no chunked requests take it.
func TestAnEmptyBodyHasNoFraming(t *testing.T) {
	for method, want := range map[schema.Method]string{schema.MethodPost: "Content-Length: 0", schema.MethodPut: "Content-Length: 0", schema.MethodDelete: ""} {
		seen := make(chan string, 1)
		url := serveConns(t, func(_ int, c net.Conn) {
			b := make([]byte, 4096)
			n, _ := c.Read(b)
			seen <- string(b[:n])
			_, _ = io.WriteString(c, okAnswer)
		})
		s := startAt(t, url, func(c *schema.Sink) { c.Method = method })
		b := batch(0, "")
		b.Schema = schema.PayloadFormatRaw
		assert.Equal(t, "A", kinds(send(t.Context(), s, b)))
		got := <-seen
		assert.NotContains(t, got, "chunked")
		assert.Contains(t, got, want)
		s.Close()
	}
}

func TestAHeaderKeepsItsSpelling(t *testing.T) {
	seen := make(chan string, 1)
	url := serveConns(t, func(_ int, c net.Conn) {
		b := make([]byte, 4096)
		n, _ := c.Read(b)
		seen <- string(b[:n])
		_, _ = io.WriteString(c, okAnswer)
	})
	s := startAt(t, url+"/größe?q=ü\"{}", func(c *schema.Sink) {
		c.Headers = map[string]schema.Template{}
		for _, name := range []string{"SOAPAction", "x-lower", "X-ID", "user-AGENT"} {
			c.Headers[name] = schema.Literal("v")
		}
	})
	assert.Equal(t, "A", kinds(send(t.Context(), s, batch(0, "1"))))
	got := <-seen
	for _, line := range []string{"SOAPAction: v\r\n", "x-lower: v\r\n", "X-ID: v\r\n", "user-AGENT: v\r\n"} {
		assert.Contains(t, got, line)
	}
	assert.Equal(t, 1, strings.Count(strings.ToLower(got), "user-agent"))
	assert.Contains(t, got, "POST /gr%C3%B6%C3%9Fe?q=%C3%BC%22%7B%7D HTTP/1.1\r\n")
	s.Close()
}

func TestReasonsSayWhatIsWrongWithAnAnswer(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: "+canary+"\r\n", 5000) + "\r\n": "the answer's header is too large",
		"HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 100000) + "\r\n\r\n":        "the answer's header is too large",
		"HTTP/1.1 200 OK\r\nContent-Length: " + canary + "\r\n\r\n":                  "the answer frames its body wrongly (Content-Length or Transfer-Encoding)",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n":          "the answer frames its body wrongly (Content-Length or Transfer-Encoding)",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + canary + "\r\n\r\n":               "the answer frames its body wrongly (Content-Length or Transfer-Encoding)",
		"HTTP/1.1 200 OK\r\n" + canary + "\r\n\r\n":                                  "the answer's header is malformed",
		"HTTP/1.1 200 OK\r\n: a\r\n\r\n":                                             "the answer's header is malformed",
		"SSH-2.0-" + canary + "\r\n\r\n":                                             "the answer was not HTTP/1.1",
		"HTTP/1.1 2000 OK\r\n\r\n":                                                   "the answer was not HTTP/1.1",
	} {
		url := serveConns(t, func(_ int, c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, answer)
			_, _ = io.Copy(io.Discard, c)
		})
		s := startAt(t, url, nil)
		_, _, err := s.exchange(t.Context(), http.MethodPost, s.health, s.header, []byte("a"))
		require.Error(t, err)
		j := s.classifier.failure(err)
		assert.Equal(t, want, j.reason, "%.60q", answer)
		assert.Equal(t, retry, j.verdict)
		s.Close()
	}
}

// An endpoint whose clock is an hour off asks for as long as one whose clock is right.
func TestADateOfRetryAfterIsReadAgainstTheAnswersDate(t *testing.T) {
	cfg := schema.DefaultSink()
	c := newClassifier(&cfg)
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for _, off := range []time.Duration{0, time.Hour, -time.Hour} {
		theirs := now.Add(off)
		header := http.Header{
			"Date":        {theirs.Format(http.TimeFormat)},
			"Retry-After": {theirs.Add(30 * time.Second).Format(http.TimeFormat)},
		}
		assert.Equal(t, 30*time.Second, c.response(503, header, 1, now).retryAfter)
	}
	assert.Equal(t, 30*time.Second, c.response(503, http.Header{"Date": {"nonsense"}, "Retry-After": {now.Add(30 * time.Second).Format(http.TimeFormat)}}, 1, now).retryAfter)
	assert.Equal(t, 9*time.Second, c.response(503, http.Header{"Retry-After": {"3", "9", "soon"}}, 1, now).retryAfter)
}

func TestAHealthCheckThatHeadFailsIsTriedOnceWithGet(t *testing.T) {
	health := func(c *schema.Sink) { c.HealthCheckEnabled = true }
	byMethod := func(head, get int) func(http.ResponseWriter, request) {
		return func(w http.ResponseWriter, r request) {
			if r.method == http.MethodGet {
				w.WriteHeader(get)
			} else {
				w.WriteHeader(head)
			}
		}
	}
	inScene(t, health, byMethod(404, 200), func(s *scene) {
		require.NoError(t, s.open(s.t.Context()))
		assert.Zero(t, s.endpoint.now(), "it does not wait")
		assert.Contains(t, s.log.String(), `level=WARN`)
		assert.Contains(t, s.log.String(), `health_check_method = \"GET\"`)
	})
	inScene(t, health, byMethod(404, 404), func(s *scene) {
		s.endpoint.reply = func(w http.ResponseWriter, r request) {
			byMethod(404, 404)(w, r)
			if r.at > 10*time.Second {
				s.endpoint.mu.Lock()
				s.endpoint.reply = byMethod(200, 404)
				s.endpoint.mu.Unlock()
			}
		}
		require.NoError(t, s.open(s.t.Context()))
		gets := 0
		for _, r := range s.endpoint.requests() {
			if r.method == http.MethodGet {
				gets++
			}
		}
		assert.Equal(t, 1, gets)
		assert.Equal(t, 1, strings.Count(s.log.String(), "set health_check_url"))
	})
	inScene(t, health, byMethod(503, 200), func(s *scene) {
		s.endpoint.reply = func(w http.ResponseWriter, r request) {
			w.WriteHeader(503)
			s.endpoint.mu.Lock()
			s.endpoint.reply = answers(200)
			s.endpoint.mu.Unlock()
		}
		require.NoError(t, s.open(s.t.Context()))
		assert.NotContains(t, s.log.String(), "health_check_method", "an endpoint that is down is no fault of the method")
	})
}

// Memory does not grow with what an endpoint sends behind its status.
func TestAHugeAnswerTakesNoMemory(t *testing.T) {
	url := serveConns(t, func(_ int, c net.Conn) {
		if !readRequest(bufio.NewReader(c)) {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		block := []byte("10000\r\n" + strings.Repeat("a", 0x10000) + "\r\n")
		for {
			if _, err := c.Write(block); err != nil {
				return
			}
		}
	})
	s := startAt(t, url, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 5 {
		assert.Equal(t, "A", kinds(send(t.Context(), s, batch(0, "a"))))
	}
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20))
}

func TestAConnectionEndsAtItsGreatestAge(t *testing.T) {
	inScene(t, func(c *schema.Sink) { c.Timeout = schema.Duration(time.Minute) }, nil, func(s *scene) {
		for range 40 { // a request a minute: never idle for long
			assert.Equal(t, "A", kinds(send(s.t.Context(), s.sink, batch(0, "a"))))
			time.Sleep(time.Minute)
		}
		assert.GreaterOrEqual(t, s.dials.Load(), int32(8))
		assert.LessOrEqual(t, s.dials.Load(), int32(10))
		assert.Equal(t, uint64(40), s.sink.Stats().Requests, "no attempt is lost by it")
	})
}

func TestA415SaysWhatIsNotTaken(t *testing.T) {
	cfg := schema.DefaultSink()
	c := newClassifier(&cfg)
	j := c.response(415, http.Header{"Accept-Encoding": {canary}}, 1, time.Time{})
	assert.Equal(t, pause, j.verdict)
	assert.Equal(t, "answered 415 Unsupported Media Type: it does not take the Content-Encoding of the request", j.reason)
	assert.Contains(t, c.response(415, nil, 1, time.Time{}).reason, "set content_type")
}
