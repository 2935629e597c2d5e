// Receiver is an example of an endpoint behind iggysink, typed by the package that `iggysink generate` makes of the
// envelope's schema. It takes the bodies of every batch mode but raw, checks each envelope, recognises messages that it
// has seen, and handles the others once.
//
//	go run ./examples/receiver --address 127.0.0.1:9090
//
// What it answers is what iggysink acts on:
//
//	200  all of the request is handled: the messages are settled
//	400  an envelope is not what the schema says; nothing was handled, and iggysink finds the one by halving the batch
//	413  the body is larger than this endpoint takes; iggysink sends it in parts
//	503  handling failed; iggysink sends the request again, and what was handled already is recognised
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"iggysink/examples/receiver/envelope"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "Error: %v\n", err) // stderr has no other place to fail to
		os.Exit(1)                                        //nolint:forbidigo // a program of its own
	}
}

// run serves until ctx ends, and prints each new message as a line of JSON.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("receiver", flag.ContinueOnError)
	flags.SetOutput(stderr)
	address := flags.String("address", "127.0.0.1:9090", "host and port to listen on; port 0 takes a free one")
	if err := flags.Parse(args); err != nil {
		return err
	}
	lines := json.NewEncoder(stdout)
	lines.SetEscapeHTML(false)
	server := &http.Server{
		Handler:           newReceiver(func(e envelope.Envelope) error { return lines.Encode(e) }),
		ReadHeaderTimeout: 10 * time.Second,
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	if _, err := fmt.Fprintf(stderr, "ready http://%s\n", listener.Addr()); err != nil {
		return errors.Join(fmt.Errorf("writing to stderr: %w", err), listener.Close())
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err = <-served:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	// What is being handled is answered: without the answer it would come again.
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = server.Shutdown(ending)
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}
