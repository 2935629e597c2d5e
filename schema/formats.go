package schema

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// The names of the formats that the schemas use. Both validators, jsonschema's and the generated one, take their meaning
// from hasFormat.
const (
	formatDuration         = "go-duration"          // what ParseDuration reads
	formatDurationPositive = "go-duration-positive" // the same, and more than zero
	formatHostPort         = "host-port"            // host:port, [v6]:port; port 0 lets the kernel choose one
	formatHTTPURL          = "http-url"             // what ParseHTTPURL reads
	formatHTTPURLTemplate  = "http-url-template"    // the same with the fields of Template behind the host
	formatDateTime         = "date-time"            // RFC 3339; this and the next are JSON Schema's own
	formatUUID             = "uuid"                 // RFC 4122
	formatURI              = "uri"                  // RFC 3986, absolute
	formatTemplate         = "template"             // what ParseTemplate reads
	formatHeaderName       = "header-name"          // a token (RFC 9110 section 5.6.2)
	formatJSONPointer      = "json-pointer"         // RFC 6901
)

// formats lists those that the schemas use today.
func formats() []string {
	return []string{
		formatDuration, formatDurationPositive, formatHeaderName, formatHostPort, formatHTTPURL, formatHTTPURLTemplate,
		formatJSONPointer, formatTemplate,
	}
}

// standardFormats lists those of JSON Schema itself that a schema may use.
func standardFormats() []string { return []string{formatDateTime, formatUUID, formatURI} }

// hasFormat reports whether s has the format of that name. A name that is not known is never satisfied.
func hasFormat(name, s string) bool {
	switch name {
	case formatDuration, formatDurationPositive:
		d, err := ParseDuration(s)
		return err == nil && (d > 0 || name == formatDuration)
	case formatHostPort:
		return isHostPort(s)
	case formatHTTPURL:
		return isHTTPURL(s)
	case formatHTTPURLTemplate:
		return isHTTPURLTemplate(s)
	case formatTemplate:
		_, err := ParseTemplate(s)
		return err == nil
	case formatHeaderName:
		return httpguts.ValidHeaderFieldName(s)
	case formatJSONPointer:
		return isJSONPointer(s)
	}
	return hasStandardFormat(name, s)
}

func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil || !isPort(port) {
		return false
	}
	if strings.HasPrefix(s, "[") {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is6()
	}
	return isHostName(host)
}

// isPort reads digits only: strconv would take a sign.
func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// isHostName takes letters, digits, hyphens and, as resolvers do, underscores, in labels between dots. An IPv4 address
// looks the same.
func isHostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			if c := label[i]; c|0x20 < 'a' || c|0x20 > 'z' {
				if (c < '0' || c > '9') && c != '-' && c != '_' {
					return false
				}
			}
		}
	}
	return true
}

func isHTTPURL(s string) bool {
	_, err := ParseHTTPURL(s)
	return err == nil
}

// isJSONPointer reports whether s is empty or begins with a slash, and has ~ in ~0 and ~1 only.
func isJSONPointer(s string) bool {
	if s != "" && s[0] != '/' {
		return false
	}
	for _, piece := range strings.Split(s, "~")[1:] {
		if piece == "" || piece[0] != '0' && piece[0] != '1' {
			return false
		}
	}
	return true
}

// isHTTPURLTemplate refuses fields in front of the path: who names a topic must not choose the host.
func isHTTPURLTemplate(s string) bool {
	segments, err := cut(s)
	if err != nil {
		return false
	}
	if len(segments) > 1 {
		_, rest, found := strings.Cut(segments[0].text, "://")
		if !found || !strings.ContainsAny(rest, "/?#") {
			return false
		}
	}
	t, err := ParseTemplate(s)
	return err == nil && isHTTPURL(t.Fill(Partition{Stream: "s", Topic: "t"}))
}
