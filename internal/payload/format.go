package payload

// The usual spelling of the formats that messages are full of, without an allocation. What is not recognized here is
// left to jsonschema's own checks.

// isCommonTime recognizes 2026-01-28T23:59:59.123Z and the same with an offset.
func isCommonTime(t []byte) bool {
	if len(t) < len("2006-01-02T15:04:05Z") || !isCommonDate(t[:10]) || t[10] != 'T' || t[13] != ':' || t[16] != ':' {
		return false
	}
	if !within(t[11:13], 23) || !within(t[14:16], 59) || !within(t[17:19], 59) {
		return false
	}
	rest := t[19:]
	if rest[0] == '.' {
		n := 1
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		if n == 1 || n == len(rest) {
			return false
		}
		rest = rest[n:]
	}
	if len(rest) == 1 {
		return rest[0] == 'Z'
	}
	return len(rest) == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':' && within(rest[1:3], 23) &&
		within(rest[4:6], 59)
}

// isCommonDate recognizes 2026-01-28; the days behind that need a calendar.
func isCommonDate(t []byte) bool {
	if len(t) != 10 || t[4] != '-' || t[7] != '-' {
		return false
	}
	return within(t[0:2], 99) && within(t[2:4], 99) && within(t[5:7], 12) && string(t[5:7]) != "00" &&
		within(t[8:10], 28) && string(t[8:10]) != "00"
}

// within reports whether t is two digits and at most most.
func within(t []byte, most int) bool {
	return isDigit(t[0]) && isDigit(t[1]) && int(t[0]-'0')*10+int(t[1]-'0') <= most
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func isCommonUUID(t []byte) bool {
	if len(t) != 36 {
		return false
	}
	for i, b := range t {
		switch i {
		case 8, 13, 18, 23:
			if b != '-' {
				return false
			}
		default:
			if !isDigit(b) && (b|0x20 < 'a' || b|0x20 > 'f') {
				return false
			}
		}
	}
	return true
}
