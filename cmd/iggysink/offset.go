package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"iggysink/schema"
)

// The ports of a server that is not configured otherwise.
const (
	usualTCPPort  = "8090"
	usualHTTPPort = "3000"
)

func newOffsetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "offset",
		Short: "Show the stored offsets of sinks, move them, or copy them between transports",
		RunE:  needSubcommand,
		Args:  cobra.ArbitraryArgs,
	}
	cmd.AddCommand(newOffsetShowCommand(), newOffsetSetCommand(), newOffsetCopyCommand())
	return cmd
}

// offsetRow is what is stored for one partition of a sink.
type offsetRow struct {
	Sink      string  `json:"sink"`
	Stream    string  `json:"stream"`
	Topic     string  `json:"topic"`
	Partition uint32  `json:"partition"`
	Stored    *uint64 `json:"stored"` // last offset that is settled; null: none is stored
	End       uint64  `json:"end"`    // one more than the last offset of the partition
	Lag       uint64  `json:"lag"`    // offsets behind the stored one

	group string
}

// offsetFlags are those of the commands about offsets.
type offsetFlags struct {
	load   loadFlags
	sinks  []string
	format string
	from   string
	other  string
	dry    bool
}

func newOffsetShowCommand() *cobra.Command {
	var f offsetFlags
	cmd := &cobra.Command{
		Use:   "show PATH...",
		Short: "Show how far each partition of a sink is settled",
		Long: `show reads the offsets that Iggy stores for the sinks of a configuration, over the transport that the configuration names.
It changes nothing and may run during a delivery.`,
		Example: `  iggysink offset show iggysink.hcl --sink orders --format json`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    f.show,
	}
	cmd.Flags().StringArrayVar(&f.sinks, "sink", nil, "only the sink of this `name`; repeatable")
	cmd.Flags().StringVar(&f.format, "format", "text", "text or json")
	f.load.register(cmd)
	return cmd
}

func newOffsetCopyCommand() *cobra.Command {
	var f offsetFlags
	cmd := &cobra.Command{
		Use:   "copy PATH... --sink NAME --from-transport tcp|http",
		Short: "Copy a sink's stored offsets from one transport to the other",
		Long: `copy reads the offsets of a sink over one transport and stores them over the other. Over TCP they belong to a consumer
group, over HTTP to a consumer of the same name, and neither sees those of the other: without a copy a sink that changes its
transport delivers everything again.

First stop every process that runs with this configuration. copy keeps an offset that the other side already stores, unless
it is lower.`,
		Example: `  iggysink offset copy iggysink.hcl --sink orders --from-transport tcp`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    f.copy,
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.sinks, "sink", nil, "the sink of this `name`; repeatable")
	flags.StringVar(&f.from, "from-transport", "", "tcp or http: the transport to read the offsets over")
	flags.StringVar(&f.other, "other-address", "", "`host:port` of the listener that the configuration does not name "+
		"(default: the same host, port "+usualTCPPort+" for tcp, "+usualHTTPPort+" for http)")
	flags.BoolVar(&f.dry, "dry-run", false, "print what would be stored, and store nothing")
	for _, name := range []string{"sink", "from-transport"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that was not made above
		}
	}
	f.load.register(cmd)
	return cmd
}

func (f *offsetFlags) show(cmd *cobra.Command, paths []string) error {
	if f.format != "text" && f.format != "json" {
		return errors.New("--format takes text or json")
	}
	server, sinks, err := f.configuration(cmd.ErrOrStderr(), paths)
	if err != nil {
		return err
	}
	client, err := connectClient(cmd.Context(), server)
	if err != nil {
		return err
	}
	rows, err := offsetRows(cmd.Context(), client, sinks)
	if closeErr := client.close(); err != nil || closeErr != nil {
		return errors.Join(err, closeErr)
	}
	if f.format == "json" {
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetIndent("", "  ")
		return encoder.Encode(rows)
	}
	return writeOffsets(cmd.OutOrStdout(), rows)
}

// configuration loads paths and picks the sinks.
func (f *offsetFlags) configuration(stderr io.Writer, paths []string) (*schema.Iggy, []*schema.Sink, error) {
	cfg, err := f.load.load(stderr, paths)
	if err != nil {
		return nil, nil, err
	}
	sinks, err := selectSinks(cfg, f.sinks)
	if err != nil {
		return nil, nil, err
	}
	if cfg.Iggy == nil {
		return nil, nil, errors.New("the configuration has no iggy block")
	}
	return cfg.Iggy, sinks, nil
}

// offsetRows reads what is stored, in the order of the configuration.
func offsetRows(ctx context.Context, client topicClient, sinks []*schema.Sink) ([]offsetRow, error) {
	rows := []offsetRow{}
	for _, sink := range sinks {
		for i := range sink.Streams {
			stream := &sink.Streams[i]
			for _, topic := range stream.Topics {
				row := offsetRow{Sink: sink.Name, Stream: stream.Name, Topic: topic, group: sink.Group(stream)}
				some, err := offsetsOf(ctx, client, row)
				if err != nil {
					return nil, fmt.Errorf("sink %s: topic %q of stream %q: %w", titleOf(sink.Name), topic, stream.Name, err)
				}
				rows = append(rows, some...)
			}
		}
	}
	return rows, nil
}

// offsetsOf reads what is stored for one topic. row says which, for which group.
func offsetsOf(ctx context.Context, client topicClient, row offsetRow) (rows []offsetRow, err error) {
	topic := topicName{row.Stream, row.Topic}
	ends, err := client.ends(ctx, topic)
	if err != nil {
		return nil, err
	}
	for _, p := range ends {
		one := row
		one.Partition, one.End = p.id, p.end
		value, found, err := client.stored(ctx, topic, row.group, p.id)
		if err != nil {
			return nil, err
		}
		one.Lag = p.end
		if found {
			one.Stored, one.Lag = &value, p.end-min(p.end, value+1)
		}
		rows = append(rows, one)
	}
	return rows, nil
}

func writeOffsets(w io.Writer, rows []offsetRow) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, err := fmt.Fprintln(table, "sink\tstream\ttopic\tpartition\tstored\tend\tlag")
	for _, r := range rows {
		_, rowErr := fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%d\t%d\n",
			r.Sink, r.Stream, r.Topic, r.Partition, storedText(r.Stored), r.End, r.Lag)
		err = errors.Join(err, rowErr)
	}
	return errors.Join(err, table.Flush())
}

func storedText(stored *uint64) string {
	if stored == nil {
		return "-"
	}
	return fmt.Sprint(*stored)
}

func (f *offsetFlags) copy(cmd *cobra.Command, paths []string) (err error) {
	from, err := schema.ParseIggyTransport(f.from)
	if err != nil {
		return fmt.Errorf("--from-transport: %w", err)
	}
	server, sinks, err := f.configuration(cmd.ErrOrStderr(), paths)
	if err != nil {
		return err
	}
	other := *server // the listener that the configuration does not name
	if err := f.turn(&other); err != nil {
		return err
	}
	if !server.LoginInClear() {
		err := warnOfClearLogin(cmd.ErrOrStderr(), &other, "add a tls block to iggy in the configuration")
		if err != nil {
			return err
		}
	}
	source, target := server, &other
	if server.Transport != from {
		source, target = target, source
	}
	reader, err := connectClient(cmd.Context(), source)
	if err != nil {
		return fmt.Errorf("over %s: %w", source.Transport, err)
	}
	defer func() { err = errors.Join(err, reader.close()) }()
	writer, err := connectClient(cmd.Context(), target)
	if err != nil {
		return fmt.Errorf("over %s: %w", target.Transport, err)
	}
	defer func() { err = errors.Join(err, writer.close()) }()
	rows, err := offsetRows(cmd.Context(), reader, sinks)
	if err != nil {
		return err
	}
	return f.copyRows(cmd.Context(), cmd.OutOrStdout(), writer, rows)
}

// turn makes a server's settings those of the other transport.
func (f *offsetFlags) turn(server *schema.Iggy) error {
	port := usualHTTPPort
	if server.Transport == schema.IggyTransportHTTP {
		port, server.Transport = usualTCPPort, schema.IggyTransportTCP
	} else {
		server.Transport = schema.IggyTransportHTTP
	}
	if f.other != "" {
		server.Address = f.other
		return nil
	}
	host, _, err := net.SplitHostPort(server.Address)
	if err != nil {
		return fmt.Errorf("iggy address: %w", err)
	}
	server.Address = net.JoinHostPort(host, port)
	return nil
}

// copyRows stores rows, topic by topic, where nothing is stored that is as far, and says what became of each.
func (f *offsetFlags) copyRows(ctx context.Context, stdout io.Writer, writer topicClient, rows []offsetRow) error {
	type place struct {
		topicName
		group string
	}
	wanted := map[place]map[uint32]uint64{}
	var order []place
	what := make([]string, len(rows))
	for i, r := range rows {
		at := place{topicName{r.Stream, r.Topic}, r.group}
		if r.Stored == nil {
			what[i] = "nothing stored"
			continue
		}
		there, found, err := writer.stored(ctx, at.topicName, r.group, r.Partition)
		switch {
		case err != nil:
			return err
		case found && there >= *r.Stored:
			what[i] = fmt.Sprintf("kept at %d", there)
			continue
		case f.dry:
			what[i] = fmt.Sprintf("would copy %d", *r.Stored)
		default:
			what[i] = fmt.Sprintf("copied %d", *r.Stored)
		}
		if wanted[at] == nil {
			wanted[at] = map[uint32]uint64{}
			order = append(order, at)
		}
		wanted[at][r.Partition] = *r.Stored + 1
	}
	for _, at := range order {
		if f.dry {
			break
		}
		if err := writer.setNext(ctx, at.topicName, at.group, wanted[at]); err != nil {
			return fmt.Errorf("storing offsets of %s/%s: %w", at.stream, at.topic, err)
		}
	}
	for i, r := range rows {
		_, err := fmt.Fprintf(stdout, "sink %s: %s/%s/%d: %s\n", titleOf(r.Sink), r.Stream, r.Topic, r.Partition, what[i])
		if err != nil {
			return err
		}
	}
	return nil
}
