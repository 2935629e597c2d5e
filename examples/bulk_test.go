package examples_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"iggysink/sinkhttp"
)

// bulk judges as the bulk API of Elasticsearch and OpenSearch: each document by itself, in an answer that is 200.
type bulk struct {
	action        string // index or create
	authorization string
	asksForTime   bool // as a data stream does
	queue         int  // documents that it takes of the first request; 0: all
	ids           map[string]bool
	requests      int
}

// document is the line behind an action.
type document struct {
	Amount any `json:"amount"`
	Time   any `json:"@timestamp"`
}

func (b *bulk) judge(r request) answer {
	say := func(status int, body string) answer {
		return answer{status: status, header: map[string]string{"Content-Type": "application/json"}, body: body}
	}
	lines := strings.SplitAfter(string(r.body), "\n")
	switch {
	case r.Header.Get("Authorization") != b.authorization:
		return say(http.StatusUnauthorized, `{"error":{"type":"security_exception","reason":"unable to authenticate"},"status":401}`)
	case r.URL.Path != "/orders/_bulk":
		return say(http.StatusMethodNotAllowed, `{"error":"Incorrect HTTP method for uri","status":405}`)
	case r.Header.Get("Content-Type") != "application/x-ndjson":
		return say(http.StatusNotAcceptable, `{"error":"Content-Type header is not supported","status":406}`)
	case len(lines)%2 != 1 || lines[len(lines)-1] != "": // each line ends, the last one too
		return say(http.StatusBadRequest, `{"error":{"type":"illegal_argument_exception","reason":"The bulk request must be terminated by a newline [\\n]"},"status":400}`)
	}
	b.requests++
	var items []string
	for i := 0; i+1 < len(lines); i += 2 {
		items = append(items, b.item(lines[i], lines[i+1], len(items)))
	}
	if r.URL.Query().Get("filter_path") != "items.*.status,items.*.error" {
		return say(http.StatusOK, fmt.Sprintf(`{"took":3,"errors":true,"items":[%s]}`, strings.Join(items, ",")))
	}
	return say(http.StatusOK, fmt.Sprintf(`{"items":[%s]}`, strings.Join(items, ",")))
}

// item judges one document; n counts those before it in the request.
func (b *bulk) item(action, source string, n int) string {
	var actions map[string]struct {
		ID string `json:"_id"`
	}
	var d document
	refuse := func(status int, kind, reason string) string {
		return fmt.Sprintf(`{%q:{"status":%d,"error":{"type":%q,"reason":%q}}}`, b.action, status, kind, reason)
	}
	if json.Unmarshal([]byte(action), &actions) != nil || actions[b.action].ID == "" || json.Unmarshal([]byte(source), &d) != nil {
		return refuse(http.StatusBadRequest, "illegal_argument_exception", "Malformed action/metadata line")
	}
	id := actions[b.action].ID
	if _, isNumber := d.Amount.(float64); !isNumber {
		return refuse(http.StatusBadRequest, "document_parsing_exception", "failed to parse field [amount] of type [double] in document with id '"+id+"'")
	}
	if _, isNumber := d.Time.(float64); b.asksForTime && !isNumber {
		return refuse(http.StatusBadRequest, "document_parsing_exception", "data stream timestamp field [@timestamp] is missing")
	}
	switch {
	case b.queue > 0 && b.requests == 1 && n >= b.queue:
		return refuse(http.StatusTooManyRequests, "es_rejected_execution_exception", "rejected execution of primary operation")
	case b.ids[id] && b.action == "create":
		return refuse(http.StatusConflict, "version_conflict_engine_exception", "["+id+"]: version conflict, document already exists (current version [1])")
	case b.ids[id]:
		return fmt.Sprintf(`{%q:{"status":200}}`, b.action)
	}
	b.ids[id] = true
	return fmt.Sprintf(`{%q:{"status":201}}`, b.action)
}

func elasticsearch() *bulk {
	return &bulk{action: "index", authorization: "ApiKey dGVzdC1pZDp0ZXN0LWtleQ==", ids: make(map[string]bool)}
}

func opensearch() *bulk {
	return &bulk{
		action: "create", authorization: "Basic " + base64.StdEncoding.EncodeToString([]byte("iggysink:test-password")), asksForTime: true,
		ids: make(map[string]bool),
	}
}

var bulkEnvironment = map[string]string{"ELASTICSEARCH_API_KEY": "dGVzdC1pZDp0ZXN0LWtleQ==", "OPENSEARCH_PASSWORD": "test-password"}

// bulkRecipes are both recipes with a service each.
var bulkRecipes = []struct {
	name    string
	service func() *bulk
}{{"elasticsearch", elasticsearch}, {"opensearch", opensearch}}

// What a whole request is answered.
func TestBulkRequestsThatAreRefused(t *testing.T) {
	for _, recipe := range bulkRecipes {
		for _, tt := range []struct {
			answer answer
			want   string
			reason string
		}{
			{answer{401, nil, `{"error":{"type":"security_exception"},"status":401}`}, "FFF", "answered 401 Unauthorized"},
			{answer{403, nil, `{"error":{"type":"security_exception"},"status":403}`}, "FFF", "answered 403 Forbidden"},
			{answer{413, nil, ``}, "AAA", ""}, // halves are small enough
			{answer{429, nil, `{"error":{"type":"es_rejected_execution_exception"},"status":429}`}, "AAA", ""},
			{answer{503, nil, `{"error":{"type":"cluster_block_exception"},"status":503}`}, "AAA", ""},
			{answer{200, nil, `{"items":[{"index":{"status":201},"create":{"status":201}}]}`}, "AAA", ""}, // too few: nothing counts
			{answer{200, nil, `{"took":1,"errors":tr`}, "AAA", ""},
		} {
			inScene(t, recipe.name, bulkEnvironment, recipe.service().judge, map[int]answer{0: tt.answer}, func(s *scene) {
				out := s.deliver(orders(order(1, "a", "1"), order(2, "b", "2"), order(3, "c", "3")))
				assert.Equal(t, tt.want, kinds(out), "%s %v", recipe.name, tt.answer)
				assert.Equal(t, tt.reason, out[0].Reason)
			})
		}
	}
}

// A bulk answer in which documents are told 201, 400 and 429: only those with 429 go out again, and a request that is sent
// twice, because its answer was lost, makes no document twice and rejects none.
func TestBulkDocumentsAreJudgedOneByOne(t *testing.T) {
	for _, recipe := range bulkRecipes {
		b := recipe.service()
		b.queue = 4
		lost := false
		judge := func(r request) answer {
			a := b.judge(r)
			if b.requests == 2 && !lost {
				lost = true
				return answer{status: http.StatusBadGateway}
			}
			return a
		}
		inScene(t, recipe.name, bulkEnvironment, judge, nil, func(s *scene) {
			out := s.deliver(orders(order(1, "a", "1"), order(2, "b", `"much"`), order(3, "c", "3"), order(4, "d", "4"), order(5, "e", "5"),
				order(6, "f", "6"), `{"amount":`))
			assert.Equal(t, "ARAAAAR", kinds(out), recipe.name)
			assert.Equal(t, http.StatusBadRequest, out[1].Status)
			assert.Contains(t, out[1].ResponseBody, "failed to parse field [amount]", "a dead letter says why")
			assert.Zero(t, out[6].Attempts, "what is no JSON is not sent")
			var ids []string
			for _, e := range s.exchanges {
				ids = append(ids, strings.Join(idsOf(string(e.Body)), " "))
			}
			assert.Equal(t, []string{"0 1 2 3 4 5", "4 5", "4", "5"}, ids)
			assert.Len(t, b.ids, 5)
		})
	}
}

// idsOf returns the offsets that a request carries.
func idsOf(body string) (ids []string) {
	for line := range strings.Lines(body) {
		if _, rest, isAction := strings.Cut(line, `"_id":"created-0-`); isAction {
			id, _, _ := strings.Cut(rest, `"`)
			ids = append(ids, id)
		}
	}
	return ids
}

// An index that is not there, or read only, is no fault of a document: nothing is set aside.
func TestBulkDocumentsOfAMissingIndexWait(t *testing.T) {
	for _, recipe := range bulkRecipes {
		b := recipe.service()
		gone := fmt.Sprintf(`{"items":[{"%[1]s":{"status":404,"error":{"type":"index_not_found_exception","reason":"no such index [orders]"}}},`+
			`{"%[1]s":{"status":201}}]}`, b.action)
		inScene(t, recipe.name, bulkEnvironment, b.judge, map[int]answer{0: {200, nil, gone}}, func(s *scene) {
			out := s.deliver(orders(order(1, "a", "1"), order(2, "b", "2")))
			assert.Equal(t, "FA", kinds(out), recipe.name)
			assert.Equal(t, "no such index [orders]", out[0].ResponseBody)
			assert.Equal(t, sinkhttp.ScopeUnknown, out[0].Scope)
		})
	}
}

// Bodies that are worth it are compressed.
func TestBulkBodiesAreCompressed(t *testing.T) {
	inScene(t, "elasticsearch", bulkEnvironment, elasticsearch().judge, nil, func(s *scene) {
		var payloads []string
		for i := range 100 {
			payloads = append(payloads, order(i, "somebody", "1"))
		}
		assert.Equal(t, strings.Repeat("A", 100), kinds(s.deliver(orders(payloads...))))
		assert.Len(t, s.exchanges, 1)
		assert.Equal(t, "gzip", s.exchanges[0].Header.Get("Content-Encoding"))
	})
}
