package main

import (
	"context"
	"errors"
	"os"
	"runtime"
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

// A terminal that ends sends SIGHUP more than once, and never means "at once" by it.
func TestAnotherSIGHUPIsNoSecondSignal(t *testing.T) {
	signals := make(chan os.Signal, 3)
	for range 3 {
		signals <- syscall.SIGHUP
	}
	err := untilSecond(t.Context(), signals, func(ctx context.Context) error {
		<-ctx.Done()
		for len(signals) > 0 {
			runtime.Gosched()
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
