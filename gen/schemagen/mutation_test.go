package schemagen

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNoSchemaBreaksTheGenerator breaks good schemas in random ways. Each must either be refused, or give code that is
// Go, a reference and an editor's schema; nothing may panic.
func TestNoSchemaBreaksTheGenerator(t *testing.T) {
	var sources [][]byte
	for _, pattern := range []string{"../../schema/*.schema.json", "testdata/base.schema.json"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			sources = append(sources, source, source)
		}
	}
	files, err := filepath.Glob("testdata/corpus/*.txtar")
	require.NoError(t, err)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		if archive.Files[1].Name == "instances" {
			sources = append(sources, archive.Files[0].Data)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	accepted, refused := 0, 0
	for i := range 1500 {
		source := sources[i%len(sources)]
		var doc any
		require.NoError(t, json.Unmarshal(source, &doc))
		for range 1 + r.IntN(2) {
			mutate(r, doc)
		}
		text, err := json.Marshal(doc)
		require.NoError(t, err)
		m, problems := Parse("schema/mutated.schema.json", text)
		if len(problems) > 0 {
			require.NotEmpty(t, problems.Err().Error())
			refused++
			continue
		}
		accepted++
		if accepted%3 > 0 {
			continue // formatting Go takes its time
		}
		_, err = m.Go()
		require.NoError(t, err, "%s", text)
		_, err = m.Editor()
		require.NoError(t, err, "%s", text)
		require.NotEmpty(t, m.Markdown())
		_, err = m.Example()
		if err != nil {
			require.ErrorContains(t, err, "give the schema an example", "%s", text)
		}
	}
	assert.True(t, accepted > 150 && refused > 150, "%d accepted, %d refused", accepted, refused)
}

// mutate changes, moves or removes one value somewhere inside doc.
func mutate(r *rand.Rand, doc any) {
	object, isObject := doc.(map[string]any)
	list, isList := doc.([]any)
	switch {
	case isList && len(list) > 0:
		mutate(r, list[r.IntN(len(list))])
	case isObject && len(object) > 0:
		names := slices.Sorted(maps.Keys(object))
		name := names[r.IntN(len(names))]
		switch r.IntN(8) {
		case 0:
			delete(object, name)
		case 1:
			object[name] = pick[any](r, nil, true, "", "x", 1, -1, 1.5, []any{}, []any{"x"}, map[string]any{}, "array", "object", "string")
		case 2:
			keyword := pick(r, "type", "$ref", "oneOf", "items", "const", "enum", "default", "minimum", "uniqueItems", "x-hcl-labels", "required")
			object[keyword] = pick[any](r, "array", "#/$defs/mode", []any{map[string]any{"type": "string"}, map[string]any{"type": "array"}},
				map[string]any{"type": "integer"}, []any{"name"}, 1, true)
		default:
			mutate(r, object[name])
		}
	}
}
