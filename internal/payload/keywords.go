package payload

import (
	"encoding/json"
	"slices"
	"strings"
)

// draft is a version of JSON Schema.
type draft int

const (
	draft4    draft = 4
	draft6    draft = 6
	draft7    draft = 7
	draft2019 draft = 2019
	draft2020 draft = 2020
)

// draftOf returns the draft that a $schema names.
func draftOf(uri string) (draft, bool) {
	_, name, found := strings.Cut(strings.TrimSuffix(uri, "#"), "://json-schema.org/")
	d := map[string]draft{
		"draft-04/schema": draft4, "draft-06/schema": draft6, "draft-07/schema": draft7, "draft/2019-09/schema": draft2019,
		"draft/2020-12/schema": draft2020, "schema": draft2020,
	}[name]
	return d, found && d != 0
}

func (d draft) String() string {
	return map[draft]string{draft4: "draft 4", draft6: "draft 6", draft7: "draft 7", draft2019: "draft 2019-09",
		draft2020: "draft 2020-12"}[d]
}

// shape is what the value of a keyword has to be.
type shape int

const (
	anything shape = iota
	aBoolean
	aCount    // an integer from 0
	aNumber   //
	aPositive // a number above 0
	aText
	aPattern // a regular expression
	aSchema
	schemas      // a list of them, not empty
	schemasByKey // an object of them
	schemasByPattern
	itemsOfOld   // a schema or a list of them
	dependencies // an object of schemas and of lists of names
	names        // a list of strings
	namesByKey   // an object of such lists
	typeNames
	values
	limit // exclusiveMinimum: a boolean in draft 4, then a number
)

// words say each shape to a user.
func (s shape) String() string {
	return [...]string{"anything", "true or false", "an integer from 0", "a number", "a number above 0", "a text",
		"a regular expression", "a schema: an object, true or false", "a list of schemas, not an empty one",
		"an object of schemas", "an object of schemas", "a schema or a list of schemas",
		"an object of schemas or of lists of names", "a list of names", "an object of lists of names",
		"a type's name or a list of them", "a list of values", "a number"}[s]
}

// keyword is a word of JSON Schema.
type keyword struct {
	name        string
	shape       shape
	since, last draft // last 0: still
	note        bool  // it asserts nothing about a payload
}

// keywords are all that the drafts define.
func keywords() []keyword {
	return []keyword{
		{name: "$schema", shape: aText, note: true},
		{name: "$id", shape: aText, since: draft6, note: true},
		{name: "id", shape: aText, last: draft4, note: true},
		{name: "$comment", note: true},
		{name: "$anchor", shape: aText, since: draft2019, note: true},
		{name: "$dynamicAnchor", shape: aText, since: draft2020, note: true},
		{name: "$recursiveAnchor", shape: aBoolean, since: draft2019, last: draft2019, note: true},
		{name: "$vocabulary", since: draft2019, note: true},
		{name: "$defs", shape: schemasByKey, note: true},
		{name: "definitions", shape: schemasByKey, note: true},
		{name: "title", note: true}, {name: "description", note: true}, {name: "default", note: true}, {name: "examples", note: true},
		{name: "deprecated", note: true}, {name: "readOnly", note: true}, {name: "writeOnly", note: true},
		{name: "contentMediaType", shape: aText, note: true}, {name: "contentEncoding", shape: aText, note: true},
		{name: "contentSchema", since: draft2019, note: true},
		{name: "$ref", shape: aText},
		{name: "$dynamicRef", shape: aText, since: draft2020},
		{name: "$recursiveRef", shape: aText, since: draft2019, last: draft2019},
		{name: "type", shape: typeNames}, {name: "enum", shape: values}, {name: "const", since: draft6},
		{name: "allOf", shape: schemas}, {name: "anyOf", shape: schemas}, {name: "oneOf", shape: schemas}, {name: "not", shape: aSchema},
		{name: "if", shape: aSchema, since: draft7}, {name: "then", shape: aSchema, since: draft7}, {name: "else", shape: aSchema, since: draft7},
		{name: "properties", shape: schemasByKey}, {name: "patternProperties", shape: schemasByPattern},
		{name: "additionalProperties", shape: aSchema}, {name: "propertyNames", shape: aSchema, since: draft6},
		{name: "required", shape: names}, {name: "minProperties", shape: aCount}, {name: "maxProperties", shape: aCount},
		{name: "dependencies", shape: dependencies}, // later drafts divided it, and v5 still reads it
		{name: "dependentRequired", shape: namesByKey, since: draft2019}, {name: "dependentSchemas", shape: schemasByKey, since: draft2019},
		{name: "unevaluatedProperties", shape: aSchema, since: draft2019}, {name: "unevaluatedItems", shape: aSchema, since: draft2019},
		{name: "items", shape: itemsOfOld, last: draft2019}, {name: "items", shape: aSchema, since: draft2020},
		{name: "prefixItems", shape: schemas, since: draft2020}, {name: "additionalItems", shape: aSchema, last: draft2019},
		{name: "contains", shape: aSchema, since: draft6},
		{name: "minContains", shape: aCount, since: draft2019}, {name: "maxContains", shape: aCount, since: draft2019},
		{name: "minItems", shape: aCount}, {name: "maxItems", shape: aCount}, {name: "uniqueItems", shape: aBoolean},
		{name: "minLength", shape: aCount}, {name: "maxLength", shape: aCount}, {name: "pattern", shape: aPattern},
		{name: "format", shape: aText},
		{name: "minimum", shape: aNumber}, {name: "maximum", shape: aNumber},
		{name: "exclusiveMinimum", shape: limit}, {name: "exclusiveMaximum", shape: limit}, {name: "multipleOf", shape: aPositive},
	}
}

// words returns the keywords of a draft by name.
func (d draft) words() map[string]keyword {
	byName := make(map[string]keyword)
	for _, k := range keywords() {
		if k.since <= d && (k.last == 0 || d <= k.last) {
			byName[k.name] = k
		}
	}
	return byName
}

// fits reports whether a value has the shape, one level deep: what is in it is compiled, and checked there.
func (s shape) fits(value any, d draft) bool {
	object, isObject := value.(map[string]any)
	list, isList := value.([]any)
	_, isBool := value.(bool)
	text, isText := value.(string)
	number, isNumber := value.(json.Number)
	switch s {
	case aBoolean:
		return isBool
	case aCount, aNumber, aPositive:
		if !isNumber {
			return false
		}
		n := newNumber(number)
		return s == aNumber || s == aCount && n.exact.IsInt() && n.exact.Sign() >= 0 || s == aPositive && n.exact.Sign() > 0
	case limit:
		return isNumber && d > draft4 || isBool && d == draft4
	case aText, aPattern:
		return isText
	case aSchema:
		return isObject || isBool
	case schemas:
		return len(list) > 0
	case itemsOfOld:
		return isObject || isBool || isList
	case schemasByKey, schemasByPattern, dependencies:
		return isObject
	case names:
		return isList && allTexts(list)
	case namesByKey:
		for _, item := range object {
			if list, is := item.([]any); !is || !allTexts(list) {
				return false
			}
		}
		return isObject
	case typeNames:
		return isText && types(text) != 0 || len(list) > 0 && !slices.ContainsFunc(list, func(v any) bool { return types(v) == 0 })
	case values:
		return isList
	}
	return true
}

func allTexts(list []any) bool {
	return !slices.ContainsFunc(list, func(v any) bool { _, is := v.(string); return !is })
}
