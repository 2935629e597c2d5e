package admin

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// Clients that only hold a connection open take a bounded number of descriptors, and keep nobody out.
func TestIdleClientsKeepNobodyOut(t *testing.T) {
	server := startServer(t, healthy)
	address := server.Addr()
	for i := range 200 {
		client, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		if i%2 == 0 { // one that has asked before is idle as well
			if _, err := io.WriteString(client, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			if _, err := bufio.NewReader(client).ReadString('k'); err != nil { // of its body, which is ok
				t.Fatal(err)
			}
		}
	}
	if status, _ := get(t, "http://"+address+"/readyz"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	server.listener.mu.Lock()
	defer server.listener.mu.Unlock()
	if open := len(server.listener.open); open > MaxConnections {
		t.Errorf("%d connections are open", open)
	}
}

// busyConn is a connection that is open until it is closed.
type busyConn struct {
	net.Conn
	closed bool
}

func (c *busyConn) Close() error {
	c.closed = true
	return nil
}

func TestABusyClientKeepsItsPlace(t *testing.T) {
	b := newBoundedListener(nil, 2)
	first, second, third := &busyConn{}, &busyConn{}, &busyConn{}
	for _, c := range []net.Conn{first, second} {
		if admitted, _ := b.admit(c); !admitted {
			t.Fatal("there is room")
		}
		b.follow(c, http.StateActive)
	}
	admitted, changed := b.admit(third)
	if admitted || changed == nil {
		t.Fatal("all are busy: it has to wait")
	}
	b.follow(second, http.StateIdle)
	<-changed
	if admitted, _ = b.admit(third); !admitted || first.closed || !second.closed {
		t.Error("the idle one makes room")
	}
	b.follow(first, http.StateClosed)
	if admitted, _ = b.admit(&busyConn{}); !admitted || third.closed {
		t.Error("one that ended makes room")
	}
}

// queue is a listener of connections that wait already.
type queue struct {
	net.Listener
	waiting chan net.Conn
}

func (q queue) Accept() (net.Conn, error) { return <-q.waiting, nil }

// Clients that drip a body, or do not read their answer, are busy for as long as they like. 200 of them keep a probe out for
// a moment and not until the process is taken for dead.
func TestBusyClientsKeepNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients = 200
		q := queue{waiting: make(chan net.Conn, clients+1)}
		for range clients + 1 {
			q.waiting <- &busyConn{}
		}
		b := newBoundedListener(q, MaxConnections)
		began := time.Now()
		for range clients {
			c, err := b.Accept()
			if err != nil {
				t.Fatal(err)
			}
			b.follow(c, http.StateActive)
			if open := len(b.open); open > MaxConnections {
				t.Fatalf("%d connections are open", open)
			}
		}
		probe, err := b.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited > clients/MaxConnections*busyTime {
			t.Errorf("the probe waited for %s", waited)
		}
		b.follow(probe, http.StateActive)
		for range MaxConnections - 1 { // as many as fit beside it
			if admitted, _ := b.admit(&busyConn{}); !admitted {
				break
			}
		}
		if probe.(*busyConn).closed {
			t.Error("the probe was cut off before its answer")
		}
	})
}

func TestReadinessListsBlockedPartitions(t *testing.T) {
	until := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	block := func(s *relay.Status) {
		s.Partitions[1].BlockedOffset, s.Partitions[1].Reason, s.Partitions[1].Until = 17, "answered 400 Bad Request", until
	}
	const want = `sink "orders": partition shop/created/1 is blocked at offset 17: answered 400 Bad Request; ` +
		"tried again at 2026-01-02T03:04:05Z\n"
	status, body := get(t, start(t, func() relay.Status { return changed(block) })+"/readyz")
	if status != http.StatusOK || body != "ok\n"+want {
		t.Errorf("%d %q", status, body)
	}
	status, body = get(t, start(t, func() relay.Status {
		return changed(func(s *relay.Status) { block(s); s.Ready = false })
	})+"/readyz")
	if status != http.StatusServiceUnavailable || !strings.HasSuffix(body, "yet\n"+want) {
		t.Errorf("%d %q", status, body)
	}
	many := changed(func(s *relay.Status) {
		s.Partitions = nil
		for i := range uint32(1000) {
			s.Partitions = append(s.Partitions, relay.PartitionStatus{Partition: schema.Partition{ID: i}, Blocked: true})
		}
	})
	if lines := blocked(many); len(lines) != maxBlocked+1 {
		t.Errorf("%d lines", len(lines))
	}
}

// FuzzListener sends arbitrary bytes. Whatever they are, the answers are HTTP with a status of ours, the connection ends,
// and the next client is served.
func FuzzListener(f *testing.F) {
	for _, seed := range []string{
		"", "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n", "GET /metrics HTTP/1.0\r\n\r\n", "HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /readyz HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\nx", "GET /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZ",
		"GET /%2e%2e/metrics HTTP/1.1\r\nHost: a\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET http://other/metrics HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /" + strings.Repeat("a", maxHeaderBytes) + " HTTP/1.1\r\nHost: a\r\n\r\n", "GET /livez HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	statuses := []int{100, 200, 301, 307, 400, 404, 405, 408, 413, 417, 431, 501, 503, 505}
	f.Fuzz(func(t *testing.T, said []byte) {
		url := start(t, func() relay.Status { return relay.Status{Sink: "orders", Ready: true} })
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		go func() {
			_, _ = conn.Write(said) // it may hang up before it has heard all
			_ = conn.(*net.TCPConn).CloseWrite()
		}()
		var answer bytes.Buffer
		_, err = io.Copy(&answer, conn)
		if err != nil && !strings.Contains(err.Error(), "reset") {
			t.Fatal(err)
		}
		if answer.Len() > 0 {
			var major, minor, status int
			if _, err := fmt.Sscanf(answer.String(), "HTTP/%d.%d %d", &major, &minor, &status); err != nil {
				t.Fatalf("%q: %v", answer.String(), err)
			}
			if !slices.Contains(statuses, status) {
				t.Errorf("status %d", status)
			}
		}
		if status, body := get(t, url+"/livez"); status != http.StatusOK || body != "ok\n" {
			t.Errorf("afterwards: %d %q", status, body)
		}
	})
}
