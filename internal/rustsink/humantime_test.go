package rustsink

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"iggysink/schema"
)

func TestDurationsAreReadAsHumantimeReadsThem(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"500ms": 500 * time.Millisecond, "30s": 30 * time.Second, "2m": 2 * time.Minute, "1h": time.Hour, "0s": 0, "0": 0,
		"1h 30m": 90 * time.Minute, "1h30m": 90 * time.Minute, " 1h  30m ": 90 * time.Minute, "30m 1h": 90 * time.Minute,
		"1 h": time.Hour, "1 0 s": 10 * time.Second, "1.5s": 1500 * time.Millisecond, "1.5h": 90 * time.Minute,
		"0.5 days": 12 * time.Hour, "1d": day, "2w": 14 * day, "1M": 2630016 * time.Second, "1y": 31557600 * time.Second,
		"1month 1year": (2630016 + 31557600) * time.Second, "7us": 7000, "7µs": 7000, "7nsec": 7, "3 minutes 4 secs": 184 * time.Second,
		"1.50s": 1500 * time.Millisecond, "1s1s": 2 * time.Second,
		"300y": math.MaxInt64, "18446744073709551615s": math.MaxInt64, // beyond what Go can hold
	} {
		if got, ok := parseHuman(text); !ok || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", " ", "5", " 0", "00", "0 ", "0.0", "5x", "s", "-5s", "+5s", "1,5s", "5S", "1H", "1.s", ".5s", "1.5ns", "1.0001h", "1h 30", "1h-30m", "1h.5m", "5 m s",
		"18446744073709551616s", "18446744073709551615m", "18446744073709551615us", "0.00000000000000000001s", "5μs", "1e3s", "1h\x00",
	} {
		if got, ok := parseHuman(text); ok {
			t.Errorf("%q is read as %v; humantime refuses it", text, got)
		}
	}
}

// What is written has the value that was read, in the syntax of iggysink.
func TestSpansReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([0-9]{1,6}(\.[0-9]{1,2})? ?(ms|s|m|h|d|w|M|y|sec|min|hours) ?){1,3}`).Draw(t, "text")
		value, ok := parseHuman(text)
		if !ok {
			t.Skip("not a duration")
		}
		s := spanFrom(value, text)
		if back, err := schema.ParseDuration(s.text); err != nil || back.Std() != value {
			t.Fatalf("%q is written as %q, which is %v, %v", text, s.text, back, err)
		}
	})
}
