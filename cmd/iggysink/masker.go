package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"iggysink/schema"
)

// leastSecret is the length from which on a secret text is masked: a shorter one keeps no secret, and would be found by
// chance in every path.
const leastSecret = 6

// masker keeps what a configuration holds in secret out of what dev prints of a request. Fill it, then use it.
type masker struct {
	headers map[string]bool // canonical names
	values  []string        // texts that came from env(), file() or a sensitive variable
	names   []string        // of streams and topics, escaped: what the fields of a url give
}

// addConfig masks the values of all configured headers, and notes the names that may be shown.
func (m *masker) addConfig(cfg *schema.Config) {
	m.headers = map[string]bool{"Authorization": true, "Cookie": true, "Proxy-Authorization": true}
	for _, sink := range cfg.Sinks {
		for name := range sink.Headers {
			m.headers[http.CanonicalHeaderKey(name)] = true
		}
		for _, stream := range sink.Streams {
			for _, name := range append([]string{stream.Name}, stream.Topics...) {
				m.names = append(m.names, url.PathEscape(name))
			}
		}
	}
}

// addValue masks text wherever it stands in a path. Of a URL only the path can stand there, and that is its secret.
func (m *masker) addValue(text string) {
	text = strings.TrimSpace(text) // a file ends with a line break, which trimspace() takes away
	if _, rest, isURL := strings.Cut(text, "://"); isURL {
		_, text, _ = strings.Cut(rest, "/")
		text, _, _ = strings.Cut(text, "?")
	}
	if len(text) >= leastSecret && !slices.Contains(m.values, text) {
		m.values = append(m.values, text)
	}
}

// path masks the values of the query, secret texts anywhere, and each part of the path that is not plain: a url may be
// written out with its secret, and a secret may have been encoded on its way.
func (m *masker) path(path string) string {
	path, query, found := strings.Cut(path, "?")
	for _, value := range m.values {
		path = strings.ReplaceAll(path, value, schema.SecretMask)
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if !isPlain(part) && !slices.Contains(m.names, part) {
			parts[i] = schema.SecretMask
		}
	}
	path = strings.Join(parts, "/")
	if !found {
		return path
	}
	parameters := strings.Split(query, "&")
	for i, parameter := range parameters {
		name, _, _ := strings.Cut(parameter, "=")
		parameters[i] = name + "=" + schema.SecretMask
	}
	return path + "?" + strings.Join(parameters, "&")
}

// body masks secret texts, which a body may have been made of.
func (m *masker) body(text string) string {
	for _, value := range m.values {
		text = strings.ReplaceAll(text, value, schema.SecretMask)
	}
	return text
}

// plainWord is a word in lower case or in camelCase, a word with a short number as in v2, or a short number.
var plainWord = regexp.MustCompile(`^([A-Za-z]?[a-z]*([A-Z][a-z]+)*|[A-Za-z]?[a-z]*[0-9]{1,3}|[0-9]{1,6})$`)

// isPlain reports whether a part of a path reads as words, such as orders, v2 or order-events, and not as a token.
func isPlain(part string) bool {
	const longest, longestWord = 48, 20 // bytes
	part = strings.ReplaceAll(part, schema.SecretMask, "-")
	words := strings.FieldsFunc(part, func(r rune) bool { return strings.ContainsRune("-_.~:", r) })
	return len(part) <= longest && !slices.ContainsFunc(words, func(word string) bool {
		return len(word) > longestWord || !plainWord.MatchString(word)
	})
}

// printRequest prints a as HTTP shows it, headers sorted, followed by an empty line. A body that is not text is printed
// as its length and its bytes in Go's quotes.
func printRequest(w io.Writer, a arrival, m *masker) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s\n", a.Method, m.path(a.Path))
	names := make([]string, 0, len(a.Header))
	for name := range a.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range a.Header[name] {
			if m.headers[name] {
				value = schema.SecretMask
			}
			fmt.Fprintf(&out, "%s: %s\n", name, value)
		}
	}
	out.WriteByte('\n')
	if utf8.Valid(a.Body) {
		out.WriteString(m.body(string(a.Body)))
	} else {
		fmt.Fprintf(&out, "%d bytes: %q", len(a.Body), a.Body)
	}
	if n := out.Len(); n > 0 && out.Bytes()[n-1] != '\n' {
		out.WriteByte('\n')
	}
	out.WriteByte('\n')
	_, err := w.Write(out.Bytes())
	return err
}
