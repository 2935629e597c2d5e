package sinkhttp

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

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

// A token that was fetched is masked as what the configuration holds is: however it is spelt, wherever the text ends, and
// also where a newer one has taken its place.
func TestAnAnswersBodyTellsNoTokenThatWasFetched(t *testing.T) {
	cfg := schema.DefaultSink()
	r := newBodyReader(&cfg)
	const bearer, session = "eyJ0b2tlbg/first+one==", "IQoJb3JpZ2lu/session+token=="
	r.tokens.note(http.Header{"Authorization": {"Bearer " + bearer}})
	r.tokens.note(http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=AKID"}, "X-Amz-Security-Token": {session}})
	for _, token := range []string{bearer, session} {
		for _, spelt := range spellings(token) {
			assert.Equal(t, "got (sensitive)!", r.read(strings.NewReader("got "+spelt+"!")), spelt)
		}
		for shift := range 2 * len(token) {
			text := r.read(strings.NewReader(strings.Repeat("x", shift) + strings.Repeat(token, 100)))
			assert.NotContains(t, text, token[:4], "behind %d bytes", shift)
			text = r.read(io.MultiReader(strings.NewReader("x "+token[:min(shift, len(token))]), iotest.ErrReader(io.ErrUnexpectedEOF)))
			assert.NotContains(t, text, token[:4], "%d bytes of it", shift)
		}
	}
	assert.NotContains(t, r.text("AKID Credential=AKID"), masked, "a signature is no token")
	for i := range 3 * keptTokens {
		r.tokens.note(http.Header{"Authorization": {fmt.Sprintf("Bearer token-%d-", i)}})
	}
	assert.Len(t, r.tokens.last, keptTokens)
	assert.Equal(t, "(sensitive) and (sensitive)", r.text(fmt.Sprintf("token-%d- and token-%d-", 3*keptTokens-1, 2*keptTokens)))
}
