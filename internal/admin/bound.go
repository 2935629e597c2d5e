package admin

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// boundedListener holds a bounded number of connections open, so that clients cannot take the descriptors that endpoints
// and the broker need. One client more takes the place of the one that has been idle for longest: somebody who only
// holds connections open keeps no probe out. Where all are busy it waits for one of them, and each has its time.
type boundedListener struct {
	net.Listener

	most int

	mu      sync.Mutex
	open    []*client     // oldest use first
	changed chan struct{} // closed at the next change of open
	closed  bool
}

// client is one connection.
type client struct {
	conn net.Conn
	busy bool // a request has begun and its answer is not complete

	since time.Time // busy since
}

func newBoundedListener(l net.Listener, most int) *boundedListener {
	return &boundedListener{Listener: l, most: most, changed: make(chan struct{})}
}

// Accept implements net.Listener.
func (b *boundedListener) Accept() (net.Conn, error) {
	conn, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	for {
		admitted, changed := b.admit(conn)
		if admitted {
			return conn, nil
		}
		if changed == nil {
			_ = conn.Close() // nothing was said on it
			return nil, net.ErrClosed
		}
		late := time.NewTimer(b.patience())
		select {
		case <-changed:
		case <-late.C:
		}
		late.Stop()
	}
}

// admit takes conn in, if need be in place of one that is idle or has been busy for too long. Otherwise changed is what to
// wait for, for no longer than patience; nil after Close.
func (b *boundedListener) admit(conn net.Conn) (admitted bool, changed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false, nil
	}
	if len(b.open) >= b.most {
		leaves := b.dispensable()
		if c := b.open[leaves]; c.busy && time.Since(c.since) < busyTime {
			return false, b.changed
		}
		_ = b.open[leaves].conn.Close() // its goroutine sees the end
		b.remove(leaves)
	}
	b.open = append(b.open, &client{conn: conn})
	return true, nil
}

// dispensable returns the client that makes room for another one: the one that has been idle for longest, or else busy. The
// caller holds mu, and somebody is connected.
func (b *boundedListener) dispensable() int {
	first := 0
	for i, c := range b.open {
		if !c.busy {
			return i
		}
		if c.since.Before(b.open[first].since) {
			first = i
		}
	}
	return first
}

// patience is how long the next client waits at most.
func (b *boundedListener) patience() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.open) < b.most {
		return 0
	}
	return busyTime - time.Since(b.open[b.dispensable()].since) // of an idle one it is over
}

// follow is the server's ConnState.
func (b *boundedListener) follow(conn net.Conn, state http.ConnState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, c := range b.open {
		if c.conn != conn {
			continue
		}
		switch state {
		case http.StateActive:
			c.busy, c.since = true, time.Now()
		case http.StateIdle:
			c.busy = false
			b.remove(i)
			b.open = append(b.open, c) // the most recent use
		case http.StateClosed, http.StateHijacked:
			b.remove(i)
		case http.StateNew:
		}
		return
	}
}

// remove takes the client at i out. The caller holds mu.
func (b *boundedListener) remove(i int) {
	b.open = append(b.open[:i], b.open[i+1:]...)
	b.notify()
}

func (b *boundedListener) notify() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// Close implements net.Listener.
func (b *boundedListener) Close() error {
	b.mu.Lock()
	b.closed = true
	b.notify()
	b.mu.Unlock()
	return b.Listener.Close()
}
