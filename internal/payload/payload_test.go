package payload

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const order = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://example.com/order.json",
  "title": "An order",
  "type": "object",
  "required": ["id", "at", "customer", "lines", "total"],
  "additionalProperties": false,
  "properties": {
    "id": { "type": "string", "format": "uuid" },
    "at": { "type": "string", "format": "date-time" },
    "customer": { "$ref": "#/$defs/customer" },
    "state": { "enum": ["new", "paid", "sent", null] },
    "total": { "type": "number", "minimum": 0, "multipleOf": 0.01 },
    "tags": { "type": "array", "uniqueItems": true, "maxItems": 8, "items": { "type": "string", "maxLength": 20 } },
    "lines": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/line" } },
    "payment": { "oneOf": [
      { "type": "object", "required": ["kind", "iban"], "properties": { "kind": { "const": "transfer" }, "iban": { "type": "string" } } },
      { "type": "object", "required": ["kind", "last4"], "properties": { "kind": { "const": "card" }, "last4": { "type": "string", "pattern": "^[0-9]{4}$" } } }
    ] }
  },
  "$defs": {
    "customer": { "type": "object", "required": ["name"], "properties": {
      "name": { "type": "string", "minLength": 1 }, "email": { "type": "string", "format": "email" } } },
    "line": { "type": "object", "required": ["sku", "quantity"], "properties": {
      "sku": { "type": "string", "pattern": "^[A-Z]{2}-[0-9]+$" },
      "quantity": { "type": "integer", "minimum": 1, "maximum": 999 },
      "parts": { "type": "array", "items": { "$ref": "#/$defs/line" } } } }
  }
}`

const goodOrder = `{"id":"2f1e0c3a-9d7b-4b6e-8a51-0c9f3c1d2e4f","at":"2026-11-24T10:17:55.250Z",` +
	`"customer":{"name":"Zo\u00eb","vip":true},"state":"paid","total":129.90,"tags":["gift","express"],` +
	`"lines":[{"sku":"AB-1","quantity":2},{"sku":"CD-22","quantity":1,"parts":[{"sku":"EF-3","quantity":4}]}],` +
	`"payment":{"kind":"card","last4":"4242"}}`

func compiled(t testing.TB, source string) *Schema {
	t.Helper()
	s, err := Compile([]byte(source))
	require.NoError(t, err)
	return s
}

func TestAGoodPayloadIsAcceptedWithoutDecoding(t *testing.T) {
	s := compiled(t, order)
	assert.True(t, s.Direct())
	payload := []byte(goodOrder)
	assert.True(t, s.accepts(payload))
	// Without a pool, which the race detector empties at random: regexp has one as well.
	s = compiled(t, strings.NewReplacer(`"pattern": "^[0-9]{4}$"`, `"minLength": 4`, `"pattern": "^[A-Z]{2}-[0-9]+$"`, `"minLength": 4`).
		Replace(order))
	c := &cursor{}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		c.text, c.pos, c.steps = payload, 0, budgetOf(payload)
		assert.True(t, c.check(s.root))
	}))
}

func TestAFaultHasPointerAndKeyword(t *testing.T) {
	s := compiled(t, order)
	for change, want := range map[string]Fault{
		`"lines":[{"sku":"AB-1","quantity":2}=>"lines":[{"sku":"AB-1","quantity":0}`: {Pointer: "/lines/0/quantity", Keyword: "minimum"},
		`"quantity":4=>"quantity":4.5`:                        {Pointer: "/lines/1/parts/0/quantity", Keyword: "type"},
		`"total":129.90=>"total":129.905`:                     {Pointer: "/total", Keyword: "multipleOf"},
		`"total":129.90=>"total":"129"`:                       {Pointer: "/total", Keyword: "type"},
		`"state":"paid"=>"state":"gone"`:                      {Pointer: "/state", Keyword: "enum"},
		`"state":"paid"=>"secret":"canary"`:                   {Pointer: "", Keyword: "additionalProperties"},
		`"name":"Zo\u00eb"=>"nick":"x"`:                       {Pointer: "/customer", Keyword: "required"},
		`"tags":["gift","express"]=>"tags":[1]`:               {Pointer: "/tags/0", Keyword: "type"},
		`"tags":["gift","express"]=>"tags":["","\u0061","a"]`: {Pointer: "/tags", Keyword: "uniqueItems"},
		`"last4":"4242"=>"last4":"canary"`:                    {Pointer: "/payment/last4", Keyword: "pattern"},
		`"kind":"card"=>"kind":"cash"`:                        {Pointer: "/payment", Keyword: "oneOf"},
		`"2026-11-24T=>"2026-02-30T`:                          {Pointer: "/at", Keyword: "format"},
		goodOrder + `=>[]`:                                    {Pointer: "", Keyword: "type"},
		goodOrder + `=>{"total":1e999999999}`:                 {Pointer: "", Keyword: "a number is out of range"},
		goodOrder + `=>{"total":`:                             {Pointer: "", Keyword: "the payload is not JSON"},
		goodOrder + `=>`:                                      {Pointer: "", Keyword: "the payload is not JSON"},
	} {
		before, after, _ := strings.Cut(change, "=>")
		payload := strings.Replace(goodOrder, before, after, 1)
		require.NotEqual(t, goodOrder, payload)
		got, ok := s.Check([]byte(payload))
		assert.False(t, ok, change)
		assert.Equal(t, want, got, change)
	}
}

// What the schema does not name is the sender's, and may be a secret.
func TestAPointerHoldsNothingThatOnlyThePayloadKnows(t *testing.T) {
	s := compiled(t, `{"additionalProperties": {"properties": {"a/b": {"items": {"type": "string"}}}}}`)
	got, ok := s.Check([]byte(`{"canary":{"a/b":["x",1]}}`))
	assert.False(t, ok)
	assert.Equal(t, Fault{Pointer: "/*/a~1b/1", Keyword: "type"}, got)
}

func TestSchemasOutsideTheSubsetAreJudgedAsWell(t *testing.T) {
	for schema, payloads := range map[string][2]string{
		`{"not": {"type": "string"}}`:                                                         {`1`, `"a"`},
		`{"if": {"minimum": 5}, "then": {"multipleOf": 5}}`:                                   {`10`, `6`},
		`{"patternProperties": {"^x-": {"type": "string"}}}`:                                  {`{"x-a":"b"}`, `{"x-a":1}`},
		`{"oneOf": [{"type": "string"}, {"maxLength": 3}]}`:                                   {`"long"`, `"a"`},
		`{"enum": [[1, 2], {"a": 1}]}`:                                                        {`[1.0,2]`, `[2,1]`},
		`{"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "null"}]}`: {`[null,1]`, `[1]`},
		`{"$anchor": "here", "properties": {"a": {"$ref": "#here"}}, "maxProperties": 1}`:     {`{"a":{}}`, `{"a":{"b":1,"c":2}}`},
		`{"prefixItems": [{"type": "null"}], "unevaluatedItems": false}`:                      {`[null]`, `[null,1]`},
		`{"dependentRequired": {"a": ["b"]}}`:                                                 {`{"a":1,"b":2}`, `{"a":1}`},
	} {
		s := compiled(t, schema)
		assert.False(t, s.Direct(), schema)
		_, ok := s.Check([]byte(payloads[0]))
		assert.True(t, ok, schema)
		fault, ok := s.Check([]byte(payloads[1]))
		assert.False(t, ok, schema)
		assert.NotEmpty(t, fault.Keyword)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "order.schema.json")
	require.NoError(t, os.WriteFile(file, []byte(order), 0o600))
	s, err := Load(file)
	require.NoError(t, err)
	assert.True(t, s.Direct())
	_, err = Load(filepath.Join(dir, "none.json"))
	assert.EqualError(t, err, "no such file or directory")
	_, err = Load(dir)
	assert.EqualError(t, err, "it is not a regular file")
	require.NoError(t, os.WriteFile(file, make([]byte, maxSchema+1), 0o600))
	_, err = Load(file)
	assert.EqualError(t, err, "it has more than 1048576 bytes")
}

// drawSchema makes a schema of the subset.
func drawSchema(t *rapid.T, depth int) map[string]any {
	s := map[string]any{}
	may := func(name string, value func() any) {
		if rapid.IntRange(0, 3).Draw(t, name) == 0 {
			s[name] = value()
		}
	}
	count := func() any { return rapid.IntRange(0, 3).Draw(t, "count") }
	number := func() any { return json.Number(drawNumber(t)) }
	may("type", func() any {
		return rapid.SampledFrom([]any{"object", "array", "string", "number", "integer", "boolean", "null",
			[]any{"string", "null"}, []any{"object", "integer"}, []any{"array", "number"}}).Draw(t, "types")
	})
	may("enum", func() any { return []any{"a", "b", json.Number("1"), json.Number("2.50"), nil, true} })
	may("minLength", count)
	may("maxLength", count)
	may("pattern", func() any { return rapid.SampledFrom([]string{"^a", "b$", "é", "^$"}).Draw(t, "pattern") })
	may("format", func() any {
		return rapid.SampledFrom([]string{"date-time", "date", "uuid", "email", "unknown"}).Draw(t, "format")
	})
	may("minimum", number)
	may("exclusiveMaximum", number)
	may("multipleOf", func() any {
		return json.Number(rapid.SampledFrom([]string{"1", "0.01", "2", "0.5", "1e2"}).Draw(t, "of"))
	})
	may("minItems", count)
	may("maxItems", count)
	may("uniqueItems", func() any { return true })
	may("maxProperties", count)
	may("required", func() any { return []any{"a"} })
	if depth > 0 {
		may("properties", func() any {
			return map[string]any{"a": drawSchema(t, depth-1), "b": drawSchema(t, depth-1)}
		})
		may("additionalProperties", func() any { return rapid.Bool().Draw(t, "additional") })
		may("items", func() any { return drawSchema(t, depth-1) })
		may("anyOf", func() any { return []any{drawSchema(t, depth-1), drawSchema(t, depth-1)} })
		may("allOf", func() any { return []any{drawSchema(t, depth-1)} })
		may("$ref", func() any { return "#/$defs/x" })
		may("oneOf", func() any {
			branch := func(tag string) any {
				b := drawSchema(t, depth-1)
				b["properties"], b["required"] = map[string]any{"a": map[string]any{"const": tag}, "b": drawSchema(t, 0)}, []any{"a"}
				return b
			}
			return []any{branch("a"), branch("b")}
		})
	}
	return s
}

func drawNumber(t *rapid.T) string {
	return rapid.SampledFrom([]string{"0", "-0", "0.0", "1", "1.0", "10e-1", "2.5", "2.50", "-3", "0.01", "99.99", "1e2", "100",
		"123456789012345678", "1234567890123456789012", "1e300", "5e-300", "1e-2", "3"}).Draw(t, "number")
}

// drawJSON makes a JSON text, in many spellings.
func drawJSON(t *rapid.T, depth int) string {
	kinds := 6
	if depth == 0 {
		kinds = 4
	}
	str := func() string {
		return rapid.SampledFrom([]string{`"a"`, `"b"`, `"\u0061"`, `""`, `"é"`, `"\u00e9"`, `"ab"`, `"\ud83d\ude00"`, `"\ud83d"`, `"a\"b"`,
			`"2026-11-24T10:00:00Z"`, `"2026-11-24T10:00:00.5+01:00"`, `"2026-02-29"`, `"2026-02-28"`, `"2026-13-01"`, `"0000-01-01"`,
			`"2f1e0c3a-9d7b-4b6e-8a51-0c9f3c1d2e4f"`, `"a@b.c"`, `"2026-12-31T23:59:60Z"`}).Draw(t, "string")
	}
	ws := rapid.SampledFrom([]string{"", "", " ", "\n\t"}).Draw(t, "space")
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return ws + rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "literal")
	case 1:
		return ws + drawNumber(t)
	case 2, 3:
		return ws + str()
	case 4:
		var items []string
		for range rapid.IntRange(0, 4).Draw(t, "items") {
			items = append(items, drawJSON(t, depth-1))
		}
		return ws + "[" + strings.Join(items, ",") + ws + "]"
	}
	var members []string
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		name := rapid.SampledFrom([]string{`"a"`, `"b"`, `"c"`, `"\u0061"`}).Draw(t, "name")
		members = append(members, name+ws+":"+drawJSON(t, depth-1))
	}
	return ws + "{" + strings.Join(members, ",") + "}" + ws
}

// The nodes accept nothing that jsonschema refuses; and enough of what it accepts to be worth their while.
func TestNodesAgreeWithJSONSchema(t *testing.T) {
	accepted, direct := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		root := drawSchema(rt, 3)
		root["$defs"] = map[string]any{"x": drawSchema(rt, 0)}
		source, err := json.Marshal(root)
		require.NoError(rt, err)
		s, err := Compile(source)
		require.NoError(rt, err, "%s", source)
		if !s.Direct() {
			return // a bound with too many digits
		}
		for range 20 {
			payload := drawJSON(rt, 3)
			fault, ok := s.judge([]byte(payload))
			if s.accepts([]byte(payload)) {
				require.True(rt, ok, "%s\n%s\n%v", source, payload, fault)
				direct++
			}
			if ok {
				accepted++
			}
		}
	})
	t.Logf("jsonschema accepted %d, the nodes %d of them", accepted, direct)
	assert.Greater(t, direct, accepted*6/10)
}

func FuzzCheckEndsWhateverThePayload(f *testing.F) {
	f.Add(order, goodOrder)
	f.Add(`{"items":{"$ref":"#"}}`, strings.Repeat("[", 2000)+strings.Repeat("]", 2000))
	f.Add(`{"properties":{"a":{"const":"\""}}}`, `{"a":"\"`)
	f.Fuzz(func(t *testing.T, source, payload string) {
		s, err := Compile([]byte(source))
		if err != nil {
			return
		}
		if s.accepts([]byte(payload)) && json.Valid([]byte(payload)) {
			if _, ok := s.judge([]byte(payload)); !ok {
				t.Fatalf("the nodes accept what jsonschema refuses: %s %s", source, payload)
			}
		}
	})
}

func TestDeepPayloadsAreLeftToJSONSchema(t *testing.T) {
	s := compiled(t, `{"items":{"$ref":"#"},"type":"array"}`)
	for _, depth := range []int{10, maxDepth, maxDepth + 1, 9000} {
		_, ok := s.Check([]byte(strings.Repeat("[", depth) + strings.Repeat("]", depth)))
		assert.True(t, ok, fmt.Sprint(depth))
	}
}

func BenchmarkCheck(b *testing.B) {
	s := compiled(b, order)
	payload := []byte(goodOrder)
	b.Run("nodes", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(payload)))
		for b.Loop() {
			if _, ok := s.Check(payload); !ok {
				b.Fatal("refused")
			}
		}
	})
	b.Run("jsonschema", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(payload)))
		for b.Loop() {
			if _, ok := s.judge(payload); !ok {
				b.Fatal("refused")
			}
		}
	})
}
