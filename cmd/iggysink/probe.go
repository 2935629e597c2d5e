package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"iggysink/internal/iggy"
	"iggysink/internal/terminal"
	"iggysink/schema"
	"iggysink/sinkhttp"
)

// The bounds of a probe.
const (
	probeStep  = 30 * time.Second // a question to Iggy; those to an endpoint have its own timeout
	probesOnce = 16               // sinks at a time
)

// probeRow is how one check ended.
type probeRow struct {
	Subject string              `json:"subject"` // iggy or sink
	Name    string              `json:"name"`    // of the sink; the address of Iggy
	Target  string              `json:"target"`  // scheme and host
	Check   string              `json:"check"`
	State   sinkhttp.CheckState `json:"state"`
	Detail  string              `json:"detail"`
}

// probeFlags are those of probe.
type probeFlags struct {
	load   loadFlags
	sinks  []string
	format string
}

func newProbeCommand() *cobra.Command {
	var f probeFlags
	cmd := &cobra.Command{
		Use:   "probe PATH...",
		Short: "Look whether Iggy and every endpoint can be reached, and send no message",
		Long: `probe goes where 'iggysink run' would go with this configuration, step by step, and prints how each step ended:

  iggy   protocol     which generation of Iggy answers
         login        with the credentials of the iggy block
         topic        each topic that a sink reads is there
  sink   address      the addresses of the endpoint, or of its proxy, and what network.deny says of them
         connect      a connection can be made
         tls          the certificates, when they end, and whether they are trusted; a warning 30 days before the end
         credentials  a token is fetched, a file read, AWS credentials found; none is shown
         health       the health check passes

A step that cannot be made because an earlier one failed is skipped. Every step is bounded in time, and sinks are probed side by
side. No message is read or sent, and no offset stored.

Exit code 1: a step failed.`,
		Example: `  iggysink probe iggysink.hcl
  iggysink probe iggysink.hcl --sink orders --format json`,
		Args: cobra.MinimumNArgs(1),
		RunE: f.run,
	}
	cmd.Flags().StringArrayVar(&f.sinks, "sink", nil, "only the sink of this `name`; repeatable")
	cmd.Flags().StringVar(&f.format, "format", "text", "text or json")
	f.load.register(cmd)
	return cmd
}

func (f *probeFlags) run(cmd *cobra.Command, paths []string) error {
	if f.format != "text" && f.format != "json" {
		return errors.New("--format takes text or json")
	}
	cfg, err := f.load.load(cmd.ErrOrStderr(), paths)
	if err != nil {
		return err
	}
	sinks, err := selectSinks(cfg, f.sinks)
	if err != nil {
		return err
	}
	rows := probeAll(cmd.Context(), cfg.Iggy, sinks)
	if err := context.Cause(cmd.Context()); err != nil {
		return err
	}
	if f.format == "json" {
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(rows)
	} else {
		err = writeProbe(cmd.OutOrStdout(), rows)
	}
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.State == sinkhttp.CheckFailed {
			return &exitError{code: exitFailed}
		}
	}
	return nil
}

// probeAll probes Iggy and the sinks side by side, and returns the rows in the order of the configuration.
func probeAll(ctx context.Context, server *schema.Iggy, sinks []*schema.Sink) []probeRow {
	parts := make([][]probeRow, 1+len(sinks))
	places := make(chan struct{}, probesOnce)
	var all sync.WaitGroup
	all.Go(func() { parts[0] = probeIggy(ctx, server, sinks) })
	for i, sink := range sinks {
		all.Go(func() {
			select {
			case places <- struct{}{}:
				parts[1+i] = probeSink(ctx, sink)
				<-places
			case <-ctx.Done():
			}
		})
	}
	all.Wait()
	rows := []probeRow{}
	for _, part := range parts {
		rows = append(rows, part...)
	}
	return rows
}

// probeSink goes to one endpoint.
func probeSink(ctx context.Context, sink *schema.Sink) (rows []probeRow) {
	row := probeRow{Subject: "sink", Name: sink.Name, Target: sink.URL.String()}
	engine, err := sinkhttp.New(sink, sinkhttp.Options{})
	if err != nil {
		row.Check, row.State, row.Detail = "configuration", sinkhttp.CheckFailed, terminal.OneLine(err.Error())
		return []probeRow{row}
	}
	defer engine.Close()
	for _, c := range engine.Inspect(ctx) {
		row.Check, row.State, row.Detail = c.Name, c.State, terminal.OneLine(c.Detail)
		rows = append(rows, row)
	}
	return rows
}

// iggyProbe collects what is found out about the server.
type iggyProbe struct {
	row  probeRow
	rows []probeRow
}

func (p *iggyProbe) add(check string, state sinkhttp.CheckState, detail string) {
	p.row.Check, p.row.State, p.row.Detail = check, state, terminal.OneLine(detail)
	p.rows = append(p.rows, p.row)
}

// probeIggy asks the server which protocol it speaks, logs in, and looks at the topics of the sinks.
func probeIggy(ctx context.Context, server *schema.Iggy, sinks []*schema.Sink) []probeRow {
	if server == nil {
		standard := schema.DefaultIggy()
		server = &standard
	}
	p := &iggyProbe{row: probeRow{Subject: "iggy", Name: server.Address, Target: string(server.Transport)}}
	client := p.enter(ctx, server)
	if client == nil {
		return p.rows
	}
	defer func() { _ = client.close() }() // nothing is left to lose
	seen := map[topicName]bool{}
	for _, sink := range sinks {
		for i := range sink.Streams {
			for _, topic := range sink.Streams[i].Topics {
				name := topicName{sink.Streams[i].Name, topic}
				if !seen[name] {
					p.topic(ctx, client, name)
				}
				seen[name] = true
			}
		}
	}
	return p.rows
}

// enter finds out which protocol the server speaks and logs in. nil: that failed.
func (p *iggyProbe) enter(ctx context.Context, server *schema.Iggy) topicClient {
	ctx, cancel := context.WithTimeout(ctx, probeStep)
	defer cancel()
	if server.Transport == schema.IggyTransportTCP {
		generation, err := iggy.Identify(ctx, server)
		if err != nil {
			p.add("protocol", sinkhttp.CheckFailed, err.Error())
			p.add("login", sinkhttp.CheckSkipped, "")
			return nil
		}
		p.add("protocol", sinkhttp.CheckOK, generation)
	}
	client, err := connectClient(ctx, server)
	if err != nil {
		p.add("login", sinkhttp.CheckFailed, err.Error())
		return nil
	}
	if overHTTP, isHTTP := client.(httpClient); isHTTP {
		version := overHTTP.Version(ctx)
		if version == "" {
			version = "HTTP; the server tells its version to a user with the right read_servers"
		} else {
			version = "HTTP, Iggy " + version
		}
		p.add("protocol", sinkhttp.CheckOK, version)
	}
	as := "with a token"
	if server.Token.IsZero() {
		as = "as " + server.Username
	}
	p.add("login", sinkhttp.CheckOK, as)
	return client
}

// topic looks at one topic.
func (p *iggyProbe) topic(ctx context.Context, client topicClient, name topicName) {
	ctx, cancel := context.WithTimeout(ctx, probeStep)
	defer cancel()
	ends, err := client.ends(ctx, name)
	at := name.stream + "/" + name.topic
	switch {
	case isNoTopic(err):
		p.add("topic", sinkhttp.CheckFailed, at+" is not there; a run waits for it")
	case err != nil:
		p.add("topic", sinkhttp.CheckFailed, at+": "+err.Error())
	default:
		p.add("topic", sinkhttp.CheckOK, at+": "+plural(len(ends), "partition"))
	}
}

// writeProbe prints rows as a table, with a line for each subject above its checks.
func writeProbe(w io.Writer, rows []probeRow) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var failed error
	for i, r := range rows {
		if i == 0 || rows[i-1].Subject != r.Subject || rows[i-1].Name != r.Name {
			name := r.Name
			if r.Subject == "sink" {
				name = titleOf(r.Name)
			}
			_, err := fmt.Fprintf(table, "%s %s, %s\n", r.Subject, terminal.OneLine(name), r.Target)
			failed = errors.Join(failed, err)
		}
		text := fmt.Sprintf("  %s\t%s", r.State, r.Check)
		if r.Detail != "" {
			text += "\t" + r.Detail
		}
		_, err := fmt.Fprintln(table, text)
		failed = errors.Join(failed, err)
	}
	return errors.Join(failed, table.Flush())
}
