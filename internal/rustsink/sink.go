package rustsink

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// connector is one connector's file, of which only its head was read.
type connector struct {
	*table
	key      string
	version  int64
	disabled bool
	mode     string // batch_mode, once it was read
}

// connector reads what tells connectors apart. It returns nil if the file is not of an HTTP sink.
func (c *converter) connector(t *table) *connector {
	kind, isText := t.text("type")
	key, _ := t.text("key")
	path, _ := t.text("path")
	version, _ := t.integer("version", math.MaxInt64)
	switch {
	case kind == "source":
		c.note(t.at, "the file is of a source connector; iggysink only has sinks")
		return nil
	case kind != "sink":
		if isText || !t.has("type") {
			c.problem(t.place("type"), `type must be "sink"`)
		}
		return nil
	case path == "":
		c.problem(t.place("path"), "path is missing: it names the plugin")
		return nil
	case !strings.Contains(strings.ToLower(filepath.Base(path)), "http_sink"):
		c.note(t.place("path"), "the plugin is not the HTTP sink; the file is not carried over")
		return nil
	case key == "":
		c.problem(t.place("key"), "key is missing: the runtime needs it, and the consumer group follows it")
		return nil
	}
	return &connector{table: t, key: key, version: version}
}

// sinks adds a block for each key, in the order of the files. Of several versions the runtime takes the one that was
// activated, or the highest.
func (c *converter) sinks(root *block) {
	active := make(map[string]*connector)
	for _, conn := range c.connectors {
		first := active[conn.key]
		switch {
		case first == nil:
			active[conn.key] = conn
		case first.version == conn.version:
			c.problem(conn.place("key"), "the key and version of %s again", first.place("key"))
		default:
			other := conn
			chosen, activated := c.activated[conn.key]
			if !activated || conn.version != chosen && first.version != chosen {
				chosen = max(conn.version, first.version)
			}
			if conn.version == chosen {
				active[conn.key], other = conn, first
			}
			c.note(other.place("version"), "version %d of a connector that is here in version %d, too: the one that was "+
				"activated, or the highest, is taken", other.version, active[conn.key].version)
		}
	}
	groups := make(map[string]Place)
	for _, conn := range c.connectors {
		if active[conn.key] == conn {
			if chosen, activated := c.activated[conn.key]; activated && conn.version != chosen {
				c.note(conn.place("version"), "version %d was activated, which is not in these files: the runtime does not run the "+
					"connector until it is there; version %d is taken", chosen, conn.version)
			}
			c.sink(root, conn, groups)
		}
	}
}

// sink adds one block.
func (c *converter) sink(root *block, conn *connector, groups map[string]Place) {
	label := c.label(conn)
	b := &block{kind: "sink", label: label, at: conn.place("key")}
	switch name, _ := conn.get("name"); name := name.(type) {
	case string:
		b.comments = append(b.comments, fmt.Sprintf("%s, from %s", printable(name), printable(conn.doc.name)))
	case nil:
	default:
		conn.wrong("name", "a string")
	}
	if label != conn.key {
		c.note(conn.place("key"), "the key becomes the name %q: letters, digits, _, - and . are allowed", label)
	}
	enabled, found := conn.boolean("enabled")
	switch {
	case !found:
		c.note(conn.at, "enabled is missing, which the runtime only takes from the environment; the sink is enabled here")
	case !enabled:
		conn.disabled = true
		b.set(conn.place("enabled"), "enabled", boolOf(false))
	}
	needed := len(c.variables)
	c.settings(b, conn, conn.sub("plugin_config"))
	c.streams(b, conn, groups)
	switch {
	case len(b.blocks) > 0 || len(c.problems) > 0:
		root.blocks = append(root.blocks, b)
	default:
		c.variables = c.variables[:needed]
		c.note(conn.place("streams"), "no topic is left: the sink is not carried over")
	}
	c.transforms(conn)
	if verbose, _ := conn.boolean("verbose"); verbose {
		c.note(conn.place("verbose"), "verbose is about the log of the runtime; here it is --log-level")
	}
	conn.get("plugin_config_format") // how the runtime's API shows the settings
	conn.rest("")
}

// label makes a name for a sink of its key.
func (c *converter) label(conn *connector) string {
	label := regexp.MustCompile(`[^A-Za-z0-9_.-]`).ReplaceAllString(conn.key, "_")
	if strings.HasPrefix(label, ".") || strings.HasPrefix(label, "-") {
		label = "_" + label
	}
	label = label[:min(len(label), 120)]
	base := label
	for i := 2; c.labels[label]; i++ {
		label = base + "_" + strconv.Itoa(i)
	}
	c.labels[label] = true
	return label
}

func (c *converter) transforms(conn *connector) {
	transforms := conn.sub("transforms")
	for _, key := range transforms.unread() {
		state := "iggysink changes no payload"
		if settings, _ := transforms.values[key].(map[string]any); settings["enabled"] != true {
			state = "it was not enabled"
		}
		c.note(transforms.place(key), "transforms.%s is not carried over: %s", printable(key), state)
	}
}

// settings adds what [plugin_config] says, in its own order.
func (c *converter) settings(b *block, conn *connector, t *table) {
	headers := c.request(b, conn, t)
	c.method(b, t, "method")
	c.timeout(b, t)
	conn.mode = c.batchMode(b, t)
	c.integers(b, t, "max_payload_size_bytes", math.MaxInt64)
	for _, name := range []string{"include_metadata", "include_checksum", "include_origin_timestamp"} {
		value, found := t.boolean(name)
		if found && (conn.mode != "raw" || name != "include_metadata") {
			b.set(t.place(name), name, boolOf(value))
		}
	}
	c.booleans(b, t, "health_check_enabled")
	c.method(b, t, "health_check_method")
	c.integers(b, t, "max_retries", math.MaxUint32)
	c.delays(b, t)
	c.multiplier(b, t)
	c.statusCodes(b, t)
	c.booleans(b, t, "tls_danger_accept_invalid_certs")
	if _, found := t.integer("max_connections", math.MaxInt64); found {
		c.note(t.place("max_connections"), "max_connections were idle connections to keep; here it would bound the requests at "+
			"once, which is 64 by default")
	}
	c.booleans(b, t, "verbose_logging")
	if len(headers) > 0 {
		b.set(t.place("headers"), "headers", objectOf(headers))
	}
	t.rest("plugin_config.")
}

func (c *converter) booleans(b *block, t *table, name string) {
	if value, found := t.boolean(name); found {
		b.set(t.place(name), name, boolOf(value))
	}
}

func (c *converter) integers(b *block, t *table, name string, limit int64) {
	if value, found := t.integer(name, limit); found {
		b.set(t.place(name), name, numberOf(value))
	}
}

func (c *converter) method(b *block, t *table, name string) {
	if value, found := t.text(name); found {
		b.set(t.place(name), name, textOf(value))
	}
}

func (c *converter) batchMode(b *block, t *table) string {
	mode, found := t.text("batch_mode")
	if !found {
		return "individual"
	}
	if mode == "ndjson" {
		mode = "nd_json"
	}
	b.set(t.place("batch_mode"), "batch_mode", textOf(mode))
	return mode
}

// duration returns what the Rust sink makes of a setting: its default if it is not there or not understood.
func (c *converter) duration(t *table, name, otherwise string) (span, []string) {
	text, found := t.text(name)
	if !found {
		text = otherwise
	}
	if value, ok := parseHuman(text); ok {
		s := spanFrom(value, text)
		if s.text != text {
			return s, []string{inTOML(printable(text))}
		}
		return s, nil
	}
	c.note(t.place(name), "%s is not a duration, so the Rust sink used its default, %s", name, otherwise)
	value, _ := parseHuman(otherwise)
	return span{value, otherwise}, []string{
		inTOML(printable(text)) + ", which is not a duration: the Rust sink used its default",
	}
}

// inTOML is the comment at a value that was written in another way.
func inTOML(text string) string { return text + " in the TOML" }

func (c *converter) timeout(b *block, t *table) {
	if !t.has("timeout") {
		return
	}
	s, comments := c.duration(t, "timeout", "30s")
	if s.value == 0 {
		c.note(t.place("timeout"), "timeout of zero lets no request succeed; 30s, the default, takes its place")
		s, comments = span{30 * time.Second, "30s"}, nil
	}
	b.set(t.place("timeout"), "timeout", textOf(s.text), comments...)
}

// delays swaps delays that are the wrong way round, as the Rust sink does: also where only one of them is written.
func (c *converter) delays(b *block, t *table) {
	if !t.has("retry_delay") && !t.has("max_retry_delay") {
		return
	}
	delay, comments := c.duration(t, "retry_delay", "1s")
	longest, more := c.duration(t, "max_retry_delay", "30s")
	if delay.value > longest.value {
		c.note(t.place("retry_delay"), "retry_delay is above max_retry_delay; they are swapped, as the Rust sink does")
		more = append(more, "swapped with max_retry_delay, as the Rust sink does")
		b.set(t.place("retry_delay"), "retry_delay", textOf(longest.text), more...)
		b.set(t.place("max_retry_delay"), "max_retry_delay", textOf(delay.text), comments...)
		return
	}
	if t.has("retry_delay") {
		b.set(t.place("retry_delay"), "retry_delay", textOf(delay.text), comments...)
	}
	if t.has("max_retry_delay") {
		b.set(t.place("max_retry_delay"), "max_retry_delay", textOf(longest.text), more...)
	}
}

// maxMultiplier is the largest one that iggysink takes.
const maxMultiplier = 1000

func (c *converter) multiplier(b *block, t *table) {
	n, found := t.integer("retry_backoff_multiplier", math.MaxUint32)
	if !found {
		return
	}
	var comments []string
	if bounded := min(max(n, 1), maxMultiplier); bounded != n {
		comments = []string{inTOML(strconv.FormatInt(n, 10))}
		n = bounded
	}
	b.set(t.place("retry_backoff_multiplier"), "retry_backoff_multiplier", numberOf(n), comments...)
}

func (c *converter) statusCodes(b *block, t *table) {
	const name = "success_status_codes"
	value, found := t.get(name)
	if !found {
		return
	}
	list, isList := value.([]any)
	var codes []int64
	for _, element := range list {
		code, isInt := element.(int64)
		if !isInt || code < 0 || code > math.MaxUint16 {
			isList = false
			break
		}
		codes = append(codes, code)
	}
	if !isList {
		t.wrong(name, "a list of status codes")
		return
	}
	slices.SortFunc(codes, cmp.Compare)
	var elements []expression
	for _, code := range slices.Compact(codes) {
		elements = append(elements, numberOf(code))
	}
	b.set(t.place(name), name, listOf(elements))
}
