package rules

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"iggysink/hclconfig/internal/finding"
	"iggysink/internal/credential"
	"iggysink/schema"
)

// pendingHeaders returns by the pointer of each sink its headers that have a value which is not known yet. They are not in
// the typed configuration, and what is wrong with their names, and that they are there, can be told all the same.
func (rv *review) pendingHeaders() map[string][]string {
	all := make(map[string][]string)
	for pointer, o := range rv.Places {
		sink, name, isHeader := strings.Cut(pointer, "/headers/")
		if isHeader && o.Present {
			all[sink] = append(all[sink], finding.Unescape(name))
		}
	}
	return all
}

// headerNames returns the names of the headers of the sink in the order in which they are written.
func (r sinkRules) headerNames() []string {
	names := slices.AppendSeq(slices.Clone(r.unknown), maps.Keys(r.sink.Headers))
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(r.headerAt(a).Name.Start.Byte, r.headerAt(b).Name.Start.Byte), cmp.Compare(a, b))
	})
	return names
}

func (r sinkRules) headerAt(name string) *finding.Origin {
	return r.Places.Find(r.pointer + "/headers/" + schema.EscapePointer(name))
}

func (r sinkRules) headers() {
	seen := make(map[string]bool)
	for _, name := range r.headerNames() {
		o := r.headerAt(name)
		lower := strings.ToLower(name)
		switch {
		case lower == "content-type":
			r.At(o.Name, "content-type-header", "", "Set it with content_type.")
		case !httpguts.ValidHeaderFieldName(name):
			r.At(o.Name, "invalid-header", "", "A name must not contain spaces, colons or letters beyond ASCII.")
		case schema.IsConnectionHeader(name):
			r.At(o.Name, "invalid-header", "a header of the connection", "iggysink sets it for each request. Remove it.")
		case seen[lower]:
			r.At(o.Name, "invalid-header", "a header is set twice", "Names of headers ignore case.")
		}
		seen[lower] = true
		value := r.sink.Headers[name].Source()
		if !httpguts.ValidHeaderFieldValue(value) {
			detail := "It would end the header and start another one."
			if !o.Literal {
				detail += " trimspace() removes a line break at the end."
			}
			r.At(o.Value, "header-line-break", "", detail)
		}
		if credential.Named(lower) && o.Literal && !o.Unknown && value != "" {
			r.At(o.Value, "literal-secret", "", literalDetail)
		}
	}
}

// fieldValue stands in a url for what is filled in later. No url holds it.
const fieldValue = "\x00"

// hasCredentials reports whether the requests carry something that must not be seen on the way. A signature may be.
func (r sinkRules) hasCredentials() bool {
	if a := r.sink.Auth; a != nil && a.AwsSigv4 == nil {
		return true
	}
	return slices.ContainsFunc(r.headerNames(), func(name string) bool {
		return credential.Named(name) || !r.headerAt(name).Literal
	})
}

func (r sinkRules) urls() {
	for name, text := range map[string]string{
		"url":              r.sink.URL.Fill(schema.Partition{Stream: fieldValue, Topic: fieldValue}),
		"health_check_url": r.sink.HealthCheckURL.Reveal(),
	} {
		u, err := url.Parse(text)
		if err != nil || text == "" || !r.known(name) {
			continue
		}
		if u.User != nil {
			r.tell(name, "url-userinfo", "", "Remove it, and set an Authorization header.")
		}
		part := credential.InURL(u, fieldValue)
		if part != credential.None && r.Places.Find(r.pointer+"/"+name).Literal {
			r.tell(name, "literal-secret", "", map[credential.Part]string{
				credential.Query: "A parameter of the url looks like one, and everyone who can read the configuration can read it. Take it " +
					"from env() or file().",
				credential.Path: "Its path looks like that of a webhook: everyone who knows the url can post to it, and the configuration " +
					"contains it. Take it from env() or file().",
			}[part])
		}
		if u.Scheme == "http" && !schema.IsLoopback(u.Hostname()) && (part != credential.None || r.hasCredentials()) && r.leavesMachine() {
			r.tell(name, "cleartext-credentials", "", "Use https, or a host of this machine.")
		}
	}
	r.tokenURL()
	if r.sink.TLSDangerAcceptInvalidCerts && r.known("tls_danger_accept_invalid_certs") {
		r.tell("tls_danger_accept_invalid_certs", "unchecked-certificate", "", "Trust the authority of the endpoint: "+
			"tls { ca_file = ... }.")
	}
	if r.sink.URL.HasFields() && r.sink.HealthCheckEnabled && r.sink.HealthCheckURL.IsZero() &&
		r.known("url", "health_check_enabled", "health_check_url") {
		r.tell("health_check_enabled", "health-check-url", "", "Set it to a url without ${stream}, ${topic} and ${partition}.")
	}
}

// leavesMachine reports whether the requests of the sink may leave this machine: those through a Unix socket do not.
func (r sinkRules) leavesMachine() bool {
	return r.known("network", "network/unix_socket") && (r.sink.Network == nil || r.sink.Network.UnixSocket == "")
}

// tokenURL warns of an authorization server that is told the client's secret in clear text.
func (r sinkRules) tokenURL() {
	if r.sink.Auth == nil || r.sink.Auth.Oauth2 == nil || !r.known("auth/token_url") {
		return
	}
	u, err := url.Parse(r.sink.Auth.Oauth2.TokenURL.Reveal())
	if err == nil && u.Scheme == "http" && !schema.IsLoopback(u.Hostname()) {
		r.tell("auth/token_url", "cleartext-credentials", "", "Use https, or a host of this machine.")
	}
}
