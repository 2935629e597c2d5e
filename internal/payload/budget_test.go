package payload

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each schema is small, each payload too, and to judge one without a budget would take years.
func TestACheckEndsAndSaysWhy(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 30) + "{}" + strings.Repeat("}", 30)
	list := strings.Repeat("[", 30) + "1" + strings.Repeat("]", 30)
	require.LessOrEqual(t, len(list), 61)
	for name, tt := range map[string]struct{ schema, payload string }{
		"a recursive anyOf": {`{"anyOf":[{"type":"array","items":{"$ref":"#"}},{"items":{"$ref":"#"},"minItems":1}],"type":"array"}`, list},
		"a recursive allOf": {`{"type":"object","allOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]}`, deep},
		"a recursive not":   {`{"type":"object","properties":{"a":{"not":{"not":{"$ref":"#"}},"if":{"$ref":"#"},"then":{"$ref":"#"},"else":{"$ref":"#"}}}}`, deep},
		"jsonschema's part": {`{"anyOf":[{"items":{"$ref":"#"}},{"items":{"$ref":"#"}}],"type":"array","unevaluatedItems":{"type":"array"}}`, list},
		"a slow pattern":    {`{"pattern":"^(a?b?c?d?e?f?g?h?){400}$"}`, `"` + strings.Repeat("a", 400_000) + `"`},
		"unlike items": {`{"allOf":[` + strings.TrimSuffix(strings.Repeat(`{"uniqueItems":true},`, 400), ",") + `]}`,
			"[" + strings.Repeat("1.0,[2],", 20_000) + "3]"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Compile([]byte(tt.schema))
			require.NoError(t, err, name)
			fault, ok := s.Check([]byte(tt.payload))
			assert.False(t, ok, name)
			assert.Contains(t, []string{tooLong, tooMany}, fault.Keyword, name)
		})
	}
}

// What is found within the budget is told even where its place is not.
func TestAnExplanationEnds(t *testing.T) {
	list := strings.Repeat("[", 12) + "1" + strings.Repeat("]", 12)
	s, err := Compile([]byte(`{"anyOf":[{"items":{"$ref":"#"}},{"items":{"$ref":"#"}},{"items":{"$ref":"#"}}],"type":["array","string"]}`))
	require.NoError(t, err)
	fault, ok := s.Check([]byte(list))
	assert.False(t, ok)
	assert.Contains(t, []string{tooLong, tooMany, "type", "anyOf"}, fault.Keyword)
}

func TestALargePayloadHasALargeBudget(t *testing.T) {
	s := compiled(t, order)
	lines := strings.Repeat(`{"sku":"AB-1","quantity":2},`, 200_000)
	payload := strings.Replace(goodOrder, `"lines":[`, `"lines":[`+lines, 1)
	_, ok := s.Check([]byte(payload))
	assert.True(t, ok)
	_, ok = s.judge([]byte(payload))
	assert.True(t, ok)
}

func TestCompileEndsWithinItsBudget(t *testing.T) {
	branch := func(inner string) string {
		return `{"oneOf":[{"required":["a","b","c"],"properties":{"a":{"const":"1"},"b":{"const":"1"},"c":` + inner + `}},` +
			`{"required":["a","b","c"],"properties":{"a":{"const":"1"},"b":{"const":"2"},"c":{"const":"3"}}}]}`
	}
	nested := `{"const":"1"}`
	for range 30 {
		nested = branch(nested)
	}
	for _, source := range []string{nested, `{"unevaluatedProperties":false,"properties":{"x":` + nested + `}}`} {
		steps := 0
		_, err := CompileWithin([]byte(source), func(n int) bool { steps += n; return true })
		require.NoError(t, err)
		assert.Less(t, steps, 20_000)
		_, err = CompileWithin([]byte(source), func(n int) bool { steps -= n; return steps > 100 })
		assert.ErrorContains(t, err, "it takes too long to compile")
	}
	_, err := Compile([]byte(strings.Repeat(`{"not":`, 2000) + "{}" + strings.Repeat("}", 2000)))
	assert.ErrorContains(t, err, "schemas are nested deeper than 512")
}
