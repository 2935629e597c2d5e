package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	shopify "github.com/bold-commerce/go-shopify/v3"
	"github.com/google/go-github/github"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/webhook"
	"github.com/yaronf/httpsign"
)

// Both secrets of a rotation, and the public key of a third one, know the request, each for itself; another secret does not.
func TestStandardWebhooksByTheirOwnLibrary(t *testing.T) {
	const first, second, other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_plJ3nmyCDGBKInavdOK15jsl7TsGcxK5"
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	ids := make(map[string]int)
	e := serve(t, nil, func(w http.ResponseWriter, r request, before int) {
		for secret, ok := range map[string]bool{first: true, second: true, other: false} {
			hook, err := standardwebhooks.NewWebhook(secret)
			if assert.NoError(t, err) {
				assert.Equal(t, ok, hook.Verify(r.body, r.Header) == nil, "%v", hook.Verify(r.body, r.Header))
			}
		}
		id := r.Header.Get("Webhook-Id")
		ids[id]++
		signed := id + "." + r.Header.Get("Webhook-Timestamp") + "." + string(r.body)
		for one := range strings.SplitSeq(r.Header.Get("Webhook-Signature"), " ") {
			if sum, isPrivate := strings.CutPrefix(one, "v1a,"); isPrivate {
				text, err := base64.StdEncoding.DecodeString(sum)
				assert.NoError(t, err)
				assert.True(t, ed25519.Verify(public, []byte(signed), text))
			}
		}
		assert.Equal(t, 1, strings.Count(r.Header.Get("Webhook-Signature"), "v1a,"))
		if before == 0 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	s := newSink(t, fmt.Sprintf(`
  url         = %q
  retry_delay = "1ms"
  signature "standard_webhooks" {
    secrets = [env("FIRST"), env("SECOND"), env("PRIVATE")]
  }`, e.url), options{env: map[string]string{"FIRST": first, "SECOND": second, "PRIVATE": "whsk_" + base64.StdEncoding.EncodeToString(private)}})
	accepted(t, s, batch(0, `{"n": 1}`, `{"n": 2}`))
	assert.Len(t, ids, 2, "one for each message")
	assert.Equal(t, 3, e.count())
}

// The library of another signs and verifies the same as we do, for both algorithms and every component that there is. It
// computes the digest by itself.
func TestHTTPMessageByAnotherLibrary(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	secret := bytes.Repeat([]byte("0123456789"), 7)
	// @request-target is in the tests of internal/signature: this library does not take it from the request line.
	all := []string{"@method", "@target-uri", "@authority", "@scheme", "@path", "@query", "content-type", "content-digest",
		"content-length", "user-agent", "x-mixed", "authorization"}
	config := httpsign.NewVerifyConfig().SetVerifyCreated(true)
	symmetric, err := httpsign.NewHMACSHA256Verifier(secret, config.SetKeyID("k1"), httpsign.Headers(all...))
	require.NoError(t, err)
	asymmetric, err := httpsign.NewEd25519Verifier(public, httpsign.NewVerifyConfig().SetKeyID("k2"), httpsign.Headers("@authority", "content-digest"))
	require.NoError(t, err)
	wrong, err := httpsign.NewHMACSHA256Verifier(bytes.Repeat([]byte("1"), 70), httpsign.NewVerifyConfig().SetKeyID("k1"), httpsign.Headers("@method"))
	require.NoError(t, err)
	verify := func(_ http.ResponseWriter, r request, _ int) {
		assert.NoError(t, httpsign.VerifyRequest("first", *symmetric, r.again()))
		assert.NoError(t, httpsign.VerifyRequest("second", *asymmetric, r.again()))
		assert.Error(t, httpsign.VerifyRequest("first", *wrong, r.again()))
		body := io.NopCloser(bytes.NewReader(r.body))
		assert.NoError(t, httpsign.ValidateContentDigestHeader(r.Header.Values("Content-Digest"), &body, []string{httpsign.DigestSha256}))
		changed := r.again()
		changed.URL.RawQuery = "q=2"
		assert.Error(t, httpsign.VerifyRequest("first", *symmetric, changed))
	}
	for name, target := range map[string]string{
		"plain": "/in/${topic}?q=a%20b&r=", "no path": "", "no query": "/größe/%2F", "empty query": "/x?",
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, nil, verify)
			s := newSink(t, fmt.Sprintf(`
  url     = "%s%s"
  headers = { X-Mixed = " a  b ", Host = "other.example.com:8443" }
  auth "basic" {
    username = "u"
    password = env("PASSWORD")
  }
  signature "http_message" {
    label      = "first"
    key_id     = "k1"
    algorithm  = "hmac-sha256"
    key        = env("SECRET")
    components = ["%s"]
  }
  signature "http_message" {
    label      = "second"
    key_id     = "k2"
    algorithm  = "ed25519"
    key        = env("PEM")
    components = ["@authority", "content-digest"]
  }`, e.url, target, strings.Join(all, `", "`)), options{env: map[string]string{
				"PASSWORD": "p", "SECRET": base64.StdEncoding.EncodeToString(secret),
				"PEM": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
			}})
			accepted(t, s, batch(0, `{"n": 1}`))
			assert.Equal(t, 1, e.count())
		})
	}
}

// The libraries of those who check such a header take ours, and refuse it for another body.
func TestHMACByThoseWhoCheckIt(t *testing.T) {
	const key = "It's a Secret to Everybody"
	for _, tt := range []struct {
		name, block string
		check       func(r *http.Request, body []byte) error
	}{
		{"GitHub sha256", "header = \"X-Hub-Signature\"\n secret = env(\"KEY\")", func(r *http.Request, _ []byte) error {
			_, err := github.ValidatePayload(r, []byte(key))
			return err
		}},
		{"GitHub sha1", "header = \"X-Hub-Signature\"\n secret = env(\"KEY\")\n algorithm = \"sha1\"\n format = \"sha1={signature}\"", func(r *http.Request, _ []byte) error {
			_, err := github.ValidatePayload(r, []byte(key))
			return err
		}},
		{"Stripe", "header = \"Stripe-Signature\"\n secret = env(\"KEY\")\n signed = \"{timestamp}.{body}\"\n format = \"t={timestamp},v1={signature}\"",
			func(r *http.Request, body []byte) error {
				return webhook.ValidatePayload(body, r.Header.Get("Stripe-Signature"), key)
			}},
		{"Shopify", "header = \"X-Shopify-Hmac-Sha256\"\n secret = env(\"KEY\")\n encoding = \"base64\"\n format = \"{signature}\"", func(r *http.Request, _ []byte) error {
			_, err := shopify.App{ApiSecret: key}.VerifyWebhookRequestVerbose(r)
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := serve(t, nil, func(_ http.ResponseWriter, r request, _ int) {
				assert.NoError(t, tt.check(r.again(), r.body))
				changed := request{r.Request, append([]byte(" "), r.body...)}
				assert.Error(t, tt.check(changed.again(), changed.body))
			})
			s := newSink(t, fmt.Sprintf("  url = %q\n  signature \"hmac\" {\n    %s\n  }", e.url, tt.block), options{env: map[string]string{"KEY": key}})
			accepted(t, s, batch(0, `{"n": 1}`))
			assert.Equal(t, 1, e.count())
		})
	}
}

// overHTTP2 is a server with TLS that speaks HTTP/2.
func overHTTP2(s *httptest.Server) { s.EnableHTTP2 = true }
