package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
)

// logFlags choose how a command logs to stderr.
type logFlags struct {
	format string
	level  string
}

func (f *logFlags) register(cmd *cobra.Command, level string) {
	cmd.Flags().StringVar(&f.format, "log-format", "text", "format of the log: text or json")
	cmd.Flags().StringVar(&f.level, "log-level", level, "lowest level to log: debug, info, warn or error")
}

// open returns where the command logs to, or an error that names the flag at fault. The caller closes it.
func (f *logFlags) open(stderr io.Writer) (*logging, error) {
	var level slog.Level
	switch f.level {
	case "debug":
		level = slog.LevelDebug
	case "info":
		level = slog.LevelInfo
	case "warn":
		level = slog.LevelWarn
	case "error":
		level = slog.LevelError
	default:
		return nil, fmt.Errorf("--log-level %q is not one of debug, info, warn, error", f.level)
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: readable}
	var handler func(io.Writer) slog.Handler
	switch f.format {
	case "text":
		handler = func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, options) }
	case "json":
		handler = func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, options) }
	default:
		return nil, fmt.Errorf("--log-format %q is not one of text, json", f.format)
	}
	out := newLogWriter(stderr, func(lines uint64) []byte {
		var line bytes.Buffer
		slog.New(handler(&line)).Error("lines of the log were dropped: nobody read them in time, or they could not be written",
			"lines", lines)
		return line.Bytes()
	})
	return &logging{Logger: slog.New(handler(out)), stderr: out}, nil
}

// logging is the log of a command that delivers. Neither it nor what is written to stderr ever makes a caller wait.
type logging struct {
	*slog.Logger

	stderr *logWriter
}

// fail says err where the lines of the log go, behind them: stderr itself can be stuck. It returns what is left to
// report, which is the exit code, and closes the log.
func (l *logging) fail(err error) error {
	defer l.stderr.Close()
	var said bytes.Buffer
	if code := report(&said, err); code != exitOK {
		if said.Len() > 0 {
			_, _ = l.stderr.Write(said.Bytes()) // never an error
		}
		return &exitError{code: code}
	}
	return nil
}

// readable makes values of a log line for people: a duration as text in JSON too, and nothing finer than anybody reads.
func readable(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindDuration:
		a.Value = slog.StringValue(roundDuration(a.Value.Duration()).String())
	case slog.KindTime:
		a.Value = slog.TimeValue(a.Value.Time().Truncate(time.Millisecond))
	default:
	}
	return a
}

// roundDuration leaves three digits or so.
func roundDuration(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(time.Microsecond)
}
