package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver"
	"iggysink/internal/iggyserver/iggytest"
	"iggysink/schema"
)

// twoTopics is a sink that reads two topics.
const twoTopics = `
sink "orders" {
  url = %q
  stream STREAM {
    topics         = ["orders", "returns"]
    consumer_group = "orders"
  }
}
`

// A sink goes on where offset set says, over either transport; --dry-run moves nothing.
func TestOffsetSetMovesASink(t *testing.T) {
	var minutes atomic.Int64
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	server := iggytest.With(t, iggyserver.Options{Now: func() time.Time { return begin.Add(time.Duration(minutes.Load()) * time.Minute) }})
	for _, in := range []inlet{{schema.IggyTransportTCP, server.Addr()}, {schema.IggyTransportHTTP, server.HTTPAddr()}} {
		t.Run(string(in.transport), func(t *testing.T) {
			minutes.Store(0)
			s := newSceneOver(t, in, iggytest.Unique(t, "set"), 2, "orders", "returns")
			for i := range 6 { // offset i at 12:0i
				s.publish("orders", 0, fmt.Sprint(i))
				minutes.Add(1)
			}
			s.publish("orders", 1, "10", "11")
			s.publish("returns", 0, "20")
			e := newIngest(t, nil)
			path := s.config("sink", fmt.Sprintf(twoTopics, e.url()))
			command(t, exitOK, "run", "--once", path)
			total := 9
			require.Len(t, e.requests(), total)
			for _, tt := range []struct {
				flags string
				says  string
				again int // messages that the next run delivers
			}{
				{"--partition 0 --topic orders --to 4", "orders/0: resumes at 4, was 6: up to 2 messages again\n", 2},
				{"--topic orders --by -1", "orders/1: resumes at 1, was 2: up to 1 message again\n", 2},
				{"--topic orders --by -100", "orders/0: resumes at 0, was 6: up to 6 messages again\n", 8},
				{"--to 2026-03-01T12:03:00Z --topic orders --partition 0", "orders/0: resumes at 3, was 6: up to 3 messages again\n", 3},
				{"--to 2026-03-01T12:02:30Z --topic orders --partition 0", "orders/0: resumes at 3, was 6: up to 3 messages again\n", 3},
				{"--to 2036-03-01T12:00:00+01:00", "orders/0: resumes at 6, as before\n", 0},
				{"--to 2016-03-01T12:00:00Z --topic returns", "returns/0: resumes at 0, was 1: up to 1 message again\n", 1},
				{"--to earliest", "returns/0: resumes at 0, was 1: up to 1 message again\n", 9},
				{"--to latest", "returns/1: resumes at 0, as before\n", 0},
			} {
				args := append([]string{"offset", "set", path, "--sink", "orders"}, strings.Fields(tt.flags)...)
				assert.Contains(t, command(t, exitOK, append(args, "--dry-run")...), "would resume at")
				assert.Contains(t, command(t, exitOK, args...), tt.says, tt.flags)
				command(t, exitOK, "run", "--once", path)
				total += tt.again
				require.Len(t, e.requests(), total, tt.flags)
			}
			s.publish("orders", 0, "6", "7", "8")
			set := []string{"offset", "set", path, "--sink", "orders", "--topic", "orders", "--partition", "0"}
			assert.Contains(t, command(t, exitOK, append(set, "--by", "1")...), "resumes at 7, was 6: up to 1 message skipped")
			assert.Contains(t, command(t, exitUsage, append(set, "--by", "3")...),
				"orders/0: there are not so many messages: from 7 on there are 2")
			assert.Contains(t, command(t, exitUsage, append(set, "--to", "10")...), "offset 10 is behind the end, which is 9")
			command(t, exitOK, "run", "--once", path)
			require.Len(t, e.requests(), total+2)
		})
	}
}

// A consumer group that is in use is left alone.
func TestOffsetSetRefusesAGroupThatIsInUse(t *testing.T) {
	s := newScene(t, iggytest.Address(t), "setinuse", 1, "orders")
	s.publish("orders", 0, "1")
	e := newIngest(t, nil)
	path := s.config("sink", fmt.Sprintf(plainSink, "orders", e.url(), ""))
	s.start("run", path)
	e.awaitTaken(1)
	assert.Contains(t, command(t, exitUsage, "offset", "set", path, "--sink", "orders", "--to", "earliest"), "stop what runs with it first")
}

func TestOffsetSetSaysWhatIsWrong(t *testing.T) {
	s := newScene(t, iggytest.Address(t), "setwrong", 2, "orders", "returns")
	path := s.config("sink", fmt.Sprintf(twoTopics, "http://127.0.0.1:1/"))
	for flags, want := range map[string]string{
		"":                           "at least one of the flags",
		"--to 1 --by 1":              "none of the others can be",
		"--by 0":                     "--by 0 moves nothing",
		"--to 5":                     "an offset is of one partition: add --partition",
		"--to 0 --partition 0":       "the sink reads several topics, add --topic",
		"--to yesterday":             `--to "yesterday" is not an offset, earliest, latest or a time such as 2026-03-01T12:00:00Z`,
		"--to -1":                    `--to "-1" is not an offset`,
		"--to 1900-01-01T00:00:00Z":  "is not an offset",
		"--to latest --topic nosuch": "the sink reads no such topic or partition",
		"--to latest --partition 7":  "the sink reads no such topic or partition",
		"--to latest --sink other":   "--sink takes one sink at a time",
		"--to 18446744073709551616":  "is not an offset",
		"--to earliest --by 99999999999999999999": "invalid argument",
	} {
		args := append([]string{"offset", "set", path, "--sink", "orders"}, strings.Fields(flags)...)
		assert.Contains(t, command(t, exitUsage, args...), want, flags)
	}
}
