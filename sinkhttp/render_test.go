package sinkhttp

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// renderings are sinks of every kind of body, header, credential and signature.
func renderings(t *testing.T) map[string]func(*schema.Sink) {
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("fromthefile\n"), 0o600))
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	return map[string]func(*schema.Sink){
		"raw":        nil,
		"nd_json":    batches,
		"json_array": func(c *schema.Sink) { c.BatchMode = schema.BatchModeJSONArray },
		"individual": func(c *schema.Sink) { c.BatchMode, c.Method = schema.BatchModeIndividual, schema.MethodPut },
		"cut by size": func(c *schema.Sink) {
			batches(c)
			c.MaxPayloadSizeBytes = 20
		},
		"templates": func(c *schema.Sink) {
			c.URL = tmpl(t, `http://endpoint/${topic}/${message.headers["tenant"]}?n=${message.payload.n}`)
			c.Headers = map[string]schema.Template{"X-Tenant": tmpl(t, `t-${message.headers["tenant"]}`), "SOAPAction": schema.Literal("x")}
			c.Body = tmpl(t, `${jsonencode({ n = message.payload.n })}`)
			c.Filter = tmpl(t, `${message.payload.n != 3}`)
		},
		"headers": func(c *schema.Sink) {
			c.Headers = map[string]schema.Template{"user-agent": schema.Literal("mine"), "Host": schema.Literal("other.example"), "X-Empty": schema.Literal("")}
		},
		"binary events": func(c *schema.Sink) {
			c.Cloudevents, c.BatchMode = eventOf(t, schema.CloudeventsModeBinary), schema.BatchModeIndividual
		},
		"structured events": func(c *schema.Sink) {
			c.Cloudevents, c.BatchMode = eventOf(t, schema.CloudeventsModeStructured), schema.BatchModeIndividual
		},
		"gzip": func(c *schema.Sink) {
			batches(c)
			c.Compression = &schema.Compression{Algorithm: schema.CompressionAlgorithmGzip, Level: schema.CompressionLevelDefault}
			c.Signature = []schema.Signature{{Hmac: &schema.SignatureHmac{Type: "hmac", Header: "X-Sig", Secret: schema.NewSecret("hush"),
				Algorithm: schema.HmacAlgorithmSha256, Encoding: schema.HmacEncodingHex, Signed: "{timestamp}.{body}", Format: "t={timestamp},v1={signature}"}}}
		},
		"webhook": func(c *schema.Sink) {
			c.IdempotencyKey = "Idempotency-Key"
			c.Signature = []schema.Signature{{StandardWebhooks: &schema.SignatureStandardWebhooks{Type: "standard_webhooks", Secrets: []schema.Secret{schema.NewSecret("whsec_" + key)}}}}
		},
		"http message": func(c *schema.Sink) {
			c.Signature = []schema.Signature{{HTTPMessage: &schema.SignatureHTTPMessage{Type: "http_message", KeyID: "k", Algorithm: schema.SignatureAlgorithmHmacSha256,
				Key: schema.NewSecret(key), Components: []string{"@method", "@target-uri", "content-type", "content-digest"}, Label: "sig1"}}}
		},
		"basic": func(c *schema.Sink) {
			c.Auth = &schema.Auth{Basic: &schema.AuthBasic{Type: "basic", Username: "u", Password: schema.NewSecret("p")}}
		},
		"token file": func(c *schema.Sink) {
			c.Auth = &schema.Auth{Bearer: &schema.AuthBearer{Type: "bearer", TokenFile: token}}
		},
		"aws": func(c *schema.Sink) {
			c.Auth = &schema.Auth{AwsSigv4: &schema.AuthAwsSigv4{Type: "aws_sigv4", Region: "eu-central-1", Service: "lambda"}}
		},
	}
}

func eventOf(t *testing.T, mode schema.CloudeventsMode) *schema.Cloudevents {
	return &schema.Cloudevents{Mode: mode, Source: tmpl(t, "/iggy/${topic}"), Type: schema.Literal("created"), Subject: tmpl(t, `${message.headers["tenant"]}`)}
}

// What Render shows is what arrives, to the byte, signatures included; and nothing arrives because of it.
func TestRenderIsWhatArrives(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "session")
	for name, configure := range renderings(t) {
		t.Run(name, func(t *testing.T) {
			inScene(t, configure, nil, func(s *scene) {
				b := orders(0, `{"n":1}`, `{"n":2}`, `{"n":3}`, `{"n":4}`, `{`)
				b.Schema = schema.PayloadFormatJSON
				requests, left := s.sink.Render(b)
				assert.Zero(t, s.dials.Load(), "nothing is connected")
				assert.Zero(t, s.sink.Stats().Requests)
				seen := make([]bool, len(b.Messages))
				for _, r := range requests {
					assert.Empty(t, r.Fault)
					assert.Empty(t, r.Unknown)
					for _, i := range r.Messages {
						assert.False(t, seen[i])
						seen[i] = true
					}
				}
				for _, o := range left {
					assert.False(t, seen[o.Index])
					seen[o.Index] = true
					assert.Contains(t, []OutcomeKind{Rejected, Filtered}, o.Kind)
				}
				assert.NotContains(t, seen, false)
				s.sink.Deliver(s.t.Context(), b)
				got := s.endpoint.requests()
				require.Len(t, got, len(requests))
				for i, r := range requests {
					assert.Equal(t, got[i].method, r.Method)
					assert.Equal(t, got[i].path, r.URL.RequestURI())
					assert.Equal(t, got[i].body, string(r.Body))
					want := http.Header{"Content-Length": {fmt.Sprint(len(r.Body))}}
					for name, values := range r.Header {
						want[http.CanonicalHeaderKey(name)] = values
					}
					assert.Equal(t, want, got[i].header)
				}
			})
		})
	}
}

// The names of secret headers are told, and those that only say when and what are not among them.
func TestRenderTellsWhichHeadersAreSecret(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	all := renderings(t)
	for name, want := range map[string][]string{
		"templates":    {"SOAPAction"},
		"headers":      {"X-Empty"},
		"gzip":         {"X-Sig"},
		"webhook":      {"Webhook-Signature"},
		"http message": {"Signature"},
		"basic":        {"Authorization"},
		"token file":   {"Authorization"},
		"aws":          {"Authorization"},
	} {
		inScene(t, all[name], nil, func(s *scene) {
			requests, _ := s.sink.Render(orders(0, `{"n":1}`))
			require.Len(t, requests, 1)
			var secret []string
			for header := range requests[0].Header {
				if requests[0].Secret[header] {
					secret = append(secret, header)
				}
			}
			slices.Sort(secret)
			assert.Equal(t, want, secret, name)
		})
	}
}

// What takes a connection is said to be unknown, and none is made.
func TestRenderAsksNobodyForCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	oauth := schema.DefaultAuthOauth2()
	oauth.TokenURL, oauth.ClientID, oauth.ClientSecret = schema.NewSecret("http://endpoint/token"), "me", schema.NewSecret("hush")
	for name, a := range map[string]*schema.Auth{
		"an access token": {Oauth2: &oauth}, "AWS credentials": {AwsSigv4: &schema.AuthAwsSigv4{Type: "aws_sigv4", Region: "eu-central-1", Service: "lambda"}},
	} {
		inScene(t, func(c *schema.Sink) { c.Auth = a }, nil, func(s *scene) {
			requests, _ := s.sink.Render(orders(0, `{"n":1}`))
			require.Len(t, requests, 1)
			assert.Contains(t, requests[0].Unknown["Authorization"], name)
			assert.NotContains(t, requests[0].Header, "Authorization")
			assert.Zero(t, s.dials.Load())
		})
	}
}

// Static credentials of a shared file are there without a connection.
func TestRenderReadsSharedAWSFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	require.NoError(t, os.WriteFile(file, []byte("[prod]\naws_access_key_id = AKID\naws_secret_access_key = hush\n"), 0o600))
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	inScene(t, func(c *schema.Sink) {
		c.Auth = &schema.Auth{AwsSigv4: &schema.AuthAwsSigv4{Type: "aws_sigv4", Region: "eu-central-1", Service: "lambda", Profile: "prod"}}
	}, nil, func(s *scene) {
		requests, _ := s.sink.Render(orders(0, `{"n":1}`))
		require.Len(t, requests, 1)
		assert.Empty(t, requests[0].Unknown)
		assert.Contains(t, requests[0].Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKID/")
	})
}

// A part that has to be signed and is not there is told, not sent.
func TestRenderTellsWhyThereIsNoRequest(t *testing.T) {
	inScene(t, func(c *schema.Sink) {
		c.Signature = []schema.Signature{{HTTPMessage: &schema.SignatureHTTPMessage{Type: "http_message", KeyID: "k", Algorithm: schema.SignatureAlgorithmHmacSha256,
			Key: schema.NewSecret("aGVsbG8="), Components: []string{"x-missing"}, Label: "sig1"}}}
	}, nil, func(s *scene) {
		requests, _ := s.sink.Render(orders(0, `{"n":1}`))
		require.Len(t, requests, 1)
		assert.Contains(t, requests[0].Fault, "x-missing")
	})
}

// A Request is the caller's: the memory of its batch goes on to the next.
func TestARenderedRequestIsTheCallers(t *testing.T) {
	inScene(t, batches, nil, func(s *scene) {
		first, _ := s.sink.Render(orders(0, `{"n":1}`))
		sum := sha256.Sum256(first[0].Body)
		first[0].Header["X-Mine"] = []string{"x"}
		second, _ := s.sink.Render(orders(0, `{"n":2}`))
		assert.Equal(t, sum, sha256.Sum256(first[0].Body))
		assert.NotContains(t, second[0].Header, "X-Mine")
	})
}
