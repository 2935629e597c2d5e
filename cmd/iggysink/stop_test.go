package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
)

func TestTheFirstSignalDrains(t *testing.T) {
	signals := make(chan os.Signal, 1)
	signals <- os.Interrupt
	drained := errors.New("drained")
	err := untilSecond(t.Context(), signals, func(ctx context.Context) error {
		<-ctx.Done()
		return drained
	})
	if !errors.Is(err, drained) {
		t.Errorf("got %v, want what the command returned", err)
	}
}

func TestTheSecondSignalEndsAtOnce(t *testing.T) {
	signals := make(chan os.Signal, 2)
	signals <- os.Interrupt
	signals <- os.Interrupt
	hang := make(chan struct{})
	defer close(hang)
	err := untilSecond(t.Context(), signals, func(context.Context) error {
		<-hang
		return nil
	})
	if code := report(t.Output(), err); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
}

func TestWithoutASignalTheCommandEndsByItself(t *testing.T) {
	if err := untilSecond(t.Context(), nil, func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
}

// SIGTERM is what an orchestrator sends.
func TestStoppableHearsBothSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		err := stoppable(t.Context(), func(ctx context.Context) error {
			if err := syscall.Kill(os.Getpid(), sig); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		})
		if err != nil {
			t.Errorf("%v: %v", sig, err)
		}
	}
}
