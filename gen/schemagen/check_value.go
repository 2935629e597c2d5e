package schemagen

import (
	"strings"
	"unicode"
)

// text refuses keywords beside each other of which the generated code would keep only one.
func (c *checker) text(s *schema) {
	length := s.minLength != "" || s.maxLength != ""
	switch {
	case len(s.enum) > 0 && (length || s.pattern != "" || s.format != "" || s.goType != "" || s.constant != nil):
		c.fail(s.at, "an enum says which values there are: nothing else may restrict them")
	case strings.HasPrefix(s.format, "go-duration") && (length || s.pattern != "" || s.goType != "" || s.constant != nil):
		c.fail(s.at, "the format %s says what the text is: nothing else may restrict it", s.format)
	case s.goType == "Template" && (s.format != "http-url-template" && s.format != "template" || s.maxLength != "" || s.pattern != "" ||
		s.constant != nil || s.minLength != "" && s.minLength != "1"):
		c.fail(s.at, "a Template has the format http-url-template or template, and beside it only a minLength of 1")
	case s.goType == "uint32" && s.kind != "integer", s.goType != "" && s.goType != "uint32" && s.kind != "string":
		c.fail(s.at, "x-go-type %s means nothing beside type %s", s.goType, s.kind)
	case s.unique && s.items != nil && !comparesAsGo(s.items.resolved()):
		c.fail(s.keyword("uniqueItems"), "uniqueItems needs items that are plain strings, numbers or booleans")
	}
}

// comparesAsGo reports whether two values of a schema are the same value exactly if they are the same in Go.
func comparesAsGo(s *schema) bool {
	switch s.kind {
	case "string":
		return len(s.aliases) == 0 && s.goType != "Template" && !strings.HasPrefix(s.format, "go-duration")
	case "integer", "number", "boolean":
		return true
	}
	return false
}

// bounds refuses bounds that no value, or no Go type, can keep.
func (c *checker) bounds(s *schema) {
	if s.kind == "integer" || s.kind == "number" {
		low, high := limits(s, goType(&printer{}, s))
		switch {
		case s.minimum == "" && rational(low).Sign() == 0:
			c.fail(s.value("maximum"), "a minimum is missing: without one no Go type holds all values up to maximum")
		case s.minimum != "" && rational(s.minimum).Cmp(rational(low)) != 0, s.maximum != "" && rational(s.maximum).Cmp(rational(high)) != 0:
			c.fail(s.value("maximum"), "no Go type holds all values from minimum to maximum: they must be within int64, uint64 or, with its "+
				"x-go-type, uint32; a number within float64")
		case rational(low).Cmp(rational(high)) > 0:
			c.fail(s.value("minimum"), "minimum is above maximum")
		case s.kind == "integer" && (!rational(low).IsInt() || !rational(high).IsInt()):
			c.fail(s.at, "the bounds of an integer must be integers")
		}
	}
	for _, keyword := range []string{"minLength", "maxLength", "minItems"} {
		text := map[string]string{"minLength": s.minLength, "maxLength": s.maxLength, "minItems": s.minItems}[keyword]
		if v := rational(text); text != "" && (!v.IsInt() || v.Sign() < 0 || v.Cmp(rational("1e9")) > 0) {
			c.fail(s.value(keyword), "%s must be an integer from 0 to 1000000000", keyword)
		}
	}
}

// tagSigns are the characters besides letters and digits that encoding/json takes in the name of a struct's tag.
const tagSigns = "!#$%&()*+-./:;<=>?@[]^_{|}~ "

func validTag(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune(tagSigns, r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}
