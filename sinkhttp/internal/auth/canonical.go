package auth

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"iggysink/schema"
)

// Outgoing returns the URL that requests go to with this credential: u itself, or for aws_sigv4 one that both sides read in
// the same way. A query that is signed is sorted and encoded anew; one that is sent otherwise, with a plus for a space or a
// semicolon, would be another text for each implementation.
func Outgoing(a *schema.Auth, u *url.URL) *url.URL {
	if a == nil || a.AwsSigv4 == nil || u.RawQuery == "" {
		return u
	}
	out := *u
	out.RawQuery = canonicalQuery(u.RawQuery)
	return &out
}

// canonicalQuery sorts a query and encodes all that is not unreserved, as the signature has it.
func canonicalQuery(raw string) string {
	pairs := make([][2]string, 0, strings.Count(raw, "&")+1)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, [2]string{encodeAgain(name), encodeAgain(value)})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	var out strings.Builder
	for i, pair := range pairs {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(pair[0] + "=" + pair[1])
	}
	return out.String()
}

// encodeAgain encodes a part of a query, whatever of it was encoded before.
func encodeAgain(part string) string {
	if text, err := url.QueryUnescape(part); err == nil {
		part = text
	}
	return strings.ReplaceAll(url.QueryEscape(part), "+", "%20")
}

// canonicalPath is what is signed of a path: without . and .. and without empty segments. What is sent keeps them, and the
// service takes them out before it compares. S3 alone has keys in which they mean something.
func canonicalPath(escaped string) string {
	clean := path.Clean("/" + escaped)
	if clean != "/" && strings.HasSuffix(escaped, "/") {
		clean += "/"
	}
	return clean
}
