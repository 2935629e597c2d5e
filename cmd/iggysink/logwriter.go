package main

import (
	"bytes"
	"io"
	"sync"
	"time"
)

const (
	maxLogBacklog = 1 << 20 // bytes of lines that wait for a slow reader
	// logPatience is how long an end waits for the reader of the last lines.
	logPatience = time.Second
)

// logWriter hands lines to a writer that may be slow, stuck or gone, and never makes their author wait. Lines that it
// has no room for are dropped and counted, and so are those that cannot be written; as soon as lines go through again
// one of them says how many there were. Each Write is one line, with its line break.
type logWriter struct {
	to      io.Writer
	dropped func(lines uint64) []byte // the line that tells of dropped ones

	mu      sync.Mutex
	lines   []logLine // waiting, oldest first
	backlog int       // their bytes, and those of the line that is being written
	lost    uint64    // lines dropped since the last one that said so
	closed  bool
	wake    chan struct{} // holds one
	done    chan struct{} // closed by the writing goroutine when all is written after the end
}

// logLine is a line, and how many it tells of that were dropped.
type logLine struct {
	text  []byte
	tells uint64
}

// newLogWriter starts the goroutine that writes; Close ends it.
func newLogWriter(to io.Writer, dropped func(lines uint64) []byte) *logWriter {
	w := &logWriter{to: to, dropped: dropped, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.run()
	return w
}

// Write implements io.Writer. It returns at once and never an error: there is nobody who could act on one.
func (w *logWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.backlog+len(line) > maxLogBacklog {
		w.lost++
		return len(line), nil
	}
	w.lines = append(w.lines, logLine{text: bytes.Clone(line)})
	w.backlog += len(line)
	w.poke()
	return len(line), nil
}

func (w *logWriter) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Close lets what waits be written, for a moment: a reader that is stuck must not hold up the end of the process.
func (w *logWriter) Close() {
	w.mu.Lock()
	w.closed = true
	w.poke()
	w.mu.Unlock()
	patience := time.NewTimer(logPatience)
	defer patience.Stop()
	select {
	case <-w.done:
	case <-patience.C:
	}
}

// run writes the lines until all are written after Close.
func (w *logWriter) run() {
	defer close(w.done)
	torn := false // the last line was written in part: a full disk takes what it can
	for range w.wake {
		line, ended := w.next()
		for ; line.text != nil; line, ended = w.next() {
			text := line.text
			if torn {
				text = append([]byte{'\n'}, text...)
			}
			n, err := w.to.Write(text)
			torn = err != nil && (n > 0 || torn)
			w.written(line, err)
		}
		if ended {
			return
		}
	}
}

// next takes the oldest line; one without a text if none waits. ended is whether none will come.
func (w *logWriter) next() (line logLine, ended bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.lines) == 0 {
		return logLine{}, w.closed
	}
	line = w.lines[0]
	w.lines[0] = logLine{}
	w.lines = w.lines[1:]
	return line, false
}

// written notes the end of a write. Where it went through after some were lost, the next line tells of them.
func (w *logWriter) written(line logLine, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.backlog -= len(line.text)
	if err != nil {
		w.lost += max(line.tells, 1)
		return
	}
	if w.lost > 0 {
		told := logLine{text: w.dropped(w.lost), tells: w.lost}
		w.lost = 0
		w.lines = append([]logLine{told}, w.lines...)
		w.backlog += len(told.text)
	}
}
