package schemagen

import (
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
		{name: "headers", kind: "object", code: "b = appendHeaders(b, m.Headers)"},
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

func findSource(name string) (source, bool) {
	list := sources()
	i := slices.IndexFunc(list, func(s source) bool { return s.name == name })
	if i < 0 {
		return source{}, false
	}
	return list[i], true
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
		t := f.resolved()
		nested := t.kind == "object" && t.values == nil && f.source == ""
		known, found := findSource(f.source)
		switch {
		case nested:
			c.checkSources(t)
		case !found:
			c.fail(f.at, "%s needs an x-source that is one of %s", f.key, strings.Join(names(sources()), ", "))
		case known.kind != t.kind:
			c.fail(f.at, "x-source %s gives a value of type %s", f.source, known.kind)
		}
		switch {
		case f.when != "" && findCondition(f.when) == "":
			var words []string
			for _, w := range conditions() {
				words = append(words, w[0])
			}
			c.fail(f.at, "x-when must be one of %s", strings.Join(words, ", "))
		case s.requires(f.key) != (f.when == ""):
			c.fail(f.at, "%s must be either required or have an x-when", f.key)
		case i == 0 && f.when != "":
			c.fail(f.at, "the first property must always be there: it decides where the commas go")
		}
	}
}

func names(list []source) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.name)
	}
	return out
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
		if f.when != "" {
			e.flush()
			e.method.line("if %s {", findCondition(f.when))
		}
		if i > 0 {
			e.text += ","
		}
		e.text += strconv.Quote(f.key) + ":"
		from, _ := findSource(f.source)
		switch {
		case f.source == "":
			e.object(f.resolved())
		case from.constant:
			e.constructor.use(from.imports)
			e.constants = append(e.constants, "b = append(b, "+quote(e.text)+"...)", from.code)
			e.text = ""
		default:
			e.flush()
			e.method.use(from.imports)
			e.method.line("%s", from.code)
		}
		if f.when != "" {
			e.flush()
			e.method.line("}")
		}
	}
	e.text += "}"
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
