package schema

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestViolationMessage(t *testing.T) {
	for _, tt := range []struct {
		violation Violation
		want      string
	}{
		{Violation{Keyword: "required", Property: "url"}, `"url" is required`},
		{Violation{Keyword: "dependentRequired", Property: "a", Trigger: "b"}, `"a" is required where "b" is set`},
		{Violation{Keyword: "additionalProperties", Property: "x\n"}, `"x\n" is not known here`},
		{Violation{Keyword: "type", Types: []string{"string", "object"}}, "must be a string or an object"},
		{Violation{Keyword: "type", Types: []string{"number"}}, "must be a number"},
		{Violation{Keyword: "type", Types: []string{"boolean"}}, "must be true or false"},
		{Violation{Keyword: "enum", Allowed: []string{"a", "%d", "c"}}, `must be "a", "%d" or "c"`},
		{Violation{Keyword: "const", Allowed: []string{"base64"}}, `must be "base64"`},
		{Violation{Keyword: "minimum", Limit: "1"}, "must be at least 1"},
		{Violation{Keyword: "maximum", Limit: "18446744073709551615"}, "must be at most 18446744073709551615"},
		{Violation{Keyword: "minLength", Limit: "1"}, "must have at least 1 character"},
		{Violation{Keyword: "maxLength", Limit: "255"}, "must have at most 255 characters"},
		{Violation{Keyword: "minItems", Limit: "2"}, "must have at least 2 elements"},
		{Violation{Keyword: "uniqueItems"}, "must not hold a value twice"},
		{Violation{Keyword: "pattern", Pattern: "^a$"}, "must match ^a$"},
		{Violation{Keyword: "pattern", Pattern: "^a$", Example: "a"}, `must match ^a$, such as "a"`},
		{Violation{Keyword: "format", Format: formatHostPort}, `must be a host and a port, such as "127.0.0.1:8090" or "[::1]:8090"`},
		{Violation{Keyword: keywordUncheckable}, "is not a value that can be checked"},
	} {
		assert.Equal(t, tt.want, tt.violation.Message())
	}
}

func TestEveryFormatOfTheSchemasHasAMeaningAndWords(t *testing.T) {
	var used []string
	var visit func(v any)
	visit = func(v any) {
		switch node := v.(type) {
		case map[string]any:
			if format, isText := node["format"].(string); isText {
				used = append(used, format)
			}
			for _, e := range node {
				visit(e)
			}
		case []any:
			for _, e := range node {
				visit(e)
			}
		}
	}
	visit(configValidator().root)
	visit(envelopeValidator().root)
	slices.Sort(used)
	assert.Equal(t, formats(), slices.Compact(used))
	for _, f := range formats() {
		assert.NotEqual(t, f, formatInWords(f))
	}
}

func TestViolationsSortByPointer(t *testing.T) {
	pointers := []string{"", "/a", "/a/0", "/a/2", "/a/10", "/a/10/b", "/a/x", "/a~1", "/b"}
	var l violations
	for _, p := range slices.Backward(pointers) {
		l.add(p, "", Violation{Keyword: "type"})
		l.add(p, "", Violation{Keyword: "enum"})
	}
	var got []string
	for i, v := range l.sorted() {
		if i%2 == 0 {
			assert.Equal(t, "enum", v.Keyword)
			got = append(got, v.Pointer)
		}
	}
	assert.Equal(t, pointers, got)
}

func TestEscapePointer(t *testing.T) {
	for _, name := range []string{"", "a", "a/b", "~", "~1", "/~0/", "é %"} {
		escaped := EscapePointer(name)
		assert.NotContains(t, escaped, "/")
		assert.Equal(t, name, lookup(map[string]any{name: name}, "/"+escaped))
	}
	assert.Equal(t, "~0~1", EscapePointer("~/"))
	assert.Equal(t, strings.Repeat("x", 9), EscapePointer(strings.Repeat("x", 9)))
}
