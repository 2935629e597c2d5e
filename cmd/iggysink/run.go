package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"iggysink/hclconfig/language"
	"iggysink/schema"
)

// runFlags are the flags of run.
type runFlags struct {
	load         loadFlags
	log          logFlags
	once         bool
	timeout      time.Duration
	sinks        []string
	drainTimeout time.Duration
	share        string
}

func newRunCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run PATH...",
		Short: "Deliver until stopped",
		Long: `run loads the configuration and delivers the messages of its streams until SIGTERM, SIGINT or SIGHUP. It then finishes the
requests in flight, stores the offsets of settled messages and leaves the consumer groups, within --drain-timeout. A
second SIGTERM or SIGINT ends it at once.

A slow reader of the log never delays a delivery: run drops the lines that it does not read in time, and counts them.

Sinks are isolated: one that fails for good, for example because Iggy refuses its login, ends alone, and run exits with 2 in
the end.

Exit codes: 0 everything in hand is settled; 1 the configuration is invalid, nothing was started; 2 start-up failed, or
a sink failed for good; 3 stopped with unsettled messages, which the next start delivers; 130 ended by a second signal.`,
		Example: `  iggysink run iggysink.hcl
  iggysink run conf.d --sink orders --once --timeout 5m`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			return stoppable(cmd.Context(), func(ctx context.Context) error { return f.run(ctx, cmd, paths) })
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.once, "once", false, "deliver the messages that exist at the start, then exit")
	flags.DurationVar(&f.timeout, "timeout", time.Minute, "with --once, how long to wait without progress")
	flags.StringArrayVar(&f.sinks, "sink", nil, "run only the sink of this `name`; repeatable")
	flags.DurationVar(&f.drainTimeout, "drain-timeout", 25*time.Second, "how long a stop may take to finish what is in flight")
	flags.StringVar(&f.share, "share", "", "with transport http, the part `k/n` of the partitions that this process reads (default $"+
		shareVariable+", then share in the iggy block, then all)")
	f.load.register(cmd)
	f.log.register(cmd, "info")
	return cmd
}

func (f *runFlags) run(ctx context.Context, cmd *cobra.Command, paths []string) error {
	if f.timeout <= 0 || f.drainTimeout <= 0 {
		return errors.New("--timeout and --drain-timeout must be greater than 0")
	}
	if cmd.Flags().Changed("timeout") && !f.once {
		return errors.New("--timeout needs --once")
	}
	log, err := f.log.open(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	return log.fail(f.deliver(ctx, log, paths))
}

func (f *runFlags) deliver(ctx context.Context, log *logging, paths []string) error {
	cfg, err := f.load.load(log.stderr, paths)
	if err != nil {
		return err
	}
	sinks, err := selectSinks(cfg, f.sinks)
	if err != nil {
		return err
	}
	warnOfProxyVariables(sinks, os.Getenv, log.Logger)
	d, err := newDelivery(cfg, sinks, deliveryOptions{
		logger: log.Logger, drainTimeout: f.drainTimeout, once: f.once, onceTimeout: f.timeout,
		share: shareOf(f.share),
	})
	if err != nil {
		return err
	}
	return d.run(ctx)
}

// selectSinks returns the enabled sinks of cfg, or those of names.
func selectSinks(cfg *schema.Config, names []string) ([]*schema.Sink, error) {
	var selected []*schema.Sink
	var known []string
	for i := range cfg.Sinks {
		sink := &cfg.Sinks[i]
		known = append(known, sink.Name)
		asked := slices.Contains(names, sink.Name)
		switch {
		case asked && !sink.Enabled:
			return nil, fmt.Errorf("sink %s is disabled: its block has enabled = false", titleOf(sink.Name))
		case asked || len(names) == 0 && sink.Enabled:
			selected = append(selected, sink)
		}
	}
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		if near := language.Closest(name, known); near != "" {
			return nil, fmt.Errorf("there is no sink %s; did you mean %s?", titleOf(name), titleOf(near))
		}
		return nil, fmt.Errorf("there is no sink %s; there are: %s", titleOf(name), strings.Join(known, ", "))
	}
	if len(selected) == 0 {
		return nil, errors.New("every sink is disabled: there is nothing to run")
	}
	return selected, nil
}

// titleOf returns the name of a sink as it stands behind the word sink: "orders", or tenant["acme"], whose quotes are its
// own.
func titleOf(name string) string {
	if strings.HasSuffix(name, `"]`) && !strings.ContainsFunc(name, unicode.IsControl) {
		return name
	}
	return strconv.Quote(name)
}
