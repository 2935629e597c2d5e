package auth

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"iggysink/schema"
)

// vectors are those of the public test suite of the signer whose paths need no encoding: its requests are written as no client
// sends them.
var vectors = []struct{ name, method, target, header, token, signature string }{
	{"get-vanilla", "GET", "/", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-vanilla-empty-query-key", "GET", "/?Param1=value1", "", "", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
	{"get-vanilla-query-order-encoded", "GET", "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", "", "", "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
	{"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", "", "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	{
		"get-vanilla-query-unreserved", "GET", "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=" +
			"-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", "", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
	},
	{"get-vanilla-utf8-query", "GET", "/?ሴ=bar", "", "", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
	{
		"get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", "",
		"07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
	},
	{"get-relative-normalized", "GET", "/example/..", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-relative-relative-normalized", "GET", "/example1/example2/../..", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-slash-dot-slash-normalized", "GET", "/./", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-slash-normalized", "GET", "//", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-slash-pointless-dot-normalized", "GET", "/./example", "", "", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
	{"get-slashes-normalized", "GET", "//example//", "", "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
	{"get-header-value-trim", "GET", "/", "My-Header1: value1\nMy-Header2: \"a   b   c\"", "", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
	{
		"get-vanilla-with-session-token", "GET", "/", "", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
		"07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
	},
	{"post-vanilla", "POST", "/", "", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{"post-vanilla-query", "POST", "/?Param1=value1", "", "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
	{"post-header-key-sort", "POST", "/", "My-Header1:value1", "", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
}

// awsCredential signs for a service with the credentials of the test suite.
func awsCredential(t *testing.T, service, token string) Credential {
	t.Helper()
	for _, name := range []string{"AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
	t.Setenv("AWS_SESSION_TOKEN", token)
	c, err := New(&schema.Auth{AwsSigv4: &schema.AuthAwsSigv4{Region: "us-east-1", Service: service}}, nil, 5*time.Second)
	require.NoError(t, err)
	return c
}

// ofTheSuite is when its requests were made.
var ofTheSuite = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

func TestSigV4SignsTheVectorsOfThePublicSuite(t *testing.T) {
	block := &schema.Auth{AwsSigv4: &schema.AuthAwsSigv4{}}
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			c := awsCredential(t, "service", v.token)
			u, err := url.Parse("https://example.amazonaws.com" + v.target)
			require.NoError(t, err)
			r := &Request{Method: v.method, URL: Outgoing(block, u), Header: http.Header{}, Time: ofTheSuite}
			for line := range strings.Lines(v.header) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
				r.Header[name] = []string{value}
			}
			used, err := c.Apply(t.Context(), r)
			require.NoError(t, err)
			assert.Contains(t, r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=")
			_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			assert.Equal(t, v.signature, signature)
			assert.False(t, c.Renew(used), "credentials are fetched again at their end, by the chain")
		})
	}
}

// A partition's requests share their URL and the values of their headers. What is sent is what was configured.
func TestSigV4ChangesNothingThatIsShared(t *testing.T) {
	c := awsCredential(t, "execute-api", "")
	u, err := url.Parse("https://example.com//a/../b%2Fc?b=1&a=2")
	require.NoError(t, err)
	before := *u
	shared := []string{"stale"}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			r := &Request{Method: "POST", URL: u, Header: http.Header{"X-Amz-Date": shared, "X-Amz-Content-Sha256": shared}, Body: []byte("x"), Time: ofTheSuite}
			_, err := c.Apply(t.Context(), r)
			assert.NoError(t, err)
			assert.Equal(t, "20150830T123600Z", r.Header["X-Amz-Date"][0])
			assert.NotContains(t, r.Header, "X-Amz-Content-Sha256")
		})
	}
	all.Wait()
	assert.Equal(t, before, *u)
	assert.Equal(t, []string{"stale"}, shared)
}

// S3 and OpenSearch Serverless refuse a request that does not tell the hash of its body.
func TestSigV4TellsTheHashOfTheBodyWhereItIsAskedFor(t *testing.T) {
	u, err := url.Parse("https://bucket.example.com/a//b/../c")
	require.NoError(t, err)
	for service, want := range map[string]bool{"s3": true, "s3express": true, "aoss": true, "lambda": false, "es": false} {
		r := &Request{Method: "PUT", URL: u, Header: http.Header{}, Body: []byte("x"), Time: ofTheSuite}
		_, err := awsCredential(t, service, "").Apply(t.Context(), r)
		require.NoError(t, err)
		if want {
			assert.Equal(t, []string{"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}, r.Header["X-Amz-Content-Sha256"], service)
			assert.Contains(t, r.Header.Get("Authorization"), "x-amz-content-sha256")
		} else {
			assert.NotContains(t, r.Header, "X-Amz-Content-Sha256", service)
		}
	}
}

// A query that is sent has one reading: no plus, no semicolon, sorted, and nothing of it lost.
func TestOutgoingQueriesHaveOneReading(t *testing.T) {
	for query, want := range map[string]string{
		"b=2&a=1&a=0&c&d=&e=a+b%20c&f=1;2": "a=0&a=1&b=2&c=&d=&e=a%20b%20c&f=1%3B2",
		"&&x=%zz&y=~(1)'*!":                "x=%25zz&y=~%281%29%27%2A%21", "": "",
	} {
		u := &url.URL{Scheme: "https", Host: "h", RawQuery: query}
		assert.Equal(t, want, Outgoing(&schema.Auth{AwsSigv4: &schema.AuthAwsSigv4{}}, u).RawQuery)
		assert.Same(t, u, Outgoing(&schema.Auth{Basic: &schema.AuthBasic{}}, u), "any other credential changes nothing")
		assert.Same(t, u, Outgoing(nil, u))
	}
	rapid.Check(t, func(t *rapid.T) {
		values := url.Values(rapid.MapOf(rapid.String(), rapid.SliceOfN(rapid.String(), 1, 3)).Draw(t, "values"))
		got, err := url.ParseQuery(canonicalQuery(values.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		for name, list := range values {
			assert.ElementsMatch(t, list, got[name])
		}
		assert.Len(t, got, len(values))
		again := canonicalQuery(canonicalQuery(values.Encode()))
		assert.Equal(t, canonicalQuery(values.Encode()), again)
	})
}
