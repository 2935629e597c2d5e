package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"iggysink/examples/receiver/envelope"
)

const (
	// maxBody is the largest body that the receiver takes: iggysink's own default of max_payload_size_bytes.
	maxBody = 10 << 20
	// remembered is how many messages it recognises. iggysink repeats at most what was in flight, or not yet stored, when
	// something went wrong.
	remembered = 100_000
)

// receiver hands each new message to handle, one at a time.
type receiver struct {
	handle func(envelope.Envelope) error

	mu   sync.Mutex // held while a request is handled, so that a repetition cannot overtake it
	seen *memory
}

func newReceiver(handle func(envelope.Envelope) error) *receiver {
	return &receiver{handle: handle, seen: newMemory(remembered)}
}

// ServeHTTP answers as the package says. A health check is answered 405, which passes.
func (s *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && r.Method != http.MethodPut && r.Method != http.MethodPatch {
		w.Header().Set("Allow", "POST, PUT, PATCH")
		http.Error(w, "this endpoint takes envelopes", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "reading the body failed", status)
		return
	}
	batch, err := decodeBatch(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fresh, err := s.take(batch)
	if err != nil {
		http.Error(w, "handling failed", http.StatusServiceUnavailable)
		return
	}
	if _, err := fmt.Fprintf(w, "%d new, %d repeated\n", fresh, len(batch)-fresh); err != nil {
		return // the sender is gone, and will send this again
	}
}

// take handles what is new of a batch, and remembers a message only when it is handled.
func (s *receiver) take(batch []envelope.Envelope) (fresh int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range batch {
		key := e.Key()
		if s.seen.has(key) {
			continue
		}
		if err := s.handle(e); err != nil {
			return fresh, fmt.Errorf("handling %v: %w", key, err)
		}
		s.seen.add(key)
		fresh++
	}
	return fresh, nil
}

// decodeBatch reads the envelopes of a body: one, one a line (nd_json), or an array of them (json_array). With one that
// is not what the schema says there are none: the error names its number, and where it is at fault.
func decodeBatch(body []byte) ([]envelope.Envelope, error) {
	var parts []json.RawMessage
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '[' {
		if err := json.Unmarshal(trimmed, &parts); err != nil {
			return nil, errors.New("the body is not a JSON array")
		}
	} else {
		for values := json.NewDecoder(bytes.NewReader(body)); ; {
			var part json.RawMessage
			if err := values.Decode(&part); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("envelope %d is not JSON", len(parts)+1)
			}
			parts = append(parts, part)
		}
	}
	batch := make([]envelope.Envelope, 0, len(parts))
	for i, part := range parts {
		e, violations := envelope.DecodeEnvelope(part)
		if len(violations) > 0 {
			var text strings.Builder
			for _, v := range violations {
				fmt.Fprintf(&text, "envelope %d: %s\n", i+1, v)
			}
			return nil, errors.New(strings.TrimSuffix(text.String(), "\n"))
		}
		batch = append(batch, e)
	}
	return batch, nil
}

// memory recognises the messages that were added last. It forgets the oldest, so that it has a bound: what is forgotten
// could be handled twice, but nothing new is ever taken for old. A service that keeps its results in a database does this
// with a unique index over the key, in the transaction that stores the result; then it outlives a restart.
type memory struct {
	known map[envelope.Key]struct{}
	ring  []envelope.Key
	next  int
}

func newMemory(size int) *memory {
	return &memory{known: make(map[envelope.Key]struct{}), ring: make([]envelope.Key, 0, size)}
}

func (m *memory) has(k envelope.Key) bool {
	_, there := m.known[k]
	return there
}

func (m *memory) add(k envelope.Key) {
	if len(m.ring) < cap(m.ring) {
		m.ring = append(m.ring, k)
	} else {
		delete(m.known, m.ring[m.next])
		m.ring[m.next] = k
		m.next = (m.next + 1) % len(m.ring)
	}
	m.known[k] = struct{}{}
}
