package schemagen

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// source says how the value of an x-source is appended.
type source struct {
	name     string
	kind     string // type that the property must have
	constant bool   // the same for all messages of a partition: encoded once
	code     string // statement that appends to b from m, or from p if it is constant
	imports  string
	text     string // constant text of the schema
	header   string // key of a user header
}

// sources lists what can fill a property of the envelope.
func sources() []source {
	return []source{
		{name: "id", kind: "string", code: "b = appendID(b, m.ID)"},
		{name: "offset", kind: "integer", code: "b = strconv.AppendUint(b, m.Offset, 10)", imports: "strconv"},
		{name: "timestamp", kind: "integer", code: "b = strconv.AppendUint(b, m.Timestamp, 10)", imports: "strconv"},
		{name: "origin_timestamp", kind: "integer", code: "b = strconv.AppendUint(b, m.OriginTimestamp, 10)", imports: "strconv"},
		{name: "checksum", kind: "integer", code: "b = strconv.AppendUint(b, m.Checksum, 10)", imports: "strconv"},
		{name: "stream", kind: "string", constant: true, code: "b = appendString(b, []byte(p.Stream))"},
		{name: "topic", kind: "string", constant: true, code: "b = appendString(b, []byte(p.Topic))"},
		{name: "partition", kind: "integer", constant: true, code: "b = strconv.AppendUint(b, uint64(p.ID), 10)", imports: "strconv"},
		{name: "headers", kind: "object"},
		{name: "payload", kind: "any", code: "if b, err = appendPayload(b, m.Payload, &e.options); err != nil {\nreturn nil, err\n}"},
	}
}

// conditions lists the words of x-when and the Go condition that each stands for.
func conditions() [][2]string {
	return [][2]string{
		{"include_checksum", "e.options.IncludeChecksum"},
		{"include_origin_timestamp", "e.options.IncludeOriginTimestamp"},
		{"has_headers", "len(m.Headers) > 0"},
	}
}

// sourceNames lists them for a message.
func sourceNames() string {
	var out []string
	for _, s := range sources() {
		out = append(out, s.name)
	}
	return strings.Join(out, ", ") + ", header:NAME for one user header, or const:TEXT"
}

// sourceOf returns what fills a property: what its x-source names, or its const.
func sourceOf(f *property) (source, bool) {
	text, isConstant := strings.CutPrefix(f.source, "const:")
	key, isHeader := strings.CutPrefix(f.source, "header:")
	value := f.resolved().constant
	switch {
	case isConstant:
		return source{name: f.source, kind: "string", text: text}, true
	case f.source == "" && value != nil:
		return source{name: f.source, kind: "string", text: value.text}, true
	case isHeader && f.resolved().kind == "union":
		return source{name: f.source, kind: "union", header: key}, key != ""
	case isHeader:
		return source{name: f.source, kind: "string", header: key}, key != ""
	}
	list := sources()
	i := slices.IndexFunc(list, func(s source) bool { return s.name == f.source })
	if i < 0 {
		return source{}, false
	}
	return list[i], true
}

// encodedHeader returns the text in front of and behind the base64 of a header that is not text: the object among the
// branches of its oneOf, whose one property is a const and the other the data.
func encodedHeader(t *schema) (before, after string, ok bool) {
	for _, b := range t.branches {
		object := b.resolved()
		if object.kind != "object" || len(object.properties) != 2 {
			continue
		}
		text, data := "{", 0
		for i, f := range object.properties {
			if i > 0 {
				text += ","
			}
			text += jsonText(f.key) + ":"
			if c := f.resolved().constant; c != nil {
				text += jsonText(c.text)
			} else {
				before, text = text+`"`, `"`
				data++
			}
			ok = object.requires(f.key) && f.resolved().kind == "string" && (i == 0 || ok)
		}
		return before, text + "}", ok && data == 1
	}
	return "", "", false
}

// jsonText returns a JSON string.
func jsonText(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil { // a string can be encoded
		return strconv.Quote(s)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// presenceRule says when a property of the envelope is there. Every message about that gives all of it: a part of it alone
// leads to the next message.
func presenceRule() string {
	return "a property filled by header:NAME is not required and has no x-when; every other, const:TEXT included, is either required, or " +
		"not required and has an x-when of " + conditionNames()
}

// conditionNames lists the words of x-when for a message.
func conditionNames() string {
	var words []string
	for _, w := range conditions() {
		words = append(words, w[0])
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func findCondition(name string) string {
	for _, c := range conditions() {
		if c[0] == name {
			return c[1]
		}
	}
	return ""
}

// sourced reports whether the document is one that we write: x-source says what fills it.
func (d *Model) sourced() bool {
	found := false
	walk(d, func(s *schema) { found = found || s.source != "" })
	return found
}

// checkSources checks that everything in an envelope has a source that fits, and that what may be absent says when.
func (c *checker) checkSources(s *schema) {
	for i, f := range s.properties {
		if f.broken || f.resolved().broken {
			continue
		}
		c.checkSource(s, f)
		if i == 0 && !s.requires(f.key) {
			c.fail(f.at, "the first property must always be there: it decides where the commas go")
		}
	}
}

func (c *checker) checkSource(s *schema, f *property) {
	t := f.resolved()
	known, found := sourceOf(f)
	nested := t.kind == "object" && t.values == nil && f.source == ""
	switch {
	case nested:
		c.checkSources(t)
	case !found:
		c.fail(f.at, "%s needs an x-source that is one of %s; %s; iggysink has to be built again with it (go generate ./... and go build)",
			f.key, sourceNames(), presenceRule())
		return // when it is there depends on what fills it
	case known.kind != t.kind:
		c.fail(f.at, "x-source %s gives a value of type %s", f.source, known.kind)
	default:
		c.sourceFits(f, known)
	}
	switch {
	case known.header != "":
		if s.requires(f.key) || f.when != "" {
			c.fail(f.at, "%s must be neither required nor have an x-when: it is there if the message has the header; %s", f.key, presenceRule())
		}
	case f.when != "" && findCondition(f.when) == "":
		c.fail(f.at, "x-when must be one of %s", conditionNames())
	case s.requires(f.key) != (f.when == ""):
		c.fail(f.at, "%s must be either required or have an x-when: %s", f.key, presenceRule())
	}
}

// sourceFits refuses a property that could have a value which its schema does not allow.
func (c *checker) sourceFits(f *property, known source) {
	t := f.resolved()
	values := t
	if t.values != nil {
		values = t.values.resolved()
	}
	_, _, encodes := encodedHeader(values)
	switch {
	case strings.HasPrefix(f.source, "const:"):
		c.string(t, &node{at: f.at, kind: "string", text: known.text})
	case known.header != "" && t.kind == "string" && (t.minLength != "" || t.maxLength != "" || t.pattern != "" || t.format != "" ||
		len(t.enum) > 0 || t.constant != nil || t.goType != ""):
		c.fail(f.at, "%s must be any text: nothing checks what a producer writes in a header", f.key)
	case (known.kind == "union" || known.name == "headers") && !encodes:
		c.fail(f.at, "%s must be a oneOf of a string and an object of two strings, of which one is a const that says base64", f.key)
	}
}

// encoder collects the statements of the append method. Text and constant values that follow each other become one
// buffer, filled in the constructor.
type encoder struct {
	constructor printer
	method      printer
	text        string   // literal text that is not printed yet
	constants   []string // statements since the buffer began, the text before each included
	buffers     int
}

// printEncoder prints EnvelopeEncoder.
func printEncoder(p *printer, d *Model) {
	if !d.sourced() {
		return
	}
	e := &encoder{}
	e.object(d.root)
	e.flush()
	p.imports = e.method.imports
	for _, path := range e.constructor.imports {
		p.use(path)
	}
	name := d.name + "Encoder"
	p.comment(name + " appends the envelopes of one partition. What does not change from message to message is encoded once. " +
		"It has no mutable state: one encoder may be used from several goroutines.")
	p.line("type %s struct {\noptions %sOptions", name, d.name)
	for i := range e.buffers {
		p.line("fixed%d []byte // names and values that all messages share", i)
	}
	p.line("}\n")
	p.comment("New" + name + " returns the encoder of partition p.")
	p.line("func New%s(p Partition, o %sOptions) *%s {", name, d.name, name)
	p.line("e := &%s{options: o}", name)
	p.Write(e.constructor.Bytes())
	p.line("return e\n}\n")
	p.comment("appendEnvelope appends the envelope of m to b.")
	p.line("func (e *%s) appendEnvelope(b []byte, m *Message) (_ []byte, err error) {", name)
	p.Write(e.method.Bytes())
	p.line("return b, nil\n}")
}

// object appends an object: its properties in the order of the schema.
func (e *encoder) object(s *schema) {
	e.text += "{"
	for i, f := range s.properties {
		from, _ := sourceOf(f)
		condition := findCondition(f.when)
		if from.header != "" {
			condition = "h := findHeader(m.Headers, " + quote(from.header) + "); h != nil"
		}
		if condition != "" {
			e.flush()
			e.method.line("if %s {", condition)
		}
		if i > 0 {
			e.text += ","
		}
		e.text += jsonText(f.key) + ":"
		e.property(f, from)
		if condition != "" {
			e.flush()
			e.method.line("}")
		}
	}
	e.text += "}"
}

// property appends the value of a property.
func (e *encoder) property(f *property, from source) {
	t := f.resolved()
	switch {
	case t.kind == "object" && t.values == nil && f.source == "":
		e.object(t)
	case strings.HasPrefix(f.source, "const:"), f.source == "":
		e.text += jsonText(from.text)
	case from.constant:
		e.constructor.use(from.imports)
		e.constants = append(e.constants, "b = append(b, "+quote(e.text)+"...)", from.code)
		e.text = ""
	case from.header != "" && t.kind == "string":
		e.flush()
		e.method.line("b = appendHeaderText(b, h)")
	case from.header != "":
		before, after, _ := encodedHeader(t)
		e.flush()
		e.method.line("b = appendHeaderValue(b, h, %s, %s)", quote(before), quote(after))
	case from.name == "headers":
		before, after, _ := encodedHeader(t.values.resolved())
		e.flush()
		e.method.line("b = appendHeaders(b, m.Headers, %s, %s)", quote(before), quote(after))
	default:
		e.flush()
		e.method.use(from.imports)
		e.method.line("%s", from.code)
	}
}

// flush prints the text and the constants so far.
func (e *encoder) flush() {
	switch {
	case len(e.constants) > 0:
		e.constructor.line("{\nvar b []byte")
		for _, statement := range e.constants {
			e.constructor.line("%s", statement)
		}
		if e.text != "" {
			e.constructor.line("b = append(b, %s...)", quote(e.text))
		}
		e.constructor.line("e.fixed%d = b\n}", e.buffers)
		e.method.line("b = append(b, e.fixed%d...)", e.buffers)
		e.buffers++
	case e.text != "":
		e.method.line("b = append(b, %s...)", quote(e.text))
	}
	e.text, e.constants = "", nil
}
