package format

import (
	"strings"
	"time"
)

func isDateTime(s string) bool {
	return len(s) > 10 && isDate(s[:10]) && s[10]|0x20 == 't' && isTime(s[11:])
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s) // it wants two digits of day and month, and knows how long each month is
	return err == nil && len(s) == len(time.DateOnly)
}

// isTime reads hh:mm:ss with a fraction, and Z or an offset. A leap second is one where it is 23:59:60 in UTC.
func isTime(s string) bool {
	if len(s) < len("15:04:05Z") || s[2] != ':' || s[5] != ':' {
		return false
	}
	hour, minute, second := twoDigits(s), twoDigits(s[3:]), twoDigits(s[6:])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return false
	}
	rest := s[8:]
	if rest[0] == '.' {
		digits := strings.TrimLeft(rest[1:], "0123456789")
		if len(digits) == len(rest)-1 {
			return false
		}
		rest = digits
	}
	offset, ok := offsetMinutes(rest)
	if !ok {
		return false
	}
	const day = 24 * 60
	return second < 60 || ((hour*60+minute-offset)%day+day)%day == day-1
}

// offsetMinutes reads Z, z, +hh:mm or -hh:mm.
func offsetMinutes(s string) (minutes int, ok bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) != len("+01:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	hour, minute := twoDigits(s[1:]), twoDigits(s[4:])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, false
	}
	if minutes = hour*60 + minute; s[0] == '-' {
		minutes = -minutes
	}
	return minutes, true
}

// twoDigits returns the number that s begins with, or -1.
func twoDigits(s string) int {
	if len(s) < 2 || !isDigit(s[0]) || !isDigit(s[1]) {
		return -1
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

// isDuration reads PnW, or PnYnMnDTnHnMnS without a gap between its units and with at least one.
func isDuration(s string) bool {
	rest, ok := strings.CutPrefix(s, "P")
	if !ok {
		return false
	}
	if weeks, ok := strings.CutSuffix(rest, "W"); ok {
		return weeks != "" && strings.Trim(weeks, "0123456789") == ""
	}
	date, clock, hasClock := strings.Cut(rest, "T")
	if hasClock && !units(clock, "HMS") {
		return false
	}
	return date == "" && hasClock || units(date, "YMD")
}

// units reads numbers with units: one at least, in their order, none skipped between two.
func units(s, order string) bool {
	last := -1
	for s != "" {
		rest := strings.TrimLeft(s, "0123456789")
		if len(rest) == len(s) || rest == "" {
			return false
		}
		at := strings.IndexByte(order, rest[0])
		if at < 0 || last >= 0 && at != last+1 {
			return false
		}
		last, s = at, rest[1:]
	}
	return last >= 0
}
