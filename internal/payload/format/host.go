package format

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

const (
	maxLabel = 63  // bytes of a label, as DNS has it
	maxName  = 253 // bytes of a name
)

// isHostname reads labels of letters, digits and hyphens between dots. A label that begins with xn-- has to be the
// encoding of one that is allowed.
func isHostname(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return isIDNHostname(s)
}

// isIDNHostname is the same with labels beyond ASCII, and the full stops that RFC 3490 takes for dots.
func isIDNHostname(s string) bool {
	s = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".").Replace(s)
	if s == "" || len(s) > 4*maxName {
		return false
	}
	var labels []string
	for label := range strings.SplitSeq(s, ".") {
		unicodeLabel, ok := uLabel(label)
		if !ok {
			return false
		}
		labels = append(labels, unicodeLabel)
	}
	// The rule of writing directions concerns a name as a whole.
	ascii, err := profile().ToASCII(strings.Join(labels, "."))
	return err == nil && len(ascii) <= maxName
}

// profile checks names and changes nothing in them.
func profile() *idna.Profile {
	return idna.New(idna.ValidateLabels(true), idna.CheckHyphens(false), idna.CheckJoiners(true), idna.BidiRule(),
		idna.StrictDomainName(true), idna.VerifyDNSLength(true))
}

// uLabel returns a label as people read it, if it is one.
func uLabel(label string) (string, bool) {
	if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
		return "", false
	}
	if !isASCII(label) {
		return label, isULabel(label)
	}
	if len(label) > maxLabel {
		return "", false
	}
	for i := range len(label) {
		if !isLetter(label[i]) && !isDigit(label[i]) && label[i] != '-' {
			return "", false
		}
	}
	lower := strings.ToLower(label)
	if !strings.HasPrefix(lower, "xn--") {
		return lower, true
	}
	decoded, err := idna.Punycode.ToUnicode(lower)
	if err != nil || isASCII(decoded) || !isULabel(decoded) {
		return "", false
	}
	again, err := idna.Punycode.ToASCII(decoded)
	return decoded, err == nil && again == lower
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// isULabel keeps the rules of RFC 5892 that UTS 46, which idna implements, does not have.
func isULabel(label string) bool {
	ascii, err := idna.Punycode.ToASCII(label)
	if err != nil || len(ascii) > maxLabel {
		return false
	}
	if norm.NFKC.String(label) != label { // a compatibility form of other characters
		return false
	}
	runes := []rune(label)
	if len(runes) > 3 && runes[2] == '-' && runes[3] == '-' {
		return false
	}
	for i, r := range runes {
		if isDisallowed(r) || !contextHolds(runes, i) {
			return false
		}
	}
	return true
}

// isDisallowed is what RFC 5892 derives: no letters, marks or digits, those of an older writing of Hangul, and exceptions.
func isDisallowed(r rune) bool {
	switch r {
	case 0x0640, 0x07fa, 0x302e, 0x302f, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303b:
		return true
	case '-', 0x06fd, 0x06fe, 0x0f0b, 0x3007, // and those that a context allows:
		0x00b7, 0x0375, 0x05f3, 0x05f4, 0x30fb, 0x200c, 0x200d:
		return false
	}
	jamo := r >= 0x1100 && r <= 0x11ff || r >= 0xa960 && r <= 0xa97f || r >= 0xd7b0 && r <= 0xd7ff
	return jamo || unicode.IsUpper(r) || !unicode.IsLetter(r) && !unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd)
}

// contextHolds keeps the rules of RFC 5892, appendix A, for characters that are allowed beside others only.
func contextHolds(label []rune, i int) bool {
	before, after := rune(-1), rune(-1)
	if i > 0 {
		before = label[i-1]
	}
	if i+1 < len(label) {
		after = label[i+1]
	}
	switch r := label[i]; {
	case r == 0x00b7: // middle dot
		return before == 'l' && after == 'l'
	case r == 0x0375: // Greek keraia
		return after >= 0 && unicode.Is(unicode.Greek, after)
	case r == 0x05f3, r == 0x05f4: // Hebrew geresh and gershayim
		return before >= 0 && unicode.Is(unicode.Hebrew, before)
	case r == 0x30fb: // Katakana middle dot
		return strings.ContainsFunc(string(label), func(r rune) bool {
			return r != 0x30fb && (unicode.Is(unicode.Hiragana, r) || unicode.Is(unicode.Katakana, r) || unicode.Is(unicode.Han, r))
		})
	case r >= 0x0660 && r <= 0x0669: // Arabic-Indic digits
		return !strings.ContainsFunc(string(label), func(r rune) bool { return r >= 0x06f0 && r <= 0x06f9 })
	case r >= 0x06f0 && r <= 0x06f9: // extended ones
		return !strings.ContainsFunc(string(label), func(r rune) bool { return r >= 0x0660 && r <= 0x0669 })
	}
	return true
}

func isEmail(s string) bool {
	return isASCII(s) && isMailbox(s, isHostname)
}

func isIDNEmail(s string) bool {
	return isMailbox(s, func(domain string) bool { return isIDNHostname(strings.ToLower(domain)) || isWideDomain(domain) })
}

// isWideDomain takes labels beyond ASCII that are not in their normal form: what sends them normalizes them.
func isWideDomain(domain string) bool {
	ascii, err := idna.Lookup.ToASCII(domain)
	return err == nil && isHostname(ascii)
}

// isMailbox reads local-part@domain: atoms with single dots between them, or a quoted text; a name, or an address in
// brackets.
func isMailbox(s string, isDomain func(string) bool) bool {
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || !isLocalPart(s[:at]) {
		return false
	}
	domain := s[at+1:]
	if literal, ok := strings.CutPrefix(domain, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		if six, is := strings.CutPrefix(literal, "IPv6:"); is {
			return ok && isIPv6(six)
		}
		return ok && isIPv4(literal)
	}
	return isDomain(domain)
}

func isLocalPart(s string) bool {
	if quoted, ok := strings.CutPrefix(s, `"`); ok {
		quoted, ok = strings.CutSuffix(quoted, `"`)
		return ok && isQuoted(quoted)
	}
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for _, r := range atom {
			if r < utf8.RuneSelf && !isLetter(byte(r)) && !isDigit(byte(r)) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) {
				return false
			}
		}
	}
	return utf8.ValidString(s)
}

// isQuoted reads what stands between the quotes of a local part.
func isQuoted(s string) bool {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			if i++; i == len(s) || s[i] < ' ' || s[i] > '~' {
				return false
			}
		case s[i] < ' ', s[i] == '"', s[i] == 0x7f:
			return false
		}
	}
	return utf8.ValidString(s)
}
