package schema

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Duration is a span of time in a configuration: Go's syntax (ns, us, ms, s, m, h) and d for 24 hours, such as "1d12h"
// or "1.5s". It is never negative; there is no unit for months or years, whose length is not fixed.
type Duration time.Duration

// ErrDuration is what every error of ParseDuration wraps.
var ErrDuration = errors.New("invalid duration")

// Std returns the value as a time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String prints the value in the syntax that ParseDuration reads.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with ParseDuration.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := ParseDuration(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// ParseDuration reads a duration. Its error wraps ErrDuration and says what was not understood.
func ParseDuration(s string) (Duration, error) {
	rest := s
	var days time.Duration
	if number, after, found := strings.Cut(s, "d"); found {
		n, err := time.ParseDuration(number + "h")
		if err != nil || n > time.Duration(1<<63-1)/24 {
			return 0, fmt.Errorf("%w: %q", ErrDuration, s)
		}
		days, rest = n*24, after
	}
	if rest == "" && s != "" {
		return signed(s, days)
	}
	d, err := time.ParseDuration(rest)
	if err != nil || strings.ContainsAny(rest, "+-") || days+d < days {
		return 0, fmt.Errorf("%w: %q", ErrDuration, s)
	}
	return signed(s, days+d)
}

// signed refuses a sign, which time.ParseDuration accepts.
func signed(s string, d time.Duration) (Duration, error) {
	if strings.ContainsAny(s, "+-") || d < 0 {
		return 0, fmt.Errorf("%w: %q has a sign", ErrDuration, s)
	}
	return Duration(d), nil
}
