package payload

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// events is a schema like those of webhooks: alternatives in alternatives, told apart by constants, if at all.
func events(kinds int) string {
	var all []string
	for i := range kinds {
		var actions []string
		for _, action := range []string{"created", "deleted"} {
			actions = append(actions, fmt.Sprintf(`{"$ref":"#/definitions/thing%d_%s"}`, i, action))
		}
		all = append(all, fmt.Sprintf(`"thing%d":{"oneOf":[%s]}`, i, strings.Join(actions, ",")))
		for _, action := range []string{"created", "deleted"} {
			all = append(all, fmt.Sprintf(`"thing%d_%s":{"type":"object","required":["action","thing%d","sender"],"additionalProperties":false,
				"properties":{"action":{"type":"string","enum":["%s"]},"thing%d":{"type":"object","required":["id"],"properties":{"id":{"type":"integer"}}},
				"sender":{"$ref":"#/definitions/user"}}}`, i, action, i, action, i))
		}
	}
	var roots []string
	for i := range kinds {
		roots = append(roots, fmt.Sprintf(`{"$ref":"#/definitions/thing%d"}`, i))
	}
	return `{"$schema":"http://json-schema.org/draft-07/schema","oneOf":[` + strings.Join(roots, ",") + `],"definitions":{` +
		`"user":{"type":"object","required":["login"],"properties":{"login":{"type":"string","minLength":1}}},` + strings.Join(all, ",") + `}}`
}

func TestARejectionNamesTheBranchThatFitsBest(t *testing.T) {
	s := compiled(t, events(150))
	_, ok := s.Check([]byte(`{"action":"deleted","thing77":{"id":7},"sender":{"login":"z"}}`))
	assert.True(t, ok)
	for payload, want := range map[string]Fault{
		`{"action":"deleted","thing77":{"id":"7"},"sender":{"login":"z"}}`: {Pointer: "/thing77/id", Keyword: "type", Branch: "#/definitions/thing77"},
		`{"action":"created","thing3":{"id":7},"sender":{"login":""}}`:     {Pointer: "/sender/login", Keyword: "minLength", Branch: "#/definitions/thing3"},
		`{"action":"created","thing3":{"id":7}}`:                           {Keyword: "required", Branch: "#/definitions/thing3"},
		`"text"`:                                                           {Keyword: "oneOf"},
	} {
		fault, ok := s.Check([]byte(payload))
		assert.False(t, ok)
		assert.Equal(t, want, fault, payload)
	}
	assert.Equal(t, "at /a: type, in #/$defs/x, which fits best", Fault{Pointer: "/a", Keyword: "type", Branch: "#/$defs/x"}.String())
	assert.Equal(t, "at its root: type", Fault{Keyword: "type"}.String())
}

// The branch that is meant may have more faults than one about something else, which has two: a property that lacks and one
// too many.
func TestTheBranchThatIsMeantMayHaveTheMostFaults(t *testing.T) {
	s := compiled(t, `{"oneOf":[{"$ref":"#/$defs/order"},{"$ref":"#/$defs/refund"}],"$defs":{
		"order":{"required":["order"],"additionalProperties":false,"properties":{"order":{"additionalProperties":{"type":"integer"}}}},
		"refund":{"required":["refund"],"additionalProperties":false,"properties":{"refund":{"type":"object"}}}}}`)
	fault, ok := s.Check([]byte(`{"order":{"a":"1","b":"2","c":"3","d":"4"}}`))
	assert.False(t, ok)
	assert.Equal(t, Fault{Pointer: "/order/*", Keyword: "type", Branch: "#/$defs/order"}, fault)
}

func TestAlternativesThatTypesTellApart(t *testing.T) {
	s := compiled(t, `{"properties":{"a":{"anyOf":[{"type":"null"},{"type":"string","format":"date"}]},
		"b":{"oneOf":[{"type":"integer","minimum":1},{"type":"string"}]},"c":{"anyOf":[{"minimum":1},{"maximum":-1}]}}}`)
	assert.True(t, s.Direct())
	for payload, want := range map[string]Fault{
		`{"a":"x"}`: {Pointer: "/a", Keyword: "format"}, `{"a":1}`: {Pointer: "/a", Keyword: "anyOf"},
		`{"b":0}`: {Pointer: "/b", Keyword: "minimum"}, `{"c":0}`: {Pointer: "/c", Keyword: "anyOf"},
	} {
		fault, ok := s.Check([]byte(payload))
		assert.False(t, ok)
		assert.Equal(t, want, fault, payload)
	}
	assert.True(t, s.accepts([]byte(`{"a":null,"b":2,"c":-1}`)))
	assert.True(t, s.accepts([]byte(`{"a":"2026-11-24","b":"x"}`)))
}

// Drafts that the direct path takes, with what they spell otherwise.
func TestOldDraftsAreDirect(t *testing.T) {
	for _, name := range []string{"draft-04", "draft-06", "draft-07", "draft/2019-09", "draft/2020-12"} {
		source := strings.Replace(order, "https://json-schema.org/draft/2020-12/", "http://json-schema.org/"+name+"/", 1)
		source = strings.NewReplacer(`"$defs"`, `"definitions"`, `#/$defs/`, `#/definitions/`).Replace(source)
		if name == "draft-04" {
			source = strings.NewReplacer(`{ "const": "transfer" }`, `{ "enum": ["transfer"] }`, `{ "const": "card" }`, `{ "enum": ["card"] }`,
				`"minimum": 0,`, `"minimum": -1, "exclusiveMinimum": true,`, `"$id"`, `"id"`).Replace(source)
		}
		s := compiled(t, source)
		require.True(t, s.Direct(), name)
		assert.True(t, s.accepts([]byte(goodOrder)), name)
		fault, ok := s.Check([]byte(strings.Replace(goodOrder, `"total":129.90`, `"total":-1`, 1)))
		assert.False(t, ok, name)
		assert.Equal(t, "/total", fault.Pointer, name)
	}
	s := compiled(t, `{"$id": "https://example.com/a.json", "$defs": {"b c": {"type": "null"}}, "items": {"$ref": "a.json#/$defs/b%20c"}}`)
	assert.False(t, s.Direct()) // a relative name is left to jsonschema
	s = compiled(t, `{"$id": "https://example.com/a.json", "$defs": {"b c": {"type": "null"}}, "items": {"$ref": "https://example.com/a.json#/$defs/b%20c"}}`)
	assert.True(t, s.Direct())
	_, ok := s.Check([]byte(`[null]`))
	assert.True(t, ok)
}

func BenchmarkRejectionUnderManyAlternatives(b *testing.B) {
	s := compiled(b, events(150))
	for b.Loop() {
		if _, ok := s.Check([]byte(`{"action":"deleted","thing77":{"id":"7"},"sender":{"login":"z"}}`)); ok {
			b.Fatal("accepted")
		}
	}
}
