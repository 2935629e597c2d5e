package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"iggysink/internal/iggy"
	"iggysink/schema"
)

// sendFlags are the flags of send.
type sendFlags struct {
	server     string
	username   string
	password   string
	token      string
	headers    []string
	create     bool
	partitions int
}

func newSendCommand() *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   "send STREAM TOPIC [FILE]",
		Short: "Publish one message per line of a file or of stdin to Iggy",
		Long: `send publishes each line of FILE, or of stdin, as one message, without its line break; empty lines are skipped. The
server spreads the messages over the topic's partitions in turn.

Credentials come from the flags or from the environment: IGGY_TOKEN, or IGGY_USERNAME and IGGY_PASSWORD. Without any, user
iggy with password iggy is taken, as 'iggysink dev' and 'iggysink broker' have it. Other users of the machine can see
flags: prefer the environment.`,
		Example: `  echo '{"id": 1}' | iggysink send shop created --create --partitions 4
  iggysink send shop created orders.ndjson --server iggy.internal:8090 --header source=import`,
		Args: cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.send(cmd.Context(), cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "127.0.0.1:8090", "host and port of the Iggy server")
	flags.StringVar(&f.username, "username", "", "user to log in as (default $IGGY_USERNAME, then iggy)")
	flags.StringVar(&f.password, "password", "", "password of the user (default $IGGY_PASSWORD, then iggy)")
	flags.StringVar(&f.token, "token", "", "personal access token instead of user and password (default $IGGY_TOKEN)")
	flags.StringArrayVar(&f.headers, "header", nil, "header of every message, as `key=value`; repeatable")
	flags.BoolVar(&f.create, "create", false, "create the stream and the topic if they are missing")
	flags.IntVar(&f.partitions, "partitions", 1, "partitions of a topic that --create creates")
	cmd.MarkFlagsMutuallyExclusive("token", "username")
	cmd.MarkFlagsMutuallyExclusive("token", "password")
	return cmd
}

// credentials are the flags', then the environment's, then those of the in-process server.
func (f *sendFlags) credentials(getenv func(string) string) *schema.Iggy {
	cfg := schema.DefaultIggy()
	cfg.Address = f.server
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
