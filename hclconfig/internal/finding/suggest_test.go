package finding

import (
	"fmt"
	"strings"
	"testing"
)

func TestClosest(t *testing.T) {
	sink := []string{"url", "batch_mode", "max_retries", "retry_delay", "max_retry_delay", "max_payload_size_bytes", "headers",
		"success_status_codes", "retry_status_codes"}
	for _, tt := range []struct {
		name  string
		known []string
		want  string
	}{
		{"batchmode", sink, "batch_mode"},
		{"Batch_Mode", sink, "batch_mode"},
		{"bacth_mode", sink, "batch_mode"}, // two letters have changed places
		{"retries", sink, "max_retries"},   // a word of it
		{"mode", sink, "batch_mode"},       // its last word
		{"status_codes", sink, ""},         // two have these words
		{"payload_size", sink, "max_payload_size_bytes"},
		{"retry-delay", sink, "retry_delay"}, // the other stroke
		{"header", sink, "headers"},
		{"uri", sink, "url"},
		{"x", []string{"a", "b"}, ""}, // every letter is one edit away from another
		{"", sink, ""},
		{"ab", []string{"abc_def"}, ""}, // too short for a word
		{"colour", sink, ""},
		{strings.Repeat("batch_mode", 10), sink, ""},
		{"_", sink, ""},
		{"日本", []string{"日本語"}, "日本語"},
	} {
		if got := Closest(tt.name, tt.known); got != tt.want {
			t.Errorf("%q is close to %q, not %q", tt.name, got, tt.want)
		}
	}
}

// A hostile file declares thousands of names, and uses thousands of others: comparing each with each would take minutes.
func TestSuggestionsHaveABound(t *testing.T) {
	var known []string
	for i := range 1000 {
		known = append(known, fmt.Sprintf("variable_%d", i))
	}
	var r Report
	suggested := 0
	for range 10_000 {
		if r.MaySuggest() && r.DidYouMean("variables_7", known) != "" {
			suggested++
		}
	}
	if want := maxCompared / len(known); suggested != want {
		t.Errorf("%d suggestions, not %d", suggested, want)
	}
}
