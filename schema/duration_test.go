package schema

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ExampleParseDuration() {
	d, err := ParseDuration("1d12h")
	fmt.Println(d, err)
	// Output: 36h0m0s <nil>
}

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for s, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "500ms": 500 * time.Millisecond, "2m": 2 * time.Minute, "1h": time.Hour,
		"1.5s": 1500 * time.Millisecond, "1h30m": 90 * time.Minute, "0": 0, "0s": 0, "0d": 0, "5us": 5000, "5µs": 5000,
		"7ns": 7, "1d": day, "1.5d": 36 * time.Hour, "1d2h3m": day + 2*time.Hour + 3*time.Minute, ".5d": 12 * time.Hour,
		"106751d": 106751 * day, "106751d23h47m16.854775807s": 1<<63 - 1,
	} {
		d, err := ParseDuration(s)
		require.NoError(t, err, s)
		assert.Equal(t, want, d.Std(), s)
	}
}

func TestParseDurationRefuses(t *testing.T) {
	for _, s := range []string{"", "5", "s", "d", "-5s", "+5s", "1d-2h", "5 s", "1h 30m", "5x", "1M", "1y", "1w", "1m2d", "1hd",
		"1d2d", "2d1", "..d", "106752d", "106751d23h47m16.854775808s", "9223372037s", "canary"} {
		_, err := ParseDuration(s)
		require.ErrorIs(t, err, ErrDuration, s)
		assert.NotContains(t, err.Error(), "canary")
	}
}

func TestDurationMarshalsAsText(t *testing.T) {
	var d Duration
	require.NoError(t, json.Unmarshal([]byte(`"1d"`), &d))
	text, err := json.Marshal(d)
	require.NoError(t, err)
	assert.Equal(t, `"24h0m0s"`, string(text))
	require.Error(t, json.Unmarshal([]byte(`"soon"`), &d))
	assert.Equal(t, 24*time.Hour, d.Std(), "an error leaves the value as it was")
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"1d12h", "0.000000001s", "1d1d", "99999999999d", "5µs"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration(s)
		if err != nil {
			require.ErrorIs(t, err, ErrDuration)
			return
		}
		assert.GreaterOrEqual(t, d, Duration(0))
		again, err := ParseDuration(d.String())
		require.NoError(t, err)
		assert.Equal(t, d, again, "what is printed reads back")
	})
}
