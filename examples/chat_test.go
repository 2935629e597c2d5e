package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"iggysink/sinkhttp"
)

// slack judges as an incoming webhook: text in answers, one message a second.
func slack() service {
	var last time.Time
	text := func(status int, body string) answer {
		return answer{status: status, header: map[string]string{"Content-Type": "text/html"}, body: body}
	}
	return func(r request) answer {
		var message struct {
			Text string `json:"text"`
		}
		switch {
		case r.URL.Path != "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX":
			return text(http.StatusNotFound, "no_service")
		case r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(r.body, &message) != nil:
			return text(http.StatusBadRequest, "invalid_payload")
		case message.Text == "":
			return text(http.StatusBadRequest, "no_text")
		case strings.ContainsAny(message.Text, "<>"):
			return text(http.StatusBadRequest, "a payload may call everybody") // which no recipe may let happen
		case !last.IsZero() && time.Since(last) < time.Second:
			a := text(http.StatusTooManyRequests, "rate_limited")
			a.header["Retry-After"] = "1"
			return a
		}
		last = time.Now()
		return text(http.StatusOK, "ok")
	}
}

var slackEnvironment = map[string]string{
	"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
}

// The answers of Slack: what is about the message sets it aside, and all else keeps it.
func TestSlackRefuses(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   string // of three messages whose first is answered so
	}{
		{400, "invalid_payload", "RAA"},
		{400, "user_not_found", "RAA"},
		{403, "action_prohibited", "F"},
		{404, "channel_not_found", "F"},
		{404, "no_service", "F"},
		{410, "channel_is_archived", "F"},
		{429, "rate_limited", "AAA"},
		{500, "rollup_error", "AAA"}, // the next attempt is accepted
	} {
		script := map[int]answer{0: {tt.status, map[string]string{"Content-Type": "text/html"}, tt.body}}
		if tt.status == http.StatusTooManyRequests {
			script[0].header["Retry-After"] = "30"
		}
		inScene(t, "slack", slackEnvironment, slack(), script, func(s *scene) {
			out := s.deliver(orders(order(1, "a", "1"), order(2, "b", "2"), order(3, "c", "3")))
			assert.Equal(t, tt.want, kinds(out), tt.body)
			if out[0].Kind != sinkhttp.Accepted {
				assert.Equal(t, tt.body, out[0].ResponseBody, "a dead letter says why")
				assert.Equal(t, tt.status, out[0].Status)
			}
			assert.Equal(t, tt.status == http.StatusGone, out[0].Manual, tt.body)
			if tt.status == http.StatusTooManyRequests {
				assert.Equal(t, 30*time.Second, s.exchanges[1].At, "it waits for what Slack asks")
			}
			for i := 1; i < len(s.exchanges); i++ {
				assert.GreaterOrEqual(t, s.exchanges[i].At-s.exchanges[i-1].At, time.Second, "one message a second")
			}
		})
	}
}

// discord judges as a webhook: JSON in answers, five messages in two seconds.
func discord() service {
	var posted []time.Time
	say := func(status int, body string) answer {
		return answer{status: status, header: map[string]string{"Content-Type": "application/json"}, body: body}
	}
	return func(r request) answer {
		var message struct {
			Content         string `json:"content"`
			AllowedMentions *struct {
				Parse []string `json:"parse"`
			} `json:"allowed_mentions"`
		}
		switch {
		case r.URL.Path != "/api/webhooks/100000000000000000/token-of-the-webhook":
			return say(http.StatusNotFound, `{"message": "Unknown Webhook", "code": 10015}`)
		case r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(r.body, &message) != nil:
			return say(http.StatusBadRequest, `{"message": "The request body contains invalid JSON.", "code": 50109}`)
		case message.Content == "":
			return say(http.StatusBadRequest, `{"message": "Cannot send an empty message", "code": 50006}`)
		case utf8.RuneCountInString(message.Content) > 2000:
			return say(http.StatusBadRequest, `{"message": "Invalid Form Body", "code": 50035, "errors": {"content": {"_errors": `+
				`[{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}]}}}`)
		case message.AllowedMentions == nil || len(message.AllowedMentions.Parse) > 0:
			return say(http.StatusBadRequest, `{"message": "a payload may call everybody"}`) // which no recipe may let happen
		case len(posted) >= 5 && time.Since(posted[len(posted)-5]) < 2*time.Second:
			a := say(http.StatusTooManyRequests, `{"message": "You are being rate limited.", "retry_after": 1.5, "global": false}`)
			a.header["Retry-After"] = "2"
			return a
		}
		posted = append(posted, time.Now())
		if r.URL.Query().Get("wait") != "true" {
			return answer{status: http.StatusNoContent}
		}
		return say(http.StatusOK, fmt.Sprintf(`{"id": "%d", "type": 0, "webhook_id": "100000000000000000"}`, len(posted)))
	}
}

var discordEnvironment = map[string]string{
	"DISCORD_WEBHOOK_URL": "https://discord.com/api/webhooks/100000000000000000/token-of-the-webhook",
}

func TestDiscordRefuses(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   string // of two messages whose first is answered so
	}{
		{400, `{"message": "Invalid Form Body", "code": 50035}`, "RA"},
		{401, `{"message": "Invalid Webhook Token", "code": 50027}`, "F"},
		{404, `{"message": "Unknown Webhook", "code": 10015}`, "F"},
		{429, `{"message": "You are being rate limited.", "retry_after": 64.57, "global": false}`, "AA"},
		{502, `<html>`, "AA"},
		{204, ``, "F"}, // nothing says that the message is stored
	} {
		script := map[int]answer{0: {tt.status, nil, tt.body}}
		if tt.status == http.StatusTooManyRequests {
			script[0] = answer{tt.status, map[string]string{"Retry-After": "65", "X-RateLimit-Reset-After": "64.57"}, tt.body}
		}
		inScene(t, "discord", discordEnvironment, discord(), script, func(s *scene) {
			out := s.deliver(orders(order(1, "a", "1"), order(2, "b", "2")))
			assert.Equal(t, tt.want, kinds(out), tt.body)
			if out[0].Kind != sinkhttp.Accepted {
				assert.Equal(t, tt.body, out[0].ResponseBody)
			}
			if tt.status == http.StatusTooManyRequests {
				assert.Equal(t, 65*time.Second, s.exchanges[1].At, "it waits for what Discord asks")
			}
		})
	}
}

// The rate of the recipe is one that Discord takes, and its texts are never too long.
func TestDiscordIsNeverAskedForTooMuch(t *testing.T) {
	inScene(t, "discord", discordEnvironment, discord(), nil, func(s *scene) {
		var payloads []string
		for i := range 70 {
			payloads = append(payloads, order(i, strings.Repeat("ü", 50*i), "1"))
		}
		out := s.deliver(orders(payloads...))
		assert.Equal(t, strings.Repeat("A", 70), kinds(out))
		assert.Len(t, s.exchanges, 70, "no request is answered 429")
		for i := 30; i < len(s.exchanges); i++ {
			assert.GreaterOrEqual(t, s.exchanges[i].At-s.exchanges[i-30].At, time.Minute)
		}
	})
}
