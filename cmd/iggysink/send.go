package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"iggysink/schema"
)

// sendFlags are the flags of send.
type sendFlags struct {
	server     string
	transport  string
	username   string
	password   string
	token      string
	tls        bool
	caFile     string
	serverName string
	headers    []string
	create     bool
	partitions int
	key        string
}

func newSendCommand() *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   "send STREAM TOPIC [FILE]",
		Short: "Publish one message per line of a file or of stdin to Iggy",
		Long: `send publishes each line of FILE, or of stdin, as one message, without its line break; empty lines are skipped. The
lines go to the topic's partitions in turn.

Credentials come from the flags or from the environment: IGGY_TOKEN, or IGGY_USERNAME and IGGY_PASSWORD. Without any, send
logs in as user iggy with password iggy, which 'iggysink dev' and 'iggysink broker' accept. Other users of the machine can
see flags: prefer the environment. Without --tls credentials cross the network in clear text.`,
		Example: `  echo '{"id": 1}' | iggysink send shop created --create --partitions 4
  iggysink send shop created orders.ndjson --server iggy.internal:8090 --tls --header source=import`,
		Args: cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.send(cmd.Context(), cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "127.0.0.1:8090", "host and port of the Iggy server")
	flags.StringVar(&f.transport, "transport", string(schema.IggyTransportTCP), "tcp or http: what the server's address is of")
	flags.StringVar(&f.username, "username", "", "user to log in as (default $IGGY_USERNAME, then iggy)")
	flags.StringVar(&f.password, "password", "", "password of the user (default $IGGY_PASSWORD, then iggy)")
	flags.StringVar(&f.token, "token", "", "personal access token instead of user and password (default $IGGY_TOKEN)")
	flags.BoolVar(&f.tls, "tls", false, "speak TLS, and verify the server's certificate")
	flags.StringVar(&f.caFile, "ca-file", "", "PEM `file` with authorities that are trusted beside the system's; implies --tls")
	flags.StringVar(&f.serverName, "server-name", "", "host name of the certificate (default: the host of --server); implies --tls")
	flags.StringArrayVar(&f.headers, "header", nil, "header of every message, as `key=value`; repeatable")
	flags.BoolVar(&f.create, "create", false, "create the stream and the topic if they are missing")
	flags.IntVar(&f.partitions, "partitions", 1, "partitions of a topic that --create creates")
	flags.StringVar(&f.key, "key", "", "partition key of the messages, 1 to 255 bytes: the server sends all of one key to one partition")
	cmd.MarkFlagsMutuallyExclusive("token", "username")
	cmd.MarkFlagsMutuallyExclusive("token", "password")
	return cmd
}

// credentials are the flags', then the environment's, then those of the in-process server.
func (f *sendFlags) credentials(getenv func(string) string) *schema.Iggy {
	cfg := schema.DefaultIggy()
	cfg.Address = f.server
	if f.tls || f.caFile != "" || f.serverName != "" {
		cfg.TLS = &schema.IggyTLS{CAFile: f.caFile, ServerName: f.serverName}
	}
	first := func(values ...string) string {
		for _, v := range values {
			if v != "" {
				return v
			}
		}
		return ""
	}
	token := f.token
	if token == "" && f.username == "" && f.password == "" {
		token = getenv("IGGY_TOKEN")
	}
	if token != "" {
		cfg.Token = schema.NewSecret(token)
		return &cfg
	}
	cfg.Username = first(f.username, getenv("IGGY_USERNAME"), "iggy")
	cfg.Password = schema.NewSecret(first(f.password, getenv("IGGY_PASSWORD"), "iggy"))
	return &cfg
}

func (f *sendFlags) send(ctx context.Context, cmd *cobra.Command, args []string) (err error) {
	stream, topic := args[0], args[1]
	if f.partitions < 1 || f.partitions > maxPartitions {
		return fmt.Errorf("--partitions %d is not in 1 to %d", f.partitions, maxPartitions)
	}
	if len(f.key) > maxKeyLength {
		return fmt.Errorf("--key has %d bytes; a partition key has at most %d", len(f.key), maxKeyLength)
	}
	headers, err := parseHeaders(f.headers)
	if err != nil {
		return err
	}
	in := cmd.InOrStdin()
	if len(args) == 3 {
		file, err := openInput(args[2])
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // only read
		in = file
	}
	login := f.credentials(os.Getenv)
	if login.Transport, err = schema.ParseIggyTransport(f.transport); err != nil {
		return fmt.Errorf("--transport: %w", err)
	}
	if err := warnOfClearLogin(cmd.ErrOrStderr(), login, "add --tls"); err != nil {
		return err
	}
	client, err := connectClient(ctx, login)
	if isLoginRefused(err) {
		return fmt.Errorf("%w; see --username, --password and --token", err)
	} else if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.close()) }()
	if f.create {
		if err := client.ensure(ctx, topicName{stream, topic}, f.partitions); err != nil {
			return fmt.Errorf("creating %s/%s: %w", stream, topic, err)
		}
	}
	p, err := newPublisher(ctx, client, topicName{stream, topic})
	if isNoTopic(err) {
		return fmt.Errorf("the server has no topic %s/%s; --create creates it", stream, topic)
	} else if err != nil {
		return err
	}
	p.key = []byte(f.key)
	err = eachBatch(in, func(lines [][]byte) error { return p.publish(ctx, headers, lines) })
	if _, printErr := fmt.Fprintf(cmd.ErrOrStderr(), "sent %s to %s/%s\n", plural(p.sent, "message"), stream, topic); err == nil {
		err = printErr
	}
	return err
}

// maxKeyLength is what an Iggy server takes for a partition key.
const maxKeyLength = 255

// maxPartitions is what an Iggy server takes for one topic.
const maxPartitions = 1000

// parseHeaders reads the key=value pairs of --header. A value may hold more equal signs.
func parseHeaders(pairs []string) ([]schema.Header, error) {
	var headers []schema.Header
	for _, pair := range pairs {
		key, value, found := strings.Cut(pair, "=")
		if !found || key == "" || value == "" {
			return nil, errors.New("--header takes key=value, both not empty")
		}
		headers = append(headers, schema.Header{
			Key: []byte(key), Kind: schema.HeaderString, Value: []byte(value),
		})
	}
	return headers, nil
}
