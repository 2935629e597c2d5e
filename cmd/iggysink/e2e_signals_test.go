package main

import (
	"fmt"
	"net/http"
	"os"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
)

// spawnWith starts the program with a stderr that the test has: a pipe, or a device.
func (s *scene) spawnWith(stderr *os.File, args ...string) *process {
	s.t.Helper()
	p := s.spawnable(args...)
	p.cmd.Stderr = stderr
	p.launch()
	return p
}

// The reader of the log is no part of the delivery: whether it is gone, stuck, or a full disk, everything arrives, and
// a stop ends the process as always.
func TestTheReaderOfTheLogControlsNothing(t *testing.T) {
	for name, reader := range map[string]func(t *testing.T) *os.File{
		"gone": func(t *testing.T) *os.File {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			require.NoError(t, r.Close())
			return w
		},
		"stuck": func(t *testing.T) *os.File {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			t.Cleanup(func() { _ = r.Close() })
			return w
		},
		"a full disk": func(t *testing.T) *os.File {
			f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Skip("this system has no full disk to try")
			}
			return f
		},
	} {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
			t.Run(name+", "+sig.String(), func(t *testing.T) {
				t.Parallel()
				s := newScene(t, iggytest.Address(t), iggytest.Unique(t, "log"), 2, "orders")
				s.publishEach("orders", 2, 400) // each has a line of more than 160 bytes: more than a pipe holds
				e := newIngest(t, nil)
				stderr := reader(t)
				p := s.spawnWith(stderr, "run", "--log-level", "debug", s.config("sink", fmt.Sprintf(plainSink, "orders", e.url(), "")))
				require.NoError(t, stderr.Close())
				require.Zero(t, requireEach(t, taken(e.awaitTaken(800)), "orders", 2, 400))
				require.NoError(t, p.cmd.Process.Signal(sig))
				require.Equal(t, exitOK, p.wait())
			})
		}
	}
}

// The end of a terminal is a SIGHUP or several. They drain, and repeat nothing.
func TestSIGHUPDrains(t *testing.T) {
	t.Parallel()
	s := newScene(t, iggytest.Address(t), iggytest.Unique(t, "hup"), 4, "orders")
	s.publishEach("orders", 4, 500)
	reached, release := make(chan struct{}), make(chan struct{})
	e := newIngest(t, stuckAfter(100, reached, release, http.StatusOK))
	answer := sync.OnceFunc(func() { close(release) })
	t.Cleanup(answer)
	path := s.config("sink", fmt.Sprintf(plainSink, "orders", e.url(), ""))
	first := s.spawn("run", path)
	awaitEvent(t, "the middle of the run", reached)
	require.NoError(t, first.cmd.Process.Signal(syscall.SIGHUP))
	first.said("stopping")
	require.NoError(t, first.cmd.Process.Signal(syscall.SIGHUP))
	answer()
	require.Equal(t, exitOK, first.wait())
	require.Equal(t, exitOK, s.spawn("run", "--once", path).wait())
	require.Zero(t, requireEach(t, taken(e.requests()), "orders", 4, 500), "messages delivered twice")
}

// A bad configuration is told of even if nobody reads it.
func TestAnErrorDoesNotWaitForAReader(t *testing.T) {
	t.Parallel()
	s := newScene(t, iggytest.Address(t), iggytest.Unique(t, "mute"), 1, "orders")
	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, r.Close())
	p := s.spawnWith(w, "run", s.config("sink", "nonsense = 1\n"))
	require.NoError(t, w.Close())
	require.Equal(t, exitFailed, p.wait())
}
