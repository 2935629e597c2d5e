package sinkhttp

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

func bodyOf(t *testing.T, text string) string {
	cfg := schema.DefaultSink()
	u, err := schema.ParseTemplate("https://user:pass-word@h.example/hooks/T0123456789ABCDEF?key=qu%C3%A9ry")
	require.NoError(t, err)
	cfg.URL = u
	cfg.Headers = map[string]schema.Template{
		"Authorization": schema.Literal("Bearer tok\"en-1"), "X-Short": schema.Literal("abc"),
	}
	return newBodyReader(&cfg).read(strings.NewReader(text))
}

func TestAnAnswersBodyIsTextWithoutSecrets(t *testing.T) {
	for body, want := range map[string]string{
		"":                               "",
		`{"error":"no such customer"}`:   `{"error":"no such customer"}`,
		"two\r\n\tlines é":               "two\r\n\tlines é",
		"a \x00 byte":                    "",
		"no UTF-8 \xff":                  "",
		"\x1f\x8b\x08 gzip":              "",
		`you sent Bearer tok"en-1`:       "you sent (sensitive)",
		`tok"en-1 alone`:                 "(sensitive) alone",
		`{"got":"Bearer tok\"en-1"}`:     `{"got":"(sensitive)"}`,
		"tok%22en-1":                     "(sensitive)",
		"pass-word of user":              "(sensitive) of (sensitive)",
		"/hooks/T0123456789ABCDEF":       "/hooks/(sensitive)",
		"key is quéry":                   "key is (sensitive)",
		"abc is no secret worth masking": "abc is no secret worth masking",
	} {
		assert.Equal(t, want, bodyOf(t, body), body)
	}
}

// What is kept has a bound, and no secret or character is cut so that a part of it is left.
func TestAnAnswersBodyIsCutAtABound(t *testing.T) {
	assert.Len(t, bodyOf(t, strings.Repeat("x", 1<<20)), maxResponseBody)
	for shift := range 16 {
		text := bodyOf(t, strings.Repeat("x", maxResponseBody-shift)+`tok"en-1`)
		assert.NotContains(t, text, `to`, "%d bytes before the end", shift)
		assert.LessOrEqual(t, len(text), maxResponseBody)
		text = bodyOf(t, strings.Repeat("x", maxResponseBody-shift)+"😀😀😀😀😀")
		assert.Contains(t, text, "xxx")
		assert.True(t, isText(text))
	}
}
