package schemagen

import (
	"go/token"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// initialisms are written in one case in Go names.
const initialisms = " api ca http id json nd tcp tls url "

// goName returns the exported Go name of a JSON name: max_retries becomes MaxRetries and ca_file becomes CAFile.
func goName(name string) string {
	var b strings.Builder
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, w := range words {
		lower := strings.ToLower(w)
		if strings.Contains(initialisms, " "+lower+" ") {
			b.WriteString(strings.ToUpper(w))
			continue
		}
		first, size := utf8.DecodeRuneInString(lower)
		b.WriteString(string(unicode.ToUpper(first)) + lower[size:])
	}
	return b.String()
}

// field returns the Go name of a property.
func (p *property) field() string {
	if p.goName != "" {
		return p.goName
	}
	return goName(p.key)
}

// constant returns the name of an enum's constant. Values that differ in their signs alone, such as Etc/GMT+1 and Etc/GMT-1,
// have them as words. A value without a letter or a digit goes by its number.
func constant(s *schema, value string) string {
	if name := goName(value); s.alike[name] {
		return s.name + goName(spellSigns(value))
	} else if name != "" {
		return s.name + name
	}
	i := slices.IndexFunc(s.enum, func(v reference) bool { return v.text == value })
	return s.name + "Value" + strconv.Itoa(i+1)
}

// findAlike notes the Go names that several values of an enum would have.
func (s *schema) findAlike() {
	seen := make(map[string]bool)
	for _, v := range s.enum {
		name := goName(v.text)
		if s.isAlias(v.text) || name == "" {
			continue
		}
		if seen[name] {
			if s.alike == nil {
				s.alike = make(map[string]bool)
			}
			s.alike[name] = true
		}
		seen[name] = true
	}
}

// spellSigns returns a value with its signs as words; those that separate words in most values stay.
func spellSigns(value string) string {
	return strings.NewReplacer("+", " plus ", "-", " minus ", "<", " less ", ">", " greater ", "=", " equal ", "!", " not ", "*", " star ",
		"%", " percent ", "&", " and ", "#", " hash ", "@", " at ", ".", " dot ", "~", " tilde ").Replace(value)
}

// isAlias reports whether a value of an enum is another spelling.
func (s *schema) isAlias(value string) bool { return s.canonical(value) != value }

// canonical returns the value that a spelling stands for.
func (s *schema) canonical(value string) string {
	for _, a := range s.aliases {
		if a.spelling.text == value {
			return a.value.text
		}
	}
	return value
}

// names refuses two things of one Go name, and names that are none. Without members it looks at types alone.
func (c *checker) names(d *Model, members bool) {
	taken := make(map[string]position)
	hold := func(scope, name string, at position, remedy string) {
		if !token.IsIdentifier(name) || !token.IsExported(name) {
			c.fail(at, "%q is not an exported Go name: %s", name, remedy)
		}
		if earlier, there := taken[scope+name]; there {
			c.fail(at, "the Go name %s is taken by %s: %s", name, earlier, remedy)
			return
		}
		taken[scope+name] = at
	}
	claim := func(scope, name string, at position) { hold(scope, name, at, "add x-go-name") }
	for _, s := range append([]*schema{d.root}, d.defs...) {
		if !s.isType() {
			continue
		}
		claim("", s.name, s.at)
		if !members {
			continue
		}
		for _, method := range []string{"Validate", "UnmarshalJSON", "MarshalJSON"} {
			taken[s.name+"."+method] = s.at
		}
		for _, v := range s.enum {
			if !s.isAlias(v.text) {
				hold("", constant(s, v.text), v.at, "a value needs letters or digits that make another name, or x-enum-aliases if the two "+
					"mean the same")
			}
		}
		for _, p := range s.properties {
			claim(s.name+".", p.field(), p.at)
		}
		if s.kind == "union" && s.tag == "" {
			for _, field := range []string{"Text", "Bool", "Number", "List"} {
				taken[s.name+"."+field] = s.at
			}
		}
		for i, b := range s.branches {
			if s.tag != "" || b.resolved().kind == "object" {
				claim(s.name+".", branchField(s, i), b.at)
			}
		}
		if s.kind == "object" {
			claim("", "Default"+s.name, s.at)
		}
		if len(s.enum) > 0 {
			claim("", "Parse"+s.name, s.at)
			claim("", s.name+"Values", s.at)
		}
	}
}

// isType reports whether a definition becomes a Go type of its own. Lists, maps and plain text do not.
func (s *schema) isType() bool {
	return s.kind == "object" && s.values == nil || s.kind == "union" || len(s.enum) > 0
}
