package sinkhttp

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
	"iggysink/sinkhttp/internal/auth"
)

func TestDeliverHasOneOutcomeAMessageInOrder(t *testing.T) {
	inScene(t, batches, func(w http.ResponseWriter, r request) {
		if strings.Contains(r.body, `"bad"`) {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
	}, func(s *scene) {
		outcomes := s.sink.Deliver(s.t.Context(), batch(0, `1`, `{`, `"bad"`, `4`, `nope`))
		assert.Equal(t, "ARRAR", kinds(outcomes))
		for i, o := range outcomes {
			assert.Equal(t, i, o.Index)
		}
		assert.Nil(t, s.sink.Deliver(s.t.Context(), batch(0)))
	})
}

func TestWhatIsNotAcceptedNamesItsReason(t *testing.T) {
	for _, status := range []int{301, 400, 401, 404, 410, 413, 415, 422, 429, 500, 501, 503, 599} {
		inScene(t, nil, answers(status), func(s *scene) {
			ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
			defer cancel()
			for _, o := range s.sink.Deliver(ctx, batch(0, "a", "b")) {
				assert.NotEmpty(t, o.Reason, o.String())
				assert.Contains(t, o.String(), o.Kind.String())
			}
		})
	}
}

func TestTheStatusIsThatOfTheLastAnswer(t *testing.T) {
	hangUp := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	answer := func(status int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(status) }
	}
	for name, c := range map[string]struct {
		replies []func(http.ResponseWriter)
		cancel  time.Duration // 0: never
		kind    OutcomeKind
		status  int
	}{
		"no answer at all":             {replies: []func(http.ResponseWriter){hangUp}, kind: Failed},
		"an answer, then none":         {replies: []func(http.ResponseWriter){answer(500), hangUp}, kind: Failed, status: 500},
		"the end comes during a wait":  {replies: []func(http.ResponseWriter){answer(502)}, cancel: 500 * time.Millisecond, kind: Unsent, status: 502},
		"two answers":                  {replies: []func(http.ResponseWriter){answer(500), answer(404)}, kind: Failed, status: 404},
		"no answer, then an answer":    {replies: []func(http.ResponseWriter){hangUp, answer(401)}, kind: Failed, status: 401},
		"an answer, and then accepted": {replies: []func(http.ResponseWriter){answer(500), answer(201)}, kind: Accepted, status: 201},
	} {
		t.Run(name, func(t *testing.T) {
			replies := c.replies
			inScene(t, nil, func(w http.ResponseWriter, _ request) {
				reply := replies[0]
				if len(replies) > 1 {
					replies = replies[1:]
				}
				reply(w)
			}, func(s *scene) {
				ctx := s.t.Context()
				if c.cancel > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.cancel)
					defer cancel()
				}
				o := s.sink.Deliver(ctx, batch(0, "a"))[0]
				assert.Equal(t, c.kind, o.Kind, o.String())
				assert.Equal(t, c.status, o.Status, o.String())
			})
		})
	}
}

// renewing is a credential that can always be had anew.
type renewing struct{ auth.Credential }

func (renewing) Apply(context.Context, *auth.Request) (auth.Generation, error) { return 0, nil }
func (renewing) Renew(auth.Generation) bool                                    { return true }

func TestTheStatusIsThatOfA401WhoseRepetitionHasNoAnswer(t *testing.T) {
	for name, second := range map[string]func(http.ResponseWriter){
		"closed":    func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"cancelled": func(http.ResponseWriter) { time.Sleep(time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			inScene(t, nil, func(w http.ResponseWriter, _ request) {
				if requests++; requests > 1 {
					second(w)
				}
				w.WriteHeader(http.StatusUnauthorized)
			}, func(s *scene) {
				s.sink.credential = renewing{}
				ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
				defer cancel()
				o := s.sink.Deliver(ctx, batch(0, "a"))[0]
				assert.NotEqual(s.t, Accepted, o.Kind)
				assert.Equal(s.t, http.StatusUnauthorized, o.Status, o.String())
				time.Sleep(time.Minute) // the handler ends
			})
		})
	}
}

func TestAPreparedIsSentOnceByTheSinkThatMadeIt(t *testing.T) {
	inScene(t, nil, nil, func(s *scene) {
		p, _ := s.sink.Prepare(batch(0, "a"))
		assert.Equal(t, "A", kinds(s.sink.Send(s.t.Context(), nil, p)))
		other, _ := s.sink.Prepare(batch(0, "b")) // it has the memory of the first
		const twice = "sinkhttp: a Prepared is sent once, and this one has been sent before; call Prepare again"
		assert.PanicsWithValue(t, twice, func() { s.sink.Send(s.t.Context(), nil, p) })
		assert.PanicsWithValue(t, twice, func() { s.sink.Probe(s.t.Context(), nil, p) })
		assert.Equal(t, []string{"a"}, s.endpoint.bodies())

		stranger, err := New(&s.cfg, Options{})
		require.NoError(t, err)
		defer stranger.Close()
		assert.PanicsWithValue(t, "sinkhttp: a Prepared is sent by the Sink that made it, and this is another one",
			func() { stranger.Send(s.t.Context(), nil, other) })
		assert.Equal(t, "A", kinds(s.sink.Send(s.t.Context(), nil, other)))
		assert.Equal(t, []string{"a", "b"}, s.endpoint.bodies())
	})
}

func TestNewRefusesWhatTheSchemaRefuses(t *testing.T) {
	for want, change := range map[string]func(*schema.Sink){
		`method: must be "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE"`: func(c *schema.Sink) { c.Method = "FOO BAR" },
		`batch_mode: must be "individual", `:                                func(c *schema.Sink) { c.BatchMode = "bogus" },
		`retry_jitter: must be `:                                            func(c *schema.Sink) { c.RetryJitter = "some" },
		`on_exhausted: must be `:                                            func(c *schema.Sink) { c.OnExhausted = "" },
		`max_retries: must be at least 0`:                                   func(c *schema.Sink) { c.MaxRetries = -1 },
		`retry_backoff_multiplier: must be at least 1`:                      func(c *schema.Sink) { c.RetryBackoffMultiplier = 0 },
		`network: http_version: must be `: func(c *schema.Sink) {
			n := schema.DefaultNetwork()
			n.HTTPVersion = "3"
			c.Network = &n
		},
	} {
		cfg := config(t, "http://h/")
		change(&cfg)
		_, err := New(&cfg, Options{})
		require.Error(t, err, want)
		assert.Contains(t, err.Error(), want)
	}
}

// What is ignored is so whatever it says: a caller without a relay need not fill in what it has no use for.
func TestIgnoredSettingsTakeAnyValue(t *testing.T) {
	cfg := config(t, "http://h/")
	names := map[string]int{}
	for i := range reflect.TypeFor[schema.Sink]().NumField() {
		tag, _, _ := strings.Cut(reflect.TypeFor[schema.Sink]().Field(i).Tag.Get("json"), ",")
		names[tag] = i
	}
	ignored := Ignored()
	assert.True(t, slices.IsSorted(ignored))
	for _, name := range ignored {
		i, there := names[name]
		require.True(t, there, name)
		reflect.ValueOf(&cfg).Elem().Field(i).SetZero()
	}
	cfg.Name, cfg.Ordering, cfg.MaxInFlight, cfg.MaxConsecutiveRejects = "", "bogus", -1, -1
	cfg.CircuitBreaker, cfg.DeadLetter = &schema.CircuitBreaker{}, &schema.DeadLetter{}
	s, err := New(&cfg, Options{})
	require.NoError(t, err)
	s.Close()
}
