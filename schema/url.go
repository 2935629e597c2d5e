package schema

import (
	"errors"
	"net/url"
	"strings"
)

// The ways in which a text is no URL that requests can go to. None of them tells a piece of the text.
var (
	errURLInvalid    = errors.New("is not a valid URL")
	errURLScheme     = errors.New("must be an http or https URL; other schemes are not allowed")
	errURLHost       = errors.New("is not a valid URL: it has no host")
	errURLDotSegment = errors.New("has a segment . or .. in its path, written out or as %2E, which a server takes for a step to another path")
)

// ParseHTTPURL reads an absolute http or https URL (RFC 3986), without its fragment. It is the only way from a text to
// what is sent, so that what was checked is what goes out:
//
//   - What may not stand in a path or a query as it is, such as ü or {, is percent-encoded there and nowhere later.
//     net/url would otherwise encode the whole path anew when it is sent, and %2F of a value would become a slash. What is
//     encoded already stays as it is, to the letter.
//   - A segment . or .. is refused, also with its dots encoded, which is the same by RFC 3986 section 6.2.2.2: servers and
//     proxies on the way resolve it.
//
// Its errors begin with a verb and tell nothing of the text, which may hold a secret.
func ParseHTTPURL(text string) (*url.URL, error) {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] == 0x7f {
			return nil, errURLInvalid
		}
	}
	text, _, _ = strings.Cut(text, "#")
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return nil, errURLScheme
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority = rest[:i]
	}
	path, query, hasQuery := strings.Cut(rest[len(authority):], "?")
	path, sound := encodeURLPart(path, ":@/")
	if !sound {
		return nil, errURLInvalid
	}
	if hasDotSegment(path) {
		return nil, errURLDotSegment
	}
	if path == "" {
		path = "/"
	}
	target := path
	if hasQuery {
		query, _ = encodeURLPart(query, ":@/?") // a % that encodes nothing is data
		target += "?" + query
	}
	u, err := url.Parse(scheme + "://" + authority + target)
	switch {
	case err != nil:
		return nil, errURLInvalid
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errURLScheme
	case u.Hostname() == "":
		return nil, errURLHost
	case u.Port() != "" && !isPort(u.Port()), u.RequestURI() != target:
		return nil, errURLInvalid
	}
	return u, nil
}

// encodeURLPart percent-encodes what may stand in s neither as it is (unreserved characters, sub-delims and those of
// more; RFC 3986 section 3.3) nor as a percent-encoding. sound reports that every % was one.
func encodeURLPart(s, more string) (encoded string, sound bool) {
	var b strings.Builder
	sound = true
	for i := range len(s) {
		c := s[i]
		isCode := c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])
		switch {
		case isCode, isUnreserved(c), strings.IndexByte("!$&'()*+,;=", c) >= 0, strings.IndexByte(more, c) >= 0:
			b.WriteByte(c)
		default:
			sound = sound && c != '%'
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String(), sound
}

// hasDotSegment reports whether a segment of an encoded path is . or .. once its dots are decoded.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		segment = strings.ReplaceAll(strings.ToUpper(segment), "%2E", ".")
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// isUnreserved reports whether c stands for itself everywhere in a URL (RFC 3986 section 2.3).
func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '~' || c == '.'
}

const upperHex = "0123456789ABCDEF"
