package verify

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"iggysink/sinkhttp"
)

// clientSecret has what has to be encoded in both ways to send it.
const clientSecret = "s/ü +%:&="

// authority is a real authorization server, and what it saw.
type authority struct {
	url      string
	provider fosite.OAuth2Provider

	mu       sync.Mutex
	forms    []url.Values
	header   []http.Header
	tokens   []string
	inFlight atomic.Int32
	together atomic.Int32 // the most token requests at a time
}

// authorize starts an authorization server whose tokens live so long.
func authorize(t *testing.T, life time.Duration) *authority {
	t.Helper()
	config := &fosite.Config{
		AccessTokenLifespan: life, GlobalSecret: []byte("a secret of thirty-two bytes ..."), ScopeStrategy: fosite.ExactScopeStrategy,
		AudienceMatchingStrategy: fosite.ExactAudienceMatchingStrategy,
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(clientSecret), bcrypt.MinCost)
	require.NoError(t, err)
	store := storage.NewMemoryStore()
	store.Clients["ü:client"] = &fosite.DefaultClient{
		ID: "ü:client", Secret: hash, GrantTypes: []string{"client_credentials"}, Scopes: []string{"orders.write", "orders.read"},
		Audience: []string{"https://api.example.com"},
	}
	a := &authority{provider: compose.Compose(config, store, &compose.CommonStrategy{CoreStrategy: compose.NewOAuth2HMACStrategy(config)},
		compose.OAuth2ClientCredentialsGrantFactory, compose.OAuth2TokenIntrospectionFactory)}
	server := httptest.NewServer(http.HandlerFunc(a.issue))
	t.Cleanup(server.Close)
	a.url = server.URL + "/oauth/token"
	return a
}

// issue is the token endpoint.
func (a *authority) issue(w http.ResponseWriter, r *http.Request) {
	for now := a.inFlight.Add(1); ; {
		if most := a.together.Load(); now <= most || a.together.CompareAndSwap(most, now) {
			break
		}
	}
	defer a.inFlight.Add(-1)
	ctx := r.Context()
	ask, err := a.provider.NewAccessRequest(ctx, r, &fosite.DefaultSession{})
	if err != nil {
		a.provider.WriteAccessError(ctx, w, ask, err)
		return
	}
	for _, scope := range ask.GetRequestedScopes() {
		ask.GrantScope(scope)
	}
	for _, audience := range ask.GetRequestedAudience() {
		ask.GrantAudience(audience)
	}
	answer, err := a.provider.NewAccessResponse(ctx, ask)
	if err != nil {
		a.provider.WriteAccessError(ctx, w, ask, err)
		return
	}
	a.mu.Lock()
	a.forms, a.header, a.tokens = append(a.forms, r.PostForm), append(a.header, r.Header), append(a.tokens, answer.GetAccessToken())
	a.mu.Unlock()
	a.provider.WriteAccessResponse(ctx, w, ask, answer)
}

// issued are the tokens so far.
func (a *authority) issued() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.tokens...)
}

// valid asks the authorization server whether a request carries a token that still lives.
func (a *authority) valid(r request) (fosite.AccessRequester, error) {
	_, ask, err := a.provider.IntrospectToken(context.Background(), bearer(r), fosite.AccessToken, &fosite.DefaultSession{}, "orders.write")
	return ask, err
}

func bearer(r request) string { return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") }

// oauth2Block is a sink's text with client credentials.
func oauth2Block(endpoint, token, more string) string {
	return fmt.Sprintf(`
  url            = %q
  max_retries    = 0
  auth "oauth2" {
    token_url     = %q
    client_id     = "ü:client"
    client_secret = env("SECRET")
    %s
  }`, endpoint, token, more)
}

func secret() options { return options{env: map[string]string{"SECRET": clientSecret}} }

// What is asked for is what the authorization server grants, with the client's name and secret in either place.
func TestClientCredentialsOfARealServer(t *testing.T) {
	for _, style := range []string{"basic", "body"} {
		a := authorize(t, time.Hour)
		e := serve(t, nil, func(w http.ResponseWriter, r request, _ int) {
			ask, err := a.valid(r)
			if !assert.NoError(t, err) {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			assert.Equal(t, fosite.Arguments{"orders.write", "orders.read"}, ask.GetGrantedScopes())
			assert.Equal(t, fosite.Arguments{"https://api.example.com"}, ask.GetGrantedAudience())
			assert.Equal(t, "ü:client", ask.GetClient().GetID())
		})
		s := newSink(t, oauth2Block(e.url, a.url, fmt.Sprintf(`
    client_auth = %q
    scopes      = ["orders.write", "orders.read"]
    audience    = "https://api.example.com"
    parameters  = { resource = "ord ers&x" }`, style)), secret())
		accepted(t, s, batch(0, "1", "2", "3"))
		require.Len(t, a.forms, 1)
		assert.Equal(t, "ord ers&x", a.forms[0].Get("resource"))
		assert.Equal(t, style == "body", a.forms[0].Has("client_secret"))
		assert.Equal(t, style == "basic", a.header[0].Get("Authorization") != "")
	}
}

// What the server refuses for good is told with its own word for it, and nothing is delivered without a token.
func TestARealServerRefusesTheClient(t *testing.T) {
	a := authorize(t, time.Hour)
	e := serve(t, nil, nil)
	for want, s := range map[string]*sinkhttp.Sink{
		"the token endpoint answered 401 Unauthorized (invalid_client)": newSink(t, oauth2Block(e.url, a.url, ""), options{env: map[string]string{"SECRET": "wrong"}}),
		"the token endpoint answered 400 Bad Request (invalid_scope)":   newSink(t, oauth2Block(e.url, a.url, `scopes = ["none"]`), secret()),
	} {
		out := s.Deliver(t.Context(), batch(0, "1"))
		assert.Equal(t, sinkhttp.Failed, out[0].Kind)
		assert.Equal(t, want, out[0].Reason)
		assert.False(t, out[0].Exhausted, "it pauses")
	}
	assert.Zero(t, e.count())
}

// Sixteen partitions under load, tokens of two seconds, as long as it takes for six of them: one token request at a time and
// for each life, nothing lost, and after the first 401 to a token no more with it than were in flight.
func TestShortLivesUnderLoad(t *testing.T) {
	const lanes, lives = 16, 6
	a := authorize(t, 2*time.Second)
	var mu sync.Mutex
	refused, used := make(map[string]int), make(map[string]int)
	e := serve(t, nil, func(w http.ResponseWriter, r request, _ int) {
		_, err := a.valid(r)
		mu.Lock()
		defer mu.Unlock()
		used[bearer(r)]++
		if err != nil {
			refused[bearer(r)]++
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	s := newSink(t, oauth2Block(e.url, a.url, `scopes = ["orders.write"]`), secret())
	var load sync.WaitGroup
	for lane := range uint32(lanes) {
		load.Go(func() {
			for len(a.issued()) < lives && !t.Failed() {
				for _, o := range s.Deliver(t.Context(), batch(lane, "1")) {
					assert.Equal(t, sinkhttp.Accepted, o.Kind, "%v", o)
				}
			}
		})
	}
	load.Wait()
	accepted(t, s, batch(0, "1"))
	assert.Equal(t, int32(1), a.together.Load(), "one refresh at a time")
	for i, token := range a.issued() {
		assert.Positive(t, used[token], "token %d was fetched for nothing", i+1)
		assert.LessOrEqual(t, refused[token], lanes)
	}
	t.Logf("%d requests, %d tokens, %d answers of 401", e.count(), len(a.issued()), len(refused))
}

// All sixteen are in flight with the first token when it is answered 401: one new token, and each request once more.
func TestOneRefreshAndOneRepetitionAfterA401(t *testing.T) {
	const lanes = 16
	a := authorize(t, time.Hour)
	var together sync.WaitGroup
	together.Add(lanes)
	e := serve(t, nil, func(w http.ResponseWriter, r request, _ int) {
		if bearer(r) != a.issued()[0] {
			return
		}
		together.Done()
		together.Wait() // nobody is answered before all are there
		w.WriteHeader(http.StatusUnauthorized)
	})
	s := newSink(t, oauth2Block(e.url, a.url, ""), secret())
	var load sync.WaitGroup
	for lane := range uint32(lanes) {
		load.Go(func() {
			out := s.Deliver(t.Context(), batch(lane, "1"))
			assert.Equal(t, sinkhttp.Accepted, out[0].Kind, "%v", out)
		})
	}
	load.Wait()
	assert.Len(t, a.issued(), 2)
	assert.Equal(t, 2*lanes, e.count())
}

// A second 401 is the endpoint's last word.
func TestASecond401Pauses(t *testing.T) {
	a := authorize(t, time.Hour)
	e := serve(t, nil, func(w http.ResponseWriter, _ request, _ int) { w.WriteHeader(http.StatusUnauthorized) })
	s := newSink(t, oauth2Block(e.url, a.url, ""), secret())
	out := s.Deliver(t.Context(), batch(0, "1"))
	assert.Equal(t, sinkhttp.Failed, out[0].Kind)
	assert.Equal(t, "answered 401 Unauthorized", out[0].Reason)
	assert.False(t, out[0].Exhausted)
	assert.Len(t, a.issued(), 2)
	assert.Equal(t, 2, e.count())
}

// A token endpoint that is not well is a retry, and nothing goes out without a token. One that says no end is believed.
func TestATokenEndpointThatIsNotWell(t *testing.T) {
	const down = "the token endpoint cannot be reached, or its answer is not a token"
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, down},
		{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "the token endpoint answered 500 Internal Server Error"},
		{"HTML", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>log in</html>"))
		}, down},
		{"HTML that says JSON", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("<html>log in</html>"))
		}, down},
		{"an end without a life", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token": "t", "token_type": "bearer"}`))
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				_ = r.ParseForm() // the server watches the connection from here on
				tt.answer(w, r)
			}))
			t.Cleanup(server.Close)
			e := serve(t, nil, nil)
			s := newSink(t, oauth2Block(e.url, server.URL, "")+"\n  timeout = \"300ms\"", secret())
			out := s.Deliver(t.Context(), batch(0, "1", "2", "3"))
			if tt.want == "" {
				assert.Equal(t, sinkhttp.Accepted, out[2].Kind, "%v", out)
				assert.Equal(t, 3, e.count())
				assert.Equal(t, "Bearer t", e.requests()[0].Header.Get("Authorization"))
			} else {
				assert.Equal(t, sinkhttp.Failed, out[0].Kind, "%v", out)
				assert.Equal(t, tt.want, out[0].Reason)
				assert.Equal(t, sinkhttp.ScopeConnection, out[0].Scope)
				assert.Zero(t, e.count())
			}
			assert.Equal(t, int32(1), asked.Load())
		})
	}
}
