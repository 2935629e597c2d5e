package schema

import "strings"

// IsConnectionHeader reports whether a header, in any case of letters, is the connection's or the client's alone, so that a
// configuration cannot set it: it frames the request (RFC 9112 section 6), belongs to one hop (RFC 9110 section 7.6.1),
// changes when the body is sent (Expect), or is a name by which the HTTP client is told something.
func IsConnectionHeader(name string) bool {
	switch strings.ToLower(name) {
	case "content-length", "transfer-encoding", "trailer", "te", "connection", "keep-alive", "proxy-connection", "upgrade", "expect",
		"__header_order__", "__pseudo_header_order__":
		return true
	}
	return false
}
