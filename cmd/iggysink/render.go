package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// renderFlags are those of render.
type renderFlags struct {
	load     loadFlags
	sink     string
	curl     bool
	reveal   bool
	payloads bool
}

func newRenderCommand() *cobra.Command {
	var f renderFlags
	cmd := &cobra.Command{
		Use:   "render PATH... --sink NAME [MESSAGES]",
		Short: "Print the exact requests that a sink would make of messages, and send nothing",
		Long: `render prints the requests of a sink: method, url, headers and body, cut and compressed as the sink would send them. It makes
no connection, not even for a token. For a message that the sink would filter or reject it prints the reason.

MESSAGES is a file with one message per line; without it render reads stdin. A line is one of

  a payload, as 'iggysink send' accepts it
  an object with "payload" (a string is the payload's text) or "payload_base64", and optionally headers, stream, topic, partition,
  offset, id, timestamp and origin_timestamp (microseconds), and checksum
  a dead letter, as a dead_letter "file" block writes it

render prints (sensitive) for every secret of the configuration, and for signatures made with one: values of headers and query
parameters, parts of a path that look like a token, and everything from env(), file() or a sensitive variable. It shows what
comes from messages. --reveal shows secrets; it requires a terminal and refuses to work in CI. render uses a placeholder for an
env() that is not set.

Exit code 1: a message is rejected.`,
		Example: `  echo '{"id": 1}' | iggysink render iggysink.hcl --sink orders
  iggysink render iggysink.hcl --sink orders dead/orders.ndjson --curl`,
		Args: cobra.MinimumNArgs(1),
		RunE: f.run,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.sink, "sink", "", "the sink of this `name`")
	flags.BoolVar(&f.curl, "curl", false, "print command lines for curl and a POSIX shell")
	flags.BoolVar(&f.payloads, "payloads", false, `take each line for a payload, also an object with "payload"`)
	flags.BoolVar(&f.reveal, "reveal", false, "show secrets; on a terminal only")
	if err := cmd.MarkFlagRequired("sink"); err != nil {
		panic(err) // a flag that was not made above
	}
	f.load.register(cmd)
	return cmd
}

// mayReveal says why secrets must not be shown.
func mayReveal(stdout io.Writer) error {
	file, isFile := stdout.(*os.File)
	if ci := os.Getenv("CI"); ci != "" && ci != "false" && ci != "0" {
		return errors.New("--reveal shows secrets, and logs of CI are read by many: it does not work where CI is set")
	}
	if !isFile || !isTerminal(file) {
		return errors.New("--reveal shows secrets on a terminal only, and stdout is none")
	}
	return nil
}

func (f *renderFlags) run(cmd *cobra.Command, args []string) error {
	if f.reveal {
		if err := mayReveal(cmd.OutOrStdout()); err != nil {
			return err
		}
	}
	paths, messages := splitMessages(args)
	secrets := &masker{}
	cfg, err := f.load.loadForDev(cmd.ErrOrStderr(), paths, secrets)
	if err != nil {
		return err
	}
	sinks, err := selectSinks(cfg, []string{f.sink})
	if err != nil {
		return err
	}
	sink := sinks[0]
	engine, err := renderEngine(sink)
	if err != nil {
		return err
	}
	reader := &messageReader{sink: sink, payloads: f.payloads, now: time.Now()}
	all, err := readMessages(reader, cmd.InOrStdin(), messages)
	if err != nil {
		return err
	}
	if reader.assumed {
		if _, err := fmt.Fprintf(cmd.ErrOrStderr(), "messages that name no topic are taken as of the first that the sink reads\n"); err != nil {
			return err
		}
	}
	if sink.Ordering == schema.OrderingKey && engine.RequestLength(2) > 1 {
		_, err := io.WriteString(cmd.ErrOrStderr(), `with ordering = "key" a request holds messages of some keys, which a run decides; `+
			"here it holds those of all\n")
		if err != nil {
			return err
		}
	}
	p := &requestPrinter{out: cmd.OutOrStdout(), sink: sink, curl: f.curl}
	if !f.reveal {
		p.veil = newVeil(secrets, cfg, sink)
	}
	rejected := false
	for _, e := range renderAll(engine, all) {
		rejected = rejected || e.isFault()
		if err := p.print(&e); err != nil {
			return err
		}
	}
	if rejected {
		return &exitError{code: exitFailed}
	}
	return nil
}

// renderEngine is the engine of a sink that sends nothing: the files of its tls block need not be there, and a signature whose
// key is not set gets one.
func renderEngine(sink *schema.Sink) (*sinkhttp.Sink, error) {
	cfg := *sink
	cfg.TLS, cfg.Signature = nil, withUsableKeys(sink.Signature)
	return sinkhttp.New(&cfg, sinkhttp.Options{})
}

// splitMessages takes the file of messages off the arguments: the last one, if it is no configuration.
func splitMessages(args []string) (paths []string, messages string) {
	last := args[len(args)-1]
	isConfig := strings.HasSuffix(last, ".hcl") || strings.HasSuffix(last, ".hcl.json")
	if info, err := os.Stat(last); err == nil && info.IsDir() {
		isConfig = true
	}
	if len(args) == 1 || isConfig {
		return args, "-"
	}
	return args[:len(args)-1], last
}

// readMessages reads a file, or stdin.
func readMessages(r *messageReader, stdin io.Reader, name string) ([]rendered, error) {
	if name == "-" {
		all, err := r.read(stdin)
		if err != nil {
			return nil, fmt.Errorf("stdin: %w", err)
		}
		return all, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	all, err := r.read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all, nil
}

// event is what becomes of messages: a request, or one outcome.
type event struct {
	request *sinkhttp.Request
	outcome sinkhttp.Outcome // without a request
	lines   []int
	at      schema.Partition
}

// isFault reports whether messages would not be delivered.
func (e *event) isFault() bool {
	if e.request != nil {
		return e.request.Fault != ""
	}
	return e.outcome.Kind == sinkhttp.Rejected
}

// renderAll renders messages partition by partition, in batches as a run cuts them, and returns what becomes of them in the
// order of their lines.
func renderAll(engine *sinkhttp.Sink, all []rendered) []event {
	parts := map[schema.Partition][]rendered{}
	var order []schema.Partition
	for _, r := range all {
		if parts[r.at] == nil {
			order = append(order, r.at)
		}
		parts[r.at] = append(parts[r.at], r)
	}
	var events []event
	for _, at := range order {
		rest := parts[at]
		for len(rest) > 0 {
			n := batchOf(rest, max(engine.RequestLength(rest[0].stream.BatchLength), 1))
			events = append(events, renderBatch(engine, rest[:n])...)
			rest = rest[n:]
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.lines[0] - b.lines[0] })
	return events
}

// batchOf is how many messages a batch takes, as relay's queue cuts it.
func batchOf(all []rendered, length int) int {
	size := 0
	for i := range all {
		if i == length {
			return i
		}
		if size += all[i].m.Size(); length > 1 && size > schema.MaxRequestMemory && i > 0 {
			return i
		}
	}
	return len(all)
}

func renderBatch(engine *sinkhttp.Sink, all []rendered) (events []event) {
	b := sinkhttp.Batch{Partition: all[0].at, Schema: all[0].stream.Schema, Contract: all[0].stream.PayloadSchema}
	for i := range all {
		b.Messages = append(b.Messages, all[i].m)
	}
	requests, outcomes := engine.Render(b)
	for i := range requests {
		e := event{request: &requests[i], at: b.Partition}
		for _, index := range requests[i].Messages {
			e.lines = append(e.lines, all[index].line)
		}
		events = append(events, e)
	}
	for _, o := range outcomes {
		events = append(events, event{outcome: o, lines: []int{all[o.Index].line}, at: b.Partition})
	}
	return events
}
