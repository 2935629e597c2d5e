package sinkhttp

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"iggysink/schema"
)

func overHTTP2(cfg *schema.Sink) {
	block := schema.DefaultNetwork()
	block.HTTPVersion = schema.HTTPVersion2
	cfg.Network = &block
	cfg.TLSDangerAcceptInvalidCerts = true
}

// A real server, with and without TLS: everything arrives over HTTP/2, in order for each partition.
func TestHTTP2ToARealServer(t *testing.T) {
	for _, encrypted := range []bool{true, false} {
		var mu sync.Mutex
		got := make(map[string][]string)
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			assert.Equal(t, 2, r.ProtoMajor)
			assert.Equal(t, []string{"v"}, r.Header["Soapaction"])
			assert.Equal(t, []string{userAgent}, r.Header["User-Agent"])
			got[r.URL.Path] = append(got[r.URL.Path], string(body))
			_, _ = io.WriteString(w, strings.Repeat("a", 1000))
		})
		server := httptest.NewUnstartedServer(handler)
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		server.Config.Protocols = new(http.Protocols)
		server.Config.Protocols.SetHTTP2(true)
		server.Config.Protocols.SetUnencryptedHTTP2(true)
		server.EnableHTTP2 = true
		var conns sync.WaitGroup
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				conns.Add(1)
			case http.StateClosed:
				conns.Done()
			case http.StateActive, http.StateIdle, http.StateHijacked:
			}
		}
		if encrypted {
			server.StartTLS()
		} else {
			server.Start()
		}
		s := startAt(t, server.URL+"/in/${partition}", func(c *schema.Sink) {
			overHTTP2(c)
			c.Headers = map[string]schema.Template{"SOAPAction": schema.Literal("v")}
		})
		var lanes sync.WaitGroup
		for id := range uint32(16) {
			lanes.Go(func() {
				for i := range 50 {
					assert.Equal(t, "A", kinds(send(t.Context(), s, batch(id, strconv.Itoa(i)))))
				}
			})
		}
		lanes.Wait()
		for _, bodies := range got {
			assert.Equal(t, numbers(50), bodies)
		}
		assert.Len(t, got, 16)
		assert.Equal(t, uint64(800), s.Stats().Requests)
		s.Close()
		conns.Wait() // Close leaves none behind, whatever the last answer was
		server.Close()
	}
}

func TestAnEndpointThatKnowsNoHTTP2IsAPause(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	s := startAt(t, server.URL, overHTTP2)
	_, _, err := s.exchange(t.Context(), http.MethodPost, s.health, s.header, []byte("a"))
	require.Error(t, err)
	j := s.classifier.failure(err)
	assert.Equal(t, pause, j.verdict)
	assert.Contains(t, j.reason, "HTTP")
}

// peer is an HTTP/2 server made of frames.
type peer struct {
	*http2.Framer

	conn    net.Conn
	n       int // of the connection, from 0
	streams int
}

// frames serves HTTP/2 without TLS: opened is called at each connection, answer for each request that is complete.
func frames(t *testing.T, opened func(*peer) bool, answer func(p *peer, stream uint32) bool) (url string) {
	t.Helper()
	return serveConns(t, func(n int, c net.Conn) {
		if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		p := &peer{Framer: http2.NewFramer(c, c), conn: c, n: n}
		if opened != nil && !opened(p) || opened == nil && p.WriteSettings() != nil {
			return
		}
		for {
			f, err := p.ReadFrame()
			if err != nil {
				return
			}
			switch f := f.(type) {
			case *http2.SettingsFrame:
				if !f.IsAck() && p.WriteSettingsAck() != nil {
					return
				}
			case *http2.HeadersFrame, *http2.DataFrame:
				if f.Header().Flags.Has(http2.FlagDataEndStream) {
					p.streams++
					if !answer(p, f.Header().StreamID) {
						return
					}
				}
			}
		}
	})
}

// head writes the head of an answer.
func (p *peer) head(stream uint32, status string, end bool) bool {
	var b bytes.Buffer
	if hpack.NewEncoder(&b).WriteField(hpack.HeaderField{Name: ":status", Value: status}) != nil {
		return false
	}
	return p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: b.Bytes(), EndHeaders: true, EndStream: end}) == nil
}

// What was certainly not looked at is sent again once, at once, and counts as an attempt; also by the transport nothing
// is sent twice.
func TestHTTP2RequestsThatWereNotTakenAreSentAgainOnce(t *testing.T) {
	for name, refuse := range map[string]func(p *peer, stream uint32) bool{
		"RST_STREAM": func(p *peer, stream uint32) bool { return p.WriteRSTStream(stream, http2.ErrCodeRefusedStream) == nil },
		"GOAWAY": func(p *peer, stream uint32) bool {
			return p.WriteGoAway(0, http2.ErrCodeNo, nil) == nil
		},
	} {
		var all atomic.Int32
		url := frames(t, nil, func(p *peer, stream uint32) bool {
			if all.Add(1) == 1 {
				return refuse(p, stream)
			}
			return p.head(stream, "200", true)
		})
		s := startAt(t, url, func(c *schema.Sink) { overHTTP2(c); c.MaxRetries = 0 })
		out := send(t.Context(), s, batch(0, "a"))
		assert.Equal(t, "A", kinds(out), name)
		assert.Equal(t, 2, out[0].Attempts, name)
		assert.Equal(t, int32(2), all.Load(), name)
		assert.Equal(t, uint64(2), s.Stats().Requests)
		s.Close()
	}
	var all atomic.Int32 // and one that always refuses
	url := frames(t, nil, func(p *peer, stream uint32) bool {
		all.Add(1)
		return p.WriteRSTStream(stream, http2.ErrCodeRefusedStream) == nil
	})
	s := startAt(t, url, overHTTP2)
	for i := range int32(3) {
		_, _, err := s.exchange(t.Context(), http.MethodPost, s.health, s.header, []byte("a"))
		require.Error(t, err)
		assert.True(t, s.classifier.failure(err).replay)
		assert.Equal(t, i+1, all.Load())
	}
}

func TestHTTP2StreamsThatAreResetAreRetried(t *testing.T) {
	url := frames(t, nil, func(p *peer, stream uint32) bool {
		if p.streams == 1 {
			return p.WriteRSTStream(stream, http2.ErrCodeInternal) == nil
		}
		return p.head(stream, "200", true)
	})
	s := startAt(t, url, func(c *schema.Sink) { overHTTP2(c); c.RetryDelay = schema.Duration(time.Millisecond) })
	out := send(t.Context(), s, batch(0, "a"))
	assert.Equal(t, "A", kinds(out))
	assert.Equal(t, 2, out[0].Attempts)
	s.Close()
}

// Windows that are small at first, frames of the least size, and a table of no size: a body arrives whole.
func TestHTTP2SettingsThatChange(t *testing.T) {
	body := strings.Repeat("0123456789", 5000)
	var windows atomic.Int32
	url := serveConns(t, func(_ int, c net.Conn) {
		_, _ = io.ReadFull(c, make([]byte, len(http2.ClientPreface)))
		p := &peer{Framer: http2.NewFramer(c, c), conn: c}
		_ = p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 10}, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1})
		got := 0
		for {
			f, err := p.ReadFrame()
			if err != nil {
				return
			}
			switch f := f.(type) {
			case *http2.DataFrame:
				got += len(f.Data())
				if f.StreamEnded() {
					assert.Equal(t, len(body), got)
					got = 0
					if !p.head(f.StreamID, "200", true) {
						return
					}
					continue
				}
				_ = p.WriteWindowUpdate(0, 20000)
				if windows.Add(1)%2 == 0 {
					_ = p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 20000}, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0})
				}
				_ = p.WriteWindowUpdate(f.StreamID, 30000) // more than a frame, whatever was sent before the settings came
			case *http2.SettingsFrame:
				if !f.IsAck() {
					_ = p.WriteSettingsAck()
				}
			}
		}
	})
	s := startAt(t, url, overHTTP2)
	for range 5 {
		out := send(t.Context(), s, batch(0, body))
		assert.Equal(t, "A", kinds(out))
		assert.Equal(t, 1, out[0].Attempts)
	}
	s.Close()
}

// What comes without end is ended by its bytes, whatever kind of frame it is; and settings that make no sense by themselves.
func TestHTTP2FramesWithoutEndAreBounded(t *testing.T) {
	flood := func(p *peer, sent *atomic.Int64, write func(f *http2.Framer) error) { // a thousand frames in one write
		var many bytes.Buffer
		f := http2.NewFramer(&many, nil)
		for range 1000 {
			if !assert.NoError(t, write(f)) {
				return
			}
		}
		for {
			n, err := p.conn.Write(many.Bytes())
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}
	forever := func(write func(f *http2.Framer) error) func(*peer, uint32, *atomic.Int64) {
		return func(p *peer, _ uint32, sent *atomic.Int64) { flood(p, sent, write) }
	}
	for name, answer := range map[string]func(p *peer, stream uint32, sent *atomic.Int64){
		"pings":    forever(func(f *http2.Framer) error { return f.WritePing(false, [8]byte{}) }),
		"settings": forever(func(f *http2.Framer) error { return f.WriteSettings() }),
		"acks":     forever(func(f *http2.Framer) error { return f.WritePing(true, [8]byte{}) }),
		"unknown":  forever(func(f *http2.Framer) error { return f.WriteRawFrame(0x77, 0, 0, nil) }),
		"priority": forever(func(f *http2.Framer) error { return f.WritePriority(1, http2.PriorityParam{}) }),
		"windows":  forever(func(f *http2.Framer) error { return f.WriteWindowUpdate(0, 1) }),
		"interim": func(p *peer, stream uint32, sent *atomic.Int64) {
			for p.head(stream, "103", false) {
				sent.Add(10)
			}
		},
		"empty data": func(p *peer, stream uint32, sent *atomic.Int64) {
			p.head(stream, "200", false)
			flood(p, sent, func(f *http2.Framer) error { return f.WriteData(stream, false, nil) })
		},
		"a head in pieces": func(p *peer, stream uint32, sent *atomic.Int64) {
			_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: nil})
			flood(p, sent, func(f *http2.Framer) error { return f.WriteContinuation(stream, false, nil) })
		},
		"frames of no size": func(p *peer, _ uint32, _ *atomic.Int64) {
			_ = p.WriteRawFrame(http2.FrameSettings, 0, 0, []byte{0, 5, 0, 0, 0, 0})
			_, _ = io.Copy(io.Discard, p.conn)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int64
			url := frames(t, nil, func(p *peer, stream uint32) bool {
				var drain sync.WaitGroup
				drain.Go(func() { _, _ = io.Copy(io.Discard, p.conn) }) // the client answers pings and settings
				answer(p, stream, &sent)
				_ = p.conn.Close()
				drain.Wait()
				return false
			})
			s := startAt(t, url, func(c *schema.Sink) { overHTTP2(c); c.Timeout = schema.Duration(time.Minute) })
			_, _, err := s.exchange(t.Context(), http.MethodPost, s.health, s.header, []byte("a"))
			if name != "empty data" { // there the status has been taken
				require.Error(t, err)
				assert.NotErrorIs(t, err, errTimeout)
			}
			assert.Less(t, sent.Load(), int64(2*maxAnswerBytes+(8<<20)))
			s.Close()
		})
	}
}

func TestHTTP2ConnectionsEndAtTheirGreatestAge(t *testing.T) {
	var conns atomic.Int32
	url := frames(t, func(p *peer) bool { conns.Add(1); return p.WriteSettings() == nil },
		func(p *peer, stream uint32) bool { return p.head(stream, "200", true) })
	s := startAt(t, url, func(c *schema.Sink) {
		overHTTP2(c)
		c.Network.MaxConnectionAge = schema.Duration(time.Nanosecond)
	})
	for range 5 {
		assert.Equal(t, "A", kinds(send(t.Context(), s, batch(0, "a"))))
	}
	assert.Equal(t, int32(5), conns.Load())
	s.Close()
}
