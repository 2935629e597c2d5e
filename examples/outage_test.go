package examples_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// topic is a source of one partition whose messages are there from the start.
type topic struct {
	partition schema.Partition
	messages  []schema.Message
	woken     chan struct{}

	mu     sync.Mutex
	stored []uint64 // the offsets that were asked to be stored
}

func newTopic(messages []schema.Message) *topic {
	return &topic{partition: schema.Partition{Stream: "shop", Topic: "created"}, messages: messages, woken: make(chan struct{}, 1)}
}

// Run implements relay.Source.
func (s *topic) Run(ctx context.Context, h relay.Handler) error {
	end := uint64(len(s.messages))
	h.Assigned([]relay.Assignment{{Partition: s.partition, End: end}})
	for {
		next, room := h.Demand(s.partition)
		b := relay.Poll{Partition: s.partition, Asked: next, Current: end - 1}
		for ; next < end && b.Bytes < room; next++ {
			b.Messages = append(b.Messages, s.messages[next])
			b.Bytes += s.messages[next].Size()
		}
		if len(b.Messages) > 0 {
			h.Polled(b)
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.woken:
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Commit implements relay.Source.
func (s *topic) Commit(_ schema.Partition, offset uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored = append(s.stored, offset)
}

// Wake implements relay.Source.
func (s *topic) Wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// Status implements relay.Source.
func (s *topic) Status() relay.SourceStatus { return relay.SourceStatus{Joined: true} }

// letters keeps dead letters.
type letters struct {
	mu  sync.Mutex
	all []relay.DeadLetter
}

// Write implements relay.DeadLetters.
func (l *letters) Write(_ context.Context, more []relay.DeadLetter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, more...)
	return nil
}

// Close implements relay.DeadLetters.
func (l *letters) Close() error { return nil }

// Every recipe outlives an outage of its service, whatever that answers meanwhile: each message arrives, none is set aside
// but the one that is no JSON, and the offset ends behind the last.
func TestEveryRecipeOutlivesItsService(t *testing.T) {
	recipes, err := filepath.Glob("recipes/*.hcl")
	require.NoError(t, err)
	for _, file := range recipes {
		recipe := strings.TrimSuffix(filepath.Base(file), ".hcl")
		t.Run(recipe, func(t *testing.T) {
			judge, script := serviceOf(t, recipe), map[int]answer{}
			for i, status := range []int{503, 500, 502, 401, 403, 503, 503, 503, 503, 503, 503, 503, 500, 500, 403, 401, 401, 401, 504, 503} {
				script[i] = answer{status: status, body: "not now"}
			}
			messages := orders(order(1, "a", "1"), order(2, "b", "2"), "no JSON", order(4, "d", "4"), order(5, "e", "5"), order(6, "f", "6"))
			inScene(t, recipe, environment(), judge, script, func(s *scene) {
				source, dead := newTopic(messages), &letters{}
				r := relay.New(s.config, s.sink, dead, relay.Options{Once: true, OnceTimeout: time.Hour})
				result, err := r.Run(s.t.Context(), []relay.Feed{{Stream: &s.stream, Topic: "created", Source: source}})
				require.NoError(s.t, err)
				assert.True(s.t, result.Settled, "%d requests", len(s.exchanges))
				assert.Equal(s.t, uint64(5), source.stored[len(source.stored)-1])
				require.Len(s.t, dead.all, 1)
				assert.Equal(s.t, "no JSON", string(dead.all[0].Message.Payload))
				assert.Zero(s.t, dead.all[0].Attempts, "what is no JSON is not sent")
				assert.Equal(s.t, uint64(5), s.sink.Accepted())
				assert.Less(s.t, len(s.exchanges), len(script)+20, "no storm")
				for _, e := range s.exchanges[len(script):] {
					assert.NotEqual(s.t, http.StatusBadRequest, e.Status)
				}
			})
		})
	}
}

// environment is that of all recipes.
func environment() map[string]string {
	all := map[string]string{}
	for _, some := range []map[string]string{
		slackEnvironment, discordEnvironment, bulkEnvironment, splunkEnvironment, datadogEnvironment, lokiEnvironment, webhooksEnvironment,
		githubEnvironment, oauth2Environment,
	} {
		for name, value := range some {
			all[name] = value
		}
	}
	return all
}
