package payload

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What has the last word says what jsonschema says, of every keyword and every draft.
func TestTheLastWordIsThatOfJSONSchema(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		root := drawAny(rt, 3)
		root["$defs"] = map[string]any{"x": drawSchema(rt, 0)}
		root["$schema"] = rapid.SampledFrom([]string{"http://json-schema.org/draft-06/schema#", "http://json-schema.org/draft-07/schema#",
			"https://json-schema.org/draft/2019-09/schema", "https://json-schema.org/draft/2020-12/schema"}).Draw(rt, "draft")
		source, err := json.Marshal(root)
		require.NoError(rt, err)
		s, err := Compile(source)
		require.NoError(rt, err, "%s", source)
		require.Nil(rt, s.whole)
		oracle, err := compileCounted(source)
		require.NoError(rt, err, "%s", source)
		for range 20 {
			payload := []byte(drawJSON(rt, 3))
			tree, err := decode(payload)
			require.NoError(rt, err)
			*oracle.steps = 1 << 40
			want := oracle.schema.Validate(tree) == nil
			fault, ok := s.judge(payload)
			require.Equal(rt, want, ok, "%s\n%s\n%v", source, payload, fault)
			require.Equal(rt, want, len(s.faults(tree, 1<<40)) == 0)
			if s.accepts(payload) {
				require.True(rt, want, "%s\n%s", source, payload)
			}
		}
	})
}

// drawAny makes a schema with keywords that are not run over bytes as well.
func drawAny(t *rapid.T, depth int) map[string]any {
	s := drawSchema(t, depth)
	may := func(name string, value func() any) {
		if rapid.IntRange(0, 5).Draw(t, name) == 0 {
			s[name] = value()
		}
	}
	drawMore(t, s, depth, may)
	return s
}

// drawMore adds what is not run over bytes.
func drawMore(t *rapid.T, s map[string]any, depth int, may func(string, func() any)) {
	inner := func() any { return drawInner(t, depth) }
	may("not", inner)
	may("if", inner)
	may("then", inner)
	may("else", inner)
	may("contains", inner)
	may("minContains", func() any { return rapid.IntRange(0, 2).Draw(t, "least") })
	may("maxContains", func() any { return rapid.IntRange(0, 2).Draw(t, "most") })
	may("prefixItems", func() any { return []any{inner()} })
	may("propertyNames", inner)
	may("minProperties", func() any { return rapid.IntRange(0, 2).Draw(t, "least") })
	may("patternProperties", func() any { return map[string]any{"^a": inner(), "b|c": inner()} })
	may("dependentRequired", func() any { return map[string]any{"a": []any{"b"}} })
	may("dependentSchemas", func() any { return map[string]any{"b": inner()} })
	may("const", func() any {
		return rapid.SampledFrom([]any{"a", json.Number("1.0"), []any{json.Number("1"), "a"}, map[string]any{"a": nil}, json.Number("1234567890123456789012")}).Draw(t, "const")
	})
	may("oneOf", func() any { return []any{inner(), inner()} })
}

func drawInner(t *rapid.T, depth int) any {
	if depth == 0 {
		return rapid.Bool().Draw(t, "schema")
	}
	return drawAny(t, depth-1)
}
