//go:build unix

package main

import (
	"context"
	"os"
	"syscall"
	"testing"
)

// SIGTERM is what an orchestrator sends, SIGHUP what a terminal does at its end.
func TestStoppableHearsTheSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
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
