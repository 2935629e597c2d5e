package format

import (
	"strings"
	"unicode/utf8"
)

// isRegex reads a regular expression of ECMA-262, as it is with the flag u.
func isRegex(s string) bool {
	p := pattern{text: s}
	return utf8.ValidString(s) && p.alternatives(0) && p.pos == len(s)
}

// maxGroups bounds how deeply groups nest: the parser recurses.
const maxGroups = 200

// pattern is what is left to read of a regular expression.
type pattern struct {
	text string
	pos  int
}

func (p *pattern) take(prefix string) bool {
	if !strings.HasPrefix(p.text[p.pos:], prefix) {
		return false
	}
	p.pos += len(prefix)
	return true
}

// alternatives reads terms until the group ends or the text does.
func (p *pattern) alternatives(depth int) bool {
	if depth > maxGroups {
		return false
	}
	for p.pos < len(p.text) && p.text[p.pos] != ')' {
		if p.take("|") || p.take("^") || p.take("$") || p.take(`\b`) || p.take(`\B`) {
			continue // none of them is repeated
		}
		lookahead := strings.HasPrefix(p.text[p.pos:], "(?=") || strings.HasPrefix(p.text[p.pos:], "(?!") ||
			strings.HasPrefix(p.text[p.pos:], "(?<=") || strings.HasPrefix(p.text[p.pos:], "(?<!")
		if !p.atom(depth) || !lookahead && !p.quantifier() {
			return false
		}
	}
	return true
}

func (p *pattern) atom(depth int) bool {
	switch p.text[p.pos] {
	case '(':
		return p.group(depth)
	case '[':
		return p.class()
	case '\\':
		return p.escape(false)
	case '*', '+', '?', '{', '}', ']':
		return false
	}
	_, size := utf8.DecodeRuneInString(p.text[p.pos:])
	p.pos += size
	return true
}

func (p *pattern) group(depth int) bool {
	p.pos++
	if p.take("?") {
		switch {
		case p.take(":"), p.take("="), p.take("!"), p.take("<="), p.take("<!"):
		case p.take("<"):
			if !p.name() {
				return false
			}
		default:
			return false // flags, comments and (?P<name> are not of ECMA-262
		}
	}
	return p.alternatives(depth+1) && p.take(")")
}

// name reads the name of a group and the > behind it.
func (p *pattern) name() bool {
	end := strings.IndexByte(p.text[p.pos:], '>')
	if end <= 0 {
		return false
	}
	name := p.text[p.pos : p.pos+end]
	p.pos += end + 1
	return !isDigit(name[0]) && strings.IndexFunc(name, func(r rune) bool {
		return r < utf8.RuneSelf && !isLetter(byte(r)) && !isDigit(byte(r)) && r != '_' && r != '$'
	}) < 0
}

// quantifier reads how often an atom is repeated, if anything says so.
func (p *pattern) quantifier() bool {
	switch {
	case p.take("*"), p.take("+"), p.take("?"):
	case p.take("{"):
		bounds, rest, found := strings.Cut(p.text[p.pos:], "}")
		low, high, _ := strings.Cut(bounds, ",")
		if !found || low == "" || !onlyDigits(low) || !onlyDigits(high) || strings.Count(bounds, ",") > 1 {
			return false
		}
		if high != "" && len(high) == len(low) && high < low || high != "" && len(high) < len(low) {
			return false
		}
		p.pos = len(p.text) - len(rest)
	default:
		return true
	}
	p.take("?")
	return true
}

// class reads [...]. It may be empty: [] matches nothing and [^] anything.
func (p *pattern) class() bool {
	for p.pos++; p.pos < len(p.text); {
		switch {
		case p.take("]"):
			return true
		case p.text[p.pos] == '\\':
			if !p.escape(true) {
				return false
			}
		default:
			_, size := utf8.DecodeRuneInString(p.text[p.pos:])
			p.pos += size
		}
	}
	return false
}

// escape reads what a backslash begins.
func (p *pattern) escape(inClass bool) bool {
	if p.pos++; p.pos == len(p.text) {
		return false
	}
	c := p.text[p.pos]
	p.pos++
	rest := p.text[p.pos:]
	switch {
	case strings.IndexByte("dDsSwWfnrtv", c) >= 0, strings.IndexByte(`^$\.*+?()[]{}|/`, c) >= 0:
		return true
	case c == '-', c == 'b':
		return inClass
	case isDigit(c):
		p.pos += len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		return c != '0' || rest == "" || !isDigit(rest[0])
	case c == 'c':
		p.pos++
		return rest != "" && isLetter(rest[0])
	case c == 'x':
		p.pos += 2
		return len(rest) >= 2 && isHex(rest[0]) && isHex(rest[1])
	case c == 'u':
		return p.unicode()
	case c == 'k':
		return p.take("<") && p.name()
	case c == 'p', c == 'P':
		return p.property()
	}
	return false
}

func (p *pattern) unicode() bool {
	digits := 4
	if p.take("{") {
		if digits = strings.IndexByte(p.text[p.pos:], '}'); digits < 1 {
			return false
		}
		defer p.take("}")
	}
	rest := p.text[p.pos:]
	if len(rest) < digits || strings.Trim(rest[:digits], "0123456789abcdefABCDEF") != "" {
		return false
	}
	p.pos += digits
	return true
}

// property reads the name of a property of characters, such as {Letter} or {Script=Greek}.
func (p *pattern) property() bool {
	if !p.take("{") {
		return false
	}
	end := strings.IndexByte(p.text[p.pos:], '}')
	if end <= 0 {
		return false
	}
	name := p.text[p.pos : p.pos+end]
	p.pos += end + 1
	return strings.IndexFunc(name, func(r rune) bool {
		return r >= utf8.RuneSelf || !isLetter(byte(r)) && !isDigit(byte(r)) && r != '_' && r != '='
	}) < 0
}
