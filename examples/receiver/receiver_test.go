package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/examples/receiver/envelope"
)

// message returns an envelope with a number of its own.
func message(offset uint64, payload string) string {
	return fmt.Sprintf(`{"metadata":{"iggy_id":"%032x","iggy_offset":%d,"iggy_timestamp":1,"iggy_stream":"shop","iggy_topic":"created",`+
		`"iggy_partition_id":0,"a_later_release":{}},"payload":%s}`, offset, offset, payload)
}

// handled is a handler that keeps what it got, and fails when it is told to.
type handled struct {
	mu       sync.Mutex
	payloads []string
	failures map[string]bool // payloads that fail once
}

func (h *handled) take(e envelope.Envelope) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	payload := string(e.Payload)
	if h.failures[payload] {
		delete(h.failures, payload)
		return errors.New("the database is away")
	}
	h.payloads = append(h.payloads, payload)
	return nil
}

func TestReceiverAnswersWhatIggysinkActsOn(t *testing.T) {
	const largest = uint64(18446744073709551615)
	h := &handled{failures: map[string]bool{`"late"`: true}}
	s := newReceiver(h.take)
	for _, tt := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"one envelope", message(1, `{"n":1}`), 200, "1 new, 0 repeated"},
		{"again", message(1, `{"n":1}`), 200, "0 new, 1 repeated"},
		{"nd_json", message(1, `{"n":1}`) + "\n" + message(2, `"two"`) + "\n", 200, "1 new, 1 repeated"},
		{"json_array", "[" + message(2, `"two"`) + "," + message(3, `null`) + "]", 200, "1 new, 1 repeated"},
		{"a failure after the first", message(4, `4`) + message(5, `"late"`), 503, "handling failed"},
		{"and again", message(4, `4`) + message(5, `"late"`), 200, "1 new, 1 repeated"},
		{"offsets that a double cannot tell apart", message(largest, `"a"`) + message(largest-1, `"b"`), 200, "2 new, 0 repeated"},
		{"an envelope at fault spoils its batch", message(6, `6`) + strings.Replace(message(7, `7`), `"iggy_offset":7`, `"iggy_offset":-1`, 1),
			400, `envelope 2: "/metadata/iggy_offset": minimum 0`},
		{"all faults", `{"metadata":{"iggy_id":"x","iggy_offset":"secret"}}`, 400, `envelope 1: "": required "payload"
envelope 1: "/metadata": required "iggy_partition_id"
envelope 1: "/metadata": required "iggy_stream"
envelope 1: "/metadata": required "iggy_timestamp"
envelope 1: "/metadata": required "iggy_topic"
envelope 1: "/metadata/iggy_id": pattern ^[0-9a-f]{32}$
envelope 1: "/metadata/iggy_offset": type integer`},
		{"no JSON", message(8, `8`) + "<html>", 400, "envelope 2 is not JSON"},
		{"no array", "[" + message(8, `8`), 400, "the body is not a JSON array"},
		{"too large", `"` + strings.Repeat("x", maxBody) + `"`, 413, "reading the body failed"},
		{"nothing", "", 200, "0 new, 0 repeated"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body)))
			assert.Equal(t, tt.status, w.Code)
			assert.Equal(t, tt.want, strings.TrimSpace(w.Body.String()))
		})
	}
	assert.Equal(t, []string{`{"n":1}`, `"two"`, `null`, `4`, `"late"`, `"a"`, `"b"`}, h.payloads)

	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodHead, "/", http.NoBody))
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
}

func TestMemoryForgetsTheOldest(t *testing.T) {
	m := newMemory(2)
	for offset := range uint64(5) {
		m.add(envelope.Key{Offset: offset})
		assert.LessOrEqual(t, len(m.known), 2)
	}
	assert.False(t, m.has(envelope.Key{Offset: 2}))
	assert.True(t, m.has(envelope.Key{Offset: 3}))
	assert.True(t, m.has(envelope.Key{Offset: 4}))
}

// The real program delivers real messages to the receiver, in every batch mode, and everything a second time: each
// message is handled once.
func TestIggysinkDeliversToTheReceiver(t *testing.T) {
	program := filepath.Join(t.TempDir(), "iggysink.exe")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "iggysink/cmd/iggysink").CombinedOutput()
	require.NoError(t, err, "%s", out)
	broker := startBroker(t, program)
	iggysink := func(stdin string, args ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), program, args...)
		command.Stdin = strings.NewReader(stdin)
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	const messages = 50
	var lines strings.Builder
	for n := range messages {
		fmt.Fprintf(&lines, `{"n":%d}`+"\n", n)
	}
	iggysink(lines.String(), "send", "shop", "created", "--server", broker, "--create", "--partitions", "3", "--header", "source=test")

	for _, mode := range []string{"individual", "nd_json", "json_array"} {
		t.Run(mode, func(t *testing.T) {
			h := &handled{failures: map[string]bool{`{"n":7}`: true, `{"n":30}`: true}}
			endpoint := httptest.NewServer(newReceiver(h.take))
			defer endpoint.Close()
			for _, group := range []string{"first", "second"} { // a group of its own reads everything again
				config := filepath.Join(t.TempDir(), "receiver.hcl")
				require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
iggy {
  address  = %q
  username = "iggy"
  password = "iggy"
}
sink "receiver" {
  url              = %q
  batch_mode       = %q
  retry_delay      = "1ms"
  include_checksum = true
  stream "shop" {
    topics         = ["created"]
    consumer_group = "%s-%s"
    batch_length   = 8
  }
}
`, broker, endpoint.URL, mode, mode, group), 0o600))
				iggysink("", "run", "--once", config)
			}
			want := strings.Split(strings.TrimSpace(lines.String()), "\n")
			assert.ElementsMatch(t, want, h.payloads)
			assert.Empty(t, h.failures)
		})
	}
}

// startBroker runs an Iggy server until the test ends, and returns its address.
func startBroker(t *testing.T, program string) string {
	t.Helper()
	broker := exec.CommandContext(t.Context(), program, "broker", "--address", "127.0.0.1:0")
	stdout, err := broker.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, broker.Start())
	t.Cleanup(func() {
		_ = broker.Process.Kill() // it may have ended with the test's context
		_ = broker.Wait()         // it was killed
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	match := regexp.MustCompile(`^ready (\S+)\n$`).FindStringSubmatch(line)
	require.NotNil(t, match, line)
	return match[1]
}
