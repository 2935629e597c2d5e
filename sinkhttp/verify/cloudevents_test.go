package verify

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// The SDK of CloudEvents reads the same event out of every mode: all attributes, and the payload byte by byte.
func TestCloudEventsByTheirOwnSDK(t *testing.T) {
	for _, mode := range []string{"binary", "structured", "batched"} {
		for _, format := range []schema.PayloadFormat{schema.PayloadFormatJSON, schema.PayloadFormatText, schema.PayloadFormatRaw, schema.PayloadFormatAvro} {
			t.Run(mode+" "+string(format), func(t *testing.T) {
				var events []event.Event
				e := serve(t, nil, func(_ http.ResponseWriter, r request, _ int) {
					got, err := receive(r)
					assert.NoError(t, err, "%v %s", r.Header, r.body)
					events = append(events, got...)
				})
				batchMode := map[string]string{"batched": "json_array"}[mode]
				if batchMode == "" {
					batchMode = "individual"
				}
				s := newSink(t, fmt.Sprintf(`
  url        = %q
  batch_mode = %q
  cloudevents {
    mode    = %q
    source  = "/iggy/${stream}/${topic}"
    type    = "com.example.order \"created\" 50%%"
    subject = message.headers["tenant"]
  }`, e.url, batchMode, mode), options{})
				payloads := map[schema.PayloadFormat][]string{
					schema.PayloadFormatJSON: {`{"n":1.50,"big":123456789012345678901234567890,"ü":"\u0000"}`, `"text"`, `null`},
					schema.PayloadFormatText: {"größe\u202e\n", "<x>&", "2"},
				}[format]
				if payloads == nil {
					payloads = []string{"\x00\xff\r\n", "x", "\xfe"}
				}
				b := batch(7, payloads...)
				b.Schema = format
				accepted(t, s, b)
				require.Len(t, events, 3)
				seen := make(map[string]bool)
				for i, got := range events {
					require.NoError(t, got.Validate())
					assert.Equal(t, "1.0", got.SpecVersion())
					assert.Equal(t, "/iggy/shop/created", got.Source())
					kind, subject := got.Type(), got.Subject()
					if mode == "binary" { // the SDK leaves the encoding of the HTTP binding, section 3.1.3.2, to its caller
						kind, subject = decoded(t, kind), decoded(t, subject)
					}
					assert.Equal(t, `com.example.order "created" 50%`, kind)
					assert.Equal(t, "ac me/ü", subject)
					assert.Equal(t, time.UnixMicro(1710064800123456).UTC(), got.Time().UTC())
					assert.Equal(t, map[string]any{"iggyoffset": fmt.Sprint(i), "iggypartition": "7"}, got.Extensions())
					assert.Equal(t, map[schema.PayloadFormat]string{
						schema.PayloadFormatJSON: "application/json", schema.PayloadFormatText: "text/plain; charset=UTF-8",
						schema.PayloadFormatRaw: "application/octet-stream", schema.PayloadFormatAvro: "application/avro",
					}[format], got.DataContentType())
					assert.Empty(t, got.DataSchema())
					seen[got.ID()] = true
					data := string(got.Data())
					if format == schema.PayloadFormatText && mode != "binary" { // the SDK leaves it as a JSON string
						var text string
						if json.Unmarshal(got.Data(), &text) == nil {
							data = text
						}
					}
					assert.Equal(t, payloads[i], data)
				}
				assert.Len(t, seen, 3, "ids are different")
			})
		}
	}
}

func decoded(t *testing.T, header string) string {
	t.Helper()
	text, err := url.PathUnescape(header)
	require.NoError(t, err)
	return text
}

// receive reads the events of a request as a server with the SDK does.
func receive(r request) ([]event.Event, error) {
	m := cehttp.NewMessageFromHttpRequest(r.again())
	if m.ReadEncoding() == binding.EncodingBatch {
		return binding.ToEvents(r.Context(), m, m.BodyReader)
	}
	one, err := binding.ToEvent(r.Context(), m)
	if err != nil {
		return nil, err
	}
	return []cloudevents.Event{*one}, nil
}
