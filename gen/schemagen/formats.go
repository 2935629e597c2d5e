package schemagen

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// The formats are implemented a second time here, in short: gen must be able to rebuild the package schema when it does
// not compile, and so cannot import it. Only defaults and examples of the two schemas are checked with these.

// formatNames lists the formats that schema knows.
func formatNames() []string {
	return append([]string{
		"go-duration", "go-duration-positive", "host-port", "http-url", "http-url-template", "template", "header-name", "json-pointer",
	}, standardFormats()...)
}

// standardFormats lists those of JSON Schema itself, which the code of receivers checks as well.
func standardFormats() []string { return []string{"date-time", "uuid", "uri"} }

var uuid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

var (
	days        = regexp.MustCompile(`^([0-9]+)d(.*)$`)
	urlTemplate = regexp.MustCompile(`\$\{(stream|topic|partition|[^{}]*message[^{}]*)\}`)
	jsonPointer = regexp.MustCompile(`^(/([^/~]|~[01])*)*$`)
)

func hasFormat(format, s string) bool {
	switch format {
	case "go-duration":
		_, ok := duration(s)
		return ok
	case "go-duration-positive":
		d, ok := duration(s)
		return ok && d > 0
	case "host-port":
		host, port, err := net.SplitHostPort(s)
		_, portErr := strconv.ParseUint(port, 10, 16)
		return err == nil && portErr == nil && host != ""
	case "http-url":
		u, err := url.Parse(s)
		return err == nil && slices.Contains([]string{"http", "https"}, u.Scheme) && u.Hostname() != ""
	case "date-time":
		return new(time.Time).UnmarshalText([]byte(strings.ToUpper(s))) == nil
	case "uuid":
		return uuid.MatchString(s)
	case "uri":
		u, err := url.Parse(s)
		return err == nil && u.Scheme != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
	case "http-url-template":
		filled := urlTemplate.ReplaceAllString(s, "x")
		return !strings.Contains(filled, "${") && hasFormat("http-url", filled)
	case "template":
		return strings.Count(s, "${") <= strings.Count(s, "}")
	case "header-name":
		return httpguts.ValidHeaderFieldName(s)
	case "json-pointer":
		return jsonPointer.MatchString(s)
	}
	return false
}

func duration(s string) (time.Duration, bool) {
	var whole time.Duration
	if m := days.FindStringSubmatch(s); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, false
		}
		whole, s = time.Duration(n)*24*time.Hour, m[2]
		if s == "" {
			return whole, true
		}
	}
	d, err := time.ParseDuration(s)
	return whole + d, err == nil && d >= 0
}
