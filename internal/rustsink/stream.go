package rustsink

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// What iggysink has for every stream: a poll_interval above the longest one needs that raised, too.
const (
	maxPollInterval = 250 * time.Millisecond
	maxBatchLength  = 1_000_000
)

// streams adds [[streams]]. groups holds who reads a topic, by group, stream and topic.
func (c *converter) streams(b *block, conn *connector, groups map[string]Place) {
	all := conn.subs("streams")
	own := make(map[string]string) // group of each topic in this sink
	for _, t := range all {
		c.stream(b, conn, t, own, groups)
	}
}

func (c *converter) stream(b *block, conn *connector, t *table, own map[string]string, groups map[string]Place) {
	name, found := t.text("stream")
	if !found && !t.has("stream") {
		c.problem(t.at, "stream is missing")
	}
	group, found := t.text("consumer_group")
	var comments []string
	if !found {
		group = "iggy-connect-sink-" + conn.key
		comments = []string{"the runtime's default"}
	}
	if conn.disabled {
		groups = make(map[string]Place)
	}
	topics, ok := c.topics(t, name, group, own, groups)
	if ok && len(topics) == 0 {
		c.note(t.at, "a stream without topics is not carried over")
		return
	}
	c.numeric(t, "stream", name)
	c.numeric(t, "consumer_group", group)
	s := b.add("stream", name, t.at)
	s.set(t.place("topics"), "topics", listOf(topics))
	c.schema(s, t)
	c.batchLength(s, conn, t)
	c.pollInterval(s, t)
	s.set(t.place("consumer_group"), "consumer_group", textOf(group), comments...)
	t.rest("streams.")
}

// schema tells of payloads that the runtime changes before the sink sees them.
func (c *converter) schema(s *block, t *table) {
	name, found := t.text("schema")
	at := t.place("schema")
	if !found {
		c.note(at, "schema is missing, which the runtime only takes from the environment; it is json here")
		return
	}
	s.set(at, "schema", textOf(name))
	switch name {
	case "proto":
		c.note(at, "schema proto: the runtime takes a payload for a google.protobuf.Any, and drops one that is not; iggysink "+
			"sends the bytes as they are, in base64")
	case "flat_buffer":
		c.note(at, "schema flat_buffer: the runtime puts a payload into JSON with raw_data_base64, which the sink encodes once "+
			"more; iggysink sends the bytes as they are, in base64")
	}
}

// topics returns the topics that nobody else reads with this group, and false if the list is not one.
func (c *converter) topics(
	t *table, stream, group string, own map[string]string, groups map[string]Place,
) (topics []expression, ok bool) {
	at := t.place("topics")
	value, _ := t.get("topics")
	list, isList := value.([]any)
	if !isList {
		t.wrong("topics", "a list of strings")
		return nil, false
	}
	for _, element := range list {
		topic, isText := element.(string)
		if !isText {
			t.wrong("topics", "a list of strings")
			return nil, false
		}
		if topic, isText = t.clean("topics", topic); !isText {
			return nil, false
		}
		key := stream + separator + topic
		first, twice := own[key]
		other, shared := groups[group+separator+key]
		switch {
		case twice && first == group:
			c.note(at, "the topic %s is there twice, with one group: it is read once", printable(topic))
			continue
		case twice:
			c.problem(at, "the topic %s is read twice, with two groups: each message would be delivered twice; use two sinks",
				printable(topic))
		case shared:
			c.problem(at, "the topic %s is read with the group of %s, too: each of the sinks gets a part of the messages; "+
				"give one of them another group", printable(topic), other)
		}
		own[key] = group
		groups[group+separator+key] = at
		c.numeric(t, "topics", topic)
		topics = append(topics, textOf(topic))
	}
	return topics, true
}

// numeric tells of a name that the Rust sink takes for the number of a stream, a topic or a group.
func (c *converter) numeric(t *table, key, name string) {
	if _, err := strconv.ParseUint(name, 10, 32); err == nil {
		c.note(t.place(key), "%s: the Rust sink takes %q for a number that Iggy gave, and iggysink for a name: write the name",
			key, name)
	}
}

func (c *converter) batchLength(s *block, conn *connector, t *table) {
	n, found := t.integer("batch_length", math.MaxUint32)
	if !found {
		return
	}
	if conn.mode == "individual" || conn.mode == "raw" {
		c.note(t.place("batch_length"), "batch_length was the messages of a poll; here it would be those of a request, which has one "+
			"with batch_mode %s", conn.mode)
		return
	}
	var comments []string
	if bounded := min(max(n, 1), maxBatchLength); bounded != n {
		comments = []string{inTOML(strconv.FormatInt(n, 10))}
		n = bounded
	}
	s.set(t.place("batch_length"), "batch_length", numberOf(n), comments...)
}

// pollInterval follows Iggy's own reading of durations: lower case, and four words for zero. The runtime does not start
// with one that it does not understand.
func (c *converter) pollInterval(s *block, t *table) {
	text, found := t.text("poll_interval")
	if !found {
		return
	}
	at := t.place("poll_interval")
	lower := strings.ToLower(text)
	value, ok := parseHuman(lower)
	switch lower {
	case "0", "unlimited", "disabled", "none":
		value, ok = 0, true
	}
	if !ok {
		c.problem(at, "poll_interval is not a duration; the runtime does not start with it either")
		return
	}
	interval := spanFrom(value, text)
	var comments []string
	if value == 0 {
		interval = span{time.Millisecond, "1ms"}
	}
	if interval.text != text {
		comments = []string{inTOML(printable(text))}
	}
	s.set(at, "poll_interval", textOf(interval.text), comments...)
	if interval.value > maxPollInterval {
		s.set(at, "max_poll_interval", textOf(interval.text))
	}
}
