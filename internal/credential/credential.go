// Package credential knows what looks like a secret: names that speak of one, and urls that hold one. validate warns of it
// where it is written out, and import writes it out of what it converts: both have one notion of it.
package credential

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Part is the part of a url that holds a secret.
type Part string

// The parts of a url. A path that is a secret makes the whole url one.
const (
	None  Part = ""
	Query Part = "query"
	Path  Part = "path"
)

// Named reports whether a name, of a header, a parameter or a variable, speaks of a secret. Case makes no difference.
func Named(name string) bool {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	return slices.ContainsFunc([]string{
		"authorization", "cookie", "token", "secret", "password", "passwd", "api-key", "apikey", "access-key", "accesskey", "signature",
		"credential",
	}, func(word string) bool { return strings.Contains(name, word) })
}

// Parameter reports whether the name of a parameter of a url speaks of a secret: some are short, and mean something else
// elsewhere.
func Parameter(name string) bool {
	if Named(name) {
		return true
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains([]string{"auth", "key", "code", "sig", "pwd", "session", "jwt"}, word)
	})
}

// InURL returns which part of a url holds a secret: a parameter whose name or value looks like one, or a path which is the
// credential of a service that knows its callers by nothing else, or has a part in it that looks random. blank is what
// stands in a url for what is filled in later, and is no secret.
func InURL(u *url.URL, blank string) Part {
	segments := strings.Split(u.Path, "/")
	hook := isWebhook(u, blank)
	if hook || slices.ContainsFunc(append(segments, u.Fragment), func(s string) bool { return IsRandom(s) && !isUUID(s) }) {
		return Path
	}
	if strings.Contains(strings.ToLower(u.Host+u.Path), "hook") && slices.ContainsFunc(segments, isUUID) {
		return Path
	}
	for name, values := range u.Query() {
		filled := slices.ContainsFunc(values, func(v string) bool { return strings.Trim(v, blank) != "" })
		if filled && (Parameter(name) || slices.ContainsFunc(values, IsRandom)) {
			return Query
		}
	}
	return None
}

// isWebhook reports whether the path of a url is its credential.
func isWebhook(u *url.URL, blank string) bool {
	host := strings.ToLower(u.Hostname())
	for _, known := range []struct{ host, path string }{
		{"hooks.slack.com", "/"}, {"discord.com", "/api/webhooks/"}, {"discordapp.com", "/api/webhooks/"}, {"webhook.office.com", "/"},
		{"outlook.office.com", "/webhook/"}, {"outlook.office365.com", "/webhook/"}, {"chat.googleapis.com", "/v1/spaces/"},
		{"hooks.zapier.com", "/"}, {"maker.ifttt.com", "/trigger/"}, {"api.telegram.org", "/bot"}, {"make.com", "/"},
		{"events.pagerduty.com", "/integration/"},
	} {
		rest, ofService := strings.CutPrefix(u.Path, known.path)
		if !ofService || strings.Trim(rest, "/"+blank) == "" || host != known.host && !strings.HasSuffix(host, "."+known.host) {
			continue
		}
		if known.host != "make.com" || strings.HasPrefix(host, "hook.") {
			return true
		}
	}
	return false
}

// IsRandom reports whether text looks random: long, with letters and digits, and not words with hyphens in between.
func IsRandom(s string) bool {
	const length, unbroken = 20, 12
	mixed := func(s string) bool {
		return strings.ContainsFunc(s, unicode.IsDigit) && strings.ContainsFunc(s, unicode.IsLetter)
	}
	if len(s) < length || !mixed(s) {
		return false
	}
	isHex := strings.Trim(strings.ToLower(s), "0123456789abcdef-") == "" // a UUID may have groups of digits
	if isHex || strings.ContainsFunc(s, unicode.IsUpper) && strings.ContainsFunc(s, unicode.IsLower) {
		return true
	}
	return slices.ContainsFunc(strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }),
		func(word string) bool { return len(word) >= unbroken && mixed(word) })
}

// isUUID reports whether text has the form of a UUID: it names something more often than it opens something.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(strings.ToLower(s)) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdef", rune(c)) {
			return false
		}
	}
	return true
}
