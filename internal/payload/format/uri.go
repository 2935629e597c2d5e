package format

import (
	"strings"
	"unicode/utf8"
)

func isURI(s string) bool          { return reference{}.holds(s, true) }
func isURIReference(s string) bool { return reference{}.holds(s, false) }
func isIRI(s string) bool          { return reference{wide: true}.holds(s, true) }
func isIRIReference(s string) bool { return reference{wide: true}.holds(s, false) }

// reference reads URI references as RFC 3986 has them; wide, IRI references as RFC 3987 has them.
type reference struct{ wide bool }

func (r reference) holds(s string, absolute bool) bool {
	rest := s
	if i := strings.IndexAny(s, ":/?#"); i >= 0 && s[i] == ':' {
		if !isScheme(s[:i]) {
			return false // nor may the first segment of a relative reference have a colon
		}
		rest = s[i+1:]
	} else if absolute {
		return false
	}
	rest, fragment, _ := strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	if !r.made(fragment, "/?:@", false) || !r.made(query, "/?:@", true) {
		return false
	}
	if behind, ok := strings.CutPrefix(rest, "//"); ok {
		authority, path := behind, ""
		if i := strings.IndexByte(behind, '/'); i >= 0 {
			authority, path = behind[:i], behind[i:]
		}
		return r.authority(authority) && r.made(path, "/:@", false)
	}
	return r.made(rest, "/:@", false)
}

func isScheme(s string) bool {
	if s == "" || !isLetter(s[0]) {
		return false
	}
	for i := range len(s) {
		if !isLetter(s[i]) && !isDigit(s[i]) && strings.IndexByte("+-.", s[i]) < 0 {
			return false
		}
	}
	return true
}

func (r reference) authority(s string) bool {
	if user, rest, found := strings.Cut(s, "@"); found {
		if !r.made(user, ":", false) {
			return false
		}
		s = rest
	}
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || !isIPLiteral(s[1:end]) {
			return false
		}
		port, found := strings.CutPrefix(s[end+1:], ":")
		return (found || port == "") && onlyDigits(port)
	}
	host, port, _ := strings.Cut(s, ":")
	return r.made(host, "", false) && onlyDigits(port)
}

// isIPLiteral reads what stands between the brackets of a host: an IPv6 address, or v, a version, a dot and an address.
func isIPLiteral(s string) bool {
	if s != "" && s[0]|0x20 == 'v' {
		version, address, found := strings.Cut(s[1:], ".")
		return found && version != "" && address != "" && strings.Trim(version, "0123456789abcdefABCDEF") == "" &&
			reference{}.made(address, ":", false) && !strings.Contains(address, "%")
	}
	return isIPv6(s)
}

func onlyDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// made reports whether s is made of unreserved characters, sub-delims, percent escapes and the others.
func (r reference) made(s, others string, private bool) bool {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			u, size := utf8.DecodeRuneInString(s[i:])
			if !r.wide || u == utf8.RuneError && size == 1 || !isUCS(u) && (!private || !isPrivate(u)) {
				return false
			}
			i += size
			continue
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 3
			continue
		case isLetter(c), isDigit(c), strings.IndexByte("-._~!$&'()*+,;=", c) >= 0, strings.IndexByte(others, c) >= 0:
		default:
			return false
		}
		i++
	}
	return true
}

// isUCS is ucschar of RFC 3987: what is no private, no noncharacter and no control beyond ASCII.
func isUCS(u rune) bool {
	switch {
	case u >= 0xa0 && u <= 0xd7ff, u >= 0xf900 && u <= 0xfdcf, u >= 0xfdf0 && u <= 0xffef:
		return true
	case u >= 0xe0000 && u < 0xe1000:
		return false
	}
	return u >= 0x10000 && u <= 0xefffd && u&0xffff <= 0xfffd
}

// isPrivate is iprivate of RFC 3987, which only a query may hold.
func isPrivate(u rune) bool {
	return u >= 0xe000 && u <= 0xf8ff || u >= 0xf0000 && u <= 0x10fffd && u&0xffff <= 0xfffd
}

// isURITemplate reads literals and expressions: {, an operator, variables with their modifiers, }.
func isURITemplate(s string) bool {
	for s != "" {
		open := strings.IndexAny(s, "{}")
		literal := s
		if open >= 0 {
			literal = s[:open]
		}
		if !isTemplateLiteral(literal) {
			return false
		}
		if open < 0 {
			return true
		}
		end := strings.IndexByte(s, '}')
		if s[open] == '}' || end < 0 || !isExpression(s[open+1:end]) {
			return false
		}
		s = s[end+1:]
	}
	return true
}

func isTemplateLiteral(s string) bool {
	for i, u := range s {
		switch {
		case u == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
		case u == utf8.RuneError, u < utf8.RuneSelf && (u <= ' ' || strings.ContainsRune("\"<>\\^`{|}\x7f", u)):
			return false
		case u >= utf8.RuneSelf && !isUCS(u) && !isPrivate(u):
			return false
		}
	}
	return true
}

// isExpression reads what stands between braces. The operators =,!@| are reserved, and so no template of today has them.
func isExpression(s string) bool {
	if s != "" && strings.IndexByte("+#./;?&", s[0]) >= 0 {
		s = s[1:]
	}
	for variable := range strings.SplitSeq(s, ",") {
		if name, length, found := strings.Cut(variable, ":"); found {
			if length == "" || len(length) > 4 || length[0] == '0' || !onlyDigits(length) {
				return false
			}
			variable = name
		} else {
			variable = strings.TrimSuffix(variable, "*")
		}
		if !isVariable(variable) {
			return false
		}
	}
	return true
}

// isVariable reads letters, digits, _ and percent escapes, with single dots between them.
func isVariable(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" {
			return false
		}
		for i := 0; i < len(part); i++ {
			switch c := part[i]; {
			case isLetter(c), isDigit(c), c == '_':
			case c == '%' && i+2 < len(part) && isHex(part[i+1]) && isHex(part[i+2]):
				i += 2
			default:
				return false
			}
		}
	}
	return true
}
