package examples_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/sinkhttp"
)

const (
	webhookSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	webhookSecretOld = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

// webhooks is a receiver of Standard Webhooks that knows one secret: it checks time and signature, and forgets no id.
type webhooks struct {
	secret string
	seen   map[string]int
}

func (w *webhooks) judge(r request) answer {
	say := func(status int, text string) answer {
		return answer{status: status, header: map[string]string{"Content-Type": "text/plain"}, body: text}
	}
	id, stamp := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return say(http.StatusUnauthorized, "the timestamp is not of now")
	}
	if !verifiesWebhook(w.secret, id, stamp, r.body, r.Header.Get("Webhook-Signature")) {
		return say(http.StatusUnauthorized, "no signature fits")
	}
	var event struct {
		Type      string          `json:"type"`
		Timestamp time.Time       `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}
	if json.Unmarshal(r.body, &event) != nil || event.Type == "" || event.Timestamp.IsZero() || len(event.Data) == 0 {
		return say(http.StatusBadRequest, "no event")
	}
	w.seen[id]++
	return answer{status: http.StatusNoContent}
}

// verifiesWebhook checks a signature as the specification has it.
func verifiesWebhook(secret, id, stamp string, body []byte, header string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "." + string(body)))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for signature := range strings.SplitSeq(header, " ") {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return true
		}
	}
	return false
}

var webhooksEnvironment = map[string]string{"WEBHOOK_SECRET": webhookSecret, "WEBHOOK_SECRET_OLD": webhookSecretOld}

// A receiver that knows either secret takes the messages, a repeated attempt has the same id and a signature of its own, and
// the receiver's answers have their effect.
func TestStandardWebhooksReceivers(t *testing.T) {
	for _, secret := range []string{webhookSecret, webhookSecretOld} {
		w := &webhooks{secret: secret, seen: make(map[string]int)}
		inScene(t, "standard-webhooks", webhooksEnvironment, w.judge, map[int]answer{0: {500, nil, "not now"}}, func(s *scene) {
			assert.Equal(t, "AA", kinds(s.deliver(orders(order(1, "a", "1"), order(2, "b", "2")))))
			assert.Len(t, w.seen, 2)
			first, second := s.exchanges[0].Header, s.exchanges[1].Header
			assert.Equal(t, first.Get("Webhook-Id"), second.Get("Webhook-Id"))
			assert.NotEqual(t, first.Get("Webhook-Signature"), second.Get("Webhook-Signature"))
		})
	}
	for _, tt := range []struct {
		status int
		want   string
	}{{400, "RA"}, {401, "F"}, {404, "F"}, {410, "F"}, {429, "AA"}, {502, "AA"}} {
		w := &webhooks{secret: webhookSecret, seen: make(map[string]int)}
		inScene(t, "standard-webhooks", webhooksEnvironment, w.judge, map[int]answer{0: {status: tt.status}}, func(s *scene) {
			out := s.deliver(orders(order(1, "a", "1"), order(2, "b", "2")))
			assert.Equal(t, tt.want, kinds(out), tt.status)
			assert.Equal(t, tt.status == http.StatusGone, out[0].Manual)
		})
	}
	wrong := &webhooks{secret: "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 24)), seen: make(map[string]int)}
	inScene(t, "standard-webhooks", webhooksEnvironment, wrong.judge, nil, func(s *scene) {
		out := s.deliver(orders(order(1, "a", "1")))
		assert.Equal(t, "F", kinds(out), "a secret that the receiver does not know pauses")
		assert.Equal(t, "no signature fits", out[0].ResponseBody)
	})
}

// github checks a request as receivers of GitHub's webhooks do.
func github(secret string) service {
	return func(r request) answer {
		switch {
		case !verifiesGitHub(secret, r.body, r.Header.Get("X-Hub-Signature-256")):
			return answer{status: http.StatusForbidden, body: "the signatures do not match"}
		case r.Header.Get("X-GitHub-Event") == "" || r.Header.Get("X-GitHub-Delivery") == "":
			return answer{status: http.StatusBadRequest, body: "a header is missing"}
		case !json.Valid(r.body):
			return answer{status: http.StatusBadRequest, body: "no JSON"}
		}
		return answer{status: http.StatusOK, body: "thanks"}
	}
}

func verifiesGitHub(secret string, body []byte, header string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hmac.Equal([]byte(header), []byte("sha256="+hex.EncodeToString(mac.Sum(nil))))
}

var githubEnvironment = map[string]string{"HOOK_SECRET": "It's a Secret to Everybody"}

func TestGitHubReceivers(t *testing.T) {
	// The example that GitHub publishes: what follows is checked by it, and not by our own code.
	require.True(t, verifiesGitHub("It's a Secret to Everybody", []byte("Hello, World!"),
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"))
	for _, tt := range []struct {
		secret string
		status int // of the first answer; 0: the receiver's own
		want   string
	}{
		{"It's a Secret to Everybody", 0, "AA"}, {"another", 0, "F"}, {"It's a Secret to Everybody", 400, "RA"},
		{"It's a Secret to Everybody", 500, "AA"}, {"It's a Secret to Everybody", 404, "F"},
	} {
		script := map[int]answer{}
		if tt.status != 0 {
			script[0] = answer{status: tt.status}
		}
		inScene(t, "github-hmac", githubEnvironment, github(tt.secret), script, func(s *scene) {
			assert.Equal(t, tt.want, kinds(s.deliver(orders(order(1, "a", "1"), order(2, "b", "2")))), "%v", tt)
		})
	}
}

// knative judges as the ingress of a broker: an event in binary mode.
func knative(r request) answer {
	for _, name := range []string{"Ce-Id", "Ce-Source", "Ce-Type"} {
		if r.Header.Get(name) == "" {
			return answer{status: http.StatusBadRequest}
		}
	}
	_, err := url.Parse(r.Header.Get("Ce-Source"))
	_, badTime := time.Parse(time.RFC3339Nano, r.Header.Get("Ce-Time"))
	switch {
	case r.Method != http.MethodPost:
		return answer{status: http.StatusMethodNotAllowed}
	case strings.Count(r.URL.Path, "/") != 2:
		return answer{status: http.StatusBadRequest}
	case r.URL.Path != "/shop/default":
		return answer{status: http.StatusNotFound}
	case r.Header.Get("Ce-Specversion") != "1.0" || err != nil || badTime != nil:
		return answer{status: http.StatusBadRequest}
	case r.Header.Get("Content-Type") == "application/json" && !json.Valid(r.body):
		return answer{status: http.StatusBadRequest}
	}
	return answer{status: http.StatusAccepted, header: map[string]string{"Allow": "POST, OPTIONS"}}
}

func TestKnativeRefuses(t *testing.T) {
	for _, tt := range []struct {
		status int
		want   string
	}{
		{400, "RA"}, {404, "F"}, {408, "AA"}, {429, "AA"}, {500, "AA"}, {503, "AA"},
	} {
		inScene(t, "knative", nil, knative, map[int]answer{0: {status: tt.status}}, func(s *scene) {
			out := s.deliver(orders(order(1, "a", "1"), order(2, "b", "2")))
			assert.Equal(t, tt.want, kinds(out), tt.status)
			if tt.want == "AA" { // an event that is sent again is the same event
				assert.Equal(t, s.exchanges[0].Header.Get("Ce-Id"), s.exchanges[1].Header.Get("Ce-Id"))
			}
		})
	}
	inScene(t, "knative", nil, knative, nil, func(s *scene) {
		out := s.deliver(orders(order(1, "a", "1"), `{"id":2}`, `not JSON`, `{"id":"ü ","event":"x\ny"}`))
		assert.Equal(t, "ARRA", kinds(out))
		assert.Equal(t, sinkhttp.Rejected, out[1].Kind)
		assert.Equal(t, "template_error: cloudevents: message.payload.event is missing", out[1].Reason)
	})
}

// mustPath is the path of a URL.
func mustPath(t *testing.T, text string) string {
	t.Helper()
	u, err := url.Parse(text)
	require.NoError(t, err)
	return u.Path
}
