package schemagen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// suiteGroup is a group of cases in the format of the public JSON-Schema-Test-Suite.
type suiteGroup struct {
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"`
	Tests       []struct {
		Description string          `json:"description"`
		Data        json.RawMessage `json:"data"`
		Valid       bool            `json:"valid"`
	} `json:"tests"`
	Refused bool   `json:"refused"` // in our own files: the schema is outside of the subset
	file    string // where it comes from
}

// TestSuite runs our own cases in testdata/suite, and with IGGYSINK_TEST_SUITE the files of a checkout of
// github.com/json-schema-org/JSON-Schema-Test-Suite: give its folder tests/draft2020-12. Cases within the subset must
// match; a schema outside of it must be refused.
func TestSuite(t *testing.T) {
	t.Parallel()
	own := readSuite(t, "testdata/suite")
	within := runSuite(t, own)
	for _, g := range own {
		assert.Equal(t, g.Refused, !within[g.Description], "%s: %s", g.file, g.Description)
	}
	folder := os.Getenv("IGGYSINK_TEST_SUITE")
	if folder == "" {
		return
	}
	public := readSuite(t, folder)
	within = runSuite(t, public)
	require.NotEmpty(t, within, "no group of %s is within the subset", folder)
}

func readSuite(t *testing.T, folder string) (groups []suiteGroup) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "no cases in %s", folder)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var list []suiteGroup
		require.NoError(t, json.Unmarshal(text, &list), file)
		for _, g := range list {
			g.file = filepath.Base(file)
			groups = append(groups, g)
		}
	}
	return groups
}

// runSuite generates code for every group that is within the subset, and returns their descriptions. A group whose
// schemas name no type counts with the types that its keywords speak of, and without the instances of other types.
func runSuite(t *testing.T, groups []suiteGroup) map[string]bool {
	t.Helper()
	var trials []trial
	var used []suiteGroup
	within := make(map[string]bool)
	typed, left := 0, 0
	for i, g := range groups {
		name := fmt.Sprintf("suite%d", i)
		source, kind, added := wrap(g.Schema, name)
		m, problems := Parse("schema/"+name+".schema.json", source)
		if len(problems) > 0 {
			continue
		}
		tr := trial{Name: m.name, Schema: string(source), model: m}
		kept := g
		kept.Tests = nil
		for _, c := range g.Tests {
			if added && typeOfInstance(c.Data) != kind {
				left++
				continue
			}
			tr.Instances = append(tr.Instances, `{"value":`+string(c.Data)+`}`)
			kept.Tests = append(kept.Tests, c)
		}
		if added {
			typed++
		}
		within[g.Description] = true
		trials, used = append(trials, tr), append(used, kept)
	}
	cases := 0
	for i, list := range runBatch(t, trials) {
		for j, v := range list {
			c := used[i].Tests[j]
			cases++
			assert.Equal(t, c.Valid, len(v.Decoded) == 0, "%s: %s: %s\n%s\n%s", used[i].file, used[i].Description, c.Description, c.Data, trials[i].Schema)
			assert.Empty(t, disagreement(v), "%s: %s: %s", used[i].file, used[i].Description, c.Description)
		}
	}
	t.Logf("%d groups: %d within the subset (%d with a type added), %d refused; %d cases run, %d left out for their type",
		len(groups), len(trials), typed, len(groups)-len(trials), cases, left)
	return within
}

// wrap makes a document of a schema: as the property value of an object, what needs a name in $defs. It changes nothing
// of what the schema means, but that it adds the type that the keywords of a schema without one speak of.
func wrap(schema json.RawMessage, name string) (document []byte, kind string, added bool) {
	w := wrapper{name: name, defs: make(tree)}
	var node any
	decoder := json.NewDecoder(bytes.NewReader(schema))
	decoder.UseNumber()
	if decoder.Decode(&node) != nil {
		return nil, "", false
	}
	object, isObject := node.(tree)
	if !isObject {
		return []byte("{}"), "", false
	}
	delete(object, "$schema")
	if own, isDefs := object["$defs"].(tree); isDefs && len(own) == 0 {
		delete(object, "$defs")
	}
	value := w.lift(object)
	kind, _ = object["type"].(string)
	root := tree{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/" + name + ".schema.json",
		"description": "A document of the suite.", "type": "object", "required": []string{"value"},
		"properties": tree{"value": value},
	}
	value["description"] = "The instance."
	if len(w.defs) > 0 {
		root["$defs"] = w.defs
	}
	document, err := json.Marshal(root)
	if err != nil {
		return nil, "", false
	}
	return document, kind, w.added
}

type wrapper struct {
	name  string
	defs  tree
	added bool
}

// lift returns a schema, or a reference to where it has been put.
func (w *wrapper) lift(s tree) tree {
	w.guess(s)
	if properties, isObject := s["properties"].(tree); isObject {
		for i, key := range slices.Sorted(maps.Keys(properties)) {
			if p, isSchema := properties[key].(tree); isSchema {
				p = w.lift(p)
				p["description"], p["x-go-name"] = "A property.", fmt.Sprintf("P%d", i)
				properties[key] = p
			}
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner, isSchema := s[key].(tree); isSchema {
			s[key] = w.lift(inner)
		}
	}
	if list, isList := s["oneOf"].([]any); isList {
		for i, branch := range list {
			if b, isSchema := branch.(tree); isSchema {
				list[i] = w.lift(b)
			}
		}
	}
	enum, _ := s["enum"].([]any)
	_, isMap := s["additionalProperties"].(tree)
	isStruct := s["type"] == "object" && !isMap
	if !isStruct && s["oneOf"] == nil && len(enum) < 2 {
		return s
	}
	name := fmt.Sprintf("%s_d%d", w.name, len(w.defs))
	s["description"] = "A part of it."
	w.defs[name] = s
	return tree{"$ref": "#/$defs/" + name}
}

// guess adds the type that a schema's keywords speak of.
func (w *wrapper) guess(s tree) {
	if s["type"] != nil || s["$ref"] != nil || s["oneOf"] != nil {
		return
	}
	kinds := map[string]string{
		"properties": "object", "required": "object", "additionalProperties": "object", "dependentRequired": "object",
		"items": "array", "minItems": "array", "uniqueItems": "array", "minLength": "string", "maxLength": "string",
		"pattern": "string", "enum": "string", "minimum": "number", "maximum": "number",
	}
	for _, keyword := range slices.Sorted(maps.Keys(s)) {
		if kind := kinds[keyword]; kind != "" {
			s["type"], w.added = kind, true
			return
		}
	}
}

func typeOfInstance(data json.RawMessage) string {
	switch text := strings.TrimSpace(string(data)); {
	case strings.HasPrefix(text, "{"):
		return "object"
	case strings.HasPrefix(text, "["):
		return "array"
	case strings.HasPrefix(text, `"`):
		return "string"
	case text == "true", text == "false":
		return "boolean"
	case text == "null":
		return "null"
	}
	return "number"
}
