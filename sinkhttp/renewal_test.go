package sinkhttp

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
	"iggysink/sinkhttp/internal/auth"
)

// holding is an endpoint whose requests to a path that ends in /7 wait until the test lets them go.
type holding struct {
	held, release chan struct{}
	seen          chan string // the Authorization of each request that is answered
}

func newHolding() *holding {
	return &holding{held: make(chan struct{}, 1), release: make(chan struct{}), seen: make(chan string, 10)}
}

func (h *holding) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	if filepath.Base(r.URL.Path) == "7" {
		h.held <- struct{}{}
		select {
		case <-h.release:
		case <-r.Context().Done():
			return
		}
	}
	h.seen <- r.Header.Get("Authorization")
}

// underWay sends a batch that is held, and returns when the endpoint has it.
func (h *holding) underWay(t *testing.T, s *Sink) (kindsOfIt chan string) {
	t.Helper()
	kindsOfIt = make(chan string, 1)
	go func() { kindsOfIt <- kinds(send(t.Context(), s, batch(7, "a"))) }()
	select {
	case <-h.held:
	case <-t.Context().Done():
	}
	return kindsOfIt
}

// An authority that is replaced counts from the next connection on, and the request under way is answered as if nothing had
// happened, on its own connection.
func TestACAFileIsReadAgainWithARequestUnderWay(t *testing.T) {
	before, after := newAuthority(t), newAuthority(t)
	h := newHolding()
	first := before.encrypted(time.Now().Add(time.Hour), "", h)
	next := after.encrypted(time.Now().Add(time.Hour), "", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	ca, renewed := pemFile(t, before.cert.Raw), pemFile(t, after.cert.Raw)
	s := startAt(t, first+"/${partition}", func(c *schema.Sink) { c.TLS = trust(ca, "") })
	reach := func(target string) judgement {
		s.transport.CloseIdleConnections()
		u, err := url.Parse(target)
		require.NoError(t, err)
		_, _, err = s.exchange(t.Context(), http.MethodGet, u, s.header, nil)
		if err == nil {
			return judgement{verdict: accept}
		}
		return s.classifier.failure(err)
	}
	require.Equal(t, accept, reach(first+"/1").verdict)
	assert.Equal(t, pause, reach(next).verdict, "its authority is not known yet")
	underWay := h.underWay(t, s)

	require.NoError(t, os.WriteFile(ca, []byte("half a cert"), 0o600))
	assert.Equal(t, accept, reach(first+"/1").verdict, "a file that is being written changes nothing")
	replace(t, ca, renewed)
	assert.Equal(t, accept, reach(next).verdict)
	j := reach(first + "/1")
	assert.Equal(t, pause, j.verdict, "the authority from before does not count any more")
	assert.Contains(t, j.reason, "certificate")
	close(h.release)
	assert.Equal(t, "A", <-underWay)
	assert.Equal(t, uint64(1), s.Stats().Verdicts["accepted"], "it was made once")
}

// A token that is replaced while a request is under way is in the next one, and the request under way keeps its own.
func TestATokenFileIsReadAgainWithARequestUnderWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(path, []byte("first\n"), 0o600))
	h := newHolding()
	var refused atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if filepath.Base(r.URL.Path) == "0" && r.Header.Get("Authorization") == "Bearer first" {
			refused.Add(1)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s := startAt(t, server.URL+"/${partition}", func(c *schema.Sink) {
		c.Auth = &schema.Auth{Bearer: &schema.AuthBearer{Type: "bearer", TokenFile: path}}
	})
	underWay := h.underWay(t, s)
	require.NoError(t, os.WriteFile(path+".new", []byte("second!\n"), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
	assert.Equal(t, "A", kinds(send(t.Context(), s, batch(0, "a"))))
	assert.LessOrEqual(t, refused.Load(), int32(1), "one 401 at most: it has the file read at once")
	assert.Equal(t, "Bearer second!", <-h.seen)
	close(h.release)
	assert.Equal(t, "A", <-underWay)
	assert.Equal(t, "Bearer first", <-h.seen)
}

// What stands between a sink and its token endpoint until somebody changes it pauses the sink and is told; what may pass is
// tried again.
func TestAFaultOnTheWayToTheTokenEndpointIsTold(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	const prefix = "the token endpoint cannot be reached, or its answer is not a token"
	for _, tt := range []struct {
		url, want string
		verdict   verdict
	}{
		{"http://169.254.169.254/", prefix + ": network.deny refuses 169.254.169.254 (metadata); add it to network.allow if it is meant", pause},
		{secure.URL, prefix + ": the endpoint's certificate is signed by an unknown authority", pause},
		{"http://127.0.0.1:1/", prefix, retry},
	} {
		s := start(t, func(c *schema.Sink) {
			b := schema.DefaultAuthOauth2()
			b.TokenURL, b.ClientID, b.ClientSecret = schema.NewSecret(tt.url), "me", schema.NewSecret("canary")
			c.Auth = &schema.Auth{Oauth2: &b}
		}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("nothing may arrive") }))
		_, err := s.credential.Apply(t.Context(), &auth.Request{Header: http.Header{}, URL: s.health, Time: time.Now()})
		j := undressed(t.Context(), err)
		assert.Equal(t, tt.verdict, j.verdict, tt.url)
		assert.Equal(t, tt.want, j.reason)
		assert.True(t, j.outage)
	}
	assert.Equal(t, retry, undressed(t.Context(), &auth.Error{Reason: "none yet", Down: true}).verdict)
}
