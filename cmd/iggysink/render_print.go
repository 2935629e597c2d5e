package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"iggysink/internal/terminal"
	"iggysink/schema"
	"iggysink/sinkhttp"
)

// requestPrinter prints what becomes of messages.
type requestPrinter struct {
	out  io.Writer
	sink *schema.Sink
	veil *veil // nil: secrets are shown
	curl bool
}

// print prints one event, and an empty line behind it. Lines that are about a request and no part of it begin with #.
func (p *requestPrinter) print(e *event) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s of %s", linesText(e.lines), terminal.OneLine(fmt.Sprintf("%s/%s/%d", e.at.Stream, e.at.Topic, e.at.ID)))
	switch {
	case e.request == nil:
		fmt.Fprintf(&b, ": %s\n", terminal.OneLine(p.veil.text(outcomeText(e.outcome))))
	case e.request.Fault != "":
		fmt.Fprintf(&b, ": no request: %s\n", terminal.OneLine(p.veil.text(e.request.Fault)))
	default:
		b.WriteByte('\n')
		if p.curl {
			p.command(&b, e.request)
		} else {
			p.request(&b, e.request)
		}
	}
	b.WriteByte('\n')
	_, err := p.out.Write(b.Bytes())
	return err
}

// outcomeText says what becomes of a message without a request.
func outcomeText(o sinkhttp.Outcome) string {
	if o.Kind == sinkhttp.Filtered {
		return "filtered: it is not sent, and done with"
	}
	return o.String()
}

// linesText names lines of the input.
func linesText(lines []int) string {
	const most = 10
	var b strings.Builder
	for i, line := range lines {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(lines)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(line))
	}
	if len(lines) == 1 {
		return "line " + b.String()
	}
	return "lines " + b.String()
}

// request prints a request as HTTP shows it, but with the whole url in its first line.
func (p *requestPrinter) request(b *bytes.Buffer, r *sinkhttp.Request) {
	fmt.Fprintf(b, "%s %s\n", r.Method, shownText(p.veil.target(r.URL)))
	host := r.URL.Host
	if r.Host != "" {
		host = r.Host
	}
	fmt.Fprintf(b, "Host: %s\n", shownText(host))
	for _, h := range p.headers(r) {
		fmt.Fprintf(b, "%s: %s\n", h.name, shownText(h.value))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Unknown)) {
		fmt.Fprintf(b, "%s: (unknown: %s)\n", name, r.Unknown[name])
	}
	fmt.Fprintf(b, "Content-Length: %d\n\n", len(r.Body))
	if len(r.Body) == 0 {
		return
	}
	if !bytes.Equal(r.Body, r.Plain) {
		fmt.Fprintf(b, "# %d bytes before compression\n", len(r.Plain))
	}
	body := r.Plain
	if text := p.veil.text(string(body)); isShowable(text) {
		b.WriteString(text)
		if !strings.HasSuffix(text, "\n") {
			b.WriteByte('\n')
		}
	} else {
		fmt.Fprintf(b, "# %d bytes in quotes, since they are no text to print\n%s\n", len(body), quoted(text))
	}
}

// headLine is one line of a request's head.
type headLine struct{ name, value string }

// headers are those of a request as they are shown, in the order of their names.
func (p *requestPrinter) headers(r *sinkhttp.Request) (all []headLine) {
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			all = append(all, headLine{name, p.veil.header(name, value, isSecretHeader(r, name))})
		}
	}
	return all
}

// isSecretHeader finds name among the secret ones, which the configuration may spell in another way.
func isSecretHeader(r *sinkhttp.Request, name string) bool {
	for secret, is := range r.Secret {
		if is && http.CanonicalHeaderKey(secret) == http.CanonicalHeaderKey(name) {
			return true
		}
	}
	return false
}

// shownText is a text of one line that may be printed: in quotes where it is not plain.
func shownText(text string) string {
	if isShowable(text) {
		return text
	}
	return quoted(text)
}

// quoted is text in Go's quotes, without what a runner of CI takes for a command of an old form.
func quoted(text string) string { return strings.ReplaceAll(strconv.Quote(text), "##[", `##\x5b`) }

// isShowable reports whether a text can be printed as it is: it steers neither a terminal nor a runner that reads its log.
func isShowable(text string) bool {
	if !utf8.ValidString(text) || strings.Contains(text, "##[") {
		return false
	}
	for line := range strings.SplitSeq(text, "\n") {
		if terminal.NoCommand("x", line) != line {
			return false
		}
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) })
}
