package main

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

func utf16Of(text string) []uint16 { return utf16.Encode([]rune(text)) }

// The mark | is where the cursor is.
func TestCursor(t *testing.T) {
	for _, tt := range []struct {
		text string
		want cursor
	}{
		{"|", cursor{}},
		{"si|", cursor{name: "si"}},
		{"sink \"a\" {\n  |\n}\n", cursor{path: []string{"sink"}}},
		{"sink \"a\" {\n  re|try_delay = \"1s\"\n}", cursor{path: []string{"sink"}, set: []string{"retry_delay"}, name: "retry_delay"}},
		{"sink \"a\" {\n  |retry_delay = \"1s\"\n}", cursor{path: []string{"sink"}, set: []string{"retry_delay"}, name: "retry_delay"}},
		{"sink \"a\" {\n  retry_delay = |\n", cursor{path: []string{"sink"}, set: []string{"retry_delay"}, name: "retry_delay", value: true}},
		{"sink \"a\" {\n  a = 1\n  |\n  b = 2\n  stream \"x\" {\n    c = 3\n  }\n  d = 4\n}\ne = 5\n",
			cursor{path: []string{"sink"}, set: []string{"a", "b", "d"}}},
		{"sink \"a\" {\n  stream \"x\" {\n    t|\n  }\n}\n", cursor{path: []string{"sink", "stream"}, name: "t"}},
		{"sink \"a\" {\n  stream \"x\" {\n    c = 3\n  }\n  |", cursor{path: []string{"sink"}}},
		{"sink \"a\" {\n  headers = {\n    |\n  }\n}", cursor{path: []string{"sink", ""}, inner: true}},
		{"sink \"a\" {\n  # a comment {\n  |x = 1\n}", cursor{path: []string{"sink"}, set: []string{"x"}, name: "x"}},
		{"}\n}\nsink \"a\" {\n  url = \"http://${topic}/{\"\n  m|\n", cursor{path: []string{"sink"}, set: []string{"url"}, name: "m"}},
	} {
		at := strings.Index(tt.text, "|")
		text := strings.Replace(tt.text, "|", "", 1)
		got := cursorAt([]byte(text), at)
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(cursor{})); diff != "" {
			t.Errorf("%q: %s", tt.text, diff)
		}
	}
}

func TestOffsetOf(t *testing.T) {
	text := []byte("ab\n🚀é\r\n")
	for at, want := range map[lspPosition]int{
		{0, 0}: 0, {0, 2}: 2, {0, 9}: 2, {1, 0}: 3, {1, 2}: 7, {1, 3}: 9, {2, 0}: 11, {9, 9}: 11,
	} {
		if got := offsetOf(text, at); got != want {
			t.Errorf("%v is byte %d, not %d", at, got, want)
		}
	}
}
