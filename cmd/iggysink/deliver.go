package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"iggysink/internal/admin"
	"iggysink/internal/deadletter"
	"iggysink/internal/relay"
	"iggysink/schema"
	"iggysink/sinkhttp"
)

// deliveryOptions is what a delivery needs beside its configuration.
type deliveryOptions struct {
	logger       *slog.Logger
	drainTimeout time.Duration
	once         bool          // deliver what is there at the start, then end
	onceTimeout  time.Duration // how long once may go without progress
	share        givenShare    // with transport http, instead of that of the configuration
}

// delivery is one run of a configuration: a runner for each sink, side by side. They share the logger and the admin
// listener, and nothing that one of them could hold while it waits.
type delivery struct {
	logger  *slog.Logger
	runners []*runner
	admin   *admin.Server // nil without an admin block
}

// runner delivers to one sink.
type runner struct {
	logger *slog.Logger // with the sink's name, which sinkhttp and relay add by themselves
	engine *sinkhttp.Sink
	dead   *deadletter.File // nil without a dead_letter block
	relay  *relay.Relay
	feeds  []relay.Feed
}

// newDelivery builds every part and starts none. An error means that nothing runs and everything is closed again.
func newDelivery(cfg *schema.Config, sinks []*schema.Sink, opts deliveryOptions) (_ *delivery, err error) {
	d := &delivery{logger: opts.logger}
	warnOfDescriptors(opts.logger, neededDescriptors(cfg, sinks))
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	broker, err := newTransport(cfg.Iggy, opts.share)
	if err != nil {
		return nil, err
	}
	var snapshots []admin.Sink
	for _, sink := range sinks {
		w, err := newRunner(broker, sink, opts)
		if err != nil {
			return nil, fmt.Errorf("sink %s: %w", titleOf(sink.Name), err)
		}
		d.runners = append(d.runners, w)
		snapshots = append(snapshots, w.relay.Status)
	}
	if cfg.Admin != nil {
		if d.admin, err = admin.Listen(cfg.Admin.Address, snapshots, opts.logger); err != nil {
			return nil, err
		}
		opts.logger.Info("health and metrics", "address", d.admin.Addr())
	}
	return d, nil
}

func newRunner(broker *transport, sink *schema.Sink, opts deliveryOptions) (*runner, error) {
	w := &runner{logger: opts.logger.With("sink", sink.Name)}
	var err error
	if w.engine, err = sinkhttp.New(sink, sinkhttp.Options{Logger: opts.logger}); err != nil {
		return nil, err
	}
	for i := range sink.Streams {
		stream := &sink.Streams[i]
		for _, topic := range stream.Topics {
			source, err := broker.open(sink, stream, topic, sourceOptions{once: opts.once, logger: w.logger})
			if err != nil {
				return nil, fmt.Errorf("stream %q: %w", stream.Name, err)
			}
			w.feeds = append(w.feeds, relay.Feed{Stream: stream, Topic: topic, Source: source})
		}
	}
	// A nil *deadletter.File in the interface would not be a nil DeadLetters.
	var dead relay.DeadLetters
	if sink.DeadLetter != nil {
		if w.dead, err = deadletter.OpenFile(sink.DeadLetter.Path, w.logger); err != nil {
			return nil, err
		}
		dead = w.dead
	}
	w.relay = relay.New(sink, w.engine, dead, relay.Options{
		Logger: opts.logger, DrainTimeout: opts.drainTimeout, Once: opts.once, OnceTimeout: opts.onceTimeout,
	})
	return w, nil
}

// close releases what newDelivery opened, where run will not do it. An engine that was not used holds nothing.
func (d *delivery) close() error {
	var err error
	for _, w := range d.runners {
		err = errors.Join(err, w.closeDead())
	}
	if d.admin != nil {
		err = errors.Join(err, d.admin.Close())
	}
	return err
}

func (w *runner) closeDead() error {
	if w.dead == nil {
		return nil
	}
	return w.dead.Close()
}

// run delivers until ctx ends and everything in hand is stored, or until all is delivered with once. A sink that fails
// for good is logged when it does and ends alone: the others go on. The error carries the exit code of the whole.
func (d *delivery) run(ctx context.Context) error {
	stopAdmin := d.serveAdmin(ctx)
	defer stopAdmin() // last, so that readiness and metrics can be seen while the sinks drain
	stopping := context.AfterFunc(ctx, func() { d.logger.Info("stopping: what is in flight is finished and stored") })
	defer stopping()

	ends := make([]ending, len(d.runners))
	var runners sync.WaitGroup
	for i, w := range d.runners {
		runners.Go(func() { ends[i] = w.run(ctx) })
	}
	runners.Wait()

	var all ending
	for _, end := range ends {
		all.failed = all.failed || end.failed
		all.unsettled = all.unsettled || end.unsettled
	}
	switch {
	case all.failed:
		return &exitError{code: exitUsage}
	case all.unsettled:
		return &exitError{code: exitUnsettled}
	default:
		return nil
	}
}

// ending is how a runner ended.
type ending struct {
	failed    bool // for good, before it was told to stop
	unsettled bool // messages in hand are not settled; the next start delivers them
}

func (w *runner) run(ctx context.Context) ending {
	w.logger.Info("delivering", "topics", len(w.feeds))
	result, err := w.relay.Run(ctx, w.feeds)
	var end ending
	if err != nil {
		end.failed = true
		w.logger.Error("the sink ended; other sinks go on", "error", err)
	}
	if !result.Settled {
		end.unsettled = true
	}
	if result.Unsettled > 0 {
		w.logger.Warn("stopped with unsettled messages: nothing is lost, the next start delivers them",
			"unsettled", result.Unsettled)
	}
	if result.Abandoned {
		return end // somebody may still use the rest; it goes with the process
	}
	w.engine.Close()
	if err := w.closeDead(); err != nil {
		end.failed = true
		w.logger.Error("cannot close the dead letters", "error", err)
	}
	return end
}

// summarize prints what every sink delivered.
func (d *delivery) summarize(w io.Writer) error {
	for _, r := range d.runners {
		s := r.relay.Status()
		_, err := fmt.Fprintf(w, "sink %s: %s delivered in %s, %d rejected\n", titleOf(s.Sink),
			plural(int(s.Delivered), "message"), plural(int(s.Stats.Requests), "request"), s.Rejected)
		if err != nil {
			return err
		}
	}
	return nil
}

// serveAdmin answers health and metrics until the returned function is called. A listener that breaks later on is
// logged: it is no reason to stop delivering.
func (d *delivery) serveAdmin(ctx context.Context) (stop func()) {
	if d.admin == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var served sync.WaitGroup
	served.Go(func() {
		if err := d.admin.Serve(ctx); err != nil {
			d.logger.Error("health and metrics are not served any more", "error", err)
		}
	})
	return func() {
		cancel()
		served.Wait()
	}
}
