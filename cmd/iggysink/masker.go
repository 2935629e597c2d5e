package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"iggysink/schema"
)

// leastSecret is the length from which on a value of env() is masked: a shorter one keeps no secret, and would be found
// by chance in every path.
const leastSecret = 6

// masker keeps what a configuration holds in secret out of what dev prints of a request. Fill it, then use it.
type masker struct {
	headers map[string]bool // canonical names
	values  []string        // texts that came from the environment
}

// addHeaders masks the values of all configured headers.
func (m *masker) addHeaders(cfg *schema.Config) {
	m.headers = map[string]bool{"Authorization": true, "Cookie": true, "Proxy-Authorization": true}
	for _, sink := range cfg.Sinks {
		for name := range sink.Headers {
			m.headers[http.CanonicalHeaderKey(name)] = true
		}
	}
}

// addValue masks text wherever it stands in a path. Of a URL only the path can stand there, and that is its secret.
func (m *masker) addValue(text string) {
	if _, rest, isURL := strings.Cut(text, "://"); isURL {
		_, text, _ = strings.Cut(rest, "/")
		text, _, _ = strings.Cut(text, "?")
	}
	if len(text) >= leastSecret && !slices.Contains(m.values, text) {
		m.values = append(m.values, text)
	}
}

// path masks the values of the query, and texts of the environment anywhere.
func (m *masker) path(path string) string {
	path, query, found := strings.Cut(path, "?")
	for _, value := range m.values {
		path = strings.ReplaceAll(path, value, schema.SecretMask)
	}
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
		out.Write(a.Body)
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
