package sinkhttp

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"iggysink/schema"
)

// requestBodies prepares b and returns the bodies that would be sent.
func requestBodies(s *Sink, b Batch) (bodies []string, refused []Outcome) {
	p, refused := s.Prepare(b)
	if p != nil {
		for _, r := range p.requests {
			bodies = append(bodies, string(s.bytes(p, r)))
		}
	}
	return bodies, refused
}

func TestBodyAndContentTypeOfEachMode(t *testing.T) {
	for _, tt := range []struct {
		mode     schema.BatchMode
		metadata bool
		typ      string
		want     []string
	}{
		{schema.BatchModeRaw, true, "application/octet-stream", []string{`{"b":1, "a":2}`, `[]`}},
		{schema.BatchModeIndividual, false, "application/json", []string{`{"b":1, "a":2}`, `[]`}},
		{schema.BatchModeNDJSON, false, "application/x-ndjson", []string{"{\"b\":1, \"a\":2}\n[]\n"}},
		{schema.BatchModeJSONArray, false, "application/json", []string{`[{"b":1, "a":2},[]]`}},
	} {
		var mu sync.Mutex
		var types []string
		s := start(t, func(c *schema.Sink) { c.BatchMode, c.IncludeMetadata = tt.mode, tt.metadata },
			http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				types = append(types, r.Header.Get("Content-Type"))
			}))
		got, refused := requestBodies(s, batch(0, `{"b":1, "a":2}`, `[]`))
		assert.Empty(t, refused)
		assert.Equal(t, tt.want, got, tt.mode)
		assert.Equal(t, "AA", kinds(send(t.Context(), s, batch(0, `{}`, `[]`))))
		for _, typ := range types {
			assert.Equal(t, tt.typ, typ)
		}
		assert.Len(t, types, len(tt.want))
	}
}

func TestInvalidPayloadsAreRejectedAloneBeforeAnythingIsSent(t *testing.T) {
	s := startAt(t, "http://127.0.0.1:1/", batches)
	bodies, refused := requestBodies(s, batch(0, `{`, `1`, ``, "\"\xff\"", `2`))
	assert.Equal(t, []string{"1\n2\n"}, bodies)
	require.Equal(t, "RRR", kinds(refused))
	assert.Equal(t, []int{0, 2, 3}, []int{refused[0].Index, refused[1].Index, refused[2].Index})
	assert.Zero(t, refused[0].Attempts)
	p, refused := s.Prepare(batch(0, `{`))
	assert.Nil(t, p)
	assert.Equal(t, "R", kinds(refused))
	assert.Equal(t, uint64(4), s.Stats().Rejected)
}

func TestBodyOfExactlyTheLimitPasses(t *testing.T) {
	for _, tt := range []struct {
		mode    schema.BatchMode
		limit   int
		bodies  []string
		refused string
	}{
		{schema.BatchModeRaw, 3, []string{"111", "22"}, "R"},
		{schema.BatchModeRaw, 0, []string{"111", "4444", "22"}, ""},
		{schema.BatchModeNDJSON, 4, []string{"111\n", "22\n"}, "R"},
		{schema.BatchModeNDJSON, 7, []string{"111\n", "4444\n", "22\n"}, ""},
		{schema.BatchModeNDJSON, 9, []string{"111\n4444\n", "22\n"}, ""},
		{schema.BatchModeJSONArray, 5, []string{"[111]", "[22]"}, "R"},
		{schema.BatchModeJSONArray, 6, []string{"[111]", "[4444]", "[22]"}, ""},
		{schema.BatchModeJSONArray, 10, []string{"[111,4444]", "[22]"}, ""},
		{schema.BatchModeJSONArray, 13, []string{"[111,4444,22]"}, ""},
	} {
		s := startAt(t, "http://127.0.0.1:1/", func(c *schema.Sink) {
			c.BatchMode, c.IncludeMetadata, c.MaxPayloadSizeBytes = tt.mode, false, tt.limit
		})
		bodies, refused := requestBodies(s, batch(0, "111", "4444", "22"))
		assert.Equal(t, tt.bodies, bodies, "%+v", tt)
		assert.Equal(t, tt.refused, kinds(refused), "%+v", tt)
	}
}

func TestURLIsFilledForEachPartition(t *testing.T) {
	inScene(t, func(c *schema.Sink) {
		c.URL, _ = schema.ParseTemplate("http://endpoint/${stream}/${topic}?p=${partition}")
	}, nil, func(s *scene) {
		b := batch(7, "a")
		b.Partition.Topic = "a/b c"
		send(s.t.Context(), s.sink, b)
		assert.Equal(t, "/shop/a%2Fb%20c?p=7", s.endpoint.requests()[0].path)
	})
}

func TestGETAndHEADSendTheBody(t *testing.T) {
	for _, method := range []schema.Method{schema.MethodGet, schema.MethodHead, schema.MethodDelete, schema.MethodPut, schema.MethodPatch} {
		inScene(t, func(c *schema.Sink) { c.Method = method }, nil, func(s *scene) {
			assert.Equal(t, "AA", kinds(send(s.t.Context(), s.sink, batch(0, "a", ""))))
			assert.Equal(t, []string{"a", ""}, s.endpoint.bodies())
			assert.Equal(t, string(method), s.endpoint.requests()[0].method)
		})
	}
}

// elements returns the payloads of a body in either mode of several messages.
func elements(t require.TestingT, mode schema.BatchMode, body string) (out []string) {
	if mode == schema.BatchModeNDJSON {
		return strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	}
	var list []json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(body), &list), body)
	for _, e := range list {
		out = append(out, string(e))
	}
	return out
}

// TestSplitFindsExactlyTheBadMessages: whatever the set of bad messages and the size that the endpoint takes, exactly
// they are rejected, and every other one is accepted once and in order.
func TestSplitFindsExactlyTheBadMessages(t *testing.T) {
	var mu sync.Mutex
	var accepted []string
	bad, size, mode := map[string]bool{}, 0, schema.BatchModeNDJSON
	handler := &endpoint{reply: func(w http.ResponseWriter, r request) {
		mu.Lock()
		defer mu.Unlock()
		messages := elements(t, mode, r.body)
		if size > 0 && len(r.body) > size && len(messages) > 1 {
			w.WriteHeader(413)
			return
		}
		for _, m := range messages {
			if bad[m] {
				w.WriteHeader(422)
				return
			}
		}
		accepted = append(accepted, messages...)
	}}
	sinks := map[schema.BatchMode]*Sink{}
	for _, m := range []schema.BatchMode{schema.BatchModeNDJSON, schema.BatchModeJSONArray} {
		sinks[m] = start(t, func(c *schema.Sink) {
			batches(c)
			c.BatchMode, c.MaxConsecutiveRejects = m, 0
		}, handler)
	}
	rapid.Check(t, func(rt *rapid.T) {
		messages := numbers(rapid.IntRange(1, 30).Draw(rt, "messages"))
		faults := rapid.SliceOfN(rapid.Bool(), len(messages), len(messages)).Draw(rt, "bad")
		mu.Lock()
		mode = rapid.SampledFrom([]schema.BatchMode{schema.BatchModeNDJSON, schema.BatchModeJSONArray}).Draw(rt, "mode")
		size, accepted, bad = rapid.IntRange(0, 40).Draw(rt, "size"), nil, map[string]bool{}
		var want, good []string
		for i, m := range messages {
			if bad[m] = faults[i]; faults[i] {
				want = append(want, "R")
			} else {
				want, good = append(want, "A"), append(good, m)
			}
		}
		sink := sinks[mode]
		mu.Unlock()
		sink.size.bound.Store(0)
		out := send(t.Context(), sink, batch(0, messages...))
		require.Equal(rt, strings.Join(want, ""), kinds(out))
		for i, o := range out {
			require.Equal(rt, i, o.Index)
		}
		mu.Lock()
		defer mu.Unlock()
		require.Equal(rt, good, accepted)
	})
}

func TestAfter413SmallerBodiesAreTried(t *testing.T) {
	inScene(t, batches, func(w http.ResponseWriter, r request) {
		if len(r.body) > 5 {
			w.WriteHeader(413)
		}
	}, func(s *scene) {
		assert.Equal(t, "AAAA", kinds(send(s.t.Context(), s.sink, batch(0, "1", "2", "3", "4"))))
		assert.Equal(t, "AAAA", kinds(send(s.t.Context(), s.sink, batch(0, "5", "6", "7", "8"))))
		assert.Equal(t, []string{"1\n2\n3\n4\n", "1\n2\n", "3\n4\n", "5\n6\n", "7\n8\n"}, s.endpoint.bodies())
	})
}

func TestWithBlockWhatIsBehindARejectedMessageIsUnsent(t *testing.T) {
	inScene(t, func(c *schema.Sink) { batches(c); c.OnRejected = schema.OnRejectedBlock }, func(w http.ResponseWriter, r request) {
		if strings.Contains(r.body, "2") {
			w.WriteHeader(400)
		}
	}, func(s *scene) {
		assert.Equal(t, "AARUU", kinds(send(s.t.Context(), s.sink, batch(0, numbers(5)...))))
	})
}
