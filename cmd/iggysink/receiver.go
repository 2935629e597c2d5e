package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// receiverFlags are the flags of receiver.
type receiverFlags struct {
	address   string
	status    int
	delay     time.Duration
	failFirst int
}

func newReceiverCommand() *cobra.Command {
	var f receiverFlags
	cmd := &cobra.Command{
		Use:   "receiver",
		Short: "Run an HTTP endpoint that prints each request as a line of JSON",
		Long: `receiver listens for HTTP requests and prints each one as a line of JSON on stdout: method, path, headers, the
body as text or, if it is not UTF-8, as base64, and the status of the answer. It prints headers unmasked, including
credentials: it is a tool for development.`,
		Example: "  iggysink receiver --address 127.0.0.1:9090 --fail-first 3",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return stoppable(cmd.Context(), func(ctx context.Context) error {
				return f.serve(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringVar(&f.address, "address", "127.0.0.1:9090", "host and port to listen on; port 0 takes a free one")
	cmd.Flags().IntVar(&f.status, "status", http.StatusOK, "status code of the answers, 200 to 599")
	cmd.Flags().DurationVar(&f.delay, "delay", 0, "wait before each answer")
	cmd.Flags().IntVar(&f.failFirst, "fail-first", 0, "answer the first `n` requests with 503")
	return cmd
}

func (f *receiverFlags) serve(ctx context.Context, stdout, stderr io.Writer) error {
	if f.status < 200 || f.status > 599 {
		return fmt.Errorf("--status %d is not a final HTTP status code (200 to 599)", f.status)
	}
	if f.failFirst < 0 || f.delay < 0 {
		return errors.New("--fail-first and --delay cannot be negative")
	}
	var seen atomic.Int64
	encoder := json.NewEncoder(stdout)
	encoder.SetEscapeHTML(false)
	answer := func() (int, time.Duration) {
		if seen.Add(1) <= int64(f.failFirst) {
			return http.StatusServiceUnavailable, f.delay
		}
		return f.status, f.delay
	}
	listener, err := net.Listen("tcp", f.address)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	if _, err := fmt.Fprintf(stderr, "ready http://%s\n", listener.Addr()); err != nil {
		return errors.Join(fmt.Errorf("writing to stderr: %w", err), listener.Close())
	}
	return serveEndpoint(ctx, listener, answer, func(a arrival) error { return encoder.Encode(lineOf(a)) })
}

// arrivalLine is what receiver prints of a request.
type arrivalLine struct {
	Time    time.Time           `json:"time"`
	Method  string              `json:"method"`
	Path    string              `json:"path"`
	Headers map[string][]string `json:"headers"`
	Body    *string             `json:"body,omitempty"`        // the body, if it is UTF-8
	Base64  []byte              `json:"body_base64,omitempty"` // otherwise its bytes
	Status  int                 `json:"status"`
}

func lineOf(a arrival) arrivalLine {
	line := arrivalLine{Time: a.Time, Method: a.Method, Path: a.Path, Headers: a.Header, Status: a.Status}
	if utf8.Valid(a.Body) {
		text := string(a.Body)
		line.Body = &text
	} else {
		line.Base64 = a.Body
	}
	return line
}

// serveEndpoint answers requests on listener until ctx ends or print fails, and closes listener. Requests under way
// have a moment to end; after it their connections are closed.
func serveEndpoint(ctx context.Context, listener net.Listener, answer func() (int, time.Duration),
	print func(arrival) error,
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	server := &http.Server{
		Handler: &endpoint{
			answer: answer,
			print:  print,
			failed: func(err error) { cancel(fmt.Errorf("printing a request: %w", err)) },
		},
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	var err error
	select {
	case <-ctx.Done():
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			err = cause
		}
		// Shutdown would wait for connections that have not sent a request yet; nobody who was told to stop should.
		err = errors.Join(err, server.Close())
		if end := <-served; !errors.Is(end, http.ErrServerClosed) {
			err = errors.Join(err, end)
		}
	case err = <-served:
		err = fmt.Errorf("serving: %w", err)
	}
	return err
}
