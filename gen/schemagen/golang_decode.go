package schemagen

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// printDocument prints the function that decodes and checks a whole document.
func printDocument(p *printer, root *schema) {
	p.comment("Decode" + root.name + " reads a document and returns every violation that UnmarshalJSON and Validate find, ordered " +
		"by pointer. With one, the value is what could be read.")
	p.line("func Decode%s(b []byte) (%s, []Violation) {", root.name, root.name)
	p.line("return decodeDocument(b, decode%s, (*%s).validate)\n}\n", root.name, root.name)
}

// printUnmarshal prints UnmarshalJSON, which all types have in common.
func printUnmarshal(p *printer, s *schema, text string) {
	p.use("encoding/json")
	p.comment(text + " Its error is a *DecodeError with every violation that it found.")
	p.line("func (v *%s) UnmarshalJSON(b []byte) error { return unmarshal(b, v, decode%s) }\n", s.name, s.name)
}

// printDecode prints how an object is decoded. Names that are not known pass, unless the schema says otherwise.
func printDecode(p *printer, d *Model, s *schema) {
	text := "UnmarshalJSON reads what the schema allows."
	if d.defaulted(s) {
		text = "UnmarshalJSON starts from the defaults, so that an absent property has its default and an explicit zero stays."
	}
	printUnmarshal(p, s, text)
	p.line("func decode%s(d *decoding, at string, raw json.RawMessage) (v %s) {", s.name, s.name)
	if d.defaulted(s) {
		p.line("v = Default%s()", s.name)
	}
	if len(s.properties) == 0 && !s.closed {
		p.line("d.is(at, raw, \"object\")\nreturn v\n}\n")
		return
	}
	p.line("members, ok := d.object(at, raw)\nif !ok {\nreturn v\n}")
	if len(s.required) > 0 {
		p.line("d.require(at, members, %s)", strings.Join(quoted(s.required), ", "))
	}
	for _, dependent := range s.dependents {
		p.line("d.depend(at, members, %s, %s)", quote(dependent.trigger.text), strings.Join(quoted(dependent.names), ", "))
	}
	if s.closed {
		p.line("d.close(at, members%s)", keys(s))
	}
	for _, f := range s.properties {
		p.line("if e, there := members[%s]; there {", quote(f.key))
		at := "at+" + strconv.Quote("/"+escapePointer(f.key))
		value := decoded(p, f.schema, at, "e")
		if strings.HasPrefix(fieldType(p, s, f), "*") {
			value = "new(" + value + ")"
		}
		p.line("v.%s = %s", f.field(), value)
		if faults := emptyFaults(f.resolved()); len(faults) > 0 && optional(s, f) {
			p.line("d.empty(%s, e, %s)", at, strings.Join(faults, ", "))
		}
		p.line("}")
	}
	p.line("return v\n}\n")
}

func keys(s *schema) string {
	var b strings.Builder
	for _, f := range s.properties {
		b.WriteString(", " + quote(f.key))
	}
	return b.String()
}

// decoded returns the expression that decodes raw, which stands at a pointer.
func decoded(p *printer, s *schema, at, raw string) string {
	t := s.resolved()
	name := goType(p, s)
	arguments := at + ", " + raw
	switch {
	case len(t.enum) > 0:
		return fmt.Sprintf("decodeText(d, %s, Parse%s, Violation{Keyword: \"enum\", Allowed: []string{%s}})",
			arguments, t.name, strings.Join(quoted(t.offered()), ", "))
	case t.isType():
		return fmt.Sprintf("decode%s(d, %s)", t.name, arguments)
	case t.untyped:
		return fmt.Sprintf("d.constant(%s, %s)", arguments, quote(t.constant.text))
	case name == "Duration" || name == "Template":
		return fmt.Sprintf("decodeText(d, %s, Parse%s, Violation{Keyword: \"format\", Format: %s})", arguments, name, quote(t.format))
	case name == "Secret":
		return fmt.Sprintf("NewSecret(d.text(%s))", arguments)
	}
	switch t.kind {
	case "string":
		return fmt.Sprintf("d.text(%s)", arguments)
	case "boolean":
		return fmt.Sprintf("d.boolean(%s)", arguments)
	case "integer":
		low, high := limits(t, name)
		return fmt.Sprintf("decodeInteger[%s](d, %s, %q, %q)", name, arguments, low, high)
	case "number":
		low, high := limits(t, name)
		return fmt.Sprintf("d.number(%s, %q, %q)", arguments, low, high)
	case "array":
		return fmt.Sprintf("decodeList(d, %s, %t, func(at string, e json.RawMessage) %s { return %s })",
			arguments, t.unique, goType(p, t.items), decoded(p, t.items, "at", "e"))
	case "object":
		return fmt.Sprintf("decodeMap(d, %s, func(at string, e json.RawMessage) %s { return %s })",
			arguments, goType(p, t.values), decoded(p, t.values, "at", "e"))
	}
	return raw
}

// limits returns the bounds of a number: those of the schema, or of the Go type where they are closer.
func limits(t *schema, goType string) (low, high string) {
	switch goType {
	case "uint64":
		low, high = "0", strconv.FormatUint(math.MaxUint64, 10)
	case "uint32":
		low, high = "0", strconv.FormatUint(math.MaxUint32, 10)
	case "float64":
		high = strconv.FormatFloat(math.MaxFloat64, 'g', -1, 64)
		low = "-" + high
	default:
		low, high = strconv.FormatInt(math.MinInt64, 10), strconv.FormatInt(math.MaxInt64, 10)
	}
	if t.minimum != "" && rational(t.minimum).Cmp(rational(low)) > 0 {
		low = t.minimum
	}
	if t.maximum != "" && rational(t.maximum).Cmp(rational(high)) < 0 {
		high = t.maximum
	}
	return low, high
}

// emptyFaults returns what an empty text violates. Where the property is optional, only decoding can tell it from an
// absent one.
func emptyFaults(t *schema) []string {
	if t.kind != "string" || len(t.enum) > 0 || strings.HasPrefix(t.format, "go-duration") {
		return nil
	}
	var out []string
	if t.constant != nil && t.constant.text != "" {
		out = append(out, fmt.Sprintf("Violation{Keyword: %q, Allowed: []string{%s}}", t.constantKeyword(), quote(t.constant.text)))
	}
	if t.minLength != "" && rational(t.minLength).Sign() > 0 {
		out = append(out, fmt.Sprintf("Violation{Keyword: \"minLength\", Limit: %q}", t.minLength))
	}
	if pattern, err := regexp.Compile(t.pattern); err == nil && !pattern.MatchString("") {
		out = append(out, fmt.Sprintf("Violation{Keyword: \"pattern\", Pattern: %s}", quote(t.pattern)))
	}
	if t.format != "" && !hasFormat(t.format, "") {
		out = append(out, fmt.Sprintf("Violation{Keyword: \"format\", Format: %q}", t.format))
	}
	return out
}

// escapePointer returns a name as a segment of a JSON Pointer.
func escapePointer(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
