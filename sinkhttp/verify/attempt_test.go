package verify

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yaronf/httpsign"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// attempts are the ways on which a request may go: whatever lies between, the bytes that are signed are those that arrive.
var attempts = []struct {
	name, network string
	setup         func(*httptest.Server)
	proxied       bool
}{
	{"HTTP/1.1", "", nil, false},
	{"HTTP/1.1 with TLS", "", func(*httptest.Server) {}, false},
	{"HTTP/2 with TLS", "http_version = \"2\"", overHTTP2, false},
	{"HTTP/1.1 by a proxy", "proxy = \"%s\"", nil, true},
	{"TLS by a proxy", "proxy = \"%s\"", func(*httptest.Server) {}, true},
	{"HTTP/2 by a proxy", "proxy = \"%s\"\n    http_version = \"2\"", overHTTP2, true},
}

// A request that is answered 401 is made again with a new token, and each attempt is signed over its own bytes: on every way,
// compressed and not.
func TestWhatIsSignedIsWhatArrives(t *testing.T) {
	for _, way := range attempts {
		for _, coding := range []string{"", "gzip", "zstd"} {
			t.Run(way.name+" "+coding, func(t *testing.T) { signedOn(t, way.network, coding, way.setup, way.proxied) })
		}
	}
}

func signedOn(t *testing.T, network, coding string, setup func(*httptest.Server), proxied bool) {
	t.Helper()
	a := authorize(t, time.Hour)
	key := bytes.Repeat([]byte("k"), 64)
	verifier, err := httpsign.NewHMACSHA256Verifier(key, httpsign.NewVerifyConfig(), httpsign.Headers("@method", "@target-uri", "content-digest", "authorization"))
	require.NoError(t, err)
	hook, err := standardwebhooks.NewWebhook(webhookSecret)
	require.NoError(t, err)
	e := serve(t, setup, func(w http.ResponseWriter, r request, before int) {
		assert.NoError(t, hook.Verify(r.body, r.Header))
		if proxied && r.TLS == nil { // the target was in the request line
			r.URL, _ = url.Parse("http://" + r.Host + r.URL.RequestURI())
		}
		assert.NoError(t, httpsign.VerifyRequest("sig1", *verifier, r.again()))
		body := io.NopCloser(bytes.NewReader(r.body))
		assert.NoError(t, httpsign.ValidateContentDigestHeader(r.Header.Values("Content-Digest"), &body, []string{httpsign.DigestSha256}))
		mac := hmac.New(sha256.New, []byte("secret of hmac"))
		mac.Write(r.body)
		assert.Equal(t, "sha256="+hex.EncodeToString(mac.Sum(nil)), r.Header.Get("X-Hub-Signature-256"))
		if before == 0 {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	var tunnels atomic.Int32
	if proxied {
		network = fmt.Sprintf(network, proxy(t, &tunnels))
	}
	text := oauth2Block(e.url+"/in?q=a%20b", a.url, "") + fmt.Sprintf(`
  include_metadata = false
  network {
    %s
  }
  signature "http_message" {
    key_id     = "k1"
    algorithm  = "hmac-sha256"
    key        = env("KEY")
    components = ["@method", "@target-uri", "content-digest", "authorization"]
  }
  signature "standard_webhooks" {
    secrets = [env("WEBHOOK")]
  }
  signature "hmac" {
    header = "X-Hub-Signature-256"
    secret = "secret of hmac"
  }`, network)
	if e.ca != "" {
		text += fmt.Sprintf("\n  tls {\n    ca_file = %q\n  }", e.ca)
	}
	if coding != "" {
		text += fmt.Sprintf("\n  compression {\n    algorithm = %q\n  }", coding)
	}
	s := newSink(t, text, options{env: map[string]string{
		"SECRET": clientSecret, "KEY": base64.StdEncoding.EncodeToString(key), "WEBHOOK": webhookSecret,
	}})
	accepted(t, s, batch(0, large()))
	got := e.requests()
	require.Len(t, got, 2)
	assert.Equal(t, got[0].Header.Get("Webhook-Id"), got[1].Header.Get("Webhook-Id"), "an id is the same for each attempt")
	assert.NotEqual(t, got[0].Header.Get("Signature"), got[1].Header.Get("Signature"), "the token is signed, and it is a new one")
	assert.Equal(t, large(), unpacked(t, got[1]))
	assert.Equal(t, coding, got[1].Header.Get("Content-Encoding"))
	assert.Equal(t, proxied, tunnels.Load() > 0)
	assert.Equal(t, strings.Contains(network, `"2"`), got[1].ProtoMajor == 2)
}

// proxy is one for tunnels and for whole urls.
func proxy(t *testing.T, used *atomic.Int32) string {
	t.Helper()
	var tunnels sync.WaitGroup
	forward := &http.Transport{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		used.Add(1)
		if r.Method != http.MethodConnect {
			r.RequestURI = ""
			response, err := forward.RoundTrip(r)
			if err != nil {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			defer response.Body.Close() //nolint:errcheck // it was only read
			maps.Copy(w.Header(), response.Header)
			w.WriteHeader(response.StatusCode)
			_, _ = io.Copy(w, response.Body)
			return
		}
		to, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_ = to.Close()
			return
		}
		_, _ = io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
		for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
			tunnels.Go(func() {
				_, _ = io.Copy(way[0], way[1])
				_ = way[0].Close()
			})
		}
	}))
	t.Cleanup(func() {
		server.Close()
		tunnels.Wait()
		forward.CloseIdleConnections()
	})
	return server.URL
}
