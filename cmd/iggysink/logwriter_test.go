package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func tellDropped(lines uint64) []byte { return fmt.Appendf(nil, "dropped %d\n", lines) }

// gatedWriter writes only while its gate is open, and with the error that is set.
type gatedWriter struct {
	gate chan struct{} // closed: open
	mu   sync.Mutex
	text bytes.Buffer
	err  error
	part int // bytes that a failing write takes
}

func (w *gatedWriter) Write(p []byte) (int, error) {
	<-w.gate
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		n, err := w.text.Write(p[:min(w.part, len(p))])
		return n, errors.Join(err, w.err)
	}
	return w.text.Write(p)
}

// A reader that is stuck costs lines and never time; when it reads again it is told how many.
func TestAStuckReaderCostsLinesAndNeverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		to := &gatedWriter{gate: gate}
		w := newLogWriter(to, tellDropped)
		line := []byte(strings.Repeat("x", 1023) + "\n")
		const lines = 5 * maxLogBacklog / 1024
		for range lines {
			n, err := w.Write(line)
			require.NoError(t, err)
			require.Len(t, line, n)
		}
		require.LessOrEqual(t, w.backlog, maxLogBacklog)
		close(gate)
		synctest.Wait()
		_, _ = w.Write([]byte("after\n"))
		w.Close()
		text := to.text.String()
		kept := strings.Count(text, string(line))
		require.Equal(t, maxLogBacklog/1024, kept)
		require.Contains(t, text, fmt.Sprintf("dropped %d\n", lines-kept))
		require.True(t, strings.HasSuffix(text, "after\n"), "it goes on")
	})
}

// The end of the process waits for a stuck reader for a moment only.
func TestTheEndDoesNotWaitForAStuckReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		w := newLogWriter(&gatedWriter{gate: gate}, tellDropped)
		_, _ = w.Write([]byte("line\n"))
		before := time.Now()
		w.Close()
		require.Equal(t, logPatience, time.Since(before))
		close(gate)
		<-w.done
	})
}

// What cannot be written, as on a full disk, is counted, and told of as soon as there is room; half a line does not
// swallow the one after it.
func TestWhatCannotBeWrittenIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		close(gate)
		to := &gatedWriter{gate: gate, err: errors.New("no space left on device"), part: 3}
		w := newLogWriter(to, tellDropped)
		for range 4 {
			_, _ = w.Write([]byte("a line\n"))
			synctest.Wait()
		}
		to.mu.Lock()
		to.err = nil
		to.mu.Unlock()
		_, _ = w.Write([]byte("last\n"))
		w.Close()
		require.Equal(t, "a l"+"\na "+"\na "+"\na "+"\nlast\ndropped 4\n", to.text.String())
	})
}

// Whatever the format, a line is for people: no nanoseconds.
func TestDurationsAreForPeople(t *testing.T) {
	for format, want := range map[string]string{"text": "took=1.23s", "json": `"took":"1.23s"`} {
		var out bytes.Buffer
		f := logFlags{format: format, level: "info"}
		log, err := f.open(&out)
		require.NoError(t, err)
		log.Info("event", slog.Duration("took", 1234567890*time.Nanosecond), slog.Time("until", time.Unix(1, 123456789).UTC()))
		require.NoError(t, log.fail(nil))
		require.Contains(t, out.String(), want)
		require.NotContains(t, out.String(), "456")
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 1234: "1µs", 1234567: "1.2ms", 12345678901: "12s", time.Hour + time.Second: "1h0m1s", 5 * time.Second: "5s",
	} {
		require.Equal(t, want, roundDuration(d).String())
	}
}

// The last word of a command comes behind the lines of its log, and goes the same way.
func TestAnErrorIsSaidBehindTheLog(t *testing.T) {
	var out bytes.Buffer
	f := logFlags{format: "text", level: "info"}
	log, err := f.open(&out)
	require.NoError(t, err)
	log.Info("first")
	err = log.fail(&exitError{code: exitFailed, err: errors.New("second")})
	require.Equal(t, exitFailed, report(t.Output(), err))
	require.Regexp(t, "(?s)msg=first\nError: second\n$", out.String())
}
