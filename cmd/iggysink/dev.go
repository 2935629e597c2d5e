package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"iggysink/examples"
	"iggysink/internal/iggyserver"
	"iggysink/schema"
)

// devPartitions is how many partitions dev gives a topic: two show that order is kept within each, and not across.
const devPartitions = 2

// devFlags are the flags of dev.
type devFlags struct {
	load loadFlags
	log  logFlags
	once bool
}

func newDevCommand() *cobra.Command {
	var f devFlags
	cmd := &cobra.Command{
		Use:   "dev [PATH...]",
		Short: "Try a configuration with nothing installed: nothing leaves the machine",
		Long: `dev runs the given configuration, or an example, inside one process: with an Iggy server of its own, sample messages in
every topic that is read, and a local endpoint that prints each request as it arrived.

dev replaces everything that would leave the machine: the scheme and host of every sink by those of the local endpoint, and
the iggy block by the in-process server. It writes dead letters to a temporary folder, ignores admin and tls blocks, and
uses a placeholder for an env() that is not set. It prints (sensitive) for the values of configured headers and query
parameters, for everything from env(), file() or a sensitive variable, and for parts of a path that look like a token.`,
		Example: `  iggysink dev --once
  iggysink dev iggysink.hcl`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			return stoppable(cmd.Context(), func(ctx context.Context) error { return f.run(ctx, cmd, paths) })
		},
	}
	cmd.Flags().BoolVar(&f.once, "once", false, "exit when all sample messages have arrived")
	f.load.register(cmd)
	f.log.register(cmd, "warn")
	return cmd
}

func (f *devFlags) run(ctx context.Context, cmd *cobra.Command, paths []string) (err error) {
	log, err := f.log.open(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	logger := log.Logger
	defer log.stderr.Close()
	folder, err := os.MkdirTemp("", "iggysink-dev-")
	if err != nil {
		return fmt.Errorf("making a temporary folder: %w", err)
	}
	dead := filepath.Join(folder, "dead")
	defer func() { err = errors.Join(err, cleanUp(cmd.ErrOrStderr(), folder, dead)) }()
	secrets := &masker{}
	cfg, err := f.configuration(cmd.ErrOrStderr(), paths, folder, secrets)
	if err != nil {
		return err
	}
	broker, err := iggyserver.Start(iggyserver.Options{
		Address: "127.0.0.1:0", HTTPAddress: "127.0.0.1:0", Username: devUser, Password: devPassword, Logger: logger,
	})
	if err != nil {
		return fmt.Errorf("starting the in-process iggy server: %w", err)
	}
	defer func() { err = errors.Join(err, broker.Close()) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the local endpoint: %w", err)
	}
	defer func() { _ = listener.Close() }() // closed already, if the endpoint has served
	secrets.addConfig(cfg)
	around := surroundings{
		broker: broker.Addr(), brokerHTTP: broker.HTTPAddr(), receiver: "http://" + listener.Addr().String(), deadFolder: dead,
	}
	if err := rewrite(cfg, around); err != nil {
		return err
	}
	sinks, err := selectSinks(cfg, nil)
	if err != nil {
		return err
	}
	samples := samplesFor(sinks)
	if err := publishSamples(ctx, around.login(), samples); err != nil {
		return err
	}
	if err := introduce(cmd.ErrOrStderr(), around, samples, f.once); err != nil {
		return err
	}
	d, err := newDelivery(cfg, sinks, deliveryOptions{
		logger: logger, drainTimeout: 5 * time.Second, once: f.once, onceTimeout: time.Minute,
	})
	if err != nil {
		return err
	}
	err = deliverTo(ctx, d, listener, func(a arrival) error { return printRequest(cmd.OutOrStdout(), a, secrets) })
	return errors.Join(err, d.summarize(cmd.ErrOrStderr()))
}

// configuration loads paths, or the example, which it writes to folder: diagnostics then have a file to point at.
func (f *devFlags) configuration(stderr io.Writer, paths []string, folder string, secrets *masker) (*schema.Config, error) {
	if len(paths) == 0 {
		text, err := examples.Files.ReadFile(examples.Quickstart)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(folder, examples.Quickstart)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return nil, fmt.Errorf("writing the example: %w", err)
		}
		paths = []string{path}
	}
	return f.load.loadForDev(stderr, paths, secrets)
}

// cleanUp removes folder, unless there are dead letters in it: then it says where.
func cleanUp(stderr io.Writer, folder, dead string) error {
	files, err := filepath.Glob(filepath.Join(dead, "*"))
	if err != nil {
		return err
	}
	kept := false
	for _, path := range files {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			kept = true
			if _, err := fmt.Fprintln(stderr, "dead letters:", path); err != nil {
				return err
			}
		}
	}
	if kept {
		return nil
	}
	return os.RemoveAll(folder)
}

// introduce says what runs where, and how to publish more.
func introduce(stderr io.Writer, around surroundings, samples []sample, once bool) error {
	text := fmt.Sprintf("iggy server  %s, user %s, password %s\nendpoint     %s\n", around.broker, devUser, devPassword, around.receiver)
	if !once { // with it all is over before anybody could
		text += fmt.Sprintf("publish more iggysink send %s %s --server %s\n", samples[0].stream, samples[0].topic, around.broker)
	}
	_, err := fmt.Fprintln(stderr, text)
	return err
}

func publishSamples(ctx context.Context, server *schema.Iggy, samples []sample) error {
	client, err := connectClient(ctx, server)
	if err != nil {
		return err
	}
	defer func() { _ = client.close() }() // nothing is buffered in it
	for _, s := range samples {
		if err := client.ensure(ctx, s.topicName, devPartitions); err != nil {
			return fmt.Errorf("creating %s/%s: %w", s.stream, s.topic, err)
		}
		p, err := newPublisher(ctx, client, s.topicName)
		if err != nil {
			return err
		}
		if err := p.publish(ctx, nil, s.payloads); err != nil {
			return err
		}
	}
	return nil
}

// deliverTo runs d against the endpoint on listener. The endpoint outlives the drain, which still sends requests; if it
// breaks, as when nobody reads stdout any more, the delivery ends.
func deliverTo(ctx context.Context, d *delivery, listener net.Listener, print func(arrival) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	endpointCtx, stopEndpoint := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEndpoint()
	served := make(chan error, 1)
	go func() {
		defer stop()
		served <- serveEndpoint(endpointCtx, listener, func() (int, time.Duration) { return http.StatusOK, 0 }, print)
	}()
	err := d.run(ctx)
	stopEndpoint()
	if serveErr := <-served; serveErr != nil {
		return serveErr
	}
	return err
}
