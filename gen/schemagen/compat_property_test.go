package schemagen

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/require"
)

// Where Compare finds nothing breaking, every document that is valid under the schema that it starts from is valid under
// the other, by a validator that has nothing to do with this package.
func TestCompatibleSchemasAgreeAboutDocuments(t *testing.T) {
	const pairs, documents = 1500, 12
	seen := map[Severity]int{}
	refuted, valid := 0, 0
	for seed := range uint64(pairs) {
		g := genome{rand.New(rand.NewPCG(seed, 1)), make(map[string]int)}
		if seed%10 < 2 { // dependentRequired is rare by itself: it needs two integers that may be absent
			maps.Copy(g.made, map[string]int{"p0": 2, "p1": 2, ".p0kind": 0, ".p1kind": 0})
		}
		before := g.schema()
		if g.mutate(); seed%10 < 2 {
			delete(g.made, "depends")
		}
		after := g.schema()
		direction, from, to := Backward, before, after
		if seed%2 == 1 {
			direction, from, to = Forward, after, before
		}
		oldModel, newModel := parsed(t, "old.json", text(before)), parsed(t, "new.json", text(after))
		changes := Compare(oldModel, newModel, direction)
		verdict := Info
		if len(changes) > 0 {
			verdict = changes[0].Severity
		}
		seen[verdict]++
		producer, consumer := compiled(t, from), compiled(t, to)
		for range documents {
			doc := g.document(from, from, direction == Backward)
			if producer.Validate(doc) != nil {
				continue
			}
			valid++
			err := consumer.Validate(doc)
			if err != nil && verdict == Breaking {
				refuted++
			}
			if err != nil && verdict != Breaking {
				t.Fatalf("seed %d, %s: %s is no longer valid: %v\nold %s\nnew %s\n%s", seed, direction, text(doc), err,
					text(before), text(after), listChanges(changes))
			}
		}
	}
	t.Logf("pairs: %v; valid documents: %d, %d of them refuted a breaking change", seen, valid, refuted)
	// The property would hold of a comparison that always says breaking, and of documents that are never valid.
	require.Greater(t, seen[Breaking], pairs/5)
	require.Greater(t, seen[Info]+seen[Warning], pairs/5)
	require.Greater(t, refuted, 50)
	require.Greater(t, valid, pairs)
}

// genome holds the decisions that make a random schema, so that another one can differ in a few of them.
type genome struct {
	rand *rand.Rand
	made map[string]int
}

// pick returns the decision of that name, from 0 to n-1.
func (g genome) pick(name string, n int) int {
	if _, there := g.made[name]; !there {
		g.made[name] = g.rand.IntN(n)
	}
	return g.made[name]
}

// mutate forgets one to three decisions, rather such about the root than about what it may not refer to.
func (g genome) mutate() {
	names := slices.Sorted(maps.Keys(g.made))
	ofRoot := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return strings.HasPrefix(name, "item") || strings.HasPrefix(name, "other")
	})
	for range 1 + g.rand.IntN(3) {
		from := ofRoot
		if g.rand.IntN(4) == 0 {
			from = names
		}
		delete(g.made, from[g.rand.IntN(len(from))])
	}
}

type object = map[string]any

func (g genome) schema() object {
	root := g.object("", 3)
	root["$schema"], root["$id"] = "https://json-schema.org/draft/2020-12/schema", "https://example.com/thing.schema.json"
	definitions := object{
		"item": g.object("item", 0), "other": g.object("other", 0),
		"mode": object{"description": "A mode.", "type": "string", "enum": [][]string{{"a"}, {"a", "b"}, {"b", "ab"}}[g.pick("mode", 3)]},
		"either": object{"description": "An item or a text.", "oneOf": []any{
			object{"type": "string", "minLength": g.pick("either", 2)}, object{"$ref": "#/$defs/item"},
		}},
	}
	used, reached := string(text(root)), object{}
	for _, name := range []string{"either", "item", "other", "mode"} { // each refers to later ones only
		if strings.Contains(used, `"#/$defs/`+name+`"`) {
			reached[name] = definitions[name]
			used += string(text(definitions[name]))
		}
	}
	definitions = reached
	if len(definitions) > 0 {
		root["$defs"] = definitions
	}
	return root
}

// object makes a schema of an object of up to three properties.
func (g genome) object(name string, forms int) object {
	properties := object{}
	var required []string
	for _, key := range []string{"p0", "p1", "p2"} {
		switch g.pick(name+key, 4) {
		case 0:
			continue
		case 1:
			required = append(required, key)
		}
		properties[key] = g.value(name+"."+key, forms)
	}
	s := object{"description": "A thing.", "type": "object", "properties": properties}
	if len(properties) == 0 {
		properties["p0"] = g.value(name+".p0", forms)
	}
	if len(required) > 0 {
		s["required"] = required
	}
	if g.pick(name+"closed", 2) == 0 {
		s["additionalProperties"] = false
	}
	if countable(properties["p0"]) && countable(properties["p1"]) && g.pick(name+"depends", 3) > 0 {
		s["dependentRequired"] = object{"p0": []string{"p1"}}
	}
	return s
}

// countable reports whether a property may take part in dependentRequired: an empty text would count as absent.
func countable(property any) bool {
	s, _ := property.(object)
	return s["type"] == "integer" || s["type"] == "number" || s["type"] == "array"
}

// value makes a schema of a property; forms more kinds of them where it is at the root.
func (g genome) value(name string, forms int) object {
	s := object{"description": "A value."}
	limit := func(keyword string, lowest int) {
		if n := g.pick(name+keyword, 8); n < 4 {
			s[keyword] = lowest + n
		}
	}
	switch g.pick(name+"kind", 7+forms) {
	case 0, 1: // twice as often: every keyword of numbers, and dependentRequired, is about these
		s["type"] = "integer"
		limit("minimum", -3)
		limit("maximum", 0)
	case 2:
		s["type"] = "number"
		limit("minimum", -3)
		limit("maximum", 0)
	case 3:
		s["type"] = "string"
		limit("minLength", 0)
		limit("maxLength", 0)
		if n := g.pick(name+"pattern", 4); n < 2 {
			s["pattern"] = []string{"^a", "b"}[n]
		}
	case 4:
		s["$ref"] = "#/$defs/mode"
	case 5:
		s["const"] = []string{"a", "b"}[g.pick(name+"const", 2)]
	case 6:
		s["type"] = "array"
		s["items"] = object{"type": "integer", "minimum": -g.pick(name+"items", 4)}
		s["uniqueItems"] = g.pick(name+"unique", 2) == 0
		limit("minItems", 0)
	case 7:
		s["type"] = "object"
		s["additionalProperties"] = object{"type": "integer", "maximum": g.pick(name+"values", 4)}
	case 8:
		s["$ref"] = []string{"#/$defs/item", "#/$defs/other"}[g.pick(name+"ref", 2)]
	case 9:
		s["$ref"] = "#/$defs/either"
	}
	return s
}

// document makes a value that is likely to be valid; with others it may hold properties that the schema does not name.
func (g genome) document(root, s object, others bool) any {
	if ref, isRef := s["$ref"].(string); isRef {
		s = root["$defs"].(object)[strings.TrimPrefix(ref, "#/$defs/")].(object)
	}
	if branches, isUnion := s["oneOf"].([]any); isUnion {
		return g.document(root, branches[g.rand.IntN(2)].(object), others)
	}
	switch s["type"] {
	case "integer":
		return json.Number(fmt.Sprint(g.rand.IntN(9) - 4))
	case "number":
		return json.Number([]string{"-2.5", "-1", "0", "0.5", "1", "2", "3.5", "7"}[g.rand.IntN(8)])
	case "array":
		list := []any{}
		for range g.rand.IntN(4) {
			list = append(list, g.document(root, s["items"].(object), others))
		}
		return list
	case "object":
		doc := object{}
		if values, isMap := s["additionalProperties"].(object); isMap {
			for range g.rand.IntN(3) {
				doc[fmt.Sprint("p", g.rand.IntN(5))] = g.document(root, values, others)
			}
			return doc
		}
		if others {
			for range g.rand.IntN(3) {
				doc[fmt.Sprint("p", g.rand.IntN(5))] = []any{"a", true, nil, json.Number("1"), []any{}}[g.rand.IntN(5)]
			}
		}
		properties := s["properties"].(object)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			delete(doc, name)
			if g.rand.IntN(4) > 0 {
				doc[name] = g.document(root, properties[name].(object), others)
			}
		}
		return doc
	}
	return []string{"", "a", "b", "ab", "abb", "aabb"}[g.rand.IntN(6)]
}

func text(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func compiled(t *testing.T, schema object) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.CompileString("https://example.com/thing.schema.json", string(text(schema)))
	require.NoError(t, err)
	return s
}
