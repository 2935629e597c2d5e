package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
)

// The integration tests of the Rust sink, under their names and with their settings: messages go through a server, the
// SDK, the source, the relay and the engine to an endpoint. They run against a real server where there is one.

const referenceTopic, referenceTopic2 = "test_topic", "test_topic_2"

// reference starts a sink with the settings of the Rust sink's tests. Messages that are to be there before the start
// come from before.
func reference(t *testing.T, in inlet, mode, payload, topics string, before func(*scene), extra ...string) (*scene, *ingest) {
	t.Helper()
	s := newSceneOver(t, in, iggytest.Unique(t, "test_stream"), 1, referenceTopic, referenceTopic2)
	e := newIngest(t, func(w http.ResponseWriter, r *received) int {
		if r.Method != http.MethodPost || !strings.HasPrefix(r.Path, "/ingest") {
			return http.StatusNotFound
		}
		_, _ = w.Write([]byte(`{"status":"ok"}`))
		return http.StatusOK
	})
	if before != nil {
		before(s)
	}
	s.start("run", s.config("sink", fmt.Sprintf(`
sink "http" {
  url         = %q
  batch_mode  = %q
  timeout     = "10s"
  max_retries = 1
  retry_delay = "100ms"
  %s

  stream STREAM {
    topics         = [%s]
    schema         = %q
    batch_length   = 50
    poll_interval  = "100ms"
    consumer_group = "http_sink_cg"
  }
}
`, e.url(), mode, strings.Join(extra, "\n"), topics, payload)))
	return s, e
}

// referenceEnvelope is what the Rust sink's tests look at.
type referenceEnvelope struct {
	Metadata struct {
		Stream string  `json:"iggy_stream"`
		Topic  string  `json:"iggy_topic"`
		Offset *uint64 `json:"iggy_offset"`
	} `json:"metadata"`
	Payload json.RawMessage `json:"payload"`
}

func decodeReference(t *testing.T, text string) referenceEnvelope {
	t.Helper()
	var e referenceEnvelope
	require.NoError(t, json.Unmarshal([]byte(text), &e), text)
	require.NotNil(t, e.Metadata.Offset, text)
	require.NotEmpty(t, e.Payload, text)
	return e
}

// exactly waits for n answered requests, all POST /ingest of one content type, and stops the sink: one more would have
// arrived by then.
func exactly(s *scene, e *ingest, n int, contentType string) []received {
	t := s.t
	t.Helper()
	e.await(fmt.Sprintf("%d requests", n), func(all []received) bool {
		return len(all) >= n && all[n-1].Status != 0
	})
	require.Equal(t, exitOK, s.running.stop())
	all := e.requests()
	require.Len(t, all, n)
	for _, r := range all {
		require.Equal(t, "POST /ingest", r.Method+" "+r.Path)
		require.Equal(t, contentType, r.Header.Get("Content-Type"))
	}
	return all
}

const oneTopic = `"` + referenceTopic + `"`

func TestReference_individual_json_messages_delivered_as_separate_posts(t *testing.T) {
	over(t, testReferenceIndividualJSONMessagesDeliveredAsSeparatePosts)
}

func testReferenceIndividualJSONMessagesDeliveredAsSeparatePosts(t *testing.T, in inlet) {
	s, e := reference(t, in, "individual", "json", oneTopic, nil)
	sent := []string{`{"name":"Alice","age":30}`, `{"name":"Bob","score":99}`, `{"name":"Carol","active":true}`}
	s.publish(referenceTopic, 0, sent...)
	for i, r := range exactly(s, e, 3, "application/json") {
		got := decodeReference(t, r.Body)
		require.Equal(t, s.stream, got.Metadata.Stream)
		require.Equal(t, referenceTopic, got.Metadata.Topic)
		require.Equal(t, uint64(i), *got.Metadata.Offset)
		require.Equal(t, sent[i], string(got.Payload))
	}
}

func TestReference_ndjson_messages_delivered_as_single_request(t *testing.T) {
	over(t, testReferenceNdjsonMessagesDeliveredAsSingleRequest)
}

func testReferenceNdjsonMessagesDeliveredAsSingleRequest(t *testing.T, in inlet) {
	sent := []string{`{"event":"login","user":1}`, `{"event":"click","user":2}`, `{"event":"logout","user":3}`}
	s, e := reference(t, in, "ndjson", "json", oneTopic, func(s *scene) { s.publish(referenceTopic, 0, sent...) })
	body := exactly(s, e, 1, "application/x-ndjson")[0].Body
	require.True(t, strings.HasSuffix(body, "\n"))
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	require.Len(t, lines, 3)
	for i, line := range lines {
		require.Equal(t, sent[i], string(decodeReference(t, line).Payload))
	}
}

func TestReference_json_array_messages_delivered_as_single_request(t *testing.T) {
	over(t, testReferenceJSONArrayMessagesDeliveredAsSingleRequest)
}

func testReferenceJSONArrayMessagesDeliveredAsSingleRequest(t *testing.T, in inlet) {
	sent := []string{`{"id":1,"type":"order"}`, `{"id":2,"type":"payment"}`, `{"id":3,"type":"refund"}`}
	s, e := reference(t, in, "json_array", "json", oneTopic, func(s *scene) { s.publish(referenceTopic, 0, sent...) })
	var elements []json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(exactly(s, e, 1, "application/json")[0].Body), &elements))
	require.Len(t, elements, 3)
	for i, element := range elements {
		require.Equal(t, sent[i], string(decodeReference(t, string(element)).Payload))
	}
}

func TestReference_raw_binary_messages_delivered_without_envelope(t *testing.T) {
	over(t, testReferenceRawBinaryMessagesDeliveredWithoutEnvelope)
}

func testReferenceRawBinaryMessagesDeliveredWithoutEnvelope(t *testing.T, in inlet) {
	s, e := reference(t, in, "raw", "raw", oneTopic, nil)
	sent := []string{"plain text message", "another raw payload", "third raw message"}
	s.publish(referenceTopic, 0, sent...)
	for i, r := range exactly(s, e, 3, "application/octet-stream") {
		require.Equal(t, sent[i], r.Body)
	}
}

func TestReference_metadata_disabled_sends_bare_payload(t *testing.T) {
	over(t, testReferenceMetadataDisabledSendsBarePayload)
}

func testReferenceMetadataDisabledSendsBarePayload(t *testing.T, in inlet) {
	s, e := reference(t, in, "individual", "json", oneTopic, nil, "include_metadata = false")
	sent := []string{`{"key":"value1"}`, `{"key":"value2"}`, `{"key":"value3"}`}
	s.publish(referenceTopic, 0, sent...)
	for i, r := range exactly(s, e, 3, "application/json") {
		require.Equal(t, sent[i], r.Body)
	}
}

func TestReference_individual_messages_have_sequential_offsets(t *testing.T) {
	over(t, testReferenceIndividualMessagesHaveSequentialOffsets)
}

func testReferenceIndividualMessagesHaveSequentialOffsets(t *testing.T, in inlet) {
	s, e := reference(t, in, "individual", "json", oneTopic, nil)
	s.publish(referenceTopic, 0, `{"idx":0}`, `{"idx":1}`, `{"idx":2}`, `{"idx":3}`, `{"idx":4}`)
	for i, r := range exactly(s, e, 5, "application/json") {
		got := decodeReference(t, r.Body)
		require.Equal(t, uint64(i), *got.Metadata.Offset)
		require.JSONEq(t, fmt.Sprintf(`{"idx":%d}`, i), string(got.Payload))
	}
}

func TestReference_multi_topic_messages_delivered_with_correct_topic_metadata(t *testing.T) {
	over(t, testReferenceMultiTopicMessagesDeliveredWithCorrectTopicMetadata)
}

func testReferenceMultiTopicMessagesDeliveredWithCorrectTopicMetadata(t *testing.T, in inlet) {
	s, e := reference(t, in, "individual", "json", oneTopic+`, "`+referenceTopic2+`"`, nil)
	s.publish(referenceTopic, 0, `{"from":"one"}`, `{"from":"one"}`)
	s.publish(referenceTopic2, 0, `{"from":"two"}`)
	counts := map[string]int{}
	for _, r := range exactly(s, e, 3, "application/json") {
		got := decodeReference(t, r.Body)
		require.Equal(t, s.stream, got.Metadata.Stream)
		counts[got.Metadata.Topic+" "+string(got.Payload)]++
	}
	require.Equal(t, map[string]int{
		referenceTopic + ` {"from":"one"}`: 2, referenceTopic2 + ` {"from":"two"}`: 1,
	}, counts)
}
