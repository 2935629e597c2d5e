package payload

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ofObjects compiles the keywords of objects, but for those that properties compiles.
func (c *compilation) ofObjects(n *node, word string, value any, at string) bool {
	object, _ := value.(map[string]any)
	switch word {
	case "properties", "required": // see properties
	case "additionalProperties":
		n.additional = c.compile(value, at)
	case "minProperties":
		n.minProperties = count(value)
		c.slow = c.slow || n.minProperties > 0 // of a name that comes twice only one counts
	case "maxProperties":
		n.maxProperties = count(value)
	case "patternProperties":
		c.slow = true
		for _, expression := range slices.Sorted(maps.Keys(object)) {
			inner := at + "/" + escapePointer(expression)
			n.patterns = append(n.patterns, patterned{c.pattern(expression, inner, true), c.compile(object[expression], inner)})
		}
	case "propertyNames":
		n.names, c.slow = c.compile(value, at), true
	case "dependencies", "dependentRequired", "dependentSchemas":
		c.slow = true
		for _, name := range slices.Sorted(maps.Keys(object)) {
			d := dependent{name: name, keyword: word}
			if list, is := object[name].([]any); is {
				d.names = texts(list)
			} else {
				d.node = c.compile(object[name], at+"/"+escapePointer(name))
			}
			n.dependents = append(n.dependents, d)
		}
	default:
		return false
	}
	return true
}

// properties compiles properties and required, which one table holds.
func (c *compilation) properties(n *node, s map[string]any) {
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	if len(properties) == 0 && len(required) == 0 {
		return
	}
	n.properties = make(map[string]*property, len(properties))
	for name, schema := range c.byKey(properties, n.at+"/properties") {
		n.properties[name] = &property{node: schema, declared: true, bit: -1}
	}
	for _, name := range texts(required) {
		p := n.properties[name]
		if p == nil {
			p = &property{bit: -1}
			n.properties[name] = p
		}
		if p.bit < 0 {
			p.bit = n.required
			n.required++
		}
	}
	c.slow = c.slow || n.required > maxRequired
}

func texts(list []any) (all []string) {
	for _, item := range list {
		if s, is := item.(string); is {
			all = append(all, s)
		}
	}
	return all
}

func (c *compilation) ofArrays(n *node, s map[string]any, word, at string) bool {
	value := s[word]
	switch word {
	case "items":
		if _, isList := value.([]any); !isList {
			n.items = c.compile(value, at)
			break
		}
		n.prefix, c.slow = c.list(value, at), true
		if rest, set := s["additionalItems"]; set {
			n.items = c.compile(rest, n.at+"/additionalItems")
		}
	case "additionalItems": // it means nothing without a list in items
	case "prefixItems":
		n.prefix, c.slow = c.list(value, at), true
	case "contains":
		n.contains, c.slow = c.compile(value, at), true
	case "minContains":
		n.minContains = count(value)
	case "maxContains":
		n.maxContains = count(value)
	case "minItems":
		n.minItems = count(value)
	case "maxItems":
		n.maxItems = count(value)
	case "uniqueItems":
		n.unique = value == true
	default:
		return false
	}
	return true
}

func (c *compilation) ofStrings(n *node, word string, value any, at string) bool {
	switch word {
	case "minLength":
		n.minLength = count(value)
	case "maxLength":
		n.maxLength = count(value)
	case "pattern":
		n.pattern = c.pattern(text(value), at, false)
	case "format":
		n.format = formatOf(text(value))
	default:
		return false
	}
	return true
}

func (c *compilation) ofNumbers(n *node, s map[string]any, word string) {
	value, isNumber := s[word].(json.Number)
	if !isNumber {
		return // exclusiveMinimum of draft 4, which minimum reads
	}
	number := newNumber(value)
	c.slow = c.slow || !number.isOK
	switch word {
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		b := bound{value: number, keyword: word, upper: strings.HasSuffix(word, "aximum"), exclusive: strings.HasPrefix(word, "exclusive")}
		if strict := "exclusive" + strings.ToUpper(word[:1]) + word[1:]; s[strict] == true {
			b.exclusive, b.keyword = true, strict
		}
		n.bounds = append(n.bounds, b)
	case "multipleOf":
		n.multipleOf = &number
	}
}

// count is an integer of the schema, from 0. One that is larger than any payload is as good as the largest.
func count(value any) int {
	number, _ := value.(json.Number)
	exact := newNumber(number).exact
	if n, err := strconv.Atoi(exact.RatString()); err == nil {
		return n
	}
	return math.MaxInt32
}

// oneOf compiles alternatives. Those that exclude each other can be run over bytes: by the constant texts of a required
// property, or by their types. Of others all have to be run, and all but one refused for sure.
func (c *compilation) oneOf(n *node, value any, at string) {
	n.one = c.list(value, at)
	if n.tagged = c.tags(n.one); n.tagged != nil {
		return
	}
	var seen kinds
	for _, branch := range n.one {
		k := branch.reach(0)
		if k&isInteger != 0 {
			k |= isNumber
		}
		if seen&k != 0 {
			c.slow = true
			return
		}
		seen |= k
	}
}

// tags finds a required property whose constants tell the branches apart; nil if there is none.
func (c *compilation) tags(branches []*node) *tagged {
	first := branches[0].constants(0)
	for _, name := range slices.Sorted(maps.Keys(first)) {
		t := &tagged{name: name, branches: make(map[string]*node)}
		for _, branch := range branches {
			c.charge(1)
			words := branch.constants(0)[name]
			for word := range words {
				if t.branches[word] != nil {
					t = nil
					break
				}
				t.branches[word] = branch
			}
			if t == nil || len(words) == 0 {
				t = nil
				break
			}
		}
		if t != nil {
			return t
		}
	}
	return nil
}

// maxLooked is how many references in a row are followed to find out what a branch is.
const maxLooked = 4

// constants returns the required properties of a schema that allow texts alone, and which.
func (n *node) constants(looked int) map[string]map[string]bool {
	out := make(map[string]map[string]bool)
	for name, p := range n.properties {
		if p.bit >= 0 && p.node != nil && p.node.values != nil && p.node.values.onlyTexts() {
			out[name] = p.node.values.strings
		}
	}
	if looked < maxLooked {
		for _, other := range n.also {
			maps.Copy(out, other.constants(looked+1))
		}
	}
	return out
}

// reach returns the types that a schema may accept, as far as its references say.
func (n *node) reach(looked int) kinds {
	k := n.kinds
	if looked < maxLooked {
		for _, other := range n.also {
			inner := other.reach(looked + 1)
			if inner&isNumber != 0 {
				inner |= isInteger
			}
			if k&isNumber != 0 {
				k |= isInteger
			}
			k &= inner
		}
	}
	return k
}
