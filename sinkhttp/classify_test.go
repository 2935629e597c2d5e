package sinkhttp

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"iggysink/schema"
)

// TestVerdictOfEveryStatus is the table of the delivery contract.
func TestVerdictOfEveryStatus(t *testing.T) {
	cfg := schema.DefaultSink()
	c := newClassifier(&cfg)
	for status := 100; status <= 599; status++ {
		want := pause
		switch {
		case slices.Contains([]int{200, 201, 202, 204}, status):
			want = accept
		case slices.Contains([]int{400, 409, 412, 413, 414, 422, 424, 428, 431}, status):
			want = reject
		case slices.Contains([]int{501, 505, 506, 510, 511}, status):
			want = pause
		case slices.Contains([]int{408, 425, 429}, status), status >= 500:
			want = retry
		}
		j := c.response(status, nil, 1, time.Time{})
		assert.Equal(t, want, j.verdict, "%d", status)
		assert.Equal(t, status, j.status)
		assert.Equal(t, status == 410, j.manual, "%d", status)
		assert.Equal(t, status == 429 || status == 503, j.outage, "%d", status)
		if want == reject {
			want = split
		}
		assert.Equal(t, want, c.response(status, nil, 2, time.Time{}).verdict, "%d for two messages", status)
	}
	for _, status := range []int{-1, 0, 600, 999} {
		assert.Equal(t, pause, c.response(status, nil, 1, time.Time{}).verdict, "%d", status)
	}
}

func TestSplitOnRejectOff(t *testing.T) {
	cfg := schema.DefaultSink()
	cfg.SplitOnReject = false
	assert.Equal(t, reject, newClassifier(&cfg).response(400, nil, 2, time.Time{}).verdict)
}

func TestSuccessWinsOverRetryOverPauseOverReject(t *testing.T) {
	cfg := schema.DefaultSink()
	cfg.SuccessStatusCodes = []int{209, 503}
	cfg.RetryStatusCodes = []int{503, 404, 402, 401}
	cfg.PauseStatusCodes = []int{503, 404, 400, 410}
	cfg.RejectStatusCodes = []int{503, 404, 400, 418}
	c := newClassifier(&cfg)
	for status, want := range map[int]verdict{
		209: accept, 503: accept, 404: retry, 402: retry, 401: retry, 400: pause, 418: reject, 410: pause,
		200: pause, 500: retry, 422: reject, 403: pause,
	} {
		assert.Equal(t, want, c.response(status, nil, 1, time.Time{}).verdict, "%d", status)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	const longest = time.Duration(math.MaxInt64 / int64(time.Second) * int64(time.Second))
	for value, want := range map[string]time.Duration{
		"":                                  0,
		"0":                                 0,
		"7":                                 7 * time.Second,
		" 7\t":                              7 * time.Second,
		"007":                               7 * time.Second,
		"-7":                                0,
		"+7":                                0,
		"7.5":                               8 * time.Second,
		"0.001":                             time.Second,
		"7s":                                7 * time.Second,
		"7 seconds":                         7 * time.Second,
		"1500ms":                            2 * time.Second,
		"2m":                                2 * time.Minute,
		"1 Hour":                            time.Hour,
		"3, 7, 5":                           7 * time.Second,
		"soon, 5":                           5 * time.Second,
		"5, soon":                           5 * time.Second,
		"7d":                                0,
		"1e3":                               0,
		"1.2.3":                             0,
		".":                                 0,
		"0x10":                              0,
		"inf":                               0,
		"nan":                               0,
		",":                                 0,
		"Tue, 24 Nov 2026 10:00:30 GMT, 60": time.Minute,
		"5, Tue, 24 Nov 2026 10:00:30 GMT":  30 * time.Second,
		"soon":                              0,
		"9223372036":                        9223372036 * time.Second,
		"9223372037":                        longest,
		"99999999999999999999999999":        longest,
		"Tue, 24 Nov 2026 10:00:30 GMT":     30 * time.Second,
		"Tuesday, 24-Nov-26 10:00:30 GMT":   30 * time.Second,
		"Tue Nov 24 10:00:30 2026":          30 * time.Second,
		"Tue, 24 Nov 2026 09:00:30 GMT":     0,
		"Tue, 24 Nov 2026 10:00:00 GMT":     0,
		"Tue, 99 Nov 2026 10:00:30 GMT":     0,
		"Mon, 01 Jan 9999 00:00:00 GMT":     math.MaxInt64,
	} {
		assert.Equal(t, want, retryAfter(value, now), "%q", value)
	}
}

func TestRetryAfterIsCappedAndReadWithRetryAndPauseOnly(t *testing.T) {
	cfg := schema.DefaultSink()
	c := newClassifier(&cfg)
	header := http.Header{"Retry-After": {"86400"}}
	for status, want := range map[int]time.Duration{200: 0, 400: 0, 429: 5 * time.Minute, 500: 5 * time.Minute, 401: 5 * time.Minute} {
		assert.Equal(t, want, c.response(status, header, 1, time.Time{}).retryAfter, "%d", status)
	}
}

func TestRetryAfterNeverPanicsAndIsNeverNegative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		assert.GreaterOrEqual(t, retryAfter(rapid.String().Draw(t, "value"), time.Now()), time.Duration(0))
	})
}

func TestBackoff(t *testing.T) {
	const ms = time.Millisecond
	half := func() float64 { return 0.5 }
	for _, tt := range []struct {
		b    backoff
		n    int
		want time.Duration
	}{
		{backoff{1000 * ms, 30000 * ms, 2, false}, 0, 1000 * ms},
		{backoff{1000 * ms, 30000 * ms, 2, false}, 1, 2000 * ms},
		{backoff{1000 * ms, 30000 * ms, 2, false}, 4, 16000 * ms},
		{backoff{1000 * ms, 30000 * ms, 2, false}, 5, 30000 * ms},
		{backoff{1000 * ms, 30000 * ms, 2, true}, 1, 1000 * ms},
		{backoff{1000 * ms, 30000 * ms, 1, false}, 9, 1000 * ms},
		{backoff{1000 * ms, 30000 * ms, 0, false}, 9, 1000 * ms}, // below 1 counts as 1
		{backoff{1000 * ms, 30000 * ms, 1.5, false}, 1, 1500 * ms},
		{backoff{1000 * ms, 30000 * ms, 2, false}, math.MaxInt32, 30000 * ms},
		{backoff{0, 30000 * ms, 2, false}, math.MaxInt32, 0},
		{backoff{1000 * ms, 0, 2, false}, 3, 0},
		{backoff{math.MaxInt64, math.MaxInt64, 1e300, false}, 3, math.MaxInt64},
	} {
		assert.Equal(t, tt.want, tt.b.wait(tt.n, half), fmt.Sprintf("%+v", tt))
	}
	rapid.Check(t, func(t *rapid.T) {
		b := backoff{
			time.Duration(rapid.Int64Min(0).Draw(t, "delay")), time.Duration(rapid.Int64Min(0).Draw(t, "max")),
			rapid.Float64Min(0).Draw(t, "multiplier"), true,
		}
		wait := b.wait(rapid.IntMin(0).Draw(t, "n"), func() float64 { return 0.999 })
		assert.True(t, wait >= 0 && wait <= b.maxDelay, "%v", wait)
	})
}
