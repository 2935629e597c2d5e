package schema

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWhatMayNotStandInAURLIsEncodedOnce(t *testing.T) {
	for text, want := range map[string]string{
		"http://h":                         "/",
		"http://h?a":                       "/?a",
		"http://h/a/b?c=d&e":               "/a/b?c=d&e",
		"http://h/größe/a%2Fb":             "/gr%C3%B6%C3%9Fe/a%2Fb",
		"http://h/{v1}/a%2fb":              "/%7Bv1%7D/a%2fb",
		"http://h/a[0]\"<>^`|\\x":          "/a%5B0%5D%22%3C%3E%5E%60%7C%5Cx",
		"http://h/a;v=1,2/(b)!$&'*+:@~-._": "/a;v=1,2/(b)!$&'*+:@~-._",
		"http://h/?q=ü\"<>{}[]|":           "/?q=%C3%BC%22%3C%3E%7B%7D%5B%5D%7C",
		"http://h/?q=a/b?c%20d+e":          "/?q=a/b?c%20d+e",
		"http://h/?q=100%&r=%zz":           "/?q=100%25&r=%25zz",
		"http://h/?":                       "/?",
		"http://h//a":                      "//a",
		"http://h/a#fragment":              "/a",
		"http://h/...":                     "/...",
		"http://h/a..b/.c":                 "/a..b/.c",
		"HTTPS://h/":                       "/",
		"http://[::1]:8080/a":              "/a",
	} {
		u, err := ParseHTTPURL(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, u.RequestURI(), text)
	}
}

func TestURLsThatNoRequestGoesTo(t *testing.T) {
	for text, want := range map[string]error{
		"":                      errURLScheme,
		"canary":                errURLScheme,
		"/canary":               errURLScheme,
		"ftp://canary/":         errURLScheme,
		"http:canary":           errURLScheme,
		"https:///canary":       errURLHost,
		"http://:80/canary":     errURLHost,
		"http://h/canary%zz":    errURLInvalid,
		"http://h/canary%2":     errURLInvalid,
		"http://h/%":            errURLInvalid,
		"http://h/can ary":      errURLInvalid,
		"http://h/can\nary":     errURLInvalid,
		"http://h/can\x00ary":   errURLInvalid,
		"http://h:99999/canary": errURLInvalid,
		"http://h:x/canary":     errURLInvalid,
		"http://h\\canary/":     errURLInvalid,
		"http://h/..":           errURLDotSegment,
		"http://h/./canary":     errURLDotSegment,
		"http://h/a/%2e%2E/b":   errURLDotSegment,
		"http://h/a/.%2e":       errURLDotSegment,
		"http://h/a/%2E?canary": errURLDotSegment,
	} {
		_, err := ParseHTTPURL(text)
		assert.Equal(t, want, err, text)
		if err != nil {
			assert.NotContains(t, err.Error(), "canary")
		}
	}
}

// Whoever names a topic chooses one segment of the path, or one value of the query, whatever stands around it.
func TestATopicStaysInItsSegment(t *testing.T) {
	for _, source := range []string{
		"http://h/in/${topic}/x", "http://h/größe/${topic}/x", "http://h/{v1}/${topic}/x", "http://h/a%2Fb/${topic}/x", "http://h/[/${topic}/x?q=ü",
	} {
		template, err := ParseTemplate(source)
		require.NoError(t, err)
		rapid.Check(t, func(t *rapid.T) {
			topic := rapid.OneOf(rapid.SampledFrom([]string{"..", ".", "a/b", "../..", "%2e%2e", "?", "#", "\\", "ü", "a\r\nb"}), rapid.StringN(1, 20, -1)).Draw(t, "topic")
			u, err := ParseHTTPURL(template.Fill(Partition{Topic: topic}))
			if topic == "." || topic == ".." {
				assert.Equal(t, errURLDotSegment, err)
				return
			}
			require.NoError(t, err)
			sent, _, _ := strings.Cut(u.RequestURI(), "?")
			segments := strings.Split(sent, "/")
			require.Len(t, segments, 4)
			value, err := url.PathUnescape(segments[2])
			require.NoError(t, err)
			assert.Equal(t, topic, value)
		})
	}
}

// What was checked is what is sent: reading it again changes nothing.
func FuzzParseHTTPURL(f *testing.F) {
	for _, seed := range []string{"http://h/ü?q=%", "https://u:p@[::1]:8080/%2E%2e/a", "http://h?#", "http://h/a%2Fb[{"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseHTTPURL(text)
		if err != nil {
			return
		}
		again, err := ParseHTTPURL(u.String())
		require.NoError(t, err)
		assert.Equal(t, u.RequestURI(), again.RequestURI())
		assert.Equal(t, u.Host, again.Host)
		for _, c := range []byte(u.RequestURI()) {
			assert.True(t, c > ' ' && c < 0x7f)
		}
		assert.False(t, hasDotSegment(u.EscapedPath()))
	})
}
