package hclconfig

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"iggysink/schema"
)

// rules checks what the schema cannot say. What is unknown or was found invalid has its default in config: each rule asks
// l.places first whether the user's own value is there.
func (l *loader) rules(config *schema.Config) {
	l.iggyRules(config)
	contracts := make(map[string]error)
	for i := range config.Sinks {
		r := sinkRules{l, &config.Sinks[i], "/sink/" + strconv.Itoa(i)}
		l.instance = l.instanceAt(r.pointer + "/")
		r.times()
		r.statusCodes()
		r.request()
		r.headers()
		r.urls()
		r.policies()
		r.topics()
		r.limits()
		r.payloads(contracts)
	}
	l.acrossSinks(config)
	l.instance = instance{}
}

// iggyRules asks for one login.
func (l *loader) iggyRules(config *schema.Config) {
	const what = "Set username and password, or token."
	if config.Iggy == nil {
		if o := l.places["/sink/0"]; o != nil {
			l.at(o.name, "iggy-credentials", "there is no iggy block", "It says where the server is. "+what)
		}
		return
	}
	if !l.places.known("/iggy/username", "/iggy/password", "/iggy/token") {
		return
	}
	login, token := config.Iggy.Username != "" || !config.Iggy.Password.IsZero(), !config.Iggy.Token.IsZero()
	switch {
	case login && token:
		l.at(l.places["/iggy/token"].name, "iggy-credentials", "there are two logins", what)
	case !login && !token:
		l.at(l.places["/iggy"].name, "iggy-credentials", "", what)
	}
	l.literalSecret("/iggy/password")
	l.literalSecret("/iggy/token")
}

const literalDetail = "It stands in the configuration, and who can read that knows it. Use env() or file()."

// literalSecret warns of a value that can be read in the configuration.
func (l *loader) literalSecret(pointer string) {
	if o := l.places[pointer]; o != nil && o.literal && !o.unknown {
		l.at(o.value, "literal-secret", "", literalDetail)
	}
}

// acrossSinks compares sinks with each other.
func (l *loader) acrossSinks(config *schema.Config) {
	names, groups, files := make(map[string]string), make(map[string]string), make(map[string]string)
	for i := range config.Sinks {
		s := &config.Sinks[i]
		pointer := "/sink/" + strconv.Itoa(i)
		l.instance = l.instanceAt(pointer + "/")
		if s.Name != "" && l.places.known(pointer+"/name") {
			if first, found := names[s.Name]; found {
				l.twice(pointer+"/name", first, "duplicate-sink", "a second sink "+nameOf(s.Name))
			} else {
				names[s.Name] = pointer + "/name"
			}
		}
		path := pointer + "/dead_letter/path"
		if s.DeadLetter != nil && s.DeadLetter.Path != "" && l.places.known(path) {
			key := canonical(filepath.Clean(s.DeadLetter.Path))
			if first, found := files[key]; found {
				l.twice(path, first, "shared-dead-letter", "")
			} else {
				files[key] = path
			}
		}
		l.groups(s, pointer, groups)
	}
}

// nameOf writes the name of a sink: as a label, or as the address of an instance.
func nameOf(name string) string {
	if strings.HasSuffix(name, "]") {
		return name
	}
	return strconv.Quote(name)
}

// groups finds a topic that an earlier sink reads with the same group.
func (l *loader) groups(s *schema.Sink, pointer string, groups map[string]string) {
	seen := make(map[string]bool) // a topic twice in one sink is another rule
	for i := range s.Streams {
		st := &s.Streams[i]
		at := pointer + "/stream/" + strconv.Itoa(i)
		if s.Name == "" || !l.places.known(pointer+"/name", at+"/name", at+"/topics", at+"/consumer_group") {
			continue
		}
		for j, topic := range st.Topics {
			key := s.Group(st) + "\x00" + st.Name + "\x00" + topic
			here := at + "/topics/" + strconv.Itoa(j)
			first, found := groups[key]
			switch {
			case found && !seen[key]:
				l.twice(here, first, "shared-group", "")
			case !found:
				groups[key] = here
			}
			seen[key] = true
		}
	}
}

// twice tells of a second something and names the place of the first.
func (l *loader) twice(pointer, first, rule, summary string) {
	where := "The first is at " + place(l.places.find(first).value) + "."
	if a := l.instanceAt(first).address; a != "" && l.instanceAt(pointer).count > 1 {
		where = "The first is that of " + a + ". Use each.key in it."
	}
	l.at(l.places.find(pointer).value, rule, summary, where)
}

// sinkRules are the rules about one sink.
type sinkRules struct {
	*loader
	sink    *schema.Sink
	pointer string
}

// set reports whether the user gave an attribute a value.
func (r sinkRules) set(name string) bool {
	o := r.places[r.pointer+"/"+name]
	return o != nil && !o.unknown
}

func (r sinkRules) known(names ...string) bool {
	for _, name := range names {
		if !r.places.known(r.pointer + "/" + name) {
			return false
		}
	}
	return true
}

// tell reports a rule at the value of an attribute, or at the header of the sink where it is not set.
func (r sinkRules) tell(name, rule, summary, detail string) {
	r.at(r.places.find(r.pointer+"/"+name).value, rule, summary, detail)
}

// order reports two durations that are the wrong way round, at the one that was written.
func (r sinkRules) order(small, large string, a, b schema.Duration, rule string) {
	if a <= b || !r.known(small, large) {
		return
	}
	at, detail := small, ""
	if !r.set(small) {
		at = large
	}
	leaf := func(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }
	if !r.places.find(r.pointer+"/"+small).secret && !r.places.find(r.pointer+"/"+large).secret {
		detail = fmt.Sprintf("%s is %s, %s is %s.", leaf(small), short(a), leaf(large), short(b))
	}
	r.tell(at, rule, "", detail)
}

// short prints a duration without the zeros of 1m0s.
func short(d schema.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func (r sinkRules) times() {
	s := r.sink
	r.order("retry_delay", "max_retry_delay", s.RetryDelay, s.MaxRetryDelay, "retry-delay-order")
	r.order("max_retry_delay", "max_retry_after", s.MaxRetryDelay, s.MaxRetryAfter, "retry-after-cap")
	if b := s.CircuitBreaker; b != nil {
		r.order("circuit_breaker/cooldown", "circuit_breaker/max_cooldown", b.Cooldown, b.MaxCooldown, "cooldown-order")
	}
	for i := range s.Streams {
		st, at := &s.Streams[i], "stream/"+strconv.Itoa(i)+"/"
		r.order(at+"poll_interval", at+"max_poll_interval", st.PollInterval, st.MaxPollInterval, "poll-interval-order")
	}
}

func (r sinkRules) statusCodes() {
	seen := make(map[int]string)
	for _, list := range []struct {
		name  string
		codes []int
	}{
		{"success_status_codes", r.sink.SuccessStatusCodes}, {"retry_status_codes", r.sink.RetryStatusCodes},
		{"pause_status_codes", r.sink.PauseStatusCodes}, {"reject_status_codes", r.sink.RejectStatusCodes},
	} {
		if !r.known(list.name) {
			continue
		}
		for i, code := range list.codes {
			first, found := seen[code]
			if !found {
				seen[code] = list.name
				continue
			}
			what, at := "", list.name+"/"+strconv.Itoa(i)
			if !r.places.find(r.pointer + "/" + at).secret {
				what = fmt.Sprintf("%d is in two lists", code)
			}
			r.tell(at, "status-code-twice", what, fmt.Sprintf("It is in %s too, which wins.", first))
		}
	}
}

func (r sinkRules) request() {
	s := r.sink
	if s.BatchMode == schema.BatchModeRaw && s.IncludeMetadata && r.set("include_metadata") && r.known("batch_mode") {
		r.tell("include_metadata", "raw-metadata", "", "Take it out, or take another batch_mode.")
	}
	if (s.Method == schema.MethodGet || s.Method == schema.MethodHead) && s.BatchMode != schema.BatchModeIndividual &&
		r.known("method", "batch_mode") {
		r.tell("method", "method-batch", "", "Use POST, PUT or PATCH, or batch_mode = \"individual\".")
	}
}

func (r sinkRules) headers() {
	names := make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(r.sink.Headers)) {
		at := "headers/" + schema.EscapePointer(name)
		o := r.places.find(r.pointer + "/" + at)
		lower := strings.ToLower(name)
		switch {
		case lower == "content-type":
			r.at(o.name, "content-type-header", "", "Set it with content_type.")
		case !isToken(name):
			r.at(o.name, "invalid-header", "", "A name has no spaces, colons or letters beyond ASCII.")
		case names[lower] != "":
			r.at(o.name, "invalid-header", "a header stands there twice", "Case makes no difference in names of headers.")
		}
		names[lower] = name
		value := r.sink.Headers[name].Reveal()
		if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			detail := "It would end the header and begin another one."
			if !o.literal {
				detail += " trimspace() takes a line break off the end."
			}
			r.at(o.value, "header-line-break", "", detail)
		}
		if isCredential(lower) && o.literal && !o.unknown {
			r.at(o.value, "literal-secret", "", literalDetail)
		}
	}
}

// isToken reports whether s is a token of RFC 9110 5.6.2.
func isToken(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") == "" &&
		!strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c) })
}

// isCredential reports whether a header, by its lower-case name, carries one.
func isCredential(name string) bool {
	for _, word := range []string{"authorization", "cookie", "token", "secret", "password", "api-key", "apikey", "signature"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// hasCredentials reports whether the requests carry something that must not be seen on the way.
func (r sinkRules) hasCredentials() bool {
	for name := range r.sink.Headers {
		if isCredential(strings.ToLower(name)) || !r.places.find(r.pointer+"/headers/"+schema.EscapePointer(name)).literal {
			return true
		}
	}
	return false
}

func (r sinkRules) urls() {
	for name, text := range map[string]string{
		"url":              r.sink.URL.Fill(schema.Partition{Stream: "s", Topic: "t"}),
		"health_check_url": r.sink.HealthCheckURL.Reveal(),
	} {
		u, err := url.Parse(text)
		if err != nil || text == "" || !r.known(name) {
			continue
		}
		if u.User != nil {
			r.tell(name, "url-userinfo", "", "Take it out, and set an Authorization header.")
		}
		if u.Scheme == "http" && !isLoopback(u.Hostname()) && r.hasCredentials() {
			r.tell(name, "cleartext-credentials", "", "Use https, or a host of this machine.")
		}
	}
	if r.sink.URL.HasFields() && r.sink.HealthCheckEnabled && r.sink.HealthCheckURL.IsZero() &&
		r.known("url", "health_check_enabled", "health_check_url") {
		r.tell("health_check_enabled", "health-check-url", "", "Set it to a url without ${stream}, ${topic} and ${partition}.")
	}
}

func isLoopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func (r sinkRules) policies() {
	s := r.sink
	if s.OnExhausted == schema.OnExhaustedDeadLetter && r.known("on_exhausted") {
		r.tell("on_exhausted", "exhausted-dead-letter", "", "\"pause\" waits until it answers again and loses nothing.")
	}
	const missing = "Add dead_letter \"file\" { path = ... }."
	if s.DeadLetter == nil && s.OnRejected == schema.OnRejectedDeadLetter && r.known("on_rejected") {
		r.tell("on_rejected", "dead-letter-missing", "", missing)
	}
	if s.DeadLetter == nil && s.OnExhausted == schema.OnExhaustedDeadLetter && r.known("on_exhausted") {
		r.tell("on_exhausted", "dead-letter-missing", "", missing)
	}
	if !r.known("ordering", "ordering_key", "max_in_flight") {
		return
	}
	switch {
	case s.Ordering == schema.OrderingKey && s.OrderingKey == "":
		r.tell("ordering", "ordering-key-missing", "", "Set it to header:NAME or payload:/json/pointer.")
	case s.Ordering != schema.OrderingKey && s.OrderingKey != "":
		r.tell("ordering_key", "ordering-key-unused", "", "Set ordering = \"key\", or take it out.")
	}
	if s.Ordering == schema.OrderingPartition && s.MaxInFlight > 1 {
		r.tell("max_in_flight", "max-in-flight-unused", "",
			"ordering = \"key\" or \"none\" allow more than one request of a partition.")
	}
}

// topics finds topics that are read twice, and streams whose group follows the name of the sink.
func (r sinkRules) topics() {
	seen := make(map[string]string)
	for i := range r.sink.Streams {
		st, at := &r.sink.Streams[i], "stream/"+strconv.Itoa(i)
		if !r.set(at+"/consumer_group") && r.known(at+"/consumer_group", "name") {
			r.tell(at, "default-group", "", r.groupDetail(st))
		}
		if !r.known(at+"/topics", at+"/name") {
			continue
		}
		for j, topic := range st.Topics {
			here := r.pointer + "/" + at + "/topics/" + strconv.Itoa(j)
			if first, found := seen[st.Name+"\x00"+topic]; found {
				r.twice(here, first, "duplicate-topic", "")
				continue
			}
			seen[st.Name+"\x00"+topic] = here
		}
	}
}

func (r sinkRules) groupDetail(st *schema.Stream) string {
	if r.instance.address != "" {
		return "It is iggysink- and the name of each sink. Renaming the block would start new groups: set consumer_group to keep them."
	}
	return fmt.Sprintf("It is %q. Renaming the sink would start a new group: set consumer_group to keep it.",
		printable(r.sink.Group(st)))
}
