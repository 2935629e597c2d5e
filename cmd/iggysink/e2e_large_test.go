package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
)

// largeMessage is close to the largest that Iggy takes.
const largeMessage = 60 << 20

// A large message that cannot be delivered costs a bounded part of memory, whether the limit refuses it, or the endpoint,
// and whether it is text or not: three times its size, and what the process needs for the rest.
func TestARejectedLargeMessageCostsBoundedMemory(t *testing.T) {
	for name, c := range map[string]struct{ attributes, payload string }{
		"over the limit":           {"", strings.Repeat("x", largeMessage)},
		"over the limit, escapes":  {"", strings.Repeat("\"", largeMessage)},
		"over the limit, no text":  {"", strings.Repeat("\xff", largeMessage)},
		"by the endpoint, raw":     {"max_payload_size_bytes = 0\n  batch_mode = \"raw\"", strings.Repeat("\xff", largeMessage)},
		"by the endpoint, escapes": {"max_payload_size_bytes = 0\n  batch_mode = \"nd_json\"", strings.Repeat("\"", largeMessage/2)},
		"by the endpoint, as text": {"max_payload_size_bytes = 0", strings.Repeat("x", largeMessage)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, iggytest.Address(t), iggytest.Unique(t, "large"), 1, "orders")
			s.publish("orders", 0, c.payload)
			e := newIngest(t, status(http.StatusBadRequest))
			const text = "\n  dead_letter \"file\" {\n    path = \"dead.ndjson\"\n  }"
			config := strings.Replace(fmt.Sprintf(plainSink, "orders", e.url(), c.attributes+text), `topics = ["orders"]`,
				"topics = [\"orders\"]\n    schema = \"text\"", 1)
			if strings.Contains(c.payload, "\xff") {
				config = strings.Replace(config, `schema = "text"`, `schema = "raw"`, 1)
			}
			p := s.spawn("run", s.config("sink", config))
			poll(t, "the dead letter", func() bool {
				info, err := os.Stat(filepath.Join(s.dir, "dead.ndjson"))
				return err == nil && info.Size() > largeMessage
			})
			poll(t, "the message to be settled", func() bool {
				stored, known, err := s.client.stored(t.Context(), topicName{s.stream, "orders"}, "iggysink-orders", 0)
				require.NoError(t, err)
				return known && stored == 0
			})
			require.Less(t, p.peakMemory(), 3*largeMessage+64<<20)
			require.Equal(t, exitOK, p.stop())
			require.Len(t, s.letters(), 1)
		})
	}
}
