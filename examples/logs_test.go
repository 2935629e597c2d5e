package examples_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"iggysink/sinkhttp"
)

// splunk judges as an HTTP Event Collector: a code of its own in every answer, and a request with one bad event is refused.
func splunk(r request) answer {
	say := func(status, code int, text string, event int) answer {
		body := fmt.Sprintf(`{"text":%q,"code":%d}`, text, code)
		if event >= 0 {
			body = fmt.Sprintf(`{"text":%q,"code":%d,"invalid-event-number":%d}`, text, code, event)
		}
		return answer{status: status, header: map[string]string{"Content-Type": "application/json"}, body: body}
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case r.URL.Path == "/services/collector/health" && r.Method == http.MethodGet:
		return say(http.StatusOK, 17, "HEC is healthy", -1)
	case token == "":
		return say(http.StatusUnauthorized, 2, "Token is required", -1)
	case scheme != "Splunk":
		return say(http.StatusUnauthorized, 3, "Invalid authorization", -1)
	case token != "00000000-0000-0000-0000-000000000000":
		return say(http.StatusForbidden, 4, "Invalid token", -1)
	case len(r.body) == 0:
		return say(http.StatusBadRequest, 5, "No data", -1)
	case r.ContentLength > 1_000_000:
		return say(http.StatusRequestEntityTooLarge, 27, "Request entity too large", -1)
	}
	decoder := json.NewDecoder(bytes.NewReader(r.body))
	for n := 0; decoder.More(); n++ {
		var event struct {
			Time   json.Number    `json:"time"`
			Event  any            `json:"event"`
			Fields map[string]any `json:"fields"`
		}
		if err := decoder.Decode(&event); err != nil {
			return say(http.StatusBadRequest, 6, "Invalid data format", n)
		}
		switch event.Event {
		case nil:
			return say(http.StatusBadRequest, 12, "Event field is required", n)
		case "":
			return say(http.StatusBadRequest, 13, "Event field cannot be blank", n)
		}
		for _, value := range event.Fields {
			switch value.(type) {
			case map[string]any, []any:
				return say(http.StatusBadRequest, 15, "Error in handling indexed fields", n)
			}
		}
	}
	return say(http.StatusOK, 0, "Success", -1)
}

var splunkEnvironment = map[string]string{"SPLUNK_HEC_TOKEN": "00000000-0000-0000-0000-000000000000"}

func TestSplunkRefuses(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   string // of three messages in one request that is answered so
	}{
		{401, `{"text":"Token is required","code":2}`, "FFF"},
		{403, `{"text":"Token disabled","code":1}`, "FFF"},
		{403, `{"text":"Invalid token","code":4}`, "FFF"},
		{404, `{"text":"The requested URL was not found on this server.","code":404}`, "FFF"},
		{500, `{"text":"Internal server error","code":8}`, "AAA"},
		{503, `{"text":"Server is busy","code":9}`, "AAA"},
	} {
		script := map[int]answer{0: {tt.status, nil, tt.body}}
		inScene(t, "splunk-hec", splunkEnvironment, splunk, script, func(s *scene) {
			out := s.deliver(orders(order(1, "a", "1"), order(2, "b", "2"), order(3, "c", "3")))
			assert.Equal(t, tt.want, kinds(out), tt.body)
			if out[0].Kind == sinkhttp.Failed {
				assert.Equal(t, tt.body, out[0].ResponseBody)
			}
		})
	}
}

// One bad event does not take the others of its request along, and the collector is asked for its health first.
func TestSplunkFindsTheBadEvent(t *testing.T) {
	inScene(t, "splunk-hec", splunkEnvironment, splunk, nil, func(s *scene) {
		assert.NoError(t, s.sink.CheckHealth(s.t.Context()))
		assert.Equal(t, "/services/collector/health", mustPath(t, s.exchanges[0].URL))
		out := s.deliver(orders(order(1, "a", "1"), `""`, order(3, "c", "3"), order(4, "d", "4")))
		assert.Equal(t, "ARAA", kinds(out))
		assert.Contains(t, out[1].ResponseBody, "Event field cannot be blank")
	})
	inScene(t, "splunk-hec", splunkEnvironment, splunk, nil, func(s *scene) { // the indexed request is never over 1 MB
		var payloads []string
		for i := range 40 {
			payloads = append(payloads, order(i, strings.Repeat("x", 50_000), "1"))
		}
		assert.Equal(t, strings.Repeat("A", 40), kinds(s.deliver(orders(payloads...))))
		assert.Len(t, s.exchanges, 3)
		for _, e := range s.exchanges {
			assert.LessOrEqual(t, len(e.Body), 1_000_000)
			assert.Equal(t, "gzip", e.Header.Get("Content-Encoding"))
		}
	})
}

// datadog judges as the log intake of version 2.
func datadog(r request) answer {
	say := func(status int, title string) answer {
		body := "{}"
		if status != http.StatusAccepted {
			body = fmt.Sprintf(`{"errors":[{"status":%q,"title":%q}]}`, strconv.Itoa(status), title)
		}
		return answer{status: status, header: map[string]string{"Content-Type": "application/json"}, body: body}
	}
	var logs []map[string]any
	switch {
	case r.Header.Get("DD-API-KEY") == "":
		return say(http.StatusUnauthorized, "Unauthorized")
	case r.Header.Get("DD-API-KEY") != "test-api-key":
		return say(http.StatusForbidden, "Forbidden")
	case r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(r.body, &logs) != nil:
		return say(http.StatusBadRequest, "Bad Request")
	case len(r.body) > 5_000_000 || len(logs) > 1000:
		return say(http.StatusRequestEntityTooLarge, "Payload Too Large")
	}
	return say(http.StatusAccepted, "")
}

var datadogEnvironment = map[string]string{"DD_API_KEY": "test-api-key"}

func TestDatadogRefuses(t *testing.T) {
	for _, tt := range []struct {
		status int
		want   string // of three messages in one request that is answered so
	}{
		{400, "AAA"}, // its halves are accepted
		{401, "FFF"}, {403, "FFF"}, {408, "AAA"}, {413, "AAA"}, {429, "AAA"}, {500, "AAA"}, {503, "AAA"},
		{200, "FFF"}, // says nothing about this API, which answers 202
	} {
		inScene(t, "datadog-logs", datadogEnvironment, datadog, map[int]answer{0: {tt.status, nil, "{}"}}, func(s *scene) {
			out := s.deliver(orders(order(1, "a", "1"), order(2, "b", "2"), order(3, "c", "3")))
			assert.Equal(t, tt.want, kinds(out), tt.status)
		})
	}
}

// No request is over the limits of the intake: 5 MB before compression, and 1,000 logs.
func TestDatadogIsNeverAskedForTooMuch(t *testing.T) {
	for _, tt := range []struct{ messages, size, requests int }{{2500, 10, 3}, {60, 200_000, 3}} {
		inScene(t, "datadog-logs", datadogEnvironment, datadog, nil, func(s *scene) {
			var payloads []string
			for i := range tt.messages {
				payloads = append(payloads, order(i, strings.Repeat("x", tt.size), "1"))
			}
			assert.Equal(t, strings.Repeat("A", tt.messages), kinds(s.deliver(orders(payloads...))))
			assert.Len(t, s.exchanges, tt.requests, "none is answered 413")
			for _, e := range s.exchanges {
				assert.Equal(t, "gzip", e.Header.Get("Content-Encoding"))
			}
		})
	}
}

// loki judges as the push API: labels and lines are text, and lines are neither too old nor of the future.
func loki(r request) answer {
	say := func(status int, text string) answer {
		return answer{status: status, header: map[string]string{"Content-Type": "text/plain; charset=utf-8"}, body: text}
	}
	var push struct {
		Streams []struct {
			Stream map[string]string   `json:"stream"`
			Values [][]json.RawMessage `json:"values"`
		} `json:"streams"`
	}
	switch {
	case r.Header.Get("Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte("iggysink:test-password")):
		return say(http.StatusUnauthorized, "no credentials")
	case r.Header.Get("X-Scope-OrgID") == "":
		return say(http.StatusUnauthorized, "no org id")
	case r.Header.Get("Content-Type") != "application/json":
		return say(http.StatusBadRequest, "unsupported content type")
	case json.Unmarshal(r.body, &push) != nil:
		return say(http.StatusBadRequest, "couldn't parse push request: loghttp.PushRequest.Streams: expected strings")
	case len(push.Streams) == 0:
		return say(http.StatusUnprocessableEntity, "at least one stream is required")
	}
	for _, stream := range push.Streams {
		if len(stream.Stream) == 0 {
			return say(http.StatusBadRequest, "error at least one label pair is required per stream")
		}
		for _, value := range stream.Values {
			if refused := judgeLine(value); refused != "" {
				return say(http.StatusBadRequest, refused)
			}
		}
	}
	return answer{status: http.StatusNoContent}
}

// judgeLine says what Loki has against a line.
func judgeLine(value []json.RawMessage) string {
	var at, line string
	var metadata map[string]string
	if len(value) < 2 || json.Unmarshal(value[0], &at) != nil || json.Unmarshal(value[1], &line) != nil {
		return "expected a time and a line, both text"
	}
	if len(value) == 3 && json.Unmarshal(value[2], &metadata) != nil {
		return "expected structured metadata of text"
	}
	nanos, err := strconv.ParseInt(at, 10, 64)
	switch stamp := time.Unix(0, nanos); {
	case err != nil:
		return "the time is no number"
	case time.Since(stamp) > 7*24*time.Hour:
		return "entry for stream has timestamp too old: " + stamp.UTC().Format(time.RFC3339)
	case time.Until(stamp) > 10*time.Minute:
		return "entry for stream has timestamp too new: " + stamp.UTC().Format(time.RFC3339)
	case len(line) > 256<<10:
		return "max entry size exceeded"
	}
	return ""
}

var lokiEnvironment = map[string]string{"LOKI_PASSWORD": "test-password"}

func TestLokiRefuses(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   string // of two messages whose first is answered so
	}{
		{400, "entry too far behind", "RA"},
		{401, "no org id", "F"},
		{404, "404 page not found", "F"},
		{429, "ingestion rate limit exceeded", "AA"},
		{500, "at least 2 live replicas required, could only find 1", "AA"},
		{503, "", "AA"},
		{200, "<html>a login page</html>", "F"}, // 204 alone says that the lines are taken
	} {
		inScene(t, "loki", lokiEnvironment, loki, map[int]answer{0: {tt.status, nil, tt.body}}, func(s *scene) {
			out := s.deliver(orders(order(1, "a", "1"), order(2, "b", "2")))
			assert.Equal(t, tt.want, kinds(out), tt.body)
		})
	}
}
