package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"iggysink/schema"
)

// veil keeps secrets out of rendered requests. It is finer than the masker, which knows only what arrived: what a message
// gives is shown, and what the configuration says beside it is not. nil hides nothing.
type veil struct {
	masker
	sink    *schema.Sink
	secrets *regexp.Regexp // of values, in any case; nil: there are none
}

// newVeil hides what m knows, and what is secret in the sink.
func newVeil(m *masker, cfg *schema.Config, sink *schema.Sink) *veil {
	v := &veil{masker: masker{names: m.names}, sink: sink}
	v.addConfig(cfg)
	for _, value := range m.values {
		v.add(value)
	}
	for _, value := range sinkSecrets(sink) {
		v.add(value)
	}
	// The longest first: one may be a part of another.
	slices.SortStableFunc(v.values, func(a, b string) int { return len(b) - len(a) })
	const most = 256 << 10 // bytes; what is longer is found as it is spelt
	var quoted []string
	for size, i := 0, 0; i < len(v.values); i++ {
		if size+len(v.values[i]) <= most {
			size += len(v.values[i])
			quoted = append(quoted, regexp.QuoteMeta(v.values[i]))
		}
	}
	if len(quoted) > 0 {
		v.secrets = regexp.MustCompile("(?i)" + strings.Join(quoted, "|"))
	}
	return v
}

// sinkSecrets are the texts of the sink's sensitive attributes that may stand somewhere in a request as well.
func sinkSecrets(sink *schema.Sink) (all []string) {
	if a := sink.Auth; a != nil {
		switch {
		case a.Basic != nil:
			all = append(all, a.Basic.Password.Reveal())
		case a.Bearer != nil:
			all = append(all, a.Bearer.Token.Reveal())
		case a.Oauth2 != nil:
			all = append(all, a.Oauth2.ClientSecret.Reveal())
			for _, value := range a.Oauth2.Parameters {
				all = append(all, value.Reveal())
			}
		}
	}
	for i := range sink.Signature {
		switch s := &sink.Signature[i]; {
		case s.Hmac != nil:
			all = append(all, s.Hmac.Secret.Reveal())
		case s.HTTPMessage != nil:
			all = append(all, s.HTTPMessage.Key.Reveal())
		case s.StandardWebhooks != nil:
			for _, secret := range s.StandardWebhooks.Secrets {
				all = append(all, secret.Reveal())
			}
		}
	}
	for _, value := range sink.Headers {
		if value.HasFields() {
			continue
		}
		text := value.Fill(schema.Partition{})
		_, credentials, _ := strings.Cut(text, " ") // Bearer, Basic, ...
		if !isPlain(text) {
			all = append(all, text)
		}
		if !isPlain(credentials) {
			all = append(all, credentials)
		}
	}
	return all
}

// add hides a text in all the forms that a request gives it.
func (v *veil) add(text string) {
	text = strings.TrimSpace(text)
	if len(text) < leastSecret {
		return
	}
	forms := []string{
		text, url.QueryEscape(text), url.PathEscape(text), string(schema.AppendPercentEncoded(nil, []byte(text))),
		base64.StdEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text)),
	}
	if quoted, err := json.Marshal(text); err == nil {
		forms = append(forms, string(quoted[1:len(quoted)-1]))
	}
	for _, form := range forms {
		if !slices.Contains(v.values, form) {
			v.values = append(v.values, form)
		}
	}
}

// header is the value of a header as it is shown. secret says that none of it is.
func (v *veil) header(name, value string, secret bool) string {
	if v == nil {
		return value
	}
	if secret {
		return schema.SecretMask
	}
	for configured, t := range v.sink.Headers {
		if http.CanonicalHeaderKey(configured) != http.CanonicalHeaderKey(name) || !t.HasFields() {
			continue
		}
		for _, s := range t.Segments() {
			if s.Expression == "" && !isWords(s.Text) {
				return schema.SecretMask
			}
		}
	}
	return v.text(value)
}

// isWords reports whether each word of a text is plain.
func isWords(text string) bool {
	return !slices.ContainsFunc(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" /=;,\"", r) }),
		func(word string) bool { return !isPlain(word) })
}

// text hides what is secret in a body or the like.
func (v *veil) text(text string) string {
	if v == nil || v.secrets == nil {
		return text
	}
	return v.secrets.ReplaceAllLiteralString(v.body(text), schema.SecretMask)
}

// target is a url as it is shown. The parts of its path and query that the configuration alone gives are shown where they are
// plain words; those that a message gives are.
func (v *veil) target(u *url.URL) string {
	shown := *u
	shown.User = nil
	text := shown.String()
	if v == nil {
		return text
	}
	origin := u.Scheme + "://" + u.Host
	path, query, hasQuery := strings.Cut(u.RequestURI(), "?")
	var b strings.Builder
	for _, s := range v.sink.URL.Segments() {
		if s.Expression != "" {
			b.WriteByte(0)
		}
		b.WriteString(s.Text)
	}
	pattern := b.String()
	if _, rest, found := strings.Cut(pattern, "://"); found {
		pattern = rest
	}
	pattern, _, _ = strings.Cut(pattern, "#")
	pattern, queryPattern, _ := strings.Cut(pattern, "?")
	_, pattern, _ = strings.Cut(pattern, "/")
	out := origin + "/" + v.parts(strings.TrimPrefix(path, "/"), pattern, "/", func(part, _ string) string {
		if isPlain(part) || slices.Contains(v.names, part) {
			return part
		}
		return schema.SecretMask
	})
	if !hasQuery {
		return out
	}
	return out + "?" + v.parts(query, queryPattern, "&", func(part, _ string) string {
		name, _, _ := strings.Cut(part, "=")
		return name + "=" + schema.SecretMask
	})
}

// parts shows the parts of text between separators, each of which stands at the same place as in pattern, where a NUL stands
// for what a message gives. mask shows one that the configuration gives.
func (v *veil) parts(text, pattern, separator string, mask func(part, pattern string) string) string {
	parts, patterns := strings.Split(text, separator), strings.Split(pattern, separator)
	for i, part := range parts {
		given := ""
		if len(patterns) == len(parts) {
			given = patterns[i]
		}
		literal := given
		if name, value, found := strings.Cut(given, "="); found && separator == "&" && !strings.Contains(name, "\x00") {
			literal = value
		}
		if strings.Contains(literal, "\x00") && isWords(strings.ReplaceAll(literal, "\x00", " ")) {
			parts[i] = v.text(part)
			continue
		}
		parts[i] = mask(v.text(part), given)
	}
	return strings.Join(parts, separator)
}
