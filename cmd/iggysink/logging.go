package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"
)

// logFlags choose how a command logs to stderr.
type logFlags struct {
	format string
	level  string
}

func (f *logFlags) register(cmd *cobra.Command, level string) {
	cmd.Flags().StringVar(&f.format, "log-format", "text", "format of the log: text or json")
	cmd.Flags().StringVar(&f.level, "log-level", level, "least level that is logged: debug, info, warn or error")
}

// logger returns the logger, or an error that names the flag at fault.
func (f *logFlags) logger(stderr io.Writer) (*slog.Logger, error) {
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
	options := &slog.HandlerOptions{Level: level}
	switch f.format {
	case "text":
		return slog.New(slog.NewTextHandler(stderr, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(stderr, options)), nil
	default:
		return nil, fmt.Errorf("--log-format %q is not one of text, json", f.format)
	}
}
