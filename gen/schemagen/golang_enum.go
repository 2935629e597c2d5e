package schemagen

import (
	"strconv"
	"strings"
)

// quote returns a Go string literal: raw where that is easier to read.
func quote(s string) string {
	if strings.ContainsAny(s, "\"\\") && strconv.CanBackquote(s) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

// printEnums prints the enums with everything that a flag, a log line and a decoder want of them.
func printEnums(p *printer, d *Model) {
	for _, s := range d.types() {
		if len(s.enum) > 0 {
			printEnum(p, s)
		}
	}
}

func printEnum(p *printer, s *schema) {
	var canonical, names []string
	for _, v := range s.offered() {
		canonical = append(canonical, v.text)
		names = append(names, constant(s, v.text))
	}
	p.comment(s.name + " is " + strings.ToLower(s.doc[:1]) + s.doc[1:])
	p.line("type %s string\n", s.name)
	p.comment("The values of " + s.name + ".")
	p.line("const (")
	for i, v := range canonical {
		p.line("%s %s = %s", names[i], s.name, quote(v))
	}
	p.line(")\n")
	p.comment(s.name + "Values returns the values in the order of the schema, other spellings left out.")
	p.line("func %sValues() []%s {", s.name, s.name)
	p.line("return []%s{%s}", s.name, strings.Join(names, ", "))
	p.line("}\n")
	p.comment("String returns the value.")
	p.line("func (v %s) String() string { return string(v) }\n", s.name)
	p.comment("Parse" + s.name + " reads a value, or another spelling of one. Its error lists the values and does not repeat s.")
	p.line("func Parse%s(s string) (%s, error) {", s.name, s.name)
	p.line("switch s {")
	for i, v := range canonical {
		spellings := []string{quote(v)}
		for _, a := range s.aliases {
			if a.value.text == v {
				spellings = append(spellings, quote(a.spelling.text))
			}
		}
		p.line("case %s:\nreturn %s, nil", strings.Join(spellings, ", "), names[i])
	}
	p.line("}")
	p.line(`return "", unknown(%s)`, strings.Join(quoted(s.offered()), ", "))
	p.line("}\n")
	p.comment("MarshalText implements encoding.TextMarshaler.")
	p.line("func (v %s) MarshalText() ([]byte, error) { return []byte(v), nil }\n", s.name)
	p.comment("UnmarshalText implements encoding.TextUnmarshaler with Parse" + s.name + ".")
	p.line("func (v *%s) UnmarshalText(b []byte) error {", s.name)
	p.line("p, err := Parse%s(string(b))", s.name)
	p.line("if err == nil {\n*v = p\n}\nreturn err\n}\n")
}

// offered returns the values of an enum that a message or a table names: another spelling of one is taken, and nobody needs
// to know it.
func (s *schema) offered() (values []reference) {
	for _, v := range s.enum {
		if !s.isAlias(v.text) {
			values = append(values, v)
		}
	}
	return values
}

func quoted(words []reference) []string {
	var out []string
	for _, w := range words {
		out = append(out, quote(w.text))
	}
	return out
}
