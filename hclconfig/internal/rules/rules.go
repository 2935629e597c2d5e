// Package rules is what a schema cannot say about a configuration.
//
//	rules.go    of one sink and between sinks; request.go of headers and urls, placeholder.go what other languages fill in,
//	            batch.go of limits, transport.go of the iggy block, network.go of the connections to an endpoint,
//	            payload.go of payload schemas, shaping.go of what makes a request of a message, signature.go of its keys
//	unused.go   what is declared, and used by nobody
//	ignore.go   comments that silence a warning
package rules

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/lang"
	"iggysink/hclconfig/internal/mask"
	"iggysink/schema"
)

// Subject is what is looked at: a configuration, and what is known of the text that it comes from.
type Subject struct {
	*finding.Report
	Places  finding.Places
	Scope   *lang.Scope
	Sources []*mask.File // the files of the configuration
}

// review is the look at one subject.
type review struct{ Subject }

// Check tells the report of a subject what the schema cannot say, and takes out what comments silence.
func Check(subject Subject, config *schema.Config) {
	rv := &review{subject}
	rv.settings(config)
	if !rv.Partial {
		rv.unused()
	}
	rv.ignores()
}

// settings looks at the typed configuration. What is unknown or was found invalid has its default there: each rule asks
// Places first whether the user's own value is there.
func (rv *review) settings(config *schema.Config) {
	rv.iggyRules(config)
	contracts := make(map[string]contract)
	pending := rv.pendingHeaders()
	for i := range config.Sinks {
		r := sinkRules{review: rv, sink: &config.Sinks[i], pointer: "/sink/" + strconv.Itoa(i)}
		r.unknown = pending[r.pointer]
		rv.Instance = rv.InstanceAt(r.pointer + "/")
		r.times()
		r.statusCodes()
		r.request()
		r.headers()
		r.urls()
		r.placeholders()
		r.network()
		r.shaping()
		r.credentials()
		r.signingKeys()
		r.bounds()
		r.policies()
		r.topics()
		r.limits()
		r.payloads(contracts)
	}
	rv.acrossSinks(config)
	rv.Instance = finding.Instance{}
}

// iggyRules asks for one login.
func (rv *review) iggyRules(config *schema.Config) {
	const what = "Set username and password, or token."
	if config.Iggy == nil {
		if o := rv.Places["/sink/0"]; o != nil && !rv.Partial && rv.Places.Known("/iggy") { // otherwise it is misspelled, which was told
			rv.At(o.Name, "iggy-credentials", "there is no iggy block", "It says where the server is. "+what)
		}
		return
	}
	login := config.Iggy.Username != "" || !config.Iggy.Password.IsZero() || rv.pending("/iggy/username", "/iggy/password")
	token := !config.Iggy.Token.IsZero() || rv.pending("/iggy/token")
	switch {
	case login && token:
		rv.At(rv.Places["/iggy/token"].Name, "iggy-credentials", "there are two logins", what)
	case !login && !token && rv.Places.Known("/iggy/username", "/iggy/password", "/iggy/token"):
		rv.At(rv.Places["/iggy"].Name, "iggy-credentials", "", what)
	}
	rv.literalSecret("/iggy/password")
	rv.literalSecret("/iggy/token")
	rv.transportRules(config)
}

// pending reports whether one of these pointers has a value that is not known yet, whatever it will be.
func (rv *review) pending(pointers ...string) bool {
	return slices.ContainsFunc(pointers, func(p string) bool { return rv.Places[p] != nil && rv.Places[p].Present })
}

const literalDetail = "Everyone who can read the configuration can read the secret. Use env() or file()."

// literalSecret warns of a value that can be read in the configuration.
func (rv *review) literalSecret(pointer string) {
	if o := rv.Places[pointer]; o != nil && o.Literal && !o.Unknown {
		rv.At(o.Value, "literal-secret", "", literalDetail)
	}
}

// acrossSinks compares sinks with each other.
func (rv *review) acrossSinks(config *schema.Config) {
	names, groups, files := make(map[string]string), make(map[string]string), make(map[string]string)
	for i := range config.Sinks {
		s := &config.Sinks[i]
		pointer := "/sink/" + strconv.Itoa(i)
		rv.Instance = rv.InstanceAt(pointer + "/")
		if s.Name != "" && rv.Places.Known(pointer+"/name") {
			if first, found := names[s.Name]; found {
				rv.twice(pointer+"/name", first, "duplicate-sink", "a second sink "+nameOf(s.Name))
			} else {
				names[s.Name] = pointer + "/name"
			}
		}
		path := pointer + "/dead_letter/path"
		if s.DeadLetter != nil && s.DeadLetter.Path != "" && rv.Places.Known(path) {
			key := bound.Canonical(filepath.Clean(s.DeadLetter.Path))
			if first, found := files[key]; found {
				rv.twice(path, first, "shared-dead-letter", "")
			} else {
				files[key] = path
			}
		}
		rv.groups(s, pointer, groups)
	}
}

// nameOf writes the name of a sink: as a label, or as the address of an instance.
func nameOf(name string) string {
	if strings.HasSuffix(name, "]") {
		return name
	}
	return strconv.Quote(name)
}

// groups finds a topic that an earlier sink reads with the same group. A disabled sink reads nothing: it may wait to take
// the place of another.
func (rv *review) groups(s *schema.Sink, pointer string, groups map[string]string) {
	if !s.Enabled {
		return
	}
	seen := make(map[string]bool) // a topic twice in one sink is another rule
	for i := range s.Streams {
		st := &s.Streams[i]
		at := pointer + "/stream/" + strconv.Itoa(i)
		if s.Name == "" || !rv.Places.Known(pointer+"/name", at+"/name", at+"/topics", at+"/consumer_group") {
			continue
		}
		for j, topic := range st.Topics {
			key := s.Group(st) + "\x00" + st.Name + "\x00" + topic
			here := at + "/topics/" + strconv.Itoa(j)
			first, found := groups[key]
			switch {
			case found && !seen[key]:
				rv.twice(here, first, "shared-group", "")
			case !found:
				groups[key] = here
			}
			seen[key] = true
		}
	}
}

// twice tells of a second something and names the place of the first.
func (rv *review) twice(pointer, first, rule, summary string) {
	here := rv.Places.Find(pointer).Value
	where := "The first is at " + finding.Place(rv.Places.Find(first).Value) + "."
	if here == rv.Places.Find(first).Value {
		where = "One place in the file makes both: let it differ between elements."
	}
	if a, b := rv.InstanceAt(first), rv.InstanceAt(pointer); a.Address != "" && a.Address != b.Address && b.Count > 1 {
		where = "The first is that of " + a.Address + ". Use each.key in it."
	}
	rv.At(here, rule, summary, where)
}

// sinkRules are the rules about one sink.
type sinkRules struct {
	*review
	sink    *schema.Sink
	pointer string
	unknown []string // names of headers that have a value which is not known yet
}

// set reports whether the user gave an attribute a value.
func (r sinkRules) set(name string) bool {
	o := r.Places[r.pointer+"/"+name]
	return o != nil && !o.Unknown
}

func (r sinkRules) known(names ...string) bool {
	for _, name := range names {
		if !r.Places.Known(r.pointer + "/" + name) {
			return false
		}
	}
	return true
}

// tell reports a rule at the value of an attribute, or at the header of the sink where it is not set.
func (r sinkRules) tell(name, rule, summary, detail string) {
	r.At(r.Places.Find(r.pointer+"/"+name).Value, rule, summary, detail)
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
	if !r.Places.Find(r.pointer+"/"+small).Secret && !r.Places.Find(r.pointer+"/"+large).Secret {
		detail = fmt.Sprintf("%s, %s.", r.is(small, short(a)), r.is(large, short(b)))
	}
	r.tell(at, rule, "", detail)
}

// is says what an attribute is. Who set only the other one of two does not know the default of this one.
func (r sinkRules) is(name, value string) string {
	text := name[strings.LastIndexByte(name, '/')+1:] + " is " + value
	if !r.set(name) {
		text += " by default"
	}
	return text
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
			if !r.Places.Find(r.pointer + "/" + at).Secret {
				what = fmt.Sprintf("%d is in two lists", code)
			}
			r.tell(at, "status-code-twice", what, fmt.Sprintf("It is also in %s, which takes precedence.", first))
		}
	}
}

func (r sinkRules) request() {
	s := r.sink
	if s.BatchMode == schema.BatchModeRaw && s.IncludeMetadata && r.set("include_metadata") && r.known("batch_mode") {
		r.tell("include_metadata", "raw-metadata", "", "Remove it, or use another batch_mode.")
	}
	if (s.Method == schema.MethodGet || s.Method == schema.MethodHead) && s.BatchMode != schema.BatchModeIndividual &&
		r.known("method", "batch_mode") {
		r.tell("method", "method-batch", "", "Use POST, PUT or PATCH, or batch_mode = \"individual\".")
	}
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
		r.tell("ordering_key", "ordering-key-unused", "", "Set ordering = \"key\", or remove it.")
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
		r.nameFits(st.Name, at+"/name", "the name of a stream")
		r.nameFits(st.ConsumerGroup, at+"/consumer_group", "consumer_group")
		for j, topic := range st.Topics {
			r.nameFits(topic, at+"/topics/"+strconv.Itoa(j), "the name of a topic")
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

// nameFits tells of a name that Iggy refuses: it counts bytes, and the schema characters.
func (r sinkRules) nameFits(name, at, what string) {
	const most = 255
	if len(name) > most && r.known(at) {
		r.tell(at, "out-of-range", what+" is too long", fmt.Sprintf(
			"Iggy accepts at most %d bytes, and a letter beyond ASCII takes two or more.", most))
	}
}

func (r sinkRules) groupDetail(st *schema.Stream) string {
	if r.Instance.Address != "" {
		return "It is iggysink- and the name of each sink. Renaming the block would start new groups: set consumer_group to keep them."
	}
	return fmt.Sprintf("It is %q. Renaming the sink would start a new group: set consumer_group to keep it.",
		mask.Printable(r.sink.Group(st)))
}
