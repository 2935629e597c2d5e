package sinkhttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"iggysink/golden"
	"iggysink/schema"
	"iggysink/sinkhttp"
)

// arrived is one request as the endpoint got it.
type arrived struct {
	Path, ContentType, Body string
}

// corpusEndpoint answers what a vector asks for and keeps what arrives.
type corpusEndpoint struct {
	mu       sync.Mutex
	answers  []golden.Answer
	arrived  []arrived
	times    []time.Time
	received []error
}

func (e *corpusEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.received = append(e.received, err)
	e.arrived = append(e.arrived, arrived{r.URL.Path, r.Header.Get("Content-Type"), string(body)})
	e.times = append(e.times, time.Now())
	if len(e.answers) == 0 {
		return
	}
	a := e.answers[0]
	e.answers = e.answers[1:]
	if a.Header != "" {
		w.Header().Set(a.Header, a.Value)
	}
	w.WriteHeader(a.Status)
}

// The bytes that arrive at an endpoint are those of the corpus, request by request.
func TestEndpointGetsTheCorpus(t *testing.T) {
	vectors, err := golden.Vectors()
	require.NoError(t, err)
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			endpoint := &corpusEndpoint{answers: v.Answers}
			server := httptest.NewServer(endpoint)
			defer server.Close()
			outcomes := deliverVector(t, &v, server.URL+"/ingest")

			var want []arrived
			for _, r := range v.Requests {
				want = append(want, arrived{"/ingest", r.ContentType, string(r.Body)})
			}
			if diff := cmp.Diff(want, endpoint.arrived); diff != "" {
				t.Errorf("requests (-corpus +arrived):\n%s", diff)
			}
			for _, err := range endpoint.received {
				require.NoError(t, err)
			}
			compareOutcomes(t, &v, outcomes)
			for i, a := range v.Answers {
				if a.Header == "Retry-After" {
					wait, err := time.ParseDuration(a.Value + "s")
					require.NoError(t, err)
					require.GreaterOrEqual(t, endpoint.times[i+1].Sub(endpoint.times[i]), wait, "a request in the window")
				}
			}
		})
	}
}

// deliverVector sends the messages as the relay does: in batches of what one request may carry.
func deliverVector(t *testing.T, v *golden.Vector, url string) []sinkhttp.Outcome {
	t.Helper()
	cfg := schema.DefaultSink()
	v.Options.Apply(&cfg)
	cfg.Name = "corpus"
	var err error
	cfg.URL, err = schema.ParseTemplate(url)
	require.NoError(t, err)
	cfg.RetryDelay, cfg.MaxRetryDelay = schema.Duration(time.Millisecond), schema.Duration(time.Millisecond)
	sink, err := sinkhttp.New(&cfg, sinkhttp.Options{})
	require.NoError(t, err)
	defer sink.Close()

	if len(v.Messages) == 0 {
		prepared, rejected := sink.Prepare(sinkhttp.Batch{Partition: v.Options.Partition, Schema: v.Options.Schema})
		require.Nil(t, prepared, "a batch without messages has nothing to send")
		require.Empty(t, rejected)
	}
	length := sink.RequestLength(len(v.Messages))
	var outcomes []sinkhttp.Outcome
	for chunk := range slices.Chunk(v.Messages, max(length, 1)) {
		batch := sinkhttp.Batch{Partition: v.Options.Partition, Schema: v.Options.Schema, Messages: chunk}
		prepared, got := sink.Prepare(batch)
		for prepared != nil {
			sent := sink.Send(t.Context(), nil, prepared)
			if prepared = nil; slices.ContainsFunc(sent, isFailed) {
				prepared, sent = again(sink, batch)
			}
			got = append(got, sent...)
		}
		require.Len(t, got, len(chunk), "one outcome for each message")
		first := len(outcomes)
		outcomes = append(outcomes, got...)
		for i := range got {
			outcomes[first+i].Index += first
		}
	}
	return outcomes
}

func isFailed(o sinkhttp.Outcome) bool { return o.Kind == sinkhttp.Failed }

// again prepares a batch of which everything has failed once more, as the relay does after a pause.
func again(sink *sinkhttp.Sink, b sinkhttp.Batch) (*sinkhttp.Prepared, []sinkhttp.Outcome) {
	prepared, _ := sink.Prepare(b)
	return prepared, nil
}

// compareOutcomes wants what the corpus rejects to be rejected without an attempt, and the rest to be accepted.
func compareOutcomes(t *testing.T, v *golden.Vector, outcomes []sinkhttp.Outcome) {
	t.Helper()
	rejected := map[int]bool{}
	for _, r := range v.Rejected {
		rejected[r.Message] = true
	}
	seen := map[int]bool{}
	for _, o := range outcomes {
		require.False(t, seen[o.Index], "message %d has two outcomes", o.Index)
		seen[o.Index] = true
		if rejected[o.Index] {
			require.Equal(t, sinkhttp.Rejected, o.Kind, "message %d", o.Index)
			require.Zero(t, o.Attempts, "message %d", o.Index)
			require.NotEmpty(t, o.Reason, "message %d", o.Index)
			continue
		}
		require.Equal(t, sinkhttp.Accepted, o.Kind, "message %d: %s", o.Index, o.Reason)
		require.Equal(t, http.StatusOK, o.Status, "message %d", o.Index)
	}
	require.Len(t, seen, len(v.Messages))
}
