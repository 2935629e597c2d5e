package sinkhttp

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"iggysink/internal/message"
	"iggysink/schema"
	"iggysink/sinkhttp/internal/auth"
)

// shape is what a configuration says about single messages: a url, headers, a body or events of their own, and which of
// them are sent at all. A sink that says nothing of the kind has none, and pays nothing for it.
type shape struct {
	filter, url, body *message.Program // nil: none
	headers           []headerProgram  // in the order of their names
	events            *events
	mode              schema.BatchMode
	static            http.Header // what every request has
	auth              *schema.Auth
}

// shaping is the memory of one Prepare: what it found out about the message that it looks at.
type shaping struct {
	id         identity
	scope      message.Scope
	text       []byte // of the line that was rendered last
	attributes []attribute
}

// headerProgram is a header whose value differs from message to message.
type headerProgram struct {
	name    string
	program *message.Program
}

// isShaped reports whether a sink needs a shape.
func isShaped(cfg *schema.Sink) bool {
	perMessage := cfg.URL.PerMessage() || !cfg.Filter.IsZero() || !cfg.Body.IsZero() || cfg.Cloudevents != nil
	for _, value := range cfg.Headers {
		perMessage = perMessage || value.HasFields()
	}
	return perMessage
}

// newShape compiles the programs of a sink. Errors name the attribute.
func newShape(cfg *schema.Sink, static http.Header) (*shape, error) {
	h := &shape{mode: cfg.BatchMode, static: static, auth: cfg.Auth}
	compile := func(name string, t schema.Template) (*message.Program, error) {
		p, err := message.Compile(t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return p, nil
	}
	var err error
	if cfg.URL.PerMessage() {
		if h.url, err = compile("url", cfg.URL); err != nil {
			return nil, err
		}
	}
	if !cfg.Filter.IsZero() {
		if h.filter, err = compile("filter", cfg.Filter); err != nil {
			return nil, err
		}
	}
	if !cfg.Body.IsZero() {
		if h.body, err = compile("body", cfg.Body); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Headers)) {
		if !cfg.Headers[name].HasFields() {
			continue
		}
		p, err := compile(fmt.Sprintf("headers: %q", name), cfg.Headers[name])
		if err != nil {
			return nil, err
		}
		h.headers = append(h.headers, headerProgram{name, p})
	}
	if cfg.Cloudevents != nil {
		h.events, err = newEvents(cfg.Name, cfg.Cloudevents)
	}
	return h, err
}

// templateError is how the reason of a message begins that its template has no value for.
const templateError = "template_error: "

// passes reports whether a message is to be sent.
func (h *shape) passes(w *shaping, p schema.Partition, payload schema.PayloadFormat, m *schema.Message) (sent bool, reason string) {
	w.scope.Reset(p, payload, m)
	if h.filter == nil {
		return true, ""
	}
	sent, err := h.filter.Bool(&w.scope)
	if err != nil {
		return false, templateError + "filter: " + err.Error()
	}
	return sent, ""
}

// render makes the request line and the headers of the message that passes looked at last. They are told apart by the
// text that it leaves in w.text.
func (h *shape) render(w *shaping, t *target, m *schema.Message) (reason string) {
	w.text = w.text[:0]
	var err error
	if h.url != nil {
		if w.text, err = h.url.AppendURL(w.text, &w.scope); err != nil {
			return templateError + "url: " + err.Error()
		}
	}
	for _, header := range h.headers {
		w.text = append(w.text, '\n')
		if w.text, err = header.program.AppendHeader(w.text, &w.scope); err != nil {
			return templateError + fmt.Sprintf("headers: %q: ", header.name) + err.Error()
		}
	}
	if h.events == nil {
		return ""
	}
	if w.attributes, err = h.events.attributes(&w.id, &w.scope, t.partition, m); err != nil {
		return templateError + "cloudevents: " + err.Error()
	}
	if h.events.mode == schema.CloudeventsModeBinary {
		for _, a := range w.attributes {
			w.text = append(append(w.text, '\n'), a.value...)
		}
	}
	return ""
}

// unshaped is the outcome of a message that its filter takes out, or has no answer for.
func (s *Sink) unshaped(index int, reason string) Outcome {
	if reason != "" {
		return Outcome{Index: index, Kind: Rejected, Reason: reason}
	}
	return Outcome{Index: index, Kind: Filtered}
}

// lineFor returns the line of m's request: that of the open one where it is the same, and nil where it is the target's.
func (s *Sink) lineFor(p *Prepared, m *schema.Message, format schema.PayloadFormat) (*line, string) {
	if s.shape == nil {
		return nil, ""
	}
	if reason := s.shape.render(&p.shaping, p.target, m); reason != "" {
		return nil, reason
	}
	if n := len(p.requests); n > 0 && p.requests[n-1].line.text == string(p.shaping.text) {
		return p.requests[n-1].line, ""
	}
	l, err := s.shape.line(&p.shaping, p.target, format)
	if err != nil {
		return nil, templateError + err.Error()
	}
	return l, ""
}

// appendMessage appends what is sent for m to the body.
func (s *Sink) appendMessage(p *Prepared, encoder *schema.EnvelopeEncoder, m *schema.Message, format schema.PayloadFormat) ([]byte, error) {
	switch {
	case s.shape != nil && s.shape.replacesEnvelope():
		return s.shape.appendBody(&p.shaping, p.body, format, m)
	case s.cfg.BatchMode == schema.BatchModeRaw:
		return append(p.body, m.Payload...), nil
	}
	return encoder.Append(p.body, m)
}

// line is where a request goes, and its headers.
type line struct {
	url    *url.URL
	header http.Header
	text   string // what it was rendered to; two lines with one text are the same
}

// line returns what render has made, as a line of its own.
func (h *shape) line(w *shaping, t *target, payload schema.PayloadFormat) (*line, error) {
	l := &line{url: t.url, header: h.static, text: string(w.text)}
	pieces := strings.Split(l.text, "\n") // neither a URL nor a header has one
	if h.url != nil {
		u, err := parseURL(pieces[0])
		if err != nil {
			return nil, fmt.Errorf("the url %w", err)
		}
		l.url = auth.Outgoing(h.auth, u)
	}
	if len(h.headers) > 0 || h.events != nil {
		l.header = maps.Clone(h.static)
	}
	for i, header := range h.headers {
		l.header[header.name] = []string{pieces[i+1]}
	}
	if h.events != nil {
		l.header["Content-Type"] = []string{h.events.contentType(payload)}
		if h.events.mode == schema.CloudeventsModeBinary {
			h.events.setBinary(l.header, w.attributes)
		}
	}
	return l, nil
}

// appendBody appends what is sent for the message, where that is no envelope; it returns why it cannot.
func (h *shape) appendBody(w *shaping, dst []byte, payload schema.PayloadFormat, m *schema.Message) ([]byte, error) {
	start := len(dst)
	switch {
	case h.events != nil && h.events.mode == schema.CloudeventsModeBinary:
		return append(dst, m.Payload...), nil
	case h.events != nil:
		return h.events.appendStructured(dst, w.attributes, payload, m)
	}
	dst, isJSON, err := h.body.AppendBody(dst, &w.scope)
	switch {
	case err != nil:
		return dst, fmt.Errorf(templateError+"body: %w", err)
	case h.mode == schema.BatchModeJSONArray && !isJSON:
		if schema.CheckJSON(dst[start:]) != nil {
			return dst, fmt.Errorf(templateError + "body: it is an element of a JSON array and not JSON; jsonencode() makes JSON of text")
		}
	case h.mode == schema.BatchModeNDJSON && isJSON:
		joinLines(dst[start:])
	}
	return dst, nil
}

// joinLines turns the line breaks of JSON, which stand between its tokens, into spaces.
func joinLines(text []byte) {
	for _, c := range []byte("\r\n") {
		for rest := text; ; {
			i := bytes.IndexByte(rest, c)
			if i < 0 {
				break
			}
			rest[i] = ' '
			rest = rest[i+1:]
		}
	}
}

// replacesEnvelope reports whether appendBody is to be asked.
func (h *shape) replacesEnvelope() bool { return h.body != nil || h.events != nil }
