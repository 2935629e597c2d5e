package sinkhttp

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// tmpl is a template that the test wrote without a mistake.
func tmpl(t testing.TB, text string) schema.Template {
	t.Helper()
	v, err := schema.ParseTemplate(text)
	require.NoError(t, err)
	return v
}

// inOrder sends a batch and returns all of its outcomes by index, those of Prepare among them.
func inOrder(s *scene, b Batch) []Outcome {
	out := send(s.t.Context(), s.sink, b)
	slices.SortFunc(out, func(a, b Outcome) int { return a.Index - b.Index })
	return out
}

// orders are JSON messages with a header each.
func orders(partition uint32, payloads ...string) Batch {
	b := Batch{Partition: schema.Partition{Stream: "shop", Topic: "created", ID: partition}, Schema: schema.PayloadFormatJSON}
	for i, p := range payloads {
		b.Messages = append(b.Messages, schema.Message{
			ID: schema.MessageID{byte(i)}, Offset: uint64(i), Timestamp: 1710064800000000, Payload: []byte(p),
			Headers: []schema.Header{{Key: []byte("tenant"), Kind: schema.HeaderString, Value: []byte{'a' + byte(i/2)}}},
		})
	}
	return b
}

// A batch is a run of consecutive messages with one request line: order holds, and nothing is sent to another's url.
func TestAURLPerMessageCutsTheBatch(t *testing.T) {
	inScene(t, func(c *schema.Sink) {
		c.URL = tmpl(t, `http://endpoint/${topic}/${message.headers["tenant"]}?n=${message.payload.n}`)
		c.BatchMode, c.IncludeMetadata = schema.BatchModeNDJSON, false
		c.Headers = map[string]schema.Template{"X-Tenant": tmpl(t, `t-${upper(message.headers["tenant"])}`), "X-Static": schema.Literal("s${")}
	}, nil, func(s *scene) {
		out := inOrder(s, orders(0, `{"n":1}`, `{"n":1}`, `{"n":1}`, `{"n":"../x"}`))
		assert.Equal(t, "AAAA", kinds(out))
		var got []string
		for _, r := range s.endpoint.requests() {
			got = append(got, r.path+" "+r.header.Get("X-Tenant")+r.header.Get("X-Static")+" "+r.body)
		}
		assert.Equal(t, []string{
			"/created/a?n=1 t-As${ {\"n\":1}\n{\"n\":1}\n", "/created/b?n=1 t-Bs${ {\"n\":1}\n", "/created/b?n=..%2Fx t-Bs${ {\"n\":\"../x\"}\n",
		}, got)
	})
}

func TestAMessageWithoutAValueIsRejected(t *testing.T) {
	inScene(t, func(c *schema.Sink) {
		c.URL = tmpl(t, `http://endpoint/${message.payload.id}`)
		c.Headers = map[string]schema.Template{"X-H": tmpl(t, `${message.payload.h}`)}
	}, nil, func(s *scene) {
		out := inOrder(s, orders(0, `{"id":1,"h":"x"}`, `{"h":"x"}`, `{"id":null,"h":"x"}`, `{"id":"","h":"x"}`, `{"id":"..","h":"x"}`, `{"id":2,"h":"a\nb"}`, `{`))
		assert.Equal(t, "ARRRRRR", kinds(out))
		assert.Equal(t, "template_error: url: message.payload.id is missing", out[1].Reason)
		assert.Equal(t, "template_error: url: message.payload.id is null", out[2].Reason)
		assert.Equal(t, `template_error: headers: "X-H": a value has a control character, which cannot stand in a header`, out[5].Reason)
		assert.Len(t, s.endpoint.requests(), 1)
	})
}

// What is not there is the message's fault where each has a url of its own.
func TestA404OfAURLPerMessageRejects(t *testing.T) {
	for _, status := range []int{404, 405, 410} {
		inScene(t, func(c *schema.Sink) { c.URL = tmpl(t, `http://endpoint/${message.payload.n}`) }, answers(status, 200), func(s *scene) {
			assert.Equal(t, "RA", kinds(inOrder(s, orders(0, `{"n":1}`, `{"n":2}`))))
		})
	}
}

func TestFilteredMessagesAreNotSent(t *testing.T) {
	inScene(t, func(c *schema.Sink) {
		c.Filter = tmpl(t, `${message.payload.n > 1}`)
		c.BatchMode, c.IncludeMetadata = schema.BatchModeJSONArray, false
	}, nil, func(s *scene) {
		out := inOrder(s, orders(0, `{"n":1}`, `{"n":2}`, `{"n":"x"}`, `{"n":3}`))
		assert.Equal(t, "filtered accepted rejected accepted", fmt.Sprint(out[0].Kind, " ", out[1].Kind, " ", out[2].Kind, " ", out[3].Kind))
		assert.Equal(t, []string{`[{"n":2},{"n":3}]`}, s.endpoint.bodies())
	})
}

func TestABodyReplacesTheEnvelope(t *testing.T) {
	for _, tt := range []struct {
		mode schema.BatchMode
		body string
		want []string
		kind string
	}{
		{schema.BatchModeIndividual, `${jsonencode({ text = "order ${message.payload.n}" })}`, []string{`{"text":"order 1.50"}`, `{"text":"order 2"}`}, "AA"},
		{schema.BatchModeNDJSON, `${jsonencode({ index = { _id = message.id } })}` + "\n" + `${jsonencode(message.payload)}`,
			[]string{"{\"index\":{\"_id\":\"00000000000000000000000000000000\"}}\n{\"n\":1.50}\n{\"index\":{\"_id\":\"00000000000000000000000000000001\"}}\n{\"n\":2}\n"}, "AA"},
		{schema.BatchModeJSONArray, `${message.payload.n}`, []string{`[1.50,2]`}, "AA"},
		{schema.BatchModeJSONArray, `order ${message.payload.n}`, nil, "RR"},
		{schema.BatchModeNDJSON, `${message.payload}`, []string{"{ \"n\":1.50}\n{\"n\":2}\n"}, "AA"},
	} {
		inScene(t, func(c *schema.Sink) { c.Body, c.BatchMode = tmpl(t, tt.body), tt.mode }, nil, func(s *scene) {
			payloads := []string{`{"n":1.50}`, `{"n":2}`}
			if strings.HasSuffix(tt.body, "${message.payload}") {
				payloads[0] = "{\n\"n\":1.50}"
			}
			assert.Equal(t, tt.kind, kinds(inOrder(s, orders(0, payloads...))), tt.body)
			assert.Equal(t, tt.want, s.endpoint.bodies())
		})
	}
}

func TestCloudEvents(t *testing.T) {
	for _, mode := range []schema.CloudeventsMode{schema.CloudeventsModeBinary, schema.CloudeventsModeStructured, schema.CloudeventsModeBatched} {
		inScene(t, func(c *schema.Sink) {
			c.Cloudevents = &schema.Cloudevents{Mode: mode, Source: tmpl(t, "/iggy/${stream}/${topic}"), Type: tmpl(t, "order"), Subject: tmpl(t, `${message.headers["tenant"]} ü`)}
			c.BatchMode = schema.BatchModeIndividual
			if mode == schema.CloudeventsModeBatched {
				c.BatchMode = schema.BatchModeJSONArray
			}
		}, nil, func(s *scene) {
			assert.Equal(t, "A", kinds(inOrder(s, orders(3, `{"n":1}`))))
			r := s.endpoint.requests()[0]
			event := `{"specversion":"1.0","id":"` + eventID + `","source":"/iggy/shop/created","type":"order","time":"2024-03-10T10:00:00Z","iggyoffset":"0",` +
				`"iggypartition":"3","subject":"a ü","datacontenttype":"application/json","data":{"n":1}}`
			switch mode {
			case schema.CloudeventsModeBinary:
				assert.Equal(t, `{"n":1}`, r.body)
				assert.Equal(t, []string{"1.0", eventID, "a%20%C3%BC", "0", "application/json"}, []string{r.header.Get("Ce-Specversion"),
					r.header.Get("Ce-Id"), r.header.Get("Ce-Subject"), r.header.Get("Ce-Iggyoffset"), r.header.Get("Content-Type")})
			case schema.CloudeventsModeStructured:
				assert.Equal(t, event, r.body)
				assert.Equal(t, "application/cloudevents+json; charset=UTF-8", r.header.Get("Content-Type"))
			default:
				assert.Equal(t, "["+event+"]", r.body)
				assert.Equal(t, "application/cloudevents-batch+json; charset=UTF-8", r.header.Get("Content-Type"))
			}
		})
	}
}

// eventID is the id of the message of TestCloudEvents. It must never change: an endpoint knows messages by their ids, also
// those that an older version has sent.
const eventID = "c15d5708c634b80f521db97e1d96169a"

// A key is the same for each attempt, another for each message, and of several messages another for another body.
func TestIdempotencyKeys(t *testing.T) {
	inScene(t, func(c *schema.Sink) { c.IdempotencyKey = "Idempotency-Key" }, answers(500, 409, 200), func(s *scene) {
		assert.Equal(t, "AA", kinds(inOrder(s, orders(0, `{"n":1}`, `{"n":2}`))))
		var keys []string
		for _, r := range s.endpoint.requests() {
			keys = append(keys, r.header.Get("Idempotency-Key"))
		}
		require.Len(t, keys, 4)
		assert.Regexp(t, `^"[0-9a-f]{32}"$`, keys[0])
		assert.Equal(t, keys[0], keys[1])
		assert.Equal(t, keys[0], keys[2], "409 is tried again")
		assert.NotEqual(t, keys[0], keys[3])
	})
	inScene(t, func(c *schema.Sink) { c.IdempotencyKey, c.BatchMode = "K", schema.BatchModeNDJSON }, answers(422, 200), func(s *scene) {
		assert.Equal(t, "AA", kinds(inOrder(s, orders(0, `{"n":1}`, `{"n":2}`))))
		keys := make(map[string]bool)
		for _, r := range s.endpoint.requests() {
			keys[r.header.Get("K")] = true
		}
		assert.Len(t, keys, 3)
	})
}

func TestBodiesAreCompressed(t *testing.T) {
	for _, algorithm := range []schema.CompressionAlgorithm{schema.CompressionAlgorithmGzip, schema.CompressionAlgorithmZstd} {
		for _, level := range []schema.CompressionLevel{schema.CompressionLevelFastest, schema.CompressionLevelDefault, schema.CompressionLevelBest} {
			inScene(t, func(c *schema.Sink) {
				c.Compression = &schema.Compression{Algorithm: algorithm, MinBytes: 100, Level: level}
			}, answers(500, 200), func(s *scene) {
				large := `{"n":"` + strings.Repeat("x", 5000) + `"}`
				assert.Equal(t, "AA", kinds(inOrder(s, orders(0, large, `{"n":2}`))))
				got := s.endpoint.requests()
				require.Len(t, got, 3)
				assert.Equal(t, got[0].body, got[1].body)
				assert.Equal(t, string(algorithm), got[1].header.Get("Content-Encoding"))
				assert.Equal(t, large, unpacked(t, algorithm, got[1].body))
				assert.Less(t, len(got[1].body), 200)
				assert.Empty(t, got[2].header.Get("Content-Encoding"), "small bodies stay as they are")
				assert.Equal(t, `{"n":2}`, got[2].body)
			})
		}
	}
}

func unpacked(t *testing.T, algorithm schema.CompressionAlgorithm, body string) string {
	t.Helper()
	if algorithm == schema.CompressionAlgorithmZstd {
		d, err := zstd.NewReader(nil)
		require.NoError(t, err)
		defer d.Close()
		b, err := d.DecodeAll([]byte(body), nil)
		require.NoError(t, err)
		return string(b)
	}
	r, err := gzip.NewReader(bytes.NewReader([]byte(body))) // the standard library's, and not the one that compressed
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b)
}

// Over ten seconds no window of per sees more than the limit, whatever the number of partitions.
func TestRateLimitBoundsEveryWindow(t *testing.T) {
	requests, burst := 20, 5
	for _, quiet := range []time.Duration{0, 3 * sec} {
		inScene(t, func(c *schema.Sink) {
			c.RateLimit = &schema.RateLimit{Requests: &requests, Burst: &burst, Per: schema.Duration(sec)}
			c.MaxConnections = 64
		}, nil, func(s *scene) {
			time.Sleep(quiet)
			var lanes sync.WaitGroup
			for lane := range uint32(64) {
				lanes.Go(func() { assert.Equal(t, "AAA", kinds(inOrder(s, orders(lane, "1", "2", "3")))) })
			}
			lanes.Wait()
			times := s.endpoint.times()
			require.Len(t, times, 192)
			for i := range times {
				if i >= requests {
					assert.GreaterOrEqual(t, times[i]-times[i-requests], sec)
				}
				if i >= burst+1 {
					assert.Greater(t, times[i], times[i-burst-1], "a burst has so many")
				}
			}
			assert.LessOrEqual(t, times[191]-times[0], 11*sec, "and no less than the limit")
			assert.Zero(t, s.sink.Stats().Retries)
		})
	}
}

// Nor after a Retry-After, for whose end all of them have waited, and whatever max_connections is.
func TestRateLimitHoldsAfterARetryAfter(t *testing.T) {
	requests := 10
	for _, connections := range []int{1, 4, 64} {
		var quiet atomic.Bool
		inScene(t, func(c *schema.Sink) {
			c.RateLimit = &schema.RateLimit{Requests: &requests, Per: schema.Duration(sec)}
			c.MaxConnections = connections
		}, func(w http.ResponseWriter, r request) {
			time.Sleep(50 * time.Millisecond)
			if r.at > sec && !quiet.Swap(true) {
				w.Header().Set("Retry-After", "30")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}, func(s *scene) {
			var lanes sync.WaitGroup
			for lane := range uint32(20) {
				lanes.Go(func() { assert.Equal(t, "AAA", kinds(inOrder(s, orders(lane, "1", "2", "3")))) })
			}
			lanes.Wait()
			times := s.endpoint.times()
			require.Len(t, times, 61)
			for i := requests; i < len(times); i++ {
				assert.GreaterOrEqual(t, times[i]-times[i-requests], sec, "%d connections", connections)
			}
		})
	}
}

// The endpoint's reason of an item may hold what it was sent.
func TestTheReasonOfAnItemHoldsNoSecret(t *testing.T) {
	inScene(t, func(c *schema.Sink) {
		elastic(c)
		c.Headers = map[string]schema.Template{"Authorization": schema.Literal("ApiKey canary-canary")}
	}, func(w http.ResponseWriter, r request) {
		_, _ = fmt.Fprintf(w, `{"items":[{"index":{"status":400,"error":{"reason":"no rights for %s"}}}]}`, r.header.Get("Authorization"))
	}, func(s *scene) {
		out := inOrder(s, orders(0, "1"))
		assert.Equal(t, "no rights for (sensitive)", out[0].ResponseBody)
	})
}

func TestRateLimitOfMessages(t *testing.T) {
	messages := 4
	inScene(t, func(c *schema.Sink) {
		c.RateLimit = &schema.RateLimit{Messages: &messages, Per: schema.Duration(sec)}
		c.BatchMode = schema.BatchModeNDJSON
	}, nil, func(s *scene) {
		for range 4 {
			assert.Equal(t, "AAA", kinds(inOrder(s, orders(0, "1", "2", "3"))))
		}
		inOrder(s, orders(0, "1", "2", "3", "4", "5", "6"))
		assert.Equal(t, []time.Duration{0, sec, 2 * sec, 3 * sec, 4 * sec}, s.endpoint.times())
	})
}

// bulk answers as Elasticsearch does: an item for each line, with the status that verdict gives it.
func bulk(verdict func(body string) int) func(http.ResponseWriter, request) {
	return func(w http.ResponseWriter, r request) {
		var items []string
		for line := range strings.Lines(r.body) {
			items = append(items, fmt.Sprintf(`{"index":{"status":%d,"error":{"reason":"because"}}}`, verdict(strings.TrimSpace(line))))
		}
		_, _ = io.WriteString(w, `{"took":1,"items":[`+strings.Join(items, ",")+`]}`)
	}
}

func elastic(c *schema.Sink) {
	c.ResponseItems = &schema.ResponseItems{Items: "/items", Status: "/index/status", Error: "/index/error/reason"}
	c.BatchMode, c.IncludeMetadata, c.MaxRetries = schema.BatchModeNDJSON, false, 2
}

// Exactly those with 429 are sent again, those with 400 are rejected, nothing twice.
func TestItemsOfABulkAnswer(t *testing.T) {
	var round atomic.Int32
	inScene(t, elastic, func(w http.ResponseWriter, r request) {
		first := round.Add(1) == 1
		bulk(func(body string) int {
			n, _ := strconv.Atoi(body)
			switch {
			case n%3 == 0:
				return 400
			case n%3 == 1 && first:
				return 429
			}
			return 201
		})(w, r)
	}, func(s *scene) {
		out := inOrder(s, orders(0, "0", "1", "2", "3", "4", "5", "6"))
		assert.Equal(t, "RAARAAR", kinds(out))
		assert.Equal(t, "the item was answered 400 Bad Request", out[0].Reason)
		assert.Equal(t, 400, out[0].Status, "of the item, not of the answer that it stands in")
		assert.Equal(t, "because", out[0].ResponseBody, "a dead letter says why")
		assert.Equal(t, 201, out[1].Status)
		assert.Equal(t, []string{"0\n1\n2\n3\n4\n5\n6\n", "1\n4\n"}, s.endpoint.bodies())
		assert.Equal(t, uint64(1), s.sink.Stats().Retries)
	})
}

// A Retry-After of an answer with items that are to be sent again holds the sink as any other, and costs no retry.
func TestARetryAfterOfItemsHoldsTheSink(t *testing.T) {
	var round atomic.Int32
	inScene(t, func(c *schema.Sink) { elastic(c); c.MaxRetries = 0 }, func(w http.ResponseWriter, r request) {
		n := round.Add(1)
		w.Header().Set("Retry-After", "7")
		bulk(func(body string) int {
			if body == "1" && n <= 2 {
				return map[int32]int{1: 429, 2: 503}[n]
			}
			return 201
		})(w, r)
	}, func(s *scene) {
		assert.Equal(t, "AAA", kinds(inOrder(s, orders(0, "0", "1", "2"))))
		assert.Equal(t, []string{"0\n1\n2\n", "1\n", "1\n"}, s.endpoint.bodies())
		assert.Equal(t, []time.Duration{0, 7 * sec, 14 * sec}, s.endpoint.times(), "and where all is accepted it says nothing")
		until, _ := s.sink.Held()
		assert.Zero(t, until)
	})
}

func TestItemsThatKeepFailingFail(t *testing.T) {
	inScene(t, elastic, bulk(func(body string) int { return map[bool]int{true: 503, false: 200}[body == "1"] }), func(s *scene) {
		out := inOrder(s, orders(0, "0", "1", "2"))
		assert.Equal(t, "AFA", kinds(out))
		assert.Equal(t, 503, out[1].Status)
		assert.Len(t, s.endpoint.requests(), 3)
	})
}

// An answer that says nothing of the items is never an acceptance.
func TestABulkAnswerThatCannotBeReadIsRetried(t *testing.T) {
	huge := `{"items":["` + strings.Repeat("x", maxItemsAnswer) + `"]}`
	for name, answer := range map[string]string{
		"empty": "", "not JSON": "<html>", "truncated": `{"items":[{"index":{"status":200}}`, "no items": `{"took":1}`, "too few": `{"items":[]}`,
		"too many": `{"items":[{"index":{"status":200}},{"index":{"status":200}}]}`, "no status": `{"items":[{"index":{}}]}`,
		"no HTTP status": `{"items":[{"index":{"status":7}}]}`, "huge": huge,
	} {
		var n atomic.Int32
		inScene(t, elastic, func(w http.ResponseWriter, r request) {
			if n.Add(1) == 1 {
				_, _ = io.WriteString(w, answer)
				return
			}
			bulk(func(string) int { return 200 })(w, r)
		}, func(s *scene) {
			assert.Equal(t, "A", kinds(inOrder(s, orders(0, "1"))), name)
			assert.Len(t, s.endpoint.requests(), 2, name)
			assert.Equal(t, uint64(1), s.sink.Stats().Retries, name)
		})
	}
}

func TestCredentialsAndSignaturesOfAnAttempt(t *testing.T) {
	inScene(t, func(c *schema.Sink) {
		c.Auth = &schema.Auth{Basic: &schema.AuthBasic{Type: "basic", Username: "u", Password: schema.NewSecret("p")}}
		c.Signature = []schema.Signature{{Hmac: &schema.SignatureHmac{Type: "hmac", Header: "X-Sig", Secret: schema.NewSecret("k"), Signed: "{timestamp}.{body}",
			Format: "t={timestamp},v1={signature}", Algorithm: schema.HmacAlgorithmSha256, Encoding: schema.HmacEncodingHex}}}
	}, answers(500, 200), func(s *scene) {
		assert.Equal(t, "A", kinds(inOrder(s, orders(0, "1"))))
		got := s.endpoint.requests()
		assert.Equal(t, "Basic dTpw", got[0].header.Get("Authorization"))
		assert.NotEqual(t, got[0].header.Get("X-Sig"), got[1].header.Get("X-Sig"), "each attempt is signed anew")
	})
	cfg := config(t, "http://endpoint/in")
	cfg.Auth = &schema.Auth{Basic: &schema.AuthBasic{Type: "basic", Username: "u", Password: schema.NewSecret("p")}}
	cfg.Headers = map[string]schema.Template{"authorization": schema.Literal("canary")}
	_, err := New(&cfg, Options{})
	assert.EqualError(t, err, "headers: Authorization is set by auth; remove one of the two")
}
