// Package format decides whether a text has a format of JSON Schema: one function for each name, straight from the RFC
// that the name stands for. jsonschema v5 has formats too, and they are not the last word: its uri takes spaces, its
// uri-template refuses {?x}, and it has no idn-hostname. testdata/strings.txt holds texts that the public
// JSON-Schema-Test-Suite calls valid or invalid, and the test runs each.
//
// A name that is not known asserts nothing, as the specification says.
package format

import (
	"net/netip"
	"slices"
	"strings"
)

// row is one format.
type row struct {
	name string
	has  func(string) bool
}

// rows are all formats. Some are older names of others: drafts before 6 had them, and v5 knows them.
func rows() []row {
	return []row{
		{"date-time", isDateTime}, // RFC 3339
		{"date", isDate},
		{"time", isTime},
		{"duration", isDuration},          // RFC 3339, appendix A
		{"email", isEmail},                // RFC 5321
		{"idn-email", isIDNEmail},         // RFC 6531
		{"hostname", isHostname},          // RFC 1123, and RFC 5890 for labels that begin with xn--
		{"host-name", isHostname},         // draft 3
		{"idn-hostname", isIDNHostname},   // RFC 5890
		{"ipv4", isIPv4},                  // RFC 2673
		{"ip-address", isIPv4},            // draft 3
		{"ipv6", isIPv6},                  // RFC 4291
		{"uri", isURI},                    // RFC 3986
		{"uri-reference", isURIReference}, // RFC 3986
		{"uriref", isURIReference},        // draft 5
		{"iri", isIRI},                    // RFC 3987
		{"iri-reference", isIRIReference}, // RFC 3987
		{"uri-template", isURITemplate},   // RFC 6570
		{"uuid", isUUID},                  // RFC 4122
		{"json-pointer", isJSONPointer},   // RFC 6901
		{"relative-json-pointer", isRelativePointer},
		{"regex", isRegex}, // ECMA-262
	}
}

// Of returns the check of a format; nil for a name that is not known.
func Of(name string) func(string) bool {
	all := rows()
	if i := slices.IndexFunc(all, func(r row) bool { return r.name == name }); i >= 0 {
		return all[i].has
	}
	return nil
}

// Names returns the names of all formats.
func Names() (names []string) {
	for _, r := range rows() {
		names = append(names, r.name)
	}
	return names
}

func isIPv4(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

// isIPv6 refuses a zone, which the format does not have.
func isIPv6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6() && a.Zone() == ""
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isHex(s[i]) {
				return false
			}
		}
	}
	return true
}

func isJSONPointer(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != '/' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return false
		}
	}
	return true
}

// isRelativePointer reads a number without leading zeros, then # or a pointer.
func isRelativePointer(s string) bool {
	rest := strings.TrimLeft(s, "0123456789")
	digits := s[:len(s)-len(rest)]
	if digits == "" || len(digits) > 1 && digits[0] == '0' {
		return false
	}
	return rest == "#" || isJSONPointer(rest)
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func isHex(b byte) bool { return isDigit(b) || b|0x20 >= 'a' && b|0x20 <= 'f' }
