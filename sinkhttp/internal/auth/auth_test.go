package auth

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

func apply(ctx context.Context, c Credential) (string, Generation, error) {
	u, _ := url.Parse("https://api.example.com/x")
	r := &Request{Method: "POST", URL: u, Header: http.Header{}, Body: []byte("body"), Time: time.Now()}
	g, err := c.Apply(ctx, r)
	return r.Header.Get("Authorization"), g, err
}

func TestStaticCredentials(t *testing.T) {
	assert.Empty(t, Static(nil))
	// RFC 7617 section 2.
	assert.Equal(t, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
		Static(&schema.Auth{Basic: &schema.AuthBasic{Username: "Aladdin", Password: schema.NewSecret("open sesame")}}))
	bearer := &schema.Auth{Bearer: &schema.AuthBearer{Token: schema.NewSecret("t")}}
	assert.Equal(t, "Bearer t", Static(bearer))
	c, err := New(bearer, nil, time.Second)
	require.NoError(t, err)
	assert.Nil(t, c)
	for _, b := range []schema.AuthBearer{{}, {Token: schema.NewSecret("canary"), TokenFile: "x"}} {
		_, err := New(&schema.Auth{Bearer: &b}, nil, time.Second)
		assert.EqualError(t, err, "auth: bearer needs either token or token_file")
	}
}

func TestTokenFileIsReadAgainWhenItChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string, age time.Duration) {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, os.Chtimes(path, time.Time{}, time.Unix(1_700_000_000, 0).Add(age)))
	}
	write(" first\n", 0)
	c, err := New(&schema.Auth{Bearer: &schema.AuthBearer{TokenFile: path}}, nil, time.Second)
	require.NoError(t, err)
	at := func(now time.Time) (string, Generation) {
		r := &Request{Header: http.Header{}, Time: now}
		g, err := c.Apply(t.Context(), r)
		require.NoError(t, err)
		return r.Header.Get("Authorization"), g
	}
	now := time.Now()
	value, g := at(now)
	assert.Equal(t, "Bearer first", value)
	assert.False(t, c.Renew(g), "the file holds the same token: another attempt would end as this one")

	write("second", time.Second)
	assert.True(t, c.Renew(g), "after a 401 the file is read at once")
	assert.True(t, c.Renew(g), "a later 401 of the same token finds the new one")
	value, g = at(now)
	assert.Equal(t, "Bearer second", value)

	write("third", 2*time.Second)
	value, _ = at(now.Add(2 * checkEvery))
	assert.Equal(t, "Bearer third", value)

	for i, bad := range []string{"", "  ", "a b", "a\x00", strings.Repeat("x", maxToken+1)} {
		write(bad, time.Duration(i+3)*time.Second)
		value, _ = at(now.Add(time.Duration(i+2) * 2 * checkEvery))
		assert.Equal(t, "Bearer third", value, "a file that holds no token leaves the last one in use")
		_, err := newFile(path)
		assert.ErrorContains(t, err, "auth: token_file: ")
	}
	require.NoError(t, os.Remove(path))
	value, _ = at(now.Add(time.Hour))
	assert.Equal(t, "Bearer third", value)
	assert.False(t, c.Renew(g+1))
	_, err = newFile(t.TempDir())
	assert.ErrorContains(t, err, "is not a regular file")
}

// tokenEndpoint is an authorization server's, without a network.
type tokenEndpoint struct {
	mu       sync.Mutex
	requests []url.Values
	header   []http.Header
	answer   func(ctx context.Context, n int) (status int, body string, err error)
}

func (e *tokenEndpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, _ := url.ParseQuery(string(b))
	e.mu.Lock()
	e.requests, e.header = append(e.requests, form), append(e.header, r.Header)
	n := len(e.requests)
	e.mu.Unlock()
	status, body, err := e.answer(r.Context(), n)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Status: strconv.Itoa(status) + " canary", Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func (e *tokenEndpoint) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.requests)
}

func tokens(life time.Duration) func(context.Context, int) (int, string, error) {
	return func(_ context.Context, n int) (int, string, error) {
		time.Sleep(100 * time.Millisecond)
		b, err := json.Marshal(map[string]any{"access_token": "t" + strconv.Itoa(n), "token_type": "bearer", "expires_in": life.Seconds()})
		return 200, string(b), err
	}
}

func oauth(t *testing.T, e *tokenEndpoint, change func(*schema.AuthOauth2)) Credential {
	t.Helper()
	b := schema.DefaultAuthOauth2()
	b.TokenURL, b.ClientID, b.ClientSecret = schema.NewSecret("https://login.example.com/token"), "me", schema.NewSecret("canary s/ü")
	if change != nil {
		change(&b)
	}
	c, err := New(&schema.Auth{Oauth2: &b}, e, 5*time.Second)
	require.NoError(t, err)
	return c
}

func TestTokenRequest(t *testing.T) {
	for _, style := range []schema.ClientAuth{schema.ClientAuthBasic, schema.ClientAuthBody} {
		e := &tokenEndpoint{answer: func(context.Context, int) (int, string, error) {
			return 200, `{"access_token": "t", "token_type": "Bearer"}`, nil
		}}
		c := oauth(t, e, func(b *schema.AuthOauth2) {
			b.ClientAuth, b.Scopes, b.Audience = style, []string{"a", "b"}, "api"
			b.Parameters = map[string]schema.Secret{"resource": schema.NewSecret("orders")}
		})
		value, _, err := apply(t.Context(), c)
		require.NoError(t, err)
		assert.Equal(t, "Bearer t", value)
		want := url.Values{"grant_type": {"client_credentials"}, "scope": {"a b"}, "audience": {"api"}, "resource": {"orders"}}
		if style == schema.ClientAuthBody {
			want["client_id"], want["client_secret"] = []string{"me"}, []string{"canary s/ü"}
			assert.Empty(t, e.header[0].Get("Authorization"))
		} else { // RFC 6749 section 2.3.1: form-encoded, then base64
			assert.Equal(t, "Basic bWU6Y2FuYXJ5K3MlMkYlQzMlQkM=", e.header[0].Get("Authorization"))
		}
		assert.Equal(t, want, e.requests[0])
	}
	b := schema.DefaultAuthOauth2()
	b.Parameters = map[string]schema.Secret{"client_secret": schema.NewSecret("x")}
	_, err := New(&schema.Auth{Oauth2: &b}, nil, time.Second)
	assert.EqualError(t, err, "auth: parameters: client_secret is set by another attribute")
}

// Sixteen partitions under load: one token request for each life, and never a request with a token that is over.
func TestOneTokenRequestForEachLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &tokenEndpoint{answer: tokens(2 * time.Second)}
		c := oauth(t, e, nil)
		start := time.Now()
		var lanes sync.WaitGroup
		for range 16 {
			lanes.Go(func() {
				for time.Since(start) < 20*time.Second {
					value, _, err := apply(t.Context(), c)
					assert.NoError(t, err)
					n, _ := strconv.Atoi(strings.TrimPrefix(value, "Bearer t"))
					assert.Positive(t, n)
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		lanes.Wait()
		// A token is fetched anew after half of its life, since 30 s are more than that.
		assert.InDelta(t, 20, e.count(), 2)
	})
}

func TestAfterA401ThereIsOneTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &tokenEndpoint{answer: tokens(time.Hour)}
		c := oauth(t, e, nil)
		_, g, err := apply(t.Context(), c)
		require.NoError(t, err)
		var lanes sync.WaitGroup
		for i := range 16 {
			lanes.Go(func() {
				time.Sleep(time.Duration(i) * 20 * time.Millisecond) // some come while it is fetched, some after
				assert.True(t, c.Renew(g))
				value, newer, err := apply(t.Context(), c)
				assert.NoError(t, err)
				assert.Equal(t, "Bearer t2", value)
				assert.Equal(t, g+1, newer)
			})
		}
		lanes.Wait()
		assert.Equal(t, 2, e.count())
	})
}

func TestATokenEndpointThatFails(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(ctx context.Context, n int) (int, string, error)
		want   string
		down   bool
		took   time.Duration
	}{
		{"hangs", func(ctx context.Context, _ int) (int, string, error) { <-ctx.Done(); return 0, "", ctx.Err() },
			"the token endpoint cannot be reached, or its answer is not a token", true, 5 * time.Second},
		{"500", func(context.Context, int) (int, string, error) { return 500, "canary", nil }, "the token endpoint answered 500 Internal Server Error", true, 0},
		{"HTML", func(context.Context, int) (int, string, error) { return 200, "<html>canary", nil }, "the token endpoint cannot be reached, or its answer is not a token", true, 0},
		{"no token", func(context.Context, int) (int, string, error) { return 200, "{}", nil }, "the token endpoint cannot be reached, or its answer is not a token", true, 0},
		{"400", func(context.Context, int) (int, string, error) {
			return 400, `{"error": "invalid_client", "error_description": "canary"}`, nil
		},
			"the token endpoint answered 400 Bad Request (invalid_client)", false, 0},
		{"a reason phrase of its own", func(context.Context, int) (int, string, error) { return 499, "", nil },
			"the token endpoint answered 499", false, 0},
		{"401", func(context.Context, int) (int, string, error) { return 401, `{"error": "canary"}`, nil }, "the token endpoint answered 401 Unauthorized", false, 0},
		{"302", func(context.Context, int) (int, string, error) { return 302, "", nil }, "the token endpoint answered 302 Found", false, 0},
		{"CRLF", func(context.Context, int) (int, string, error) { return 200, `{"access_token": "a\r\nX: y"}`, nil },
			"the token endpoint's answer is not a token", false, 0},
		{"a token of the past", func(context.Context, int) (int, string, error) {
			return 200, `{"access_token": "t", "expires_in": -1}`, nil
		},
			"the token endpoint's answer is a token that has already ended", false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &tokenEndpoint{answer: tt.answer}
				c := oauth(t, e, nil)
				start := time.Now()
				var waiting sync.WaitGroup
				for range 16 {
					waiting.Go(func() {
						_, _, err := apply(t.Context(), c)
						var reason *Error
						if assert.ErrorAs(t, err, &reason) {
							assert.Equal(t, tt.want, reason.Error())
							assert.Equal(t, tt.down, reason.Down)
						}
					})
				}
				waiting.Wait()
				assert.Equal(t, tt.took, time.Since(start), "those who wait for a fetch get its end")
			})
		})
	}
}

func TestATokenWithoutAnEndIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &tokenEndpoint{answer: func(context.Context, int) (int, string, error) { return 200, `{"access_token": "t"}`, nil }}
		c := oauth(t, e, nil)
		for range 3 {
			value, _, err := apply(t.Context(), c)
			require.NoError(t, err)
			assert.Equal(t, "Bearer t", value)
			time.Sleep(24 * time.Hour)
		}
		assert.Equal(t, 1, e.count())
	})
}

// An early refresh that fails costs nothing: the token is used to its end, and the endpoint is asked once a second.
func TestAnEarlyRefreshThatFails(t *testing.T) {
	for name, refused := range map[string]func() (int, string){
		"500":                 func() (int, string) { return 500, "" },
		"CRLF":                func() (int, string) { return 200, `{"access_token": "a\r\nX: y"}` },
		"a token of the past": func() (int, string) { return 200, `{"access_token": "t", "expires_in": -1}` },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				good := tokens(time.Minute)
				e := &tokenEndpoint{}
				e.answer = func(ctx context.Context, n int) (int, string, error) {
					if n > 1 {
						status, body := refused()
						return status, body, nil
					}
					return good(ctx, n)
				}
				c := oauth(t, e, nil)
				start := time.Now()
				for time.Since(start) < 59*time.Second {
					_, _, err := apply(t.Context(), c)
					require.NoError(t, err)
					time.Sleep(100 * time.Millisecond)
				}
				assert.InDelta(t, 30, e.count(), 2)
				time.Sleep(2 * time.Second)
				_, _, err := apply(t.Context(), c)
				assert.Error(t, err)
			})
		})
	}
}

func TestApplyEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &tokenEndpoint{answer: func(ctx context.Context, _ int) (int, string, error) { <-ctx.Done(); return 0, "", ctx.Err() }}
		c := oauth(t, e, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := apply(ctx, c)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}
