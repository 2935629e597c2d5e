package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// stoppable runs a command that works until it is told to stop. The first SIGTERM, SIGINT or SIGHUP ends its context, so
// that it drains; a second SIGTERM or SIGINT makes stoppable return at once with exit code 130, whatever the command is
// still doing. A reader of stdout or stderr that is gone is an error of the write and does not end the process. Commands
// that are over in a moment keep the system's own handling of signals.
func stoppable(ctx context.Context, command func(context.Context) error) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup makes it: the end of the terminal shall not matter then
		signal.Notify(signals, syscall.SIGHUP)
	}
	// Who writes sees the error. Unless somebody is notified, the runtime ends the process without a drain.
	unheard := make(chan os.Signal, 1)
	signal.Notify(unheard, syscall.SIGPIPE)
	defer signal.Stop(signals)
	defer signal.Stop(unheard)
	return untilSecond(ctx, signals, command)
}

// untilSecond is stoppable with the signals given. After the second signal nobody waits for command: the process ends.
func untilSecond(ctx context.Context, signals <-chan os.Signal, command func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- command(ctx) }()
	for first := true; ; {
		select {
		case err := <-done:
			return err
		case sig := <-signals:
			switch {
			case first:
				first = false
				cancel()
			case sig == syscall.SIGHUP: // a terminal that ends sends it several times, and means one end by them
			default:
				return &exitError{code: exitInterrupted}
			}
		}
	}
}
