package relay

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// syncBuffer is a log that is written to and read at once.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// brokenLetters does something else than to write.
type brokenLetters struct{ write func() }

func (b *brokenLetters) Write(context.Context, []DeadLetter) error {
	b.write()
	return errors.New("not written")
}

func (b *brokenLetters) Close() error { return nil }

// rejecting is a scene with a message in each of two partitions that goes to broken dead letters.
func rejecting(t *testing.T, write func()) (*scene, *syncBuffer) {
	s := newScene(t, 2)
	s.letters = &brokenLetters{write: write}
	s.cfg.OnRejected = "dead_letter"
	log := &syncBuffer{}
	s.opts.Logger = slog.New(slog.NewTextHandler(log, nil))
	s.endpoint.answers(func(message string, _ int) int {
		if message == `"0/1"` {
			return http.StatusBadRequest
		}
		return http.StatusOK
	})
	s.topic.publish(0, 0, numbered(0, 0, 3)...)
	s.topic.publish(1, 0, numbered(1, 0, 3)...)
	return s, log
}

// A panic in a goroutine of the sink ends the sink: it says so with its stack, stores nothing more, and Run returns.
func TestAPanicEndsTheSink(t *testing.T) {
	s, log := rejecting(t, func() { panic("boom") })
	r := s.start(0, 1)
	assert.Equal(t, Result{Abandoned: true}, r.ended())
	require.ErrorContains(t, r.err, "internal error in the worker of a partition: boom")
	assert.Contains(t, log.String(), "level=ERROR")
	assert.Contains(t, log.String(), "crash_test.go", "the stack")
	status := r.Status()
	assert.Contains(t, status.Crashed, "boom")
	assert.False(t, status.Ready)
	stored, _ := s.topic.storedOffset(0)
	assert.LessOrEqual(t, stored, uint64(0), "the message at fault is not settled")
}

// A lock that the goroutine held is held for ever. Neither the end nor a status waits for it.
func TestAPanicUnderALockEndsTheSink(t *testing.T) {
	var r *running
	started := make(chan struct{})
	s, _ := rejecting(t, func() {
		<-started
		r.mu.Lock()
		panic("boom")
	})
	r = s.start(0, 1)
	close(started)
	res := r.ended()
	assert.True(t, res.Abandoned)
	assert.Contains(t, r.Status().Crashed, "boom")
	r.mu.Unlock() // so that the goroutines of this test end
}

// What is stuck at the end, whatever it is, does not hold up the end.
func TestAStopHasADeadlineWhateverAWorkerDoes(t *testing.T) {
	release, stuck := make(chan struct{}), make(chan struct{})
	s, log := rejecting(t, sync.OnceFunc(func() {
		close(stuck)
		<-release
	}))
	s.opts.DrainTimeout = time.Millisecond
	r := s.start(0, 1)
	s.untilStored(1, 2)
	<-stuck
	res := r.stop()
	assert.True(t, res.Abandoned)
	assert.False(t, res.Settled)
	assert.Equal(t, 1, res.Unsettled)
	require.NoError(t, r.err)
	assert.Contains(t, log.String(), "does not come to an end")
	close(release)
	<-r.former[s.topic.partition(0)].done // so that the goroutines of this test end
}
