package words

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"

	"iggysink/schema"
)

func TestConfigBlockHasEveryPropertyOfTheSchema(t *testing.T) {
	var root map[string]any
	require.NoError(t, json.Unmarshal(schema.ConfigSchema(), &root))
	resolve := func(node any) map[string]any {
		of, _ := node.(map[string]any)
		for ref, isRef := of["$ref"].(string); isRef; ref, isRef = of["$ref"].(string) {
			at := any(root)
			for _, name := range strings.Split(ref, "/")[1:] {
				at = at.(map[string]any)[name]
			}
			of = at.(map[string]any)
		}
		return of
	}
	var check func(b *Block, node map[string]any, path string)
	check = func(b *Block, node map[string]any, path string) {
		names := slices.Clone(b.Labels)
		for _, a := range b.Attributes {
			names = append(names, a.Name)
			assert.NotEmpty(t, a.Doc, path+a.Name)
			assert.NotEqual(t, cty.NilType, a.Type, path+a.Name)
		}
		properties, isObject := node["properties"].(map[string]any)
		if branches, isUnion := node["oneOf"].([]any); isUnion { // one block, with the attributes of all branches
			properties, isObject = make(map[string]any), true
			for _, branch := range branches {
				maps.Copy(properties, resolve(branch)["properties"].(map[string]any))
			}
		}
		require.True(t, isObject, path)
		for _, inner := range b.Blocks {
			names = append(names, inner.Name)
			of := resolve(properties[inner.Name])
			if inner.Repeated {
				of = resolve(of["items"])
			}
			check(inner, of, path+inner.Name+".")
		}
		assert.Len(t, names, len(properties), path)
		for _, name := range names {
			assert.Contains(t, properties, name, path)
		}
	}
	check(ConfigBlock(), root, "")
}

func TestConfigBlockTellsWhatHCLNeeds(t *testing.T) {
	sink := ConfigBlock().Blocks[2]
	assert.Equal(t, "sink", sink.Name)
	assert.Equal(t, []string{"name"}, sink.Labels)
	assert.True(t, sink.Repeated && sink.Required)
	attribute := func(name string) Attribute {
		i := slices.IndexFunc(sink.Attributes, func(a Attribute) bool { return a.Name == name })
		require.GreaterOrEqual(t, i, 0, name)
		return sink.Attributes[i]
	}
	assert.True(t, attribute("url").Sensitive && attribute("url").Template && attribute("url").Required)
	assert.True(t, attribute("headers").Sensitive)
	assert.Equal(t, cty.Map(cty.String), attribute("headers").Type)
	assert.Equal(t, cty.List(cty.Number), attribute("success_status_codes").Type)
	assert.Equal(t, json.Number("3"), attribute("max_retries").Default)
	assert.Equal(t, []string{"individual", "nd_json", "json_array", "raw"}, attribute("batch_mode").Enum)
	assert.Equal(t, "go-duration-positive", attribute("timeout").Format)
	names := make([]string, 0, len(sink.Blocks))
	for _, b := range sink.Blocks {
		names = append(names, b.Name)
	}
	assert.Equal(t, "stream dead_letter tls network auth signature cloudevents compression rate_limit response_items circuit_breaker", strings.Join(names, " "))
	assert.True(t, sink.Blocks[1].Attributes[0].Path)
}
