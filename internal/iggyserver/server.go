package iggyserver

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Bounds that hold where Options does not say otherwise.
const (
	DefaultMaxStored = 1 << 30   // bytes of messages
	DefaultMaxFrame  = 128 << 20 // bytes of one request: one message of the largest size, or a large batch
	maxControlFrame  = 10 << 20  // bytes of a request that carries no messages, as the real server
	maxOpenFrame     = 64 << 10  // bytes of a request before a login
	loginTimeout     = 30 * time.Second
	handOverCheck    = 5 * time.Second
	acceptPause      = 50 * time.Millisecond
	goodbyeTimeout   = time.Second // for a client that does not read while the server closes
	maxStrangers     = 128         // connections before their login, or their handshake
	DefaultMaxItems  = 100_000     // streams, topics, partitions, groups and what else Options.MaxItems counts
)

// Options of a server. The zero value listens on a free port of the loopback interface for iggy with password iggy.
type Options struct {
	Address  string       // host:port; default 127.0.0.1:0, a port that the kernel chooses
	Username string       // default iggy
	Password string       // default iggy
	Token    string       // personal access token that may log in too; default none
	Logger   *slog.Logger // default none

	// TLS is how both listeners speak TLS; default: in clear text.
	TLS *tls.Config

	// HTTPAddress is host:port of the HTTP face, port 0 for one that the kernel chooses; default: none. NewerHTTP lets it
	// answer as 0.9 does. Leader is the address of another server that the face names as the leader of its cluster.
	HTTPAddress string
	NewerHTTP   bool
	Leader      string

	// MaxStored bounds the bytes of messages in memory; a send beyond it answers 3009, topic full. Default 1 GiB.
	MaxStored int64
	// MaxItems bounds what clients create: streams, topics, partitions, groups for each partition, and offsets of single
	// consumers. What goes beyond it answers 3009, as a full topic does. Default 100,000.
	MaxItems int
	// MaxFrame bounds one request in bytes; a longer one answers 3 and ends the connection. Default 128 MiB.
	MaxFrame int

	// Now is the clock of all timestamps and of the hand-over after a join. With one of your own no timer runs: advance
	// the clock and call Tick. Default time.Now, checked every 5 seconds.
	Now func() time.Time
}

// Server is a running server.
type Server struct {
	opts Options
	log  *slog.Logger
	addr string
	stop chan struct{}  // closed by Close
	own  sync.WaitGroup // the accepting and the checking goroutine
	face *face          // nil without HTTP

	lifecycle sync.Mutex // held by Close and Restart throughout, by the acceptor while it takes a connection in
	listener  net.Listener
	closed    bool

	mu       sync.Mutex // guards all below
	state    state
	sessions map[uint32]*session
	lastID   uint32
	faults   []*armed
	running  *generation
}

// generation is the time between two restarts: the connections and the signal that ends them.
type generation struct {
	stop     chan struct{}
	sessions sync.WaitGroup
}

// Start listens and serves until Close.
func Start(opts Options) (*Server, error) {
	s := newServer(opts)
	listener, err := net.Listen("tcp", s.opts.Address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", s.opts.Address, err)
	}
	s.addr, s.listener = listener.Addr().String(), listener
	if opts.HTTPAddress != "" {
		if s.face, err = startFace(s, opts.HTTPAddress); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
	}
	s.own.Go(func() { s.accept(listener) })
	if opts.Now == nil {
		s.own.Go(s.check)
	}
	return s, nil
}

// newServer is a server that does not listen yet.
func newServer(opts Options) *Server {
	opts.Address = cmp.Or(opts.Address, "127.0.0.1:0")
	opts.Username = cmp.Or(opts.Username, "iggy")
	opts.Password = cmp.Or(opts.Password, "iggy")
	opts.MaxStored = cmp.Or(opts.MaxStored, DefaultMaxStored)
	opts.MaxItems = cmp.Or(opts.MaxItems, DefaultMaxItems)
	opts.MaxFrame = cmp.Or(opts.MaxFrame, DefaultMaxFrame)
	log := opts.Logger
	if log == nil {
		log = discard()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Server{
		opts: opts, log: log, stop: make(chan struct{}), sessions: map[uint32]*session{},
		running: &generation{stop: make(chan struct{})},
		state:   state{limit: uint64(max(opts.MaxStored, 0)), maxItems: opts.MaxItems},
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// Addr is the host and port that clients connect to. It stays the same across restarts.
func (s *Server) Addr() string { return s.addr }

// Close tells every client that the server goes (status 8), ends all connections and waits for everything it started.
// A second call does nothing.
func (s *Server) Close() error {
	s.lifecycle.Lock()
	if s.closed {
		s.lifecycle.Unlock()
		return nil
	}
	s.closed = true
	close(s.stop)
	err := s.listener.Close()
	if s.face != nil {
		err = errors.Join(err, s.face.end(false))
	}
	s.endSessions(false)
	s.lifecycle.Unlock()
	s.own.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Tick hands over what has waited for HandOverTimeout on the clock of Options.Now, and returns how many partitions moved.
func (s *Server) Tick() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.expireHandOvers(s.opts.Now())
}

func (s *Server) check() {
	ticker := time.NewTicker(handOverCheck)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			s.Tick()
		}
	}
}

// accept takes connections in until the listener is closed for good. During a restart it waits for the new one.
func (s *Server) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		s.lifecycle.Lock()
		if s.closed {
			s.lifecycle.Unlock()
			if err == nil {
				_ = conn.Close() // nobody will speak on it
			}
			return
		}
		if err == nil {
			s.begin(conn)
		}
		same := s.listener == listener
		listener = s.listener
		s.lifecycle.Unlock()
		switch {
		case err == nil || !same:
		case errors.Is(err, net.ErrClosed): // a restart that did not get its address back
			return
		case !s.pause(acceptPause):
			return
		default:
			s.log.Error("accepting a connection failed; trying again", "error", err)
		}
	}
}

// pause waits, for example until file descriptors are free again, and tells whether the server still runs.
func (s *Server) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.stop:
		return false
	case <-timer.C:
		return true
	}
}

// begin starts the session of a connection. Its goroutine belongs to the generation, which endSessions waits for.
func (s *Server) begin(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	if s.opts.TLS != nil {
		conn = tls.Server(conn, s.opts.TLS) // its handshake is the session's first read
	}
	s.dropStranger()
	c := &session{id: s.lastID, conn: conn, server: s, stop: s.running.stop}
	s.sessions[c.id] = c
	_ = conn.SetDeadline(time.Now().Add(loginTimeout)) // until a login
	s.running.sessions.Go(c.serve)
}

// dropStranger makes room for a connection: where many have not logged in, the oldest of them ends, so that a flood of
// silent ones keeps nobody out. The lock is held.
func (s *Server) dropStranger() {
	var oldest *session
	strangers := 0
	for _, c := range s.sessions {
		if c.loggedIn {
			continue
		}
		strangers++
		if !c.dropped && (oldest == nil || c.id < oldest.id) {
			oldest = c
		}
	}
	if strangers >= maxStrangers && oldest != nil {
		oldest.dropped = true
		abort(oldest.conn)
	}
}

// end takes a connection out: its memberships end with it.
func (s *Server) end(c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c.id)
	s.state.disconnect(c.id)
}

// endSessions ends all connections, with a goodbye or like a kill, and waits for them.
func (s *Server) endSessions(kill bool) {
	s.mu.Lock()
	ended := s.running
	close(ended.stop)
	now := time.Now()
	for _, c := range s.sessions {
		if kill {
			abort(c.conn)
			continue
		}
		// The session itself says goodbye, because only one may write: it wakes up from its read.
		_ = c.conn.SetReadDeadline(now)
		_ = c.conn.SetWriteDeadline(now.Add(goodbyeTimeout))
	}
	s.running = &generation{stop: make(chan struct{})}
	s.mu.Unlock()
	ended.sessions.Wait()
}

// RestartOptions tell what a restart looks like from outside.
type RestartOptions struct {
	// Kill ends the connections without the goodbye (status 8), with a reset.
	Kill bool
	// LoseTail is how many messages at the end of each partition are gone afterwards, as after a kill of a server that
	// writes its log behind. Stored offsets beyond the new end read as the end.
	LoseTail uint64
	// Down, if set, is called while the server is away: connections are refused. Without it they wait for the new start.
	Down func()
}

// Restart ends all connections and starts again at the same address. Streams, topics, messages, groups and stored offsets
// survive, members do not. It fails if the address was taken meanwhile; the server is then closed to new connections.
func (s *Server) Restart(opts RestartOptions) error {
	s.lifecycle.Lock()
	defer s.lifecycle.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	if opts.Down != nil {
		if err := s.listener.Close(); err != nil {
			return fmt.Errorf("closing the listener: %w", err)
		}
	}
	s.endSessions(opts.Kill)
	if s.face != nil {
		if err := s.face.end(opts.Kill); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.state.restart(opts.LoseTail)
	s.mu.Unlock()
	if opts.Down != nil {
		opts.Down()
	}
	if s.face != nil {
		if err := s.face.again(); err != nil {
			return err
		}
	}
	if opts.Down == nil {
		return nil
	}
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fmt.Errorf("listening on %s again: %w", s.addr, err)
	}
	s.listener = listener
	return nil
}

// DeleteHead removes the messages of a partition below an offset, as retention does, so that the first offset is above
// what a consumer expects. The current offset stays.
func (s *Server) DeleteHead(stream, topic string, partition uint32, before uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, bad := s.state.topic(ident{name: stream}, ident{name: topic})
	if bad != ok {
		return fmt.Errorf("deleting messages: no topic %s in stream %s", topic, stream)
	}
	p := t.partition(partition)
	if p == nil {
		return fmt.Errorf("deleting messages: topic %s has no partition %d", topic, partition)
	}
	s.state.stored -= p.deleteHead(before)
	return nil
}
