package message

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// Whatever a value is, the URL keeps its shape, the header its line, the JSON body its value, and a filter its question.
// The attributes of a CloudEvent are text, which sinkhttp encodes.
func FuzzValuesAreConfined(f *testing.F) {
	for _, seed := range []string{"../", "%2e%2e", "?", "#", "\r\n", "\x00", `"`, `\`, "${x}", "\u202e", "\xff", `" || true || "`, strings.Repeat("9", 300)} {
		f.Add(seed)
	}
	url := compile(f, `"https://h/t/${message.headers["v"]}/o?q=${upper(message.headers["v"])}"`)
	header := compile(f, `message.headers["v"]`)
	mixed := compile(f, `"order-${message.headers["v"]}-${message.payload.v}"`)
	body := compile(f, `{ v = message.headers["v"], w = "${message.headers["v"]}!" }`)
	text := compile(f, `"com.shop.${message.headers["v"]}"`)
	filter := compile(f, `message.payload.v == "wanted" && message.headers["v"] != "no"`)
	f.Fuzz(func(t *testing.T, value string) {
		payload, err := json.Marshal(map[string]string{"v": value})
		require.NoError(t, err)
		s := scope(&schema.Message{Headers: []schema.Header{{Key: []byte("v"), Kind: schema.HeaderString, Value: []byte(value)}}, Payload: payload}, schema.PayloadFormatJSON)
		if got, err := url.AppendURL(nil, s); err == nil {
			assert.Equal(t, 5, strings.Count(string(got), "/"))
			assert.Equal(t, 1, strings.Count(string(got), "?"))
			assert.NotContains(t, string(got), "#")
		}
		for _, p := range []*Program{header, mixed} {
			if got, err := p.AppendHeader(nil, s); err == nil {
				assert.False(t, strings.ContainsFunc(string(got), func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }), "%q", got)
			}
		}
		got, isJSON, err := body.AppendBody(nil, s)
		require.NoError(t, err)
		assert.True(t, isJSON)
		var back struct{ V, W string }
		require.NoError(t, json.Unmarshal(got, &back))
		assert.Equal(t, back.V+"!", back.W)
		if got, err = text.AppendText(nil, s, nil); err == nil && utf8.ValidString(value) {
			assert.Equal(t, "com.shop."+value, string(got))
		}
		sent, err := filter.Bool(s)
		require.NoError(t, err)
		assert.Equal(t, value == "wanted", sent, "no value answers the question by itself")
	})
}
