package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
)

const payloadSink = `
admin {
  address = "127.0.0.1:0"
}

sink "orders" {
  url                     = %q
  max_consecutive_rejects = 20
  batch_mode              = %q

  stream STREAM {
    topics       = ["orders"]
    batch_length = 10
    %s
  }

  circuit_breaker {
    cooldown     = "50ms"
    max_cooldown = "100ms"
  }

  dead_letter "file" {
    path = "dead.ndjson"
  }
}
`

// The payload that violates its contract is a dead letter that says where and why; those around it arrive.
func TestPayloadThatViolatesItsSchemaIsADeadLetter(t *testing.T) {
	over(t, testPayloadThatViolatesItsSchemaIsADeadLetter)
}

func testPayloadThatViolatesItsSchemaIsADeadLetter(t *testing.T, in inlet) {
	for _, mode := range []string{"individual", "nd_json"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newSceneOver(t, in, iggytest.Unique(t, "contract"), 1, "orders")
			require.NoError(t, os.WriteFile(filepath.Join(s.dir, "order.schema.json"), []byte(`{
				"type": "object", "required": ["n"], "additionalProperties": false,
				"properties": {"n": {"type": "integer", "minimum": 1}, "note": {"type": "string", "maxLength": 5}}}`), 0o600))
			var payloads []string
			for n := range 30 { // the first one violates the minimum
				payloads = append(payloads, fmt.Sprintf(`{"n":%d}`, n))
			}
			payloads[7], payloads[13], payloads[29] = `{"n":1,"note":"canary"}`, `{"canary":1}`, `{"n":`
			s.publish("orders", 0, payloads...)
			e := newIngest(t, nil)
			p := s.spawn("run", s.config("sink", fmt.Sprintf(payloadSink, e.url(), mode, `payload_schema = "order.schema.json"`)))
			e.awaitTaken(26)
			poll(t, "the dead letters", func() bool { return len(s.letters()) == 4 })
			require.Equal(t, exitOK, p.stop())
			const violates = "the payload violates its schema at "
			want := map[uint64]string{
				0: violates + "/n: minimum", 7: violates + "/note: maxLength", 13: violates + "its root: additionalProperties",
				29: "invalid payload: JSON ends too early at byte 5",
			}
			for _, l := range s.letters() {
				require.Equal(t, want[l.Offset], l.Reason)
				require.Equal(t, "rejected", l.Kind)
				require.Zero(t, l.Status)
			}
			require.Len(t, taken(e.requests()), 26, "nothing else was held back, and no violation was sent")
		})
	}
}

// A stream whose schema attribute is wrong is paused before it has emptied a topic into the dead letters. Once it is
// right, everything that is left arrives.
func TestWrongSchemaDoesNotEmptyATopic(t *testing.T) { over(t, testWrongSchemaDoesNotEmptyATopic) }

func testWrongSchemaDoesNotEmptyATopic(t *testing.T, in inlet) {
	t.Parallel()
	s := newSceneOver(t, in, iggytest.Unique(t, "wrong"), 2, "orders")
	for partition := range uint32(2) {
		s.publish("orders", partition, strings.Split(strings.Repeat("plain text\n", 300), "\n")[:300]...)
	}
	e := newIngest(t, nil)
	p := s.spawn("run", s.config("sink", fmt.Sprintf(payloadSink, e.url(), "individual", "")))
	p.awaitPause()
	_, why := p.ready()
	require.Contains(t, why, "too many rejected messages in a row")
	p.said(`(?s)the sink stays paused.*the sink stays paused.*the sink stays paused`)
	dead := len(s.letters())
	require.Less(t, dead, 20)
	require.Empty(t, e.requests())
	p.stop()

	p = s.spawn("run", s.config("sink", fmt.Sprintf(payloadSink, e.url(), "individual", `schema = "text"`)))
	e.awaitTaken(600 - dead)
	require.Equal(t, exitOK, p.stop())
	require.Len(t, s.letters(), dead)
}
