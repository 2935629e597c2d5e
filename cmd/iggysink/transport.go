package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"iggysink/internal/iggy"
	"iggysink/internal/iggyhttp"
	"iggysink/internal/relay"
	"iggysink/schema"
)

// shareVariable names the environment variable that sets the share of a process where one configuration serves several.
const shareVariable = "IGGYSINK_SHARE"

// transport opens the sources of a process over the transport that its configuration names.
type transport struct {
	server  *schema.Iggy
	account *iggyhttp.Account // nil over TCP; one login for all sinks
	share   schema.Share
}

// givenShare is a share that comes before that of the configuration, and where it was given. Empty: none was.
type givenShare struct{ text, where string }

// shareOf is the share of the flag or of the environment.
func shareOf(flag string) givenShare {
	if flag != "" {
		return givenShare{flag, "--share"}
	}
	return givenShare{os.Getenv(shareVariable), shareVariable}
}

// newTransport connects nothing yet. given comes before the share in server, which may be nil.
func newTransport(server *schema.Iggy, given givenShare) (*transport, error) {
	if server == nil {
		standard := schema.DefaultIggy()
		server = &standard
	}
	text, where := server.Share, "share in the iggy block"
	if given.text != "" {
		text, where = given.text, given.where
	}
	share, err := schema.ParseShare(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	s := &transport{server: server, share: share}
	switch {
	case server.Transport == schema.IggyTransportHTTP:
		s.account = iggyhttp.NewAccount(server)
	case text != "":
		return nil, errors.New(where + ` needs transport = "http" in the iggy block: over TCP the members of a consumer group ` +
			"share the partitions by themselves")
	}
	return s, nil
}

// sourceOptions is what differs from one command to the other.
type sourceOptions struct {
	once   bool
	logger *slog.Logger
}

// open returns the source of one topic of a sink.
func (s *transport) open(sink *schema.Sink, stream *schema.Stream, topic string, opts sourceOptions) (relay.Source, error) {
	group := sink.Group(stream)
	if s.account != nil {
		return asSource(iggyhttp.NewSource(iggyhttp.SourceOptions{
			Account: s.account, Stream: stream, Topic: topic, Group: group, Share: s.share, Once: opts.once, Logger: opts.logger,
		}))
	}
	return asSource(iggy.NewSource(iggy.SourceOptions{
		Server: s.server, Stream: stream, Topic: topic, Group: group, Once: opts.once, Logger: opts.logger,
	}))
}

// asSource keeps a nil pointer from becoming an interface that is not nil.
func asSource[S relay.Source](source S, err error) (relay.Source, error) {
	if err != nil {
		return nil, err
	}
	return source, nil
}

// warnOfClearLogin says on stderr that a login crosses the network in clear text. What a configuration says is a finding of
// it: this is for servers that flags name.
func warnOfClearLogin(stderr io.Writer, server *schema.Iggy, advice string) error {
	if !server.LoginInClear() {
		return nil
	}
	_, err := fmt.Fprintf(stderr, "warning: the login crosses the network to %s in clear text: %s\n", server.Address, advice)
	return err
}
