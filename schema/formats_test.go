package schema

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFormats(t *testing.T) {
	for _, tt := range []struct {
		format  string
		yes, no []string
	}{
		{formatDuration, []string{"0s", "1d"}, []string{"", "5", "-1s"}},
		{formatDurationPositive, []string{"1ns", "1d"}, []string{"0s", "0d", "", "-1s"}},
		{formatHostPort,
			[]string{"127.0.0.1:8090", "[::1]:8090", "[fe80::1%eth0]:1", "iggy.internal:0", "a_b-c.d.:65535"},
			[]string{"", ":8090", "host", "host:", "host:x", "host:65536", "host:+1", "::1:80", "[host]:80", "[1.2.3.4]:80",
				"a b:1", "a..b:1", "http://h:1", "u@h:1", "h/p:1", strings.Repeat("a", 64) + ":1"}},
		{formatHTTPURL,
			[]string{"http://h", "https://h:1/p?q#f", "http://[::1]:80/", "HTTP://h/", "http://u:p@h/", "http://h/${topic}"},
			[]string{"", "h", "/p", "//h/p", "file:///p", "ftp://h/", "http:h", "http://", "http:///p", "http://:80/", "not a url",
				"http://h/a b", "http://h:99999/", "http://h:x/", "http://h/%zz", "http://h/\n", "http://[::1/"}},
		{formatHTTPURLTemplate,
			[]string{"http://h/${stream}/${topic}?p=${partition}", "http://h?${topic}", "http://h/$${x}", "https://h"},
			[]string{"", "http://${topic}/", "${stream}://h/", "http://h${topic}/", "http://h:${partition}/", "http://h/${x}",
				"http://h/${topic", "${topic}", "http://${topic}@h/"}},
		{formatDateTime, []string{"2026-11-24T10:17:55.25Z", "2026-11-24t10:17:55+01:00", "2026-12-31T23:59:60Z"},
			[]string{"", "2026-11-24", "2026-02-30T10:00:00Z", "2026-11-24T10:17:55", "2026-11-24T1:17:55Z", "2026-11-24T10:17:55,5Z"}},
		{formatUUID, []string{"2f1e0c3a-9d7b-4b6e-8a51-0C9F3C1D2E4F"},
			[]string{"", "2f1e0c3a9d7b4b6e8a510c9f3c1d2e4f", "2f1e0c3a-9d7b-4b6e-8a51-0c9f3c1d2e4g", "2f1e0c3a-9d7b-4b6e-8a510-c9f3c1d2e4f"}},
		{formatURI, []string{"http://h/a?b#c", "urn:a:b", "mailto:a@b.c"}, []string{"", "/a", "a b:c", "http://h/ä", "http://h/a b", "http://h/%zz", "http://h/a|b"}},
		{"unknown", nil, []string{"", "x"}},
	} {
		for _, s := range tt.yes {
			assert.True(t, hasFormat(tt.format, s), "%s: %q", tt.format, s)
		}
		for _, s := range tt.no {
			assert.False(t, hasFormat(tt.format, s), "%s: %q", tt.format, s)
		}
	}
}
