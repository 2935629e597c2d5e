package rustsink

import (
	"math"
	"math/bits"
	"strings"
	"time"
	"unicode"

	"iggysink/schema"
)

// humanUnit returns the nanoseconds of a unit. A month is 30.44 days and a year 365.25 days there.
func humanUnit(name string) (uint64, bool) {
	second := uint64(time.Second)
	switch name {
	case "nanos", "nsec", "ns":
		return 1, true
	case "usec", "us", "µs":
		return uint64(time.Microsecond), true
	case "millis", "msec", "ms":
		return uint64(time.Millisecond), true
	case "seconds", "second", "secs", "sec", "s":
		return second, true
	case "minutes", "minute", "min", "mins", "m":
		return 60 * second, true
	case "hours", "hour", "hr", "hrs", "h":
		return 3600 * second, true
	case "days", "day", "d":
		return 86400 * second, true
	case "weeks", "week", "wk", "wks", "w":
		return 7 * 86400 * second, true
	case "months", "month", "M":
		return 2_630_016 * second, true
	case "years", "year", "yr", "yrs", "y":
		return 31_557_600 * second, true
	}
	return 0, false
}

// parseHuman reads a duration as the humantime crate does: numbers with units, in any order, with or without spaces,
// such as "1h 30m" or "1.5s". What is longer than a Go duration can be (292 years) becomes the longest one.
func parseHuman(s string) (time.Duration, bool) {
	if s == "0" { // the one number that needs no unit
		return 0, true
	}
	total, spans := uint64(0), 0
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		whole, rest, ok := digits(s)
		if !ok {
			return 0, false
		}
		fraction := ""
		if after, hasPoint := strings.CutPrefix(rest, "."); hasPoint {
			if fraction, rest, ok = digits(after); !ok {
				return 0, false
			}
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return !isUnitRune(r) })
		if end < 0 {
			end = len(rest)
		}
		unit, known := humanUnit(rest[:end])
		if !known {
			return 0, false
		}
		n, ok := spanOf(whole, fraction, unit)
		if !ok {
			return 0, false
		}
		total, s = saturatingAdd(total, n), rest[end:]
		spans++
	}
	return time.Duration(min(total, math.MaxInt64)), spans > 0 //nolint:gosec // the line bounds it
}

func isUnitRune(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == 'µ' }

// digits cuts a number off. Spaces may stand between its digits and behind it.
func digits(s string) (number, rest string, ok bool) {
	end := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && !unicode.IsSpace(r) })
	if end < 0 {
		end = len(s)
	}
	number = strings.Join(strings.Fields(s[:end]), "")
	return number, s[end:], number != ""
}

// spanOf returns the nanoseconds of one number with its unit. A fraction must come out whole: in nanoseconds up to
// minutes, in seconds above.
func spanOf(whole, fraction string, unit uint64) (uint64, bool) {
	n, ok := parseUint(whole)
	counted := unit // in what the crate counts, in 64 bits: nanoseconds, or seconds where the unit is not shorter
	if unit >= uint64(time.Second) {
		counted = unit / uint64(time.Second)
	}
	if overflow, _ := bits.Mul64(n, counted); !ok || overflow != 0 {
		return 0, false
	}
	total := saturatingMultiply(n, unit)
	if fraction == "" {
		return total, true
	}
	if len(fraction) > 19 || unit == 1 {
		return 0, false
	}
	fraction = strings.TrimRight(fraction, "0")
	numerator, ok := parseUint(fraction)
	if !ok {
		return 0, false
	}
	denominator := uint64(1)
	for range fraction {
		denominator *= 10
	}
	grain := uint64(1)
	if unit > uint64(time.Minute) {
		grain = uint64(time.Second)
	}
	high, low := bits.Mul64(numerator, unit/grain)
	if high != 0 || low%denominator != 0 {
		return 0, false
	}
	return saturatingAdd(total, saturatingMultiply(low/denominator, grain)), true
}

// parseUint reads digits into 64 bits.
func parseUint(s string) (uint64, bool) {
	n := uint64(0)
	for _, c := range []byte(s) {
		high, low := bits.Mul64(n, 10)
		sum, carry := bits.Add64(low, uint64(c-'0'), 0)
		if high != 0 || carry != 0 {
			return 0, false
		}
		n = sum
	}
	return n, true
}

func saturatingAdd(a, b uint64) uint64 {
	if sum, carry := bits.Add64(a, b, 0); carry == 0 {
		return sum
	}
	return math.MaxUint64
}

func saturatingMultiply(a, b uint64) uint64 {
	if high, low := bits.Mul64(a, b); high == 0 {
		return low
	}
	return math.MaxUint64
}

// span is a duration with the text that it had, if iggysink reads that text in the same way.
type span struct {
	value time.Duration
	text  string
}

// spanFrom keeps the user's own way of writing where it can.
func spanFrom(value time.Duration, text string) span {
	if d, err := schema.ParseDuration(text); err != nil || d.Std() != value {
		text = short(value)
	}
	return span{value, text}
}

// short prints a duration without the zeros of 1m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
