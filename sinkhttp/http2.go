package sinkhttp

import (
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"iggysink/schema"
	"iggysink/sinkhttp/internal/network"
)

// http2Transport is net/http's own, and not req's copy of it: that one takes SETTINGS_MAX_FRAME_SIZE = 0 and then sends without
// end, past its deadline, and gets the fixes of the original late. What an endpoint sends is metered below TLS.
//
// A connection of HTTP/2 cannot be refused to a single request, as conn does. At the greatest age a new pool begins, and the
// connections of the one before end when they are idle.
type http2Transport struct {
	dialer *network.Dialer
	make   func() *http.Transport

	mu       sync.Mutex
	current  *http.Transport
	previous *http.Transport // its connections may still have requests
	expires  time.Time

	openMu sync.Mutex // never held while a connection is closed
	open   map[*meter]struct{}
}

func newHTTP2(cfg *schema.Sink, dialer *network.Dialer) *http2Transport {
	t := &http2Transport{dialer: dialer, open: make(map[*meter]struct{})}
	dialer.Wrap(func(c net.Conn) net.Conn { return t.watch(newMeter(c, answerBytes(cfg))) })
	t.make = func() *http.Transport {
		var protocols http.Protocols
		protocols.SetHTTP2(true)
		protocols.SetUnencryptedHTTP2(true)
		return &http.Transport{
			DialContext: dialer.Plain, DialTLSContext: dialer.Encrypted,
			Protocols: &protocols, DisableCompression: true, MaxConnsPerHost: cfg.MaxConnections, IdleConnTimeout: 90 * time.Second,
			MaxResponseHeaderBytes: maxHeaderBytes,
			HTTP2: &http.HTTP2Config{
				MaxReceiveBufferPerStream: maxHTTP2Buffer, MaxReceiveBufferPerConnection: 8 * maxHTTP2Buffer,
				SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second, // a connection that died in silence is noticed
				WriteByteTimeout: cfg.Timeout.Std(),
			},
		}
	}
	t.current, t.expires = t.make(), dialer.Expires()
	return t
}

// maxHTTP2Buffer is how much of an answer an endpoint may send before it is read.
const maxHTTP2Buffer = 256 << 10

// RoundTrip implements http.RoundTripper.
func (t *http2Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.pool().RoundTrip(r)
}

// pool returns the transport for a request that begins now.
func (t *http2Transport) pool() *http.Transport {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.expires.IsZero() && !time.Now().Before(t.expires) {
		if t.previous != nil {
			t.previous.CloseIdleConnections()
		}
		t.current.CloseIdleConnections()
		t.previous, t.current, t.expires = t.current, t.make(), t.dialer.Expires()
	}
	return t.current
}

// CloseIdleConnections ends the connections that have no request.
func (t *http2Transport) CloseIdleConnections() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current.CloseIdleConnections()
	if t.previous != nil {
		t.previous.CloseIdleConnections()
	}
}

// close ends all connections. CloseIdleConnections alone leaves one open whose last request has been answered a moment ago: the
// transport takes it for busy, and looks at it again only when it has been idle for long.
func (t *http2Transport) close() {
	t.CloseIdleConnections()
	t.openMu.Lock()
	open := slices.Collect(maps.Keys(t.open))
	t.openMu.Unlock()
	for _, m := range open {
		_ = m.Close()
	}
}

// watch knows a connection until it is closed.
func (t *http2Transport) watch(m *meter) *meter {
	t.openMu.Lock()
	defer t.openMu.Unlock()
	t.open[m] = struct{}{}
	m.closed = func() {
		t.openMu.Lock()
		defer t.openMu.Unlock()
		delete(t.open, m)
	}
	return m
}

// meter bounds what an endpoint may send: each request adds the bytes that its answer may have. Frames that belong to no
// request use them up as well, so that a connection on which they come without end is ended.
type meter struct {
	net.Conn

	left   atomic.Int64
	most   int64  // of one answer
	closed func() // is called by Close
}

// Close implements net.Conn.
func (m *meter) Close() error {
	m.closed()
	return m.Conn.Close()
}

func newMeter(c net.Conn, most int64) *meter {
	m := &meter{Conn: c, most: most}
	m.left.Store(most)
	return m
}

// grant adds what the answer to one more request may have; unused grants do not pile up.
func (m *meter) grant() {
	if m.left.Add(m.most) > 64*m.most {
		m.left.Store(64 * m.most)
	}
}

// Read implements net.Conn.
func (m *meter) Read(p []byte) (int, error) {
	if m.left.Load() <= 0 {
		return 0, errAnswer
	}
	n, err := m.Conn.Read(p)
	m.left.Add(-int64(n))
	return n, err
}

// meterOf returns the meter below a connection, nil if there is none.
func meterOf(c net.Conn) *meter {
	if secure, isTLS := c.(*tls.Conn); isTLS {
		c = secure.NetConn()
	}
	m, _ := c.(*meter)
	return m
}
