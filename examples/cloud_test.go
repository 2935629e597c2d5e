package examples_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// The credentials that AWS uses in its documentation.
const (
	awsKey    = "AKIDEXAMPLE"
	awsSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// withAWS puts the credentials where the standard chain finds them first, and nothing of this machine where it finds more.
func withAWS(t *testing.T, key, secret string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "none"),
		"AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

// lambda judges as a function URL with IAM authentication, in front of a function that cannot take a negative amount.
func lambda(r request) answer {
	say := func(status int, body string) answer {
		return answer{status: status, header: map[string]string{"Content-Type": "application/json"}, body: body}
	}
	if len(r.body) > 6<<20 {
		return say(http.StatusRequestEntityTooLarge, `{"message":"Request Entity Too Large"}`)
	}
	if refused := verifySigV4(r); refused != "" {
		return say(http.StatusForbidden, fmt.Sprintf(`{"message":%q}`, refused))
	}
	var events []struct {
		Payload struct {
			Amount float64 `json:"amount"`
		} `json:"payload"`
	}
	if json.Unmarshal(r.body, &events) != nil {
		return say(http.StatusBadGateway, "Internal Server Error")
	}
	for _, e := range events {
		if e.Payload.Amount < 0 { // the function throws
			return say(http.StatusBadGateway, "Internal Server Error")
		}
	}
	return say(http.StatusOK, "null")
}

// verifySigV4 checks a signature of version 4 as AWS describes it, for a path of "/" without a query.
func verifySigV4(r request) (refused string) {
	fields := map[string]string{}
	algorithm, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for field := range strings.SplitSeq(rest, ", ") {
		name, value, _ := strings.Cut(field, "=")
		fields[name] = value
	}
	if algorithm != "AWS4-HMAC-SHA256" || fields["Signature"] == "" {
		return "Missing Authentication Token"
	}
	stamp := r.Header.Get("X-Amz-Date")
	at, err := time.Parse("20060102T150405Z", stamp)
	if err != nil || time.Since(at).Abs() > 5*time.Minute {
		return "Signature expired"
	}
	scope := at.Format("20060102") + "/eu-central-1/lambda/aws4_request"
	if fields["Credential"] != awsKey+"/"+scope {
		return "The security token included in the request is invalid."
	}
	names := strings.Split(fields["SignedHeaders"], ";")
	if !slices.Contains(names, "host") || !slices.Contains(names, "x-amz-date") || !slices.IsSorted(names) {
		return "'Host' or 'X-Amz-Date' must be a signed header"
	}
	hash := sha256.Sum256(r.body)
	canonical := r.Method + "\n" + r.URL.EscapedPath() + "\n" + r.URL.RawQuery + "\n"
	for _, name := range names {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		canonical += name + ":" + strings.TrimSpace(value) + "\n"
	}
	canonical += "\n" + fields["SignedHeaders"] + "\n" + hex.EncodeToString(hash[:])
	digest := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + awsSecret)
	for _, part := range strings.Split(scope, "/") {
		key = hmacSHA256(key, part)
	}
	want := hex.EncodeToString(hmacSHA256(key, "AWS4-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+hex.EncodeToString(digest[:])))
	if want != fields["Signature"] {
		return "The request signature we calculated does not match the signature you provided."
	}
	return ""
}

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func TestLambdaRefuses(t *testing.T) {
	withAWS(t, awsKey, awsSecret)
	for _, tt := range []struct {
		status int
		want   string // of three messages in one request that is answered so
	}{
		{403, "FFF"}, {413, "AAA"}, {429, "AAA"}, {502, "AAA"}, {504, "AAA"},
	} {
		inScene(t, "aws-lambda", nil, lambda, map[int]answer{0: {status: tt.status}}, func(s *scene) {
			out := s.deliver(orders(order(1, "a", "1"), order(2, "b", "2"), order(3, "c", "3")))
			assert.Equal(t, tt.want, kinds(out), tt.status)
		})
	}
	inScene(t, "aws-lambda", nil, lambda, nil, func(s *scene) { // a request is never too large, and each is signed
		var payloads []string
		for i := range 50 {
			payloads = append(payloads, order(i, strings.Repeat("x", 200_000), "1"))
		}
		assert.Equal(t, strings.Repeat("A", 50), kinds(s.deliver(orders(payloads...))))
		assert.Len(t, s.exchanges, 4)
	})
	withAWS(t, awsKey, "another")
	inScene(t, "aws-lambda", nil, lambda, nil, func(s *scene) {
		out := s.deliver(orders(order(1, "a", "1")))
		assert.Equal(t, "F", kinds(out))
		assert.Contains(t, out[0].ResponseBody, "does not match the signature you provided")
	})
}

// A function that fails at one message: with evidence that it takes others the batch is halved, and that message found.
func TestLambdaFindsTheBadMessage(t *testing.T) {
	withAWS(t, awsKey, awsSecret)
	inScene(t, "aws-lambda", nil, lambda, nil, func(s *scene) {
		batch := orders(order(1, "a", "1"), order(2, "b", "-2"), order(3, "c", "3"), order(4, "d", "4"))
		assert.Equal(t, "FFFF", kinds(s.deliver(batch)), "nothing says that the function takes anything")
		s.suspect = true
		assert.Equal(t, "AFUU", kinds(s.deliver(batch)), "the partition stops at the message at fault")
	})
}

// oauth2 is an authorization server and an API that takes its tokens, each of which is good for some requests.
type oauth2 struct {
	uses   int
	tokens int
	left   map[string]int
	stored map[string]string // by path
}

func (o *oauth2) judge(r request) answer {
	say := func(status int, body string) answer {
		return answer{status: status, header: map[string]string{"Content-Type": "application/json"}, body: body}
	}
	if r.Host == "login.example.com" {
		form, err := url.ParseQuery(string(r.body))
		id, secret, _ := r.BasicAuth()
		switch {
		case err != nil || form.Get("grant_type") != "client_credentials":
			return say(http.StatusBadRequest, `{"error":"unsupported_grant_type"}`)
		case id != "iggysink" || secret != "test-client-secret":
			return say(http.StatusUnauthorized, `{"error":"invalid_client"}`)
		case form.Get("scope") != "orders.write" || form.Get("audience") != "https://api.example.com":
			return say(http.StatusBadRequest, `{"error":"invalid_scope"}`)
		}
		o.tokens++
		token := fmt.Sprintf("token-%d", o.tokens)
		o.left[token] = o.uses
		return say(http.StatusOK, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, token))
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	id, isOrder := strings.CutPrefix(r.URL.EscapedPath(), "/v1/orders/")
	if o.left[token] == 0 {
		return say(http.StatusUnauthorized, `{"error":"invalid_token"}`)
	}
	o.left[token]--
	switch {
	case !isOrder || strings.Contains(id, "/") || id == "404":
		return say(http.StatusNotFound, `{"error":"no such order"}`)
	case r.Method != http.MethodPut || r.Header.Get("Idempotency-Key") == "":
		return say(http.StatusMethodNotAllowed, `{}`)
	case id == "422":
		return say(http.StatusUnprocessableEntity, `{"error":"the amount is negative"}`)
	}
	_, known := o.stored[id]
	o.stored[id] = string(r.body)
	if known {
		return say(http.StatusOK, `{}`)
	}
	return say(http.StatusCreated, `{}`)
}

func newOAuth2(uses int) *oauth2 {
	return &oauth2{uses: uses, left: make(map[string]int), stored: make(map[string]string)}
}

var oauth2Environment = map[string]string{"OAUTH_CLIENT_SECRET": "test-client-secret"}

// A token is fetched once and again when the API no longer takes it; what is wrong with one order is that order's.
func TestAnAPIBehindOAuth2(t *testing.T) {
	api := newOAuth2(3)
	inScene(t, "oauth2-api", oauth2Environment, api.judge, nil, func(s *scene) {
		out := s.deliver(orders(order(1, "a", "1"), order(404, "b", "2"), order(422, "c", "-3"), order(4, "d", "4"), `{"id":"../admin?x#y"}`,
			`{"id":".."}`, `{"amount":1}`))
		assert.Equal(t, "ARRAARR", kinds(out))
		assert.Equal(t, 2, api.tokens)
		assert.Equal(t, `{"error":"the amount is negative"}`, out[2].ResponseBody)
		assert.Contains(t, api.stored, "..%2Fadmin%3Fx%23y", "an id stays in its segment")
		assert.Equal(t, "template_error: url: a path segment would be . or .., which servers resolve", out[5].Reason)
		assert.Equal(t, "template_error: url: message.payload.id is missing", out[6].Reason)
	})
	for _, tt := range []struct {
		number int // of the request that is answered otherwise
		answer answer
		want   string
		reason string
	}{
		{0, answer{401, nil, `{"error":"invalid_client"}`}, "F", "the token endpoint"},
		{0, answer{400, nil, `{"error":"invalid_scope"}`}, "F", "the token endpoint"},
		{0, answer{503, nil, ""}, "AA", ""},
		{0, answer{200, nil, "<html>"}, "AA", ""},
		{1, answer{409, nil, `{"error":"another attempt is under way"}`}, "AA", ""},
		{1, answer{403, nil, `{"error":"insufficient_scope"}`}, "F", "answered 403 Forbidden"},
		{1, answer{500, nil, ""}, "AA", ""},
	} {
		inScene(t, "oauth2-api", oauth2Environment, newOAuth2(100).judge, map[int]answer{tt.number: tt.answer}, func(s *scene) {
			out := s.deliver(orders(order(1, "a", "1"), order(2, "b", "2")))
			assert.Equal(t, tt.want, kinds(out), "%v", tt)
			assert.Contains(t, out[0].Reason, tt.reason)
		})
	}
}
