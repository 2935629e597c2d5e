package signature

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

func request(body string) *Request {
	u, _ := url.Parse("https://example.com/foo?param=Value&Pet=dog")
	return &Request{Method: "POST", URL: u, Header: http.Header{"Content-Type": {"application/json"}, "X-Two": {" a ", "b"}},
		Body: []byte(body), ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", Time: time.Unix(1614265330, 0)}
}

func signed(t *testing.T, r *Request, blocks ...schema.Signature) http.Header {
	t.Helper()
	s, err := New(blocks)
	require.NoError(t, err)
	assert.False(t, s.Empty())
	require.NoError(t, s.Sign(r))
	return r.Header
}

func webhooks(secrets ...string) schema.Signature {
	b := &schema.SignatureStandardWebhooks{}
	for _, s := range secrets {
		b.Secrets = append(b.Secrets, schema.NewSecret(s))
	}
	return schema.Signature{StandardWebhooks: b}
}

// The fixed vector of the specification, and during a rotation both signatures.
func TestStandardWebhooks(t *testing.T) {
	const first, second = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	h := signed(t, request(`{"test": 2432232314}`), webhooks(first))
	assert.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", h["Webhook-Signature"][0])
	assert.Equal(t, "1614265330", h["Webhook-Timestamp"][0])
	assert.Equal(t, "msg_p5jXN8AQM9LWM0D4loKWxJek", h["Webhook-Id"][0])

	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	h = signed(t, request("x"), webhooks(first, second, "whsk_"+base64.StdEncoding.EncodeToString(private), "whsk_"+base64.StdEncoding.EncodeToString(private.Seed())))
	all := strings.Split(h["Webhook-Signature"][0], " ")
	require.Len(t, all, 4)
	assert.True(t, strings.HasPrefix(all[1], "v1,"))
	assert.Equal(t, all[2], all[3], "a seed is the same key")
	sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(all[2], "v1a,"))
	require.NoError(t, err)
	assert.True(t, ed25519.Verify(public, []byte("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.x"), sum))
}

func keyed(header, secret, signed, format string, algorithm schema.HmacAlgorithm, encoding schema.HmacEncoding) schema.Signature {
	return schema.Signature{Hmac: &schema.SignatureHmac{Header: header, Secret: schema.NewSecret(secret), Signed: signed, Format: format, Algorithm: algorithm, Encoding: encoding}}
}

// The published examples of those who check such a header.
func TestHMAC(t *testing.T) {
	// GitHub, "Validating webhook deliveries", testing the webhook payload validation.
	h := signed(t, request("Hello, World!"), keyed("X-Hub-Signature-256", "It's a Secret to Everybody", "{body}", "sha256={signature}", schema.HmacAlgorithmSha256, schema.HmacEncodingHex))
	assert.Equal(t, "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", h["X-Hub-Signature-256"][0])

	// What a body holds is never a placeholder.
	a := signed(t, request("{timestamp}"), keyed("A", "k", "{timestamp}.{body}.{id}", "t={timestamp},v1={signature},id={id}", schema.HmacAlgorithmSha512, schema.HmacEncodingBase64))
	b := signed(t, request("1614265330"), keyed("A", "k", "{timestamp}.{body}.{id}", "t={timestamp},v1={signature},id={id}", schema.HmacAlgorithmSha512, schema.HmacEncodingBase64))
	assert.NotEqual(t, a["A"], b["A"])
	assert.Regexp(t, `^t=1614265330,v1=[A-Za-z0-9+/]{86}==,id=msg_`, a["A"][0])
	assert.Len(t, signed(t, request("x"), keyed("A", "k", "{body}", "{signature}", schema.HmacAlgorithmSha1, schema.HmacEncodingHex))["A"][0], 40)
}

// RFC 9421, appendix B.2.5 (hmac-sha256) and B.2.6 (ed25519), with their keys and their base.
func TestHTTPMessageSignsTheVectorsOfTheRFC(t *testing.T) {
	u, _ := url.Parse("https://example.com/foo?param=Value&Pet=dog")
	r := &Request{Method: "POST", URL: u, Time: time.Unix(1618884473, 0), Body: []byte(`{"hello": "world"}`),
		Header: http.Header{"Date": {"Tue, 20 Apr 2021 02:07:55 GMT"}, "Content-Type": {"application/json"}}}
	m, err := newHTTPMessage(&schema.SignatureHTTPMessage{Label: "sig-b25", KeyID: "test-shared-secret", Algorithm: schema.SignatureAlgorithmHmacSha256,
		Key:        schema.NewSecret("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="),
		Components: []string{"date", "@authority", "content-type"}})
	require.NoError(t, err)
	base, err := m.base(r, `("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`)
	require.NoError(t, err)
	assert.Equal(t, "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@authority\": example.com\n\"content-type\": application/json\n"+
		"\"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\"", string(base))
	require.NoError(t, m.sign(r))
	assert.Equal(t, `sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret";alg="hmac-sha256"`, r.Header.Get("Signature-Input"))
}

func TestHTTPMessageComponents(t *testing.T) {
	r := request("hello")
	r.Host = "Other.example:443"
	for name, want := range map[string]string{
		"@method": "POST", "@target-uri": "https://Other.example:443/foo?param=Value&Pet=dog", "@authority": "other.example", "@scheme": "https",
		"@request-target": "/foo?param=Value&Pet=dog", "@path": "/foo", "@query": "?param=Value&Pet=dog", "x-two": "a, b", "content-length": "5",
	} {
		got, err := component(r, name)
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
	}
	_, err := component(r, "x-none")
	assert.EqualError(t, err, `signature: the request has no header "x-none" to sign`)
}

func TestTwoHTTPMessageSignaturesShareTheirHeaders(t *testing.T) {
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	key := schema.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	one := &schema.SignatureHTTPMessage{Label: "a", KeyID: `k"1`, Algorithm: schema.SignatureAlgorithmEd25519, Key: key, Components: []string{"@method", "content-digest"}}
	two := *one
	two.Label = "b"
	h := signed(t, request("hello"), schema.Signature{HTTPMessage: one}, schema.Signature{HTTPMessage: &two})
	assert.Equal(t, "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:", h.Get("Content-Digest"))
	assert.Contains(t, h.Get("Signature-Input"), `, b=("@method" "content-digest");created=1614265330;keyid="k\"1";alg="ed25519"`)
	assert.Regexp(t, `^a=:[^:]+:, b=:[^:]+:$`, h.Get("Signature"))
}

func TestKeysAreCheckedWithoutShowingThem(t *testing.T) {
	for _, tt := range []struct {
		block schema.Signature
		want  string
	}{
		{webhooks("canary"), "signature 1: secrets: element 1 begins with neither whsec_ nor whsk_"},
		{webhooks("whsec_!canary"), "signature 1: secrets: element 1 is not base64 after whsec_"},
		{webhooks("whsec_Y2FuYXJ5"), "signature 1: secrets: element 1 holds 6 bytes; a secret has 24 to 64"},
		{webhooks("whsk_Y2FuYXJ5"), "signature 1: secrets: element 1 holds 6 bytes; an ed25519 key has 32 or 64"},
		{webhooks(), "signature 1: secrets: must have at least one"},
		{keyed("A", "canary", "x", "{signature}", "", ""), "signature 1: signed: has no {body}"},
		{schema.Signature{HTTPMessage: &schema.SignatureHTTPMessage{Label: "l", Components: []string{"@method"}, Algorithm: schema.SignatureAlgorithmEd25519, Key: schema.NewSecret("canary")}},
			"signature 1: key: has no PEM block, which ed25519 needs"},
		{schema.Signature{HTTPMessage: &schema.SignatureHTTPMessage{Label: "l", Components: []string{"@method"}, Algorithm: schema.SignatureAlgorithmHmacSha256, Key: schema.NewSecret("canary!")}},
			"signature 1: key: is not base64, which hmac-sha256 needs"},
		{schema.Signature{}, "signature 1: no kind of signature"},
	} {
		_, err := New([]schema.Signature{tt.block})
		assert.EqualError(t, err, tt.want)
	}
}
