package schemagen

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// validation prints the Validate methods of a document. Regular expressions come first in the file, compiled once.
type validation struct {
	body     *printer
	patterns printer
}

// printValidate prints Validate and validate for every type.
func printValidate(p *printer, d *Model) {
	g := &validation{body: &printer{}}
	for _, s := range d.types() {
		switch s.kind {
		case "object":
			g.entry(s)
			g.object(s)
		case "union":
			g.entry(s)
			g.union(s)
		}
	}
	p.imports = g.body.imports
	if g.patterns.Len() > 0 {
		p.use("regexp")
		p.line("var (")
		p.Write(g.patterns.Bytes())
		p.line(")\n")
	}
	p.Write(g.body.Bytes())
}

// entry prints Validate, which checks a value by itself: its pointers begin there.
func (g *validation) entry(s *schema) {
	g.body.comment("Validate returns every violation, ordered by pointer; nil if there is none. What a Go value cannot tell from " +
		"an absent one, such as an empty text where the property is optional, counts as absent.")
	g.body.line("func (v *%s) Validate() []Violation {", s.name)
	g.body.line("var l violations\nv.validate(&l, \"\")\nreturn l.sorted()\n}\n")
}

// spot is a value that is being checked.
type spot struct {
	name  string // for a hoisted regular expression
	expr  string // Go expression of the value
	at    string // Go expression of the rest of the pointer, behind the variable at
	where string // type of the value
	depth int    // loops around it
	text  bool   // a text that is known not to be empty here
}

// fail prints the call that notes a violation.
func (g *validation) fail(s spot, keyword, detail string, args ...any) {
	if detail != "" {
		detail = ", " + fmt.Sprintf(detail, args...)
	}
	g.body.line("l.add(at, %s, Violation{Keyword: %q%s})", s.at, keyword, detail)
}

// when prints a condition with a violation below it.
func (g *validation) when(condition string, s spot, keyword, detail string, args ...any) {
	g.body.line("if %s {", condition)
	g.fail(s, keyword, detail, args...)
	g.body.line("}")
}

func (g *validation) object(s *schema) {
	g.body.line("func (v *%s) validate(l *violations, at string) {", s.name)
	for _, f := range s.properties {
		g.property(s, f)
	}
	for _, d := range s.dependents {
		for _, name := range d.names {
			trigger, needed := s.property(d.trigger.text), s.property(name.text)
			conditions := slices.DeleteFunc([]string{present(s, trigger), absent(s, needed)}, func(c string) bool { return c == "true" })
			if len(conditions) == 0 || slices.Contains(conditions, "false") {
				continue
			}
			g.when(strings.Join(conditions, " && "), spot{at: `""`}, "dependentRequired", "Property: %s, Trigger: %s",
				quote(needed.key), quote(trigger.key))
		}
	}
	g.body.line("}\n")
}

// union checks the branch that is set. A string is meant where no other is.
func (g *validation) union(s *schema) {
	text := -1
	g.body.line("func (v *%s) validate(l *violations, at string) {\nswitch {", s.name)
	for i, b := range s.branches {
		t, field := b.resolved(), "v."+branchField(s, i)
		if t.kind == "string" {
			text = i
			continue
		}
		g.body.line("case %s != nil:", field)
		expr, where := field, goType(&printer{}, b)
		if t.kind != "object" && t.kind != "array" {
			expr = "*" + field
		}
		switch {
		case s.tag != "":
			g.tagged(s, t, field)
		case t.isType():
			g.body.line("%s.validate(l, at)", field)
		default:
			g.value(b, spot{name: s.name + branchField(s, i), expr: expr, at: `""`, where: where})
		}
	}
	switch {
	case text >= 0:
		inner := g.inside(func() {
			g.value(s.branches[text], spot{name: s.name + "Text", expr: "v.Text", at: `""`, where: "string"})
		})
		if inner.Len() > 0 {
			g.body.line("default:")
			g.body.Write(inner.Bytes())
		}
	case s.tag != "":
		g.body.line("default:")
		g.fail(spot{at: `""`}, "required", "Property: %s", quote(s.tag))
	default:
		var types []string
		for _, b := range s.branches {
			types = append(types, fmt.Sprintf("%q", b.resolved().kind))
		}
		g.body.line("default:")
		g.fail(spot{at: `""`}, "type", "Types: []string{%s}", strings.Join(types, ", "))
	}
	g.body.line("}\n}\n")
}

// tagged prints the checks of a branch that is told by a property: a value of it that means no branch is all that is wrong, as
// for the schema, which has no branch to go on with then.
func (g *validation) tagged(s, branch *schema, field string) {
	tag := branch.property(s.tag)
	value := field + "." + tag.field()
	if fieldType(&printer{}, branch, tag) != "string" {
		value = "string(" + value + ")"
	}
	g.body.use("slices")
	tags := strings.Join(quotedAll(s.tags), ", ")
	g.body.line("if tags := []string{%s}; !slices.Contains(tags, %s) {", tags, value)
	g.fail(spot{at: strconv.Quote("/" + escapePointer(s.tag))}, "enum", "Allowed: tags")
	g.body.line("} else {\n%s.validate(l, at)\n}", field)
}

// nilable matches the types that have a nil.
var nilable = regexp.MustCompile(`^(\*|\[|map\[|json\.)`)

// present returns the condition under which a property counts as there. One that is required is: its absence is a
// violation of its own.
func present(s *schema, f *property) string {
	v := "v." + f.field()
	switch name := fieldType(&printer{}, s, f); {
	case s.requires(f.key):
		return "true"
	case name == "Secret" || name == "Template":
		return "!" + v + ".IsZero()"
	case f.resolved().kind == "string" && name != "Duration":
		return v + ` != ""`
	case nilable.MatchString(name):
		return v + " != nil"
	}
	return "true"
}

// absent returns the opposite of present.
func absent(s *schema, f *property) string {
	condition := present(s, f)
	if condition == "true" {
		return "false"
	}
	if rest, found := strings.CutPrefix(condition, "!"); found {
		return rest
	}
	return strings.Replace(condition, "!=", "==", 1)
}

// property prints the checks of one field, inside the condition under which it is there.
func (g *validation) property(s *schema, f *property) {
	name := fieldType(&printer{}, s, f)
	at := spot{name: s.name + f.field(), expr: "v." + f.field(), at: strconv.Quote("/" + escapePointer(f.key)), where: name,
		text: optional(s, f)}
	if strings.HasPrefix(name, "*") && !f.resolved().isType() {
		at.expr, at.where = "*"+at.expr, name[1:]
	}
	inner := g.inside(func() { g.value(f.schema, at) })
	switch {
	case s.requires(f.key) && nilable.MatchString(name):
		g.body.line("if %s == nil {", at.expr)
		g.fail(spot{at: `""`}, "required", "Property: %s", quote(f.key))
		if inner.Len() > 0 {
			g.body.line("} else {")
		}
		g.body.Write(inner.Bytes())
		g.body.line("}")
	case optional(s, f) && inner.Len() > 0 && present(s, f) != "true":
		g.body.line("if %s {", present(s, f))
		g.body.Write(inner.Bytes())
		g.body.line("}")
	default:
		g.body.Write(inner.Bytes())
	}
}

// inside runs print with an empty body and returns what it printed.
func (g *validation) inside(print func()) *printer {
	outer := g.body
	g.body = &printer{imports: outer.imports}
	print()
	inner := g.body
	outer.imports, g.body = inner.imports, outer
	return inner
}

// value prints the checks of one value.
func (g *validation) value(s *schema, at spot) {
	t := s.resolved()
	switch {
	case len(t.enum) > 0:
		g.body.use("slices")
		g.when(fmt.Sprintf("!slices.Contains(%sValues(), %s)", t.name, at.expr), at, "enum",
			"Allowed: []string{%s}", strings.Join(quoted(t.offered()), ", "))
	case t.isType():
		g.body.line("%s.validate(l, at+%s)", at.expr, at.at)
	case t.kind == "string":
		g.text(t, at)
	case t.kind == "integer" || t.kind == "number":
		g.number(t, at)
	case t.kind == "array":
		g.list(t, at)
	case t.kind == "object":
		name, e := at.variable("name"), at.variable("e")
		inner := g.inside(func() {
			g.value(t.values, spot{name: at.name + "Value", expr: e, at: below(at.at, "EscapePointer("+name+")"),
				where: goType(&printer{}, t.values), depth: at.depth + 1})
		})
		if inner.Len() > 0 {
			g.body.line("for %s, %s := range %s {", name, e, at.expr)
			g.body.Write(inner.Bytes())
			g.body.line("}")
		}
	}
}

// below returns the expression of a pointer with one more segment.
func below(at, segment string) string {
	if literal, isLiteral := strings.CutSuffix(at, `"`); isLiteral {
		return literal + `/"+` + segment
	}
	return at + `+"/"+` + segment
}

// variable returns a name that no loop around this one has.
func (s spot) variable(name string) string {
	if s.depth == 0 {
		return name
	}
	return name + strconv.Itoa(s.depth+1)
}

func (g *validation) list(t *schema, at spot) {
	if t.minItems != "" {
		g.when(fmt.Sprintf("len(%s) < %s", at.expr, number(t.minItems)), at, "minItems", "Limit: %q", t.minItems)
	}
	if t.unique {
		g.when(fmt.Sprintf("hasDuplicates(%s)", at.expr), at, "uniqueItems", "")
	}
	i := at.variable("i")
	item := spot{name: at.name + "Item", expr: at.expr + "[" + i + "]", at: below(at.at, "strconv.Itoa("+i+")"),
		where: goType(&printer{}, t.items), depth: at.depth + 1}
	inner := g.inside(func() { g.value(t.items, item) })
	if inner.Len() > 0 {
		g.body.use("strconv")
		g.body.line("for %s := range %s {", i, at.expr)
		g.body.Write(inner.Bytes())
		g.body.line("}")
	}
}

func (g *validation) text(t *schema, at spot) {
	expr := at.expr
	switch at.where {
	case "Duration":
		if condition := "< 0"; t.format != "" {
			if t.format == "go-duration-positive" {
				condition = "<= 0"
			}
			g.when(expr+" "+condition, at, "format", "Format: %q", t.format)
		}
		return
	case "Secret":
		expr += ".Reveal()"
	case "Template":
		expr += ".Source()"
	}
	if t.constant != nil {
		g.when(expr+" != "+quote(t.constant.text), at, t.constantKeyword(), "Allowed: []string{%s}", quote(t.constant.text))
	}
	switch {
	case t.minLength == "1" && at.text:
	case t.minLength == "1":
		g.when(expr+` == ""`, at, "minLength", "Limit: %q", t.minLength)
	case t.minLength != "":
		g.body.use("unicode/utf8")
		g.when(fmt.Sprintf("utf8.RuneCountInString(%s) < %s", expr, number(t.minLength)), at, "minLength", "Limit: %q", t.minLength)
	}
	if t.maxLength != "" {
		g.body.use("unicode/utf8")
		g.when(fmt.Sprintf("utf8.RuneCountInString(%s) > %s", expr, number(t.maxLength)), at, "maxLength", "Limit: %q", t.maxLength)
	}
	if t.pattern != "" {
		variable := "pattern" + at.name
		g.patterns.line("%s = regexp.MustCompile(%s)", variable, quote(t.pattern))
		g.when(fmt.Sprintf("!%s.MatchString(%s)", variable, expr), at, "pattern", "Pattern: %s.String()", variable)
	}
	if t.format != "" {
		g.when(fmt.Sprintf("!hasFormat(%q, %s)", t.format, expr), at, "format", "Format: %q", t.format)
	}
}

// number leaves out a bound that the Go type keeps by itself: comparing with it would not compile, or be always false.
func (g *validation) number(t *schema, at spot) {
	expr := at.expr
	low, high := "-9223372036854775808", "9223372036854775807"
	switch at.where {
	case "uint64":
		low, high = "0", "18446744073709551615"
	case "uint32":
		low, high = "0", strconv.FormatUint(1<<32-1, 10)
	case "float64":
		low, high = "-inf", "inf"
	}
	if t.minimum != "" && (at.where == "float64" || rational(t.minimum).Cmp(rational(low)) > 0) {
		condition := expr + " < " + number(t.minimum)
		if at.where == "float64" {
			g.body.use("math")
			condition += " || math.IsNaN(" + expr + ")"
		}
		g.when(condition, at, "minimum", "Limit: %q", t.minimum)
	}
	if t.maximum != "" && (at.where == "float64" || rational(t.maximum).Cmp(rational(high)) < 0) {
		if at.where == "int" && rational(t.maximum).Cmp(rational("2147483647")) > 0 {
			expr = "int64(" + expr + ")" // or it would not compile where int has 32 bits
		}
		g.when(expr+" > "+number(t.maximum), at, "maximum", "Limit: %q", t.maximum)
	}
}
