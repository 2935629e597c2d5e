package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver"
	"iggysink/internal/iggyserver/iggytest"
	"iggysink/schema"
)

// command runs a command line and returns what it printed. It must end with code.
func command(t *testing.T, code int, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	require.Equal(t, code, run(t.Context(), args, strings.NewReader(""), &stdout, &stderr), "%v\n%s%s", args, &stdout, &stderr)
	return stdout.String() + stderr.String()
}

// A sink that changes its transport goes on where it was, if its offsets are copied.
func TestOffsetsAreCopiedBetweenTransports(t *testing.T) {
	server := iggytest.With(t, iggyserver.Options{})
	tcp := inlet{schema.IggyTransportTCP, server.Addr()}
	http := inlet{schema.IggyTransportHTTP, server.HTTPAddr()}
	for _, c := range []struct{ from, to inlet }{{tcp, http}, {http, tcp}} {
		t.Run(fmt.Sprint(c.from.transport, " to ", c.to.transport), func(t *testing.T) {
			s := newSceneOver(t, c.from, iggytest.Unique(t, "copy"), 3, "orders")
			s.publish("orders", 0, "1", "2", "3")
			s.publish("orders", 1, "4")
			e := newIngest(t, nil)
			body := fmt.Sprintf(plainSink, "orders", e.url(), "")
			command(t, exitOK, "run", "--once", s.config("before", body))
			e.awaitTaken(4)
			s.publish("orders", 0, "5")
			s.publish("orders", 2, "6")

			s.inlet, s.address = c.to, c.to.address
			after := s.config("after", body)
			copying := []string{"offset", "copy", after, "--sink", "orders", "--from-transport", string(c.from.transport),
				"--other-address", c.from.address}
			require.Contains(t, command(t, exitOK, append(copying, "--dry-run")...), "would copy 2")
			said := command(t, exitOK, copying...)
			require.Contains(t, said, "orders/0: copied 2")
			require.Contains(t, said, "orders/1: copied 0")
			require.Contains(t, said, "orders/2: nothing stored")
			command(t, exitOK, "run", "--once", after)
			require.Len(t, taken(e.awaitTaken(6)), 6)
			for at, n := range taken(e.requests()) {
				require.Equal(t, 1, n, "%v came again", at)
			}
			require.Contains(t, command(t, exitOK, copying...), "orders/0: kept at 3")
			s.requireShown(after)
		})
	}
}

// requireShown asks what offset show says once everything is delivered.
func (s *scene) requireShown(config string) {
	s.t.Helper()
	var rows []map[string]any
	shown := command(s.t, exitOK, "offset", "show", config, "--format", "json")
	require.NoError(s.t, json.NewDecoder(strings.NewReader(shown)).Decode(&rows)) // warnings stand behind it
	require.Len(s.t, rows, 3)
	require.Equal(s.t, map[string]any{
		"sink": "orders", "stream": s.stream, "topic": "orders", "partition": 0.0, "stored": 3.0, "end": 4.0, "lag": 0.0,
	}, rows[0])
	text := command(s.t, exitOK, "offset", "show", config, "--sink", "orders")
	require.Contains(s.t, text, "partition  stored  end  lag")
}

func TestOffsetCopyRefusesAGroupThatIsInUse(t *testing.T) {
	server := iggytest.With(t, iggyserver.Options{})
	s := newSceneOver(t, inlet{schema.IggyTransportHTTP, server.HTTPAddr()}, "inuse", 1, "orders")
	s.publish("orders", 0, "1")
	e := newIngest(t, nil)
	body := fmt.Sprintf(plainSink, "orders", e.url(), "")
	command(t, exitOK, "run", "--once", s.config("http", body))
	s.inlet, s.address = inlet{schema.IggyTransportTCP, server.Addr()}, server.Addr()
	tcp := s.config("tcp", body)
	s.start("run", tcp)
	e.awaitTaken(1)
	poll(t, "the member to join", func() bool {
		var stdout, stderr bytes.Buffer
		args := []string{"offset", "copy", tcp, "--sink", "orders", "--from-transport", "http", "--other-address", server.HTTPAddr()}
		code := run(t.Context(), args, nil, &stdout, &stderr)
		return code == exitUsage && strings.Contains(stderr.String(), "stop what runs with it first") ||
			code == exitOK && strings.Contains(stdout.String(), "kept at 0")
	})
}

func TestAShareIsOfHTTPOnly(t *testing.T) {
	server := iggytest.With(t, iggyserver.Options{})
	s := newSceneOver(t, inlet{schema.IggyTransportTCP, server.Addr()}, "shares", 1, "orders")
	path := s.config("tcp", fmt.Sprintf(plainSink, "orders", "http://127.0.0.1:1/", ""))
	require.Contains(t, command(t, exitUsage, "run", "--share", "1/2", path), `--share needs transport = "http"`)
	require.Contains(t, command(t, exitUsage, "run", "--share", "3/2", path), "a share is k/n")
	t.Setenv(shareVariable, "1/2")
	require.Contains(t, command(t, exitUsage, "run", path), shareVariable+" needs transport")
}

// Two processes with the two shares of a topic deliver everything once, and in order.
func TestSharesOfTwoProcesses(t *testing.T) {
	t.Parallel()
	in := inlet{schema.IggyTransportHTTP, iggytest.AddressHTTP(t)}
	s := newSceneOver(t, in, iggytest.Unique(t, "shares"), 4, "orders")
	s.publishEach("orders", 4, 100)
	e := newIngest(t, nil)
	path := s.config("sink", fmt.Sprintf(plainSink, "orders", e.url(), ""))
	one, two := s.spawn("run", "--share", "1/2", path), s.spawn("run", "--share", "2/2", path)
	require.Zero(t, requireEach(t, taken(e.awaitTaken(400)), "orders", 4, 100))
	requireOrder(t, e.requests())
	require.Equal(t, []int{exitOK, exitOK}, []int{one.stop(), two.stop()})
}
