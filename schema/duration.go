package schema

import (
	"errors"
	"fmt"
	"math"
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

// ParseDuration reads a duration. Its error wraps ErrDuration and does not repeat the text, which may be secret.
func ParseDuration(s string) (Duration, error) {
	if strings.ContainsAny(s, "+-") { // time.ParseDuration takes a sign
		return 0, fmt.Errorf("%w: it has a sign", ErrDuration)
	}
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "0", s
	}
	if strings.Trim(days, "0123456789.") != "" { // a unit in front of d would count in days too
		return 0, fmt.Errorf("%w: d is not its first unit", ErrDuration)
	}
	day, err := time.ParseDuration(days + "h")
	if err != nil || day > math.MaxInt64/24 {
		return 0, fmt.Errorf("%w: its number of days is not understood", ErrDuration)
	}
	if found && rest == "" {
		return Duration(day * 24), nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || day*24 > math.MaxInt64-d {
		return 0, fmt.Errorf("%w: write it like 500ms, 30s or 1d12h", ErrDuration)
	}
	return Duration(day*24 + d), nil
}

// mustDuration reads a duration that the generator has checked.
func mustDuration(s string) Duration {
	d, err := ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}
