package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// stoppable runs a command that works until it is told to stop. The first SIGTERM or SIGINT ends its context, so that
// it drains; a second one makes stoppable return at once with exit code 130, whatever the command is still doing.
// Commands that are over in a moment keep the system's own handling of signals.
func stoppable(ctx context.Context, command func(context.Context) error) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	return untilSecond(ctx, signals, command)
}

// untilSecond is stoppable with the signals given. After the second signal nobody waits for command: the process ends.
func untilSecond(ctx context.Context, signals <-chan os.Signal, command func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- command(ctx) }()
	for first := true; ; first = false {
		select {
		case err := <-done:
			return err
		case <-signals:
			if !first {
				return &exitError{code: exitInterrupted}
			}
			cancel()
		}
	}
}
