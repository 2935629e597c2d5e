// Package admin shows how delivery is going, over HTTP:
//
//	GET /livez    200 while the process answers
//	GET /readyz   200 while every sink can deliver; otherwise 503 and one line for each reason
//	GET /metrics  Prometheus
//
// /livez is what a liveness probe asks: no state of an endpoint or of the broker is a reason to restart the process. A
// paused sink resumes by itself, and a restart would only make it deliver something twice. /readyz is for a rollout that
// waits for the new process, and for people. Partitions that are blocked are listed in its body and change no status: the
// others go on, and nothing but the message's own fate helps the one that is blocked.
//
// It only reads snapshots of relay.Status, so that a scrape never waits for a delivery and never delays one.
package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"iggysink/internal/relay"
)

// The bounds on a client that is slow or silent, and on a stop.
const (
	headerTimeout   = 5 * time.Second
	requestTimeout  = 10 * time.Second // reading a request, and again writing its answer
	idleTimeout     = 10 * time.Second
	busyTime        = 100 * time.Millisecond // then a client may have to make room for another one
	shutdownTimeout = 500 * time.Millisecond
	maxHeaderBytes  = 16 << 10
	maxScrapes      = 4  // at once; more are told to come back
	maxBlocked      = 50 // blocked partitions of a sink that are listed
)

// MaxConnections is how many clients are connected at once. Each takes a descriptor, and endpoints and the broker need
// theirs.
const MaxConnections = 16

// Sink gives a snapshot of one sink. It returns quickly and is safe for concurrent use.
type Sink func() relay.Status

// Server is the listener of an admin block.
type Server struct {
	listener *boundedListener
	http     http.Server
}

// Listen binds address, so that an address that is taken fails the start and not a later scrape. A nil logger discards.
func Listen(address string, sinks []Sink, logger *slog.Logger) (*Server, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for admin requests: %w", err)
	}
	errorLog := slog.NewLogLogger(logger.Handler(), slog.LevelDebug) // what clients do wrong is no concern of an operator
	bounded := newBoundedListener(listener, MaxConnections)
	return &Server{
		listener: bounded,
		http: http.Server{
			Handler:           routes(sinks, errorLog),
			ReadHeaderTimeout: headerTimeout,
			ReadTimeout:       requestTimeout,
			WriteTimeout:      requestTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          errorLog,
			ConnState:         bounded.follow,
		},
	}, nil
}

// Addr is the address that is bound, with the port that the kernel chose for port 0.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close releases the listener of a server that Serve was not called on.
func (s *Server) Close() error { return s.listener.Close() }

// Serve answers until ctx ends, lets the answers under way end within half a second, and closes the listener. It returns
// nil after ctx.
func (s *Server) Serve(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serving admin requests: %w", err)
	case <-ctx.Done():
	}
	// Not ctx: it has ended, and Shutdown would not wait for anything.
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := s.http.Shutdown(bounded)
	if err != nil {
		err = s.http.Close()
	}
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	if err != nil {
		return fmt.Errorf("closing the admin listener: %w", err)
	}
	return nil
}

func livez(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok\n") }

// readyz says for each sink that cannot deliver why, and which partitions are blocked.
func readyz(sinks []Sink) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		var reasons, blocks strings.Builder
		for _, sink := range sinks {
			s := sink()
			for _, reason := range unready(s) {
				reasons.WriteString(reason + "\n")
			}
			for _, block := range blocked(s) {
				blocks.WriteString(block + "\n")
			}
		}
		if reasons.Len() > 0 {
			answer(w, http.StatusServiceUnavailable, reasons.String()+blocks.String())
			return
		}
		answer(w, http.StatusOK, "ok\n"+blocks.String())
	}
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // a client that has hung up needs no answer
}
