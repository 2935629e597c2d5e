package main

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// longestArgument is how many bytes of a body become an argument of curl: the kernel takes 128 KiB for one.
const longestArgument = 64 << 10

// command prints a request as a command line of a POSIX shell. What curl would add by itself is taken away.
func (p *requestPrinter) command(b *bytes.Buffer, r *sinkhttp.Request) {
	for _, name := range slices.Sorted(maps.Keys(r.Unknown)) {
		fmt.Fprintf(b, "# %s is missing: %s\n", name, r.Unknown[name])
	}
	if t := p.sink.TLS; t != nil && t.ServerName != "" && r.URL.Scheme == "https" {
		b.WriteString("# tls.server_name is not among the options of curl\n")
	}
	body := string(r.Body)
	if bytes.Equal(r.Body, r.Plain) { // of what is compressed nothing can be hidden, and nothing can be read
		body = p.veil.text(body)
	} else if p.veil != nil && p.veil.text(string(r.Plain)) != string(r.Plain) {
		b.WriteString("# the compressed body is left out: it holds a secret\n")
		body = ""
	}
	piped := len(body) > longestArgument || !isShowable(body)
	if piped {
		fmt.Fprintf(b, "printf %s |\n", printfFormat(body))
	}
	b.WriteString("curl --globoff --path-as-is")
	option := func(name string, values ...string) {
		b.WriteString(" \\\n  " + name)
		for _, value := range values {
			b.WriteString(" " + shellWord(value))
		}
	}
	option("--request", r.Method)
	p.connection(option, r)
	for _, h := range p.headers(r) {
		if h.value == "" { // curl takes the line with a colon for one to leave out
			option("--header", h.name+";")
		} else {
			option("--header", h.name+": "+h.value)
		}
	}
	if r.Host != "" {
		option("--header", "Host: "+r.Host)
	}
	for _, name := range []string{"Accept", "Expect", "User-Agent"} {
		if !slices.ContainsFunc(p.headers(r), func(h headLine) bool { return http.CanonicalHeaderKey(h.name) == name }) {
			option("--header", name+":")
		}
	}
	switch {
	case piped:
		option("--data-binary", "@-")
	case body != "" || r.Method != http.MethodGet && r.Method != http.MethodHead:
		option("--data-raw", body)
	}
	fmt.Fprintf(b, " \\\n  %s\n", shellWord(p.veil.target(r.URL)))
}

// connection prints how to connect.
func (p *requestPrinter) connection(option func(string, ...string), r *sinkhttp.Request) {
	version := "--http1.1"
	block := schema.DefaultNetwork()
	if p.sink.Network != nil {
		block = *p.sink.Network
	}
	if block.HTTPVersion == schema.HTTPVersion2 {
		version = map[string]string{"https": "--http2", "http": "--http2-prior-knowledge"}[r.URL.Scheme]
	}
	option(version)
	switch proxy := block.Proxy.Reveal(); {
	case proxy == "environment":
	case proxy == "":
		option("--noproxy", "*")
	case p.veil != nil:
		option("--proxy", schema.SecretMask)
	default:
		option("--proxy", proxy)
	}
	if block.UnixSocket != "" {
		option("--unix-socket", block.UnixSocket)
	}
	if p.sink.TLSDangerAcceptInvalidCerts {
		option("--insecure")
	}
	t := p.sink.TLS
	if t == nil {
		return
	}
	for _, file := range []struct{ name, path string }{{"--cacert", t.CAFile}, {"--cert", t.CertFile}, {"--key", t.KeyFile}} {
		if file.path != "" {
			option(file.name, file.path)
		}
	}
	if t.MinVersion == schema.TLSVersion13 {
		option("--tlsv1.3")
	}
}

// shellWord writes text as one word of a POSIX shell. What is no text to print is written by printf, whose output loses line
// breaks at its end; none of what comes here has any.
func shellWord(text string) string {
	if isShowable(text) {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return `"$(printf ` + printfFormat(text) + `)"`
}

// printfFormat writes text as the format of printf, with everything that is not printable ASCII in octal.
func printfFormat(text string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '%':
			b.WriteString("%%")
		case c == '\'' || c == '\\' || c == '-' || c == '#' || c == ':' || c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
