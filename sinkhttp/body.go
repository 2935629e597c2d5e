package sinkhttp

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"iggysink/schema"
	"iggysink/sinkhttp/internal/auth"
)

const (
	// maxResponseBody is how much is kept of the body of an answer that did not accept a request.
	maxResponseBody = 1 << 10
	// minSecret is the length from which on a secret is masked. A shorter one is a part of too many words.
	minSecret = 4
	masked    = "(sensitive)"
)

// bodyReader reads how a body begins, for people. An endpoint can echo what it was sent, so what is secret in the
// configuration of the sink is masked, and the tokens that were fetched for it. It may be used from several goroutines.
type bodyReader struct {
	secrets []string // longest first: one may be a part of another
	tokens  *tokens  // beside them
}

func newBodyReader(cfg *schema.Sink) *bodyReader {
	r := &bodyReader{tokens: &tokens{}}
	for _, value := range cfg.Headers {
		text := value.Fill(schema.Partition{})
		r.add(text)
		if _, credentials, ok := strings.Cut(text, " "); ok { // Bearer, Basic, ...
			r.add(credentials)
		}
	}
	for _, text := range []string{cfg.URL.Source(), cfg.HealthCheckURL.Reveal()} {
		r.addURL(text)
	}
	r.addCredentials(cfg)
	r.secrets = longestFirst(r.secrets)
	return r
}

// longestFirst sorts texts, each once.
func longestFirst(all []string) []string {
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(all)
}

// addCredentials masks what auth and signature know.
func (r *bodyReader) addCredentials(cfg *schema.Sink) {
	if a := cfg.Auth; a != nil {
		switch {
		case a.Basic != nil:
			r.add(a.Basic.Password.Reveal())
		case a.Bearer != nil:
			r.add(a.Bearer.Token.Reveal())
		case a.Oauth2 != nil:
			r.add(a.Oauth2.ClientSecret.Reveal())
			for _, value := range a.Oauth2.Parameters {
				r.add(value.Reveal())
			}
		}
		_, credentials, _ := strings.Cut(auth.Static(a), " ")
		r.add(credentials)
	}
	for _, s := range cfg.Signature {
		switch {
		case s.Hmac != nil:
			r.add(s.Hmac.Secret.Reveal())
		case s.HTTPMessage != nil:
			r.add(s.HTTPMessage.Key.Reveal())
		case s.StandardWebhooks != nil:
			for _, secret := range s.StandardWebhooks.Secrets {
				r.add(secret.Reveal())
			}
		}
	}
}

// withoutSignature masks the signature of an attempt, which only the attempt knows.
func withoutSignature(said string, header http.Header) string {
	if said == "" || len(header["Authorization"]) == 0 {
		return said
	}
	if _, credential, ok := strings.Cut(header["Authorization"][0], " "); ok && len(credential) >= minSecret {
		said = strings.ReplaceAll(said, credential, masked)
	}
	return said
}

// add masks a secret.
func (r *bodyReader) add(secret string) { r.secrets = append(r.secrets, spellings(secret)...) }

// spellings are the forms in which an answer may show a secret; none of a text that is too short for one.
func spellings(secret string) []string {
	if len(secret) < minSecret {
		return nil
	}
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
	if text, err := json.Marshal(secret); err == nil {
		quoted := string(text[1 : len(text)-1])
		// What encoders of PHP and of .NET do beyond that.
		all = append(all, quoted, strings.ReplaceAll(quoted, "/", `\/`), strings.ReplaceAll(quoted, "+", `\u002B`))
	}
	return all
}

// addURL masks a URL and what its parts can hide: the login, the path, the values of its query.
func (r *bodyReader) addURL(text string) {
	r.add(text)
	u, err := url.Parse(text)
	if err != nil {
		return
	}
	if password, ok := u.User.Password(); ok {
		r.add(password)
	}
	r.add(u.User.Username())
	r.add(u.RequestURI())
	for _, values := range u.Query() {
		for _, value := range values {
			r.add(value)
		}
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if len(segment) >= 16 { // a token; a shorter one is a word that the answer needs
			r.add(segment)
		}
	}
}

// read returns the begin of body as text; empty if it is something else.
func (r *bodyReader) read(body io.Reader) string {
	all := r.all()
	most := int64(maxResponseBody) // a secret that begins in what is kept is read whole, or it would not be known
	if len(all) > 0 {
		most += int64(len(all[0]))
	}
	raw, err := io.ReadAll(io.LimitReader(body, most)) // what there is, is enough
	text := string(raw)
	if err != nil || int64(len(raw)) == most {
		text = text[:len(text)-begun(text, all)]
	}
	return maskText(text, all)
}

// begun returns how many bytes at the end of text may be the begin of a secret.
func begun(text string, secrets []string) (longest int) {
	for _, secret := range secrets {
		for n := min(len(secret)-1, len(text)); n > longest; n-- {
			if strings.HasSuffix(text, secret[:n]) {
				longest = n
			}
		}
	}
	return longest
}

// all returns everything that is masked now, the longest first.
func (r *bodyReader) all() []string {
	fetched := r.tokens.forms()
	if len(fetched) == 0 {
		return r.secrets
	}
	return longestFirst(slices.Concat(r.secrets, fetched))
}

// text masks what is secret in a text of the endpoint, and cuts it; empty if a person cannot read it.
func (r *bodyReader) text(text string) string { return maskText(text, r.all()) }

func maskText(text string, secrets []string) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, masked)
	}
	text = cutText(text, maxResponseBody)
	if !isText(text) {
		return ""
	}
	return text
}

// cutText returns at most n bytes of text, without a part of a character at its end.
func cutText(text string, n int) string {
	text = text[:min(n, len(text))]
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		last := text[len(text)-back:]
		if utf8.RuneStart(last[0]) {
			if !utf8.FullRuneInString(last) {
				return text[:len(text)-back]
			}
			break
		}
	}
	return text
}

// isText reports whether text is something to read: UTF-8 without control characters.
func isText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool {
		return c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f
	})
}
