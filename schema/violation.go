package schema

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Violation is one way in which a document is not what its schema says. It carries what the schema asks for and never
// what the document holds, which may be secret.
type Violation struct {
	// Pointer is the JSON Pointer (RFC 6901) of what is at fault: a value, for additionalProperties the property that is
	// not known, for required and dependentRequired the object that lacks one. It holds names that the document chose.
	Pointer string
	// Keyword is the keyword of the schema that is not met: type, enum, required and so on.
	Keyword string
	// Property is the name that is missing (required, dependentRequired) or not known (additionalProperties).
	Property string
	// Trigger is the property whose presence asks for Property (dependentRequired).
	Trigger string
	// Types are the JSON types that would do (type).
	Types []string
	// Allowed are the values that would do (enum, const). Another spelling of one would, too, and is left out.
	Allowed []string
	// Limit is the bound in decimal (minimum, maximum, minLength, maxLength, minItems).
	Limit string
	// Format is the name of the format (format).
	Format string
	// Pattern is the regular expression (pattern).
	Pattern string
	// Example is a value that would do, where the schema has one (pattern). Like Description it is filled by
	// ValidateConfig and ValidateEnvelope; the generated Validate methods leave both empty.
	Example string
	// Description is what the schema says about the value, or about the missing property.
	Description string
}

// keywordUncheckable is the keyword of a document that is no JSON value.
const keywordUncheckable = "document"

// Message says in a sentence without a capital and a full stop what would be right. It holds no value of the document,
// and no name but the missing or unknown one.
func (v Violation) Message() string {
	switch v.Keyword {
	case "required":
		return strconv.Quote(v.Property) + " is required"
	case "dependentRequired":
		return strconv.Quote(v.Property) + " is required where " + strconv.Quote(v.Trigger) + " is set"
	case "additionalProperties":
		return strconv.Quote(v.Property) + " is not known here"
	case "type":
		return "must be " + join(v.Types, typeInWords)
	case "enum", "const":
		return "must be " + join(v.Allowed, strconv.Quote)
	case "minimum":
		return "must be at least " + v.Limit
	case "maximum":
		return "must be at most " + v.Limit
	case "minLength":
		return "must have at least " + count(v.Limit, "character")
	case "maxLength":
		return "must have at most " + count(v.Limit, "character")
	case "minItems":
		return "must have at least " + count(v.Limit, "element")
	case "uniqueItems":
		return "must not hold a value twice"
	case "pattern":
		if v.Example != "" {
			return "must match " + v.Pattern + ", such as " + strconv.Quote(v.Example)
		}
		return "must match " + v.Pattern
	case "format":
		return "must be " + formatInWords(v.Format)
	}
	return "is not a value that can be checked"
}

func typeInWords(t string) string {
	switch t {
	case "object":
		return "an object"
	case "array":
		return "a list"
	case "string":
		return "a string"
	case "integer":
		return "a whole number"
	case "number":
		return "a number"
	case "boolean":
		return "true or false"
	}
	return t
}

func formatInWords(f string) string {
	switch f {
	case formatDuration:
		return `a duration such as "500ms", "30s" or "1d12h"`
	case formatDurationPositive:
		return `a duration of more than zero, such as "500ms", "30s" or "1d12h"`
	case formatHostPort:
		return `a host and a port, such as "127.0.0.1:8090" or "[::1]:8090"`
	case formatHTTPURL:
		return "an absolute http or https URL"
	case formatDateTime:
		return "a date and time of RFC 3339"
	case formatUUID:
		return "a UUID"
	case formatURI:
		return "a URI"
	case formatHTTPURLTemplate:
		return "an absolute http or https URL, with ${stream}, ${topic} and ${partition} in its path or query only"
	case formatTemplate:
		return "text with ${stream}, ${topic}, ${partition} and ${message...}"
	case formatHeaderName:
		return `the name of an HTTP header, such as "X-Signature"`
	case formatJSONPointer:
		return `a JSON Pointer, such as "/items" or "/index/status"`
	}
	return f
}

// join lists alternatives.
func join(words []string, print func(string) string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(print(w))
	}
	return b.String()
}

func count(limit, noun string) string {
	if limit == "1" {
		return "1 " + noun
	}
	return limit + " " + noun + "s"
}

// EscapePointer returns name as a segment of a JSON Pointer.
func EscapePointer(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// violations collects what one document is guilty of.
type violations []Violation

// add notes a violation of the value at parent + name, where name is empty or begins with a slash.
func (l *violations) add(parent, name string, v Violation) {
	v.Pointer = parent + name
	*l = append(*l, v)
}

// sorted returns the violations in the order of their pointers, so that two runs give the same list.
func (l violations) sorted() []Violation {
	slices.SortFunc(l, func(a, b Violation) int {
		return cmp.Or(comparePointers(a.Pointer, b.Pointer), cmp.Compare(a.Keyword, b.Keyword),
			cmp.Compare(a.Property, b.Property), cmp.Compare(a.Trigger, b.Trigger))
	})
	return l
}

// comparePointers compares segment by segment, elements of lists by their number: 10 comes after 9.
func comparePointers(a, b string) int {
	for a != "" && b != "" {
		var segmentA, segmentB string
		segmentA, a = cutSegment(a)
		segmentB, b = cutSegment(b)
		numberA, errA := strconv.ParseUint(segmentA, 10, 64)
		numberB, errB := strconv.ParseUint(segmentB, 10, 64)
		if errA == nil && errB == nil {
			if c := cmp.Compare(numberA, numberB); c != 0 {
				return c
			}
		}
		if c := cmp.Compare(segmentA, segmentB); c != 0 {
			return c
		}
	}
	return cmp.Compare(a, b)
}

// cutSegment cuts the first segment off a pointer that is not empty.
func cutSegment(pointer string) (segment, rest string) {
	pointer = strings.TrimPrefix(pointer, "/")
	if i := strings.IndexByte(pointer, '/'); i >= 0 {
		return pointer[:i], pointer[i:]
	}
	return pointer, ""
}
