package terminal

import "testing"

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{
		"":                0,
		"abc":             3,
		"e\u0301":         1, // a combining mark
		"日本":              4,
		"🚀":               2,
		"👩\u200d👩\u200d👧": 2, // one picture
		"❤\ufe0f":         2, // a character that asks for its picture
		"ｱ":               1, // a half-width letter
		"🇩🇪":              2, // a flag is two letters
		"e\u0301日x":       4,
	} {
		if got := Width(text); got != want {
			t.Errorf("%q takes %d cells, not %d", text, got, want)
		}
	}
}
