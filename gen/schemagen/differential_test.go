package schemagen

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGeneratedCodeSaysWhatJSONSchemaSays makes random schemas within the subset and random instances of them.
// IGGYSINK_TEST_SCHEMAS asks for more than the 40 schemas of the normal run, IGGYSINK_TEST_SEED for others.
func TestGeneratedCodeSaysWhatJSONSchemaSays(t *testing.T) {
	t.Parallel()
	const instances = 150
	count, seed := number64(t, "IGGYSINK_TEST_SCHEMAS", 40), number64(t, "IGGYSINK_TEST_SEED", 1)
	for first := uint64(0); first < count; first += 40 {
		var trials []trial
		for i := first; i < min(first+40, count); i++ {
			g := &schemaMaker{r: rand.New(rand.NewPCG(seed, i)), name: fmt.Sprintf("s%d", i)}
			tr := newTrial(t, g.name, g.schema())
			for range instances {
				m := &instanceMaker{r: g.r, wrong: g.r.IntN(2) * g.r.IntN(25)}
				text, err := json.Marshal(m.value(tr.model.root))
				require.NoError(t, err)
				tr.Instances = append(tr.Instances, string(text))
			}
			trials = append(trials, tr)
		}
		var valid, invalid, refused int
		for i, list := range runBatch(t, trials) {
			for j, v := range list {
				if strings.Contains(trials[i].Schema, `"Template"`) {
					v.Again = "" // a Template is written without its secret part
				}
				if fault := disagreement(v); fault != "" {
					t.Errorf("seed %d, schema %d: %s\nof %s\nby %s", seed, first+uint64(i), fault, trials[i].Instances[j], trials[i].Schema)
					break
				}
				valid += 1 - min(1, len(v.Reference))
				invalid += min(1, len(v.Reference))
				if v.Failed {
					refused++
				}
			}
		}
		t.Logf("%d valid, %d invalid, of which UnmarshalJSON refused %d", valid, invalid, refused)
		assert.True(t, valid > len(trials)*10 && refused > len(trials)*10 && invalid > refused, "one of the kinds is too rare to tell")
	}
}

func number64(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text, set := os.LookupEnv(name)
	if !set {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

// schemaMaker makes one random schema.
type schemaMaker struct {
	r    *rand.Rand
	name string
	defs map[string]any
}

type tree = map[string]any

func (g *schemaMaker) schema() string {
	g.defs = make(tree)
	root := g.object(0)
	root["$schema"], root["$id"] = "https://json-schema.org/draft/2020-12/schema", "https://example.com/"+g.name+".schema.json"
	root["description"] = "A random schema."
	if len(g.defs) > 0 {
		root["$defs"] = g.defs
	}
	text, err := json.MarshalIndent(root, "", " ")
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (g *schemaMaker) oneIn(n int) bool { return g.r.IntN(n) == 0 }

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// define adds a definition and returns a reference to it.
func (g *schemaMaker) define(s tree) tree {
	name := fmt.Sprintf("%s_d%d", g.name, len(g.defs))
	g.defs[name] = nil // takes the name
	s["description"] = "A random definition."
	g.defs[name] = s
	return tree{"$ref": "#/$defs/" + name}
}

// object makes an object with names that are hard to quote, to escape or to point at.
func (g *schemaMaker) object(depth int) tree {
	names := []string{"a", "b", "c", "a/b", "~", "%d", "$ref", "properties", "dependentRequired", "items", "пол", "-", "x y", "0"}
	g.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	names = names[:1+g.r.IntN(5)]
	properties, required := make(tree), []string{}
	for i, name := range names {
		s := g.value(depth + 1)
		s["description"], s["x-go-name"] = "A random property.", fmt.Sprintf("F%d", i)
		if s["format"] == "go-duration" && g.oneIn(2) {
			s["default"] = "5s"
		}
		_, span := s["format"].(string)
		if _, defaulted := s["default"]; g.oneIn(2) || span && !defaulted && s["x-go-type"] == nil {
			required = append(required, name)
		}
		properties[name] = s
	}
	o := tree{"type": "object", "properties": properties}
	if len(required) > 0 {
		o["required"] = required
	}
	if g.oneIn(2) {
		o["additionalProperties"] = false
	}
	if g.oneIn(3) && len(names) > 1 && tells(properties[names[0]].(tree)) && tells(properties[names[1]].(tree)) {
		o["dependentRequired"] = tree{names[0]: []string{names[1]}}
	}
	return o
}

// tells reports whether the absence of a property shows in Go.
func tells(s tree) bool {
	length, _ := s["minLength"].(int)
	kind, _ := s["type"].(string)
	return s["default"] == nil && s["enum"] == nil && s["const"] == nil && (kind != "" && kind != "string" || length > 0)
}

func (g *schemaMaker) value(depth int) tree {
	kinds := 6
	if depth < 4 {
		kinds = 11
	}
	switch g.r.IntN(kinds) {
	case 0:
		return g.text()
	case 1:
		return g.integer()
	case 2:
		n := tree{"type": "number"}
		if g.oneIn(2) {
			n["minimum"] = pick[any](g.r, -1.5, 0, 0.1)
		}
		if g.oneIn(2) {
			n["maximum"] = pick[any](g.r, 2.5, 1e10, 0.1)
		}
		return n
	case 3:
		return tree{"type": "boolean"}
	case 4:
		return g.define(tree{"type": "string", "enum": pick(g.r, []string{"a", "b"}, []string{"%s", `"`, "`", "*/", "x"}, []string{"", "ü"})})
	case 5:
		return pick(g.r, tree{"const": "k"}, tree{"type": "string", "enum": []string{"only `one`"}}, tree{"type": "string", "const": ""})
	case 6:
		return g.list(depth)
	case 7:
		return tree{"type": "object", "additionalProperties": g.value(depth + 1)}
	case 8:
		return g.define(g.object(depth))
	default:
		return g.union(depth)
	}
}

func (g *schemaMaker) text() tree {
	s := tree{"type": "string"}
	if g.oneIn(4) {
		s["format"] = pick(g.r, "go-duration", "go-duration-positive", "host-port", "http-url", "http-url-template")
		if s["format"] == "http-url-template" && g.oneIn(2) {
			s["x-go-type"] = "Template"
		}
		return s
	}
	if g.oneIn(2) {
		s["minLength"] = g.r.IntN(3)
	}
	if g.oneIn(2) {
		s["maxLength"] = 1 + g.r.IntN(3)
	}
	if g.oneIn(3) {
		s["pattern"] = pick(g.r, "^[a-c]*$", "a|\"", "^`?$", `\\|%d`, "^.+$")
	}
	return s
}

func (g *schemaMaker) integer() tree {
	low := pick(g.r, "", "-9223372036854775808", "-5", "0", "1")
	high := pick(g.r, "", "1", "7", "4294967295", "4294967296", "9223372036854775807", "18446744073709551615")
	s := tree{"type": "integer"}
	if high == "18446744073709551615" && (low == "" || strings.HasPrefix(low, "-")) {
		low = "0"
	}
	if low != "" {
		s["minimum"] = json.Number(low)
	}
	if high != "" {
		s["maximum"] = json.Number(high)
	}
	if (high == "1" || high == "4294967295") && (low == "0" || low == "1") && g.oneIn(2) {
		s["x-go-type"] = "uint32"
	}
	return s
}

func (g *schemaMaker) list(depth int) tree {
	items := g.value(depth + 1)
	s := tree{"type": "array", "items": items}
	if g.oneIn(2) {
		s["minItems"] = g.r.IntN(3)
	}
	kind, _ := items["type"].(string)
	format, _ := items["format"].(string)
	if slices.Contains([]string{"string", "integer", "number", "boolean"}, kind) && items["x-go-type"] != "Template" &&
		!strings.HasPrefix(format, "go-duration") && g.oneIn(2) {
		s["uniqueItems"] = true
	}
	return s
}

// union makes a oneOf by type or by a property.
func (g *schemaMaker) union(depth int) tree {
	var branches []any
	if g.oneIn(2) {
		plain := g.text()
		for plain["format"] != nil {
			plain = g.text()
		}
		makers := []func() tree{func() tree { return plain }, g.integer, func() tree { return tree{"type": "boolean"} },
			func() tree { return g.list(depth) }, func() tree { return g.define(g.object(depth)) }}
		g.r.Shuffle(len(makers), func(i, j int) { makers[i], makers[j] = makers[j], makers[i] })
		for _, make := range makers[:2+g.r.IntN(4)] {
			branches = append(branches, make())
		}
		return g.define(tree{"oneOf": branches})
	}
	tags := []string{"one", "two", "three"}
	for i := range 2 + g.r.IntN(2) {
		o := g.object(depth)
		constant := tree{"type": "string", "description": "A tag.", "const": tags[i], "x-go-name": "Tag"}
		if g.oneIn(2) {
			constant["enum"] = []string{tags[i]}
			delete(constant, "const")
		}
		o["properties"].(tree)["kind"] = constant
		names, _ := o["required"].([]string)
		o["required"] = append([]string{"kind"}, names...)
		branches = append(branches, g.define(o))
	}
	return g.define(tree{"oneOf": branches})
}
