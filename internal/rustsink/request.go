package rustsink

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"iggysink/internal/credential"
	"iggysink/schema"
)

// request adds the url, and returns the headers for later.
func (c *converter) request(b *block, conn *connector, t *table) map[string]attribute {
	headers := c.headers(b.label, t)
	at := t.place("url")
	text, found := t.text("url")
	if !found {
		if !t.has("url") {
			name := overrideOf(conn.key, "url")
			c.taken[name] = true
			c.variables = append(c.variables, Variable{name, "the url; " + at.String() + " has none, so that it came from there"})
			b.set(at, "url", expression{"env(" + quote(name) + ")", "https://host.invalid/"}, "the TOML has none")
		}
		return headers
	}
	// The Rust sink takes these as a browser does, and iggysink only as RFC 3986 has them.
	text = slashes(strings.ReplaceAll(strings.TrimSpace(text), " ", "%20"))
	text = escapePercent(text)
	text, user := cutUserinfo(text)
	value, comments := c.urlExpression(b.label, text, at)
	b.set(at, "url", value, comments...)
	if user == "" {
		return headers
	}
	for name := range headers {
		if strings.EqualFold(name, "Authorization") { // it wins there, too
			c.note(at, "the user name in the url had no effect beside an Authorization header, and is left out")
			return headers
		}
	}
	name := c.variable("user:password, percent-decoded, from the url of "+at.String(), b.label, "BASIC_AUTH")
	headers["Authorization"] = attribute{
		value:    expression{`"Basic ${base64encode(env(` + quote(name) + `))}"`, "Basic secret"},
		comments: []string{"set " + name + " to user:password"},
	}
	c.note(at, "the user name in the url becomes an Authorization header")
	return headers
}

// overrideOf is the variable that the runtime takes a setting from before the file.
func overrideOf(key, setting string) string {
	return "IGGY_CONNECTORS_SINK_" + strings.ReplaceAll(strings.ToUpper(key), "=", "_") + "_PLUGIN_CONFIG_" + strings.ToUpper(setting)
}

// slashes writes a backslash in front of the query as a slash.
func slashes(text string) string {
	end := strings.IndexAny(text, "?#")
	if end < 0 {
		end = len(text)
	}
	return strings.ReplaceAll(text[:end], `\`, "/") + text[end:]
}

// escapePercent writes a percent sign that begins no escape as %25.
func escapePercent(text string) string {
	isHex := func(i int) bool { return i < len(text) && strings.IndexByte("0123456789abcdefABCDEF", text[i]) >= 0 }
	var w strings.Builder
	for i := range len(text) {
		w.WriteByte(text[i])
		if text[i] == '%' && (!isHex(i+1) || !isHex(i+2)) {
			w.WriteString("25")
		}
	}
	return w.String()
}

// cutUserinfo takes user and password out of a url.
func cutUserinfo(text string) (rest, user string) {
	scheme, behind, found := strings.Cut(text, "://")
	if !found {
		return text, ""
	}
	end := strings.IndexAny(behind, "/?#")
	if end < 0 {
		end = len(behind)
	}
	at := strings.LastIndexByte(behind[:end], '@')
	if at < 0 {
		return text, ""
	}
	return scheme + "://" + behind[at+1:], behind[:at]
}

// urlExpression writes a url, without what looks like a secret in it. A "${" in it is literal: it is escaped once for
// HCL by quote, and the schema's text form is what it evaluates to, escaped again.
func (c *converter) urlExpression(label, text string, at Place) (value expression, comments []string) {
	u, err := url.Parse(text)
	if err != nil { // the schema refuses it
		return expression{quote(text), strings.ReplaceAll(text, "${", "$${")}, nil
	}
	part := credential.InURL(u, "")
	if part == credential.Path {
		name := c.variable("the url of "+at.String(), label, "URL")
		return expression{"env(" + quote(name) + ")", sampleOf(text)},
			[]string{"set " + name + " to the whole url: its path looks like a secret"}
	}
	if before, _, found := strings.Cut(text, "?"); found && part == credential.Query {
		name := c.variable("what follows the question mark in the url of "+at.String(), label, "URL_QUERY")
		value = env(before+"?", name)
		value.sample = sampleOf(text)
		return value, []string{"set " + name + " to what follows the question mark"}
	}
	return expression{quote(text), strings.ReplaceAll(text, "${", "$${")}, nil
}

// sampleOf is a url with the scheme and host of text: the schema still checks them.
func sampleOf(text string) string {
	scheme, behind, _ := strings.Cut(text, "://")
	if end := strings.IndexAny(behind, "/?#"); end >= 0 {
		behind = behind[:end]
	}
	return strings.ReplaceAll(scheme+"://"+behind, "${", "$${")
}

// isCredential reports whether a name speaks of a secret.
func isCredential(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{
		"auth", "cookie", "token", "secret", "password", "passwd", "pwd", "key", "signature", "sig", "credential", "code", "session",
	} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// isHarmless reports whether a header is known to hold no secret. Any other is taken for one.
func isHarmless(name string) bool {
	name = strings.ToLower(name)
	if isCredential(name) {
		return false
	}
	switch name {
	case "accept", "accept-encoding", "accept-language", "accept-charset", "cache-control", "connection", "content-encoding",
		"content-language", "expect", "from", "host", "origin", "pragma", "prefer", "referer", "user-agent", "te", "via", "x-source":
		return true
	}
	for _, word := range []string{"tenant", "region", "version", "environment", "content-type"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// headers reads [plugin_config.headers].
func (c *converter) headers(label string, t *table) map[string]attribute {
	sub := t.sub("headers")
	entries, seen := make(map[string]attribute), make(map[string]bool)
	for _, name := range slices.Sorted(maps.Keys(sub.values)) {
		value, isText := sub.text(name)
		at, lower := sub.place(name), strings.ToLower(name)
		switch {
		case !isText:
			continue
		case !httpguts.ValidHeaderFieldName(name):
			c.problem(at, "%q is not the name of a header", printable(name))
		case strings.ContainsFunc(value, func(r rune) bool { return r > '~' }):
			c.problem(at, "the value of %s is not ASCII, which the Rust sink refuses", name)
		case lower == "content-type":
			c.note(at, "%s is ignored by the Rust sink, too; iggysink has content_type", name)
		case seen[lower]:
			c.note(at, "%s is a second spelling of one header, and is left out", name)
		default:
			entries[name] = c.header(label, name, value, at)
		}
		seen[lower] = true
	}
	return entries
}

// scheme is the first word of a credential.
var scheme = regexp.MustCompile(`^(?i:Bearer|Basic|Token|ApiKey|Digest|GenieKey|Splunk) +`)

func (c *converter) header(label, name, value string, at Place) attribute {
	word := scheme.FindString(value)
	if value == "" || isHarmless(name) && word == "" && !credential.IsRandom(value) {
		text := textOf(value)
		text.sample = schema.EscapeText(value) // what HCL makes of it is a template
		return attribute{value: text}
	}
	meaning, comment := "the header "+name, "to the value of the header"
	if word != "" {
		comment = "to what follows " + strings.TrimSpace(word)
		meaning = strings.TrimPrefix(comment, "to ") + " in the header " + name
	}
	variable := c.variable(meaning+" of "+at.String(), label, name)
	return attribute{value: env(word, variable), comments: []string{"set " + variable + " " + comment}}
}
