package hclconfig

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/schema"
)

// formDetail says what is wrong with a duration, an address or a url. Of a value that may not be shown it names no part.
func formDetail(v schema.Violation, value string, shown bool) string {
	general := leafName(v.Pointer) + " " + v.Message() + "."
	switch {
	case strings.HasPrefix(v.Format, "go-duration") && shown:
		return durationDetail(value, v.Format)
	case v.Format == "host-port" && shown:
		return addressDetail(value, general)
	case strings.HasPrefix(v.Format, "http-url"):
		return urlDetail(value, general, shown)
	}
	return general
}

// amount is a number and the word behind it.
var amount = regexp.MustCompile(`^\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-zµ]+)\.?\s*$`)

// unitOf returns the unit that a word stands for, or nothing.
func unitOf(word string) string {
	units := map[string][]string{
		"ns": {"nanosecond", "nanos"}, "us": {"microsecond", "micros", "usec", "µs"},
		"ms": {"millisecond", "millis", "msec", "milli", "msecs"}, "s": {"second", "sec", "secs"}, "m": {"minute", "min", "mins"},
		"h": {"hour", "hr", "hrs"}, "d": {"day"},
	}
	word = strings.ToLower(word)
	for unit, names := range units {
		if word == unit || slices.Contains(names, word) || slices.Contains(names, strings.TrimSuffix(word, "s")) {
			return unit
		}
	}
	return ""
}

// durationDetail says what in a duration was not understood, and how it is written: the number and what is meant stay.
func durationDetail(s, format string) string {
	const known = "(ms, s, m, h, d)"
	if _, err := schema.ParseDuration(s); err == nil && format == "go-duration-positive" {
		return `It must be more than zero.`
	}
	number := strings.TrimLeft(s, "0123456789.")
	unit := strings.TrimRight(number, "0123456789.")
	if m := amount.FindStringSubmatch(s); m != nil {
		if meant := unitOf(m[2]); meant != "" {
			return finding.Join(wordDetail(s, m[2], meant, known), fmt.Sprintf("Try %q.", mask.Shorten(m[1])+meant))
		}
		weeks := []string{"w", "week", "weeks", "wk"}
		if n, err := strconv.Atoi(m[1]); err == nil && n < 10_000 && slices.Contains(weeks, strings.ToLower(m[2])) {
			return fmt.Sprintf("%q is not a unit %s. Try %q.", mask.Shorten(m[2]), known, strconv.Itoa(7*n)+"d")
		}
		if len(m[2]) < 3 && !strings.ContainsAny(m[2], "yYM") { // a slip, and no other unit
			return fmt.Sprintf("%q is not a unit %s. Try %q.", mask.Shorten(m[2]), known, mask.Shorten(m[1])+"s")
		}
		return fmt.Sprintf("%q is not a unit %s.", mask.Shorten(m[2]), known)
	}
	if meant := fromOthers(s); meant != "" {
		return fmt.Sprintf("A duration is written as numbers with units %s. Try %q.", known, meant)
	}
	switch {
	case s == "":
		return `It is empty. A duration is a number and a unit, such as "5s".`
	case number == "" && strings.Trim(s, "0123456789") == "":
		return fmt.Sprintf("A unit is missing %s. Did you mean %q or %q?", known, mask.Shorten(s)+"ms", mask.Shorten(s)+"s")
	case strings.ContainsAny(s, "+-"):
		return finding.Join("A duration takes no sign.", tryDuration(strings.Trim(s, "+-")))
	case strings.ContainsFunc(s, unicode.IsSpace):
		return finding.Join("A duration contains no spaces.", tryDuration(strings.Join(strings.Fields(s), "")))
	case number != "" && len(number) == len(s):
		return fmt.Sprintf("%q does not begin with a number.", mask.Shorten(s))
	case strings.Contains(s, ","):
		return finding.Join("Write a fraction with a point.", tryDuration(strings.ReplaceAll(s, ",", ".")))
	case unit != "" && strings.Trim(unit, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZµ") == "" && unitOf(unit) == "":
		return fmt.Sprintf("%q is not a unit %s.", mask.Shorten(unit), known)
	}
	return fmt.Sprintf("%q is not numbers with units %s that fit.", mask.Shorten(s), known)
}

var (
	isoDuration = regexp.MustCompile(`^P(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,5}(?:\.[0-9]{1,9})?)S)?)?$`)
	clock       = regexp.MustCompile(`^()([0-9]{1,4}):([0-5][0-9]):([0-5][0-9])$`)
)

// fromOthers returns the duration that ISO 8601 (PT30S) or a clock (00:00:30) has, or nothing.
func fromOthers(s string) string {
	m := isoDuration.FindStringSubmatch(s)
	if m == nil {
		m = clock.FindStringSubmatch(s)
	}
	if m == nil {
		return ""
	}
	meant := ""
	for i, unit := range []string{"d", "h", "m", "s"} {
		if number := strings.TrimLeft(m[i+1], "0"); number != "" && number[0] != '.' {
			meant += number + unit
		} else if number != "" {
			meant += "0" + number + unit
		}
	}
	if _, err := schema.ParseDuration(meant); err != nil {
		return ""
	}
	return meant
}

func wordDetail(s, word, unit, known string) string {
	switch {
	case word == unit && strings.TrimSpace(s) == s:
		return "Write the number and its unit without a space."
	case word == unit:
		return "Remove the spaces around the duration."
	}
	return fmt.Sprintf("%q is not a unit %s.", mask.Shorten(word), known)
}

// tryDuration offers a duration if it is one.
func tryDuration(s string) string {
	if _, err := schema.ParseDuration(s); err != nil {
		return ""
	}
	return fmt.Sprintf("Try %q.", mask.Shorten(s))
}

// addressDetail says which part of an address is missing or too many.
func addressDetail(s, general string) string {
	const usualPort = "8090"
	trimmed := strings.TrimSpace(s)
	scheme, rest, hasScheme := strings.Cut(trimmed, "://")
	rest, path, hasPath := strings.Cut(rest, "/")
	switch {
	case s == "":
		return "It is empty. " + general
	case hasScheme && rest != "":
		offer := rest
		if _, _, err := net.SplitHostPort(rest); err != nil {
			offer = net.JoinHostPort(strings.Trim(rest, "[]"), usualPort)
		}
		return fmt.Sprintf("An address has no scheme: remove %q. Try %q.", mask.Shorten(scheme)+"://", mask.Shorten(offer))
	case hasPath && path == "", strings.Contains(trimmed, "/"):
		host, _, _ := strings.Cut(trimmed, "/")
		return fmt.Sprintf("An address has no path. Try %q.", mask.Shorten(host))
	case trimmed != s:
		return fmt.Sprintf("There is a space around it. Try %q.", mask.Shorten(trimmed))
	}
	host, port, err := net.SplitHostPort(s)
	switch {
	case err != nil && (!strings.Contains(s, ":") || strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]")):
		return fmt.Sprintf("The port is missing. Try %q.", mask.Shorten(net.JoinHostPort(strings.Trim(s, "[]"), usualPort)))
	case err != nil && net.ParseIP(s) != nil:
		return fmt.Sprintf("The port is missing, and an IPv6 address needs brackets. Try %q.", mask.Shorten(net.JoinHostPort(s, usualPort)))
	case err != nil:
		return general
	case port == "":
		return fmt.Sprintf("The port after : is missing. Try %q.", mask.Shorten(net.JoinHostPort(host, usualPort)))
	case host == "":
		return fmt.Sprintf("The host is missing. Try %q.", mask.Shorten(net.JoinHostPort("127.0.0.1", port)))
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Sprintf("The port %s is not a number from 1 to 65535.", mask.Printable(mask.Shorten(port)))
	}
	return general
}

// filledIn returns a placeholder of another language that makes a url invalid, or nil.
func filledIn(s string) *finding.Placeholder {
	for _, p := range finding.Placeholders(s) {
		if strings.ContainsAny(p.Written, " #%") {
			return &p
		}
	}
	return nil
}

// urlDetail says which part of a url is missing or wrong. Its text is not shown: only the scheme, and the port, of one that
// is written in the configuration.
func urlDetail(s, general string, shown bool) string {
	const absolute = "It begins with https:// or http://."
	plain := strings.TrimSpace(s)
	scheme, rest, hasScheme := strings.Cut(s, "://")
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	at := strings.LastIndexByte(host, '@')
	_, port, err := net.SplitHostPort(host[at+1:])
	number, notNumber := strconv.Atoi(port)
	switch {
	case s == "":
		return "It is empty. " + absolute
	case plain != s:
		return "There is a space, or a line break, at its start or end. trimspace() takes it away."
	case strings.HasPrefix(s, "//"), !hasScheme:
		return "Its scheme is missing. " + absolute
	case !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https"):
		if !shown || !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]{0,15}$`).MatchString(scheme) {
			return "Its scheme is another. " + absolute
		}
		return fmt.Sprintf("Its scheme is %s. %s", scheme, absolute)
	case strings.Contains(host, "${"):
		return "Its host contains a field: use ${stream}, ${topic} and ${partition} only in the path and the query."
	case host[at+1:] == "", strings.HasPrefix(host[at+1:], ":"):
		return "Its host is missing after " + scheme + "://."
	case shown && filledIn(s) != nil:
		return fmt.Sprintf("%s is not filled in. Did you mean %s?", filledIn(s).Written, filledIn(s).Meant)
	case strings.ContainsFunc(s, unicode.IsSpace):
		return "It has a space in it. In a path write %20."
	case err == nil && (notNumber != nil || number < 1 || number > 65535):
		if !shown {
			return "Its port is not a number from 1 to 65535."
		}
		return fmt.Sprintf("Its port %s is not a number from 1 to 65535.", mask.Printable(mask.Shorten(port)))
	case strings.Contains(rest, "#"):
		return "It has a fragment, the part after #, which iggysink never sends."
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(rest, host), "?")
	for segment := range strings.SplitSeq(path, "/") {
		if plain, err := url.PathUnescape(segment); err == nil && (plain == "." || plain == "..") {
			return "Its path has a segment . or .., which servers take for a step to another path."
		}
	}
	if strings.ContainsFunc(s, func(c rune) bool { return c > unicode.MaxASCII }) {
		return "It has a character that is not ASCII, which is percent-encoded in a path or a query."
	}
	if _, err := url.Parse(s); err != nil && strings.Contains(err.Error(), "invalid URL escape") {
		return "It has a % that is not followed by two hexadecimal digits. A % itself is %25."
	}
	return general
}
