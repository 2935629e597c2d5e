package schemagen

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ReceiverTypeScript returns one file of TypeScript, named after the schema, with a type for each object, enum and
// oneOf. It has no code: TypeScript's types are gone when the program runs.
func (d *Model) ReceiverTypeScript() map[string][]byte {
	t := &typescript{large: d.freeName("LargeInteger")}
	for _, s := range d.types() {
		t.declare(s)
	}
	var out bytes.Buffer
	out.WriteString(receiverHeader(d.file) + "\n\n")
	if t.found > 0 {
		out.WriteString(largeIntegers(t.large))
	}
	out.Write(bytes.TrimSuffix(t.Bytes(), []byte("\n")))
	return map[string][]byte{receiverBase(d.file) + ".ts": out.Bytes()}
}

// largeIntegers declares the type of integers that JavaScript's numbers cannot hold.
func largeIntegers(name string) string {
	t := &typescript{}
	t.comment("", "An integer that may exceed 2^53 - 1 (Number.MAX_SAFE_INTEGER). JSON.parse gives a number and rounds a larger "+
		"one silently, so that two offsets may look alike. Where that matters, parse with a library that gives a bigint for large "+
		"integers, or, where JSON.parse hands out the source text, with JSON.parse(text, (key, value, context) => typeof value === "+
		"\"number\" && !Number.isSafeInteger(value) && /^-?[0-9]+$/.test(context.source) ? BigInt(context.source) : value). "+
		"Otherwise look at Number.isSafeInteger(value) before you rely on it.")
	t.line("export type %s = number | bigint;\n", name)
	return t.String()
}

// freeName returns a name that no type of the schema has.
func (d *Model) freeName(name string) string {
	for slices.ContainsFunc(d.types(), func(s *schema) bool { return s.name == name }) {
		name += "Value"
	}
	return name
}

// typescript prints TypeScript.
type typescript struct {
	printer
	large string // name of the type of integers over 2^53
	found int    // its uses
}

// declare prints the type of one definition.
func (t *typescript) declare(s *schema) {
	t.comment("", s.doc)
	switch {
	case len(s.enum) > 0:
		var values []string
		for _, v := range s.enum {
			values = append(values, typescriptText(v.text))
		}
		t.line("export type %s = %s;\n", s.name, strings.Join(values, " | "))
		return
	case s.kind == "union":
		var branches []string
		for _, b := range s.branches {
			branches = append(branches, t.typeOf(b))
		}
		t.line("export type %s = %s;\n", s.name, strings.Join(branches, " | "))
		return
	}
	t.line("export interface %s {", s.name)
	for _, f := range s.properties {
		doc := f.doc
		if exceedsDouble(f.schema) {
			doc += " May exceed 2^53: see " + t.large + "."
		}
		t.comment("  ", doc)
		mark := ""
		if !s.requires(f.key) {
			mark = "?"
		}
		t.line("  %s%s: %s;", typescriptName(f.key), mark, t.typeOf(f.schema))
	}
	t.line("}\n")
}

// typeOf returns the type of the values of a schema.
func (t *typescript) typeOf(s *schema) string {
	r := s.resolved()
	switch {
	case r.isType():
		return r.name
	case r.constant != nil:
		return typescriptText(r.constant.text)
	case exceedsDouble(r):
		t.found++
		return t.large
	}
	switch r.kind {
	case "string", "boolean":
		return r.kind
	case "integer", "number":
		return "number"
	case "array":
		return "(" + t.typeOf(r.items) + ")[]" // a type of the schema may be called Array
	case "object":
		return "{ [name: string]: " + t.typeOf(r.values) + " }"
	}
	return "unknown"
}

// exceedsDouble reports whether a value may be an integer that a double does not hold exactly.
func exceedsDouble(s *schema) bool {
	const safe = "9007199254740991"
	r := s.resolved()
	return r.kind == "integer" && (r.maximum == "" || rational(r.maximum).Cmp(rational(safe)) > 0 ||
		r.minimum == "" || rational(r.minimum).Cmp(rational("-"+safe)) < 0)
}

// typescriptName returns a property's name, quoted where it is no identifier.
func typescriptName(key string) string {
	if regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`).MatchString(key) {
		return key
	}
	return typescriptText(key)
}

// typescriptText returns a string literal. Everything but printable ASCII is escaped: a line separator would end it.
func typescriptText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		default:
			b.WriteString(`\u{` + strconv.FormatInt(int64(r), 16) + `}`)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// comment prints a doc comment, which no text can end. An @ would begin a tag.
func (t *typescript) comment(indent, text string) {
	text = strings.NewReplacer("*/", "* /", "@", "(at)").Replace(string(printable(text)))
	line := indent + " *"
	t.line("%s/**", indent)
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 118 && line != indent+" *" {
			t.line("%s", line)
			line = indent + " *"
		}
		line += " " + word
	}
	t.line("%s", line)
	t.line("%s */", indent)
}

// receiverHeader is the first line of a file for receivers. It names the schema without its folder, so that two machines
// write the same.
func receiverHeader(file string) string {
	return fmt.Sprintf("%s%s. DO NOT EDIT.", ReceiverHeader, string(printable(path.Base(strings.ReplaceAll(file, `\`, "/")))))
}
