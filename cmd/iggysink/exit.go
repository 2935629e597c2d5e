package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// The exit codes; the package doc says what they mean.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnsettled   = 3
	exitInterrupted = 130
)

// exitError carries an exit code other than exitUsage, which every plain error gets. A nil err means that all is said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// report prints err, unless it only carries a code, and returns the exit code.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code := exitUsage
	var exit *exitError
	if errors.As(err, &exit) {
		code, err = exit.code, exit.err
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "Error: %s\n", strings.TrimSpace(err.Error())) // stderr has no other place to fail to
	}
	return code
}
