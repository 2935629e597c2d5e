package payload

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// judge decides about a decoded payload. It understands every keyword that a node can have, and has the last word where
// jsonschema is not asked.
type judge struct {
	steps int // that are left
	depth int
}

// The bounds of one check. A step is a schema at a value: a tenth of a microsecond, about.
const (
	baseSteps    = 400_000 // for a payload of any size
	stepsAByte   = 4
	explainSteps = 100_000 // to find the place of a fault
	maxCalls     = 100_000 // how deeply schemas and values may nest together
)

// spend panics where the budget is used up.
func (j *judge) spend(steps int) {
	if j.steps -= steps; j.steps < 0 {
		panic(stopped{})
	}
}

// holds reports whether a value satisfies a schema.
func (j *judge) holds(n *node, value any) bool {
	if n == nil {
		return true
	}
	j.spend(1)
	if j.depth++; j.depth > maxCalls {
		panic(stopped{})
	}
	defer func() { j.depth-- }()
	return j.isKind(n, value) && j.isAllowed(n, value) && j.fits(n, value) && j.combines(n, value)
}

// isKind reports whether a value has a type of the schema.
func (j *judge) isKind(n *node, value any) bool {
	k := kindOf(value)
	if k != isNumber || n.kinds&isNumber != 0 {
		return n.kinds&k != 0
	}
	number, _ := value.(json.Number)
	return n.kinds&isInteger != 0 && newCompared(number).isInteger()
}

func kindOf(value any) kinds {
	switch value.(type) {
	case map[string]any:
		return isObject
	case []any:
		return isArray
	case string:
		return isString
	case json.Number:
		return isNumber
	case bool:
		return isBoolean
	}
	return isNull
}

// isAllowed is enum and const.
func (j *judge) isAllowed(n *node, value any) bool {
	if n.values == nil {
		return true
	}
	switch v := value.(type) {
	case string:
		return n.values.strings[v]
	case json.Number:
		j.spend(len(n.values.numbers))
		own := newCompared(v)
		return slices.ContainsFunc(n.values.numbers, func(other number) bool { return own.cmp(other) == 0 })
	case bool:
		return v && n.values.yes || !v && n.values.no
	case nil:
		return n.values.null
	}
	return slices.ContainsFunc(n.values.others, func(other any) bool { return j.canonical(value) == j.canonical(other) })
}

// fits is what a schema asks of values of one type.
func (j *judge) fits(n *node, value any) bool {
	switch v := value.(type) {
	case map[string]any:
		return j.object(n, v)
	case []any:
		return j.array(n, v)
	case string:
		return j.textFault(n, v) == ""
	case json.Number:
		return j.numberFault(n, v) == ""
	}
	return true
}

// textFault returns the first keyword that a text violates.
func (j *judge) textFault(n *node, text string) string {
	if n.minLength > 0 || n.maxLength >= 0 {
		j.spend(len(text) / costBytes)
		switch length := utf8.RuneCountInString(text); {
		case length < n.minLength:
			return "minLength"
		case n.maxLength >= 0 && length > n.maxLength:
			return "maxLength"
		}
	}
	if n.format != nil {
		j.spend(len(text) / costBytes)
		if !n.format([]byte(text)) {
			return "format"
		}
	}
	if n.pattern != nil && !j.matches(n.pattern, text) {
		return "pattern"
	}
	return ""
}

func (j *judge) matches(p *pattern, text string) bool {
	j.spend(p.cost(len(text)))
	return p.MatchString(text)
}

// numberFault returns the first keyword that a number violates.
func (j *judge) numberFault(n *node, text json.Number) string {
	if len(n.bounds) == 0 && n.multipleOf == nil {
		return ""
	}
	number := newCompared(text)
	for _, b := range n.bounds {
		sign := number.cmp(b.value)
		if b.upper {
			sign = -sign
		}
		if sign < 0 || sign == 0 && b.exclusive {
			return b.keyword
		}
	}
	if n.multipleOf != nil && !number.isMultiple(*n.multipleOf) {
		return "multipleOf"
	}
	return ""
}

// objectFault returns the first keyword that an object violates by the names in it alone.
func (j *judge) objectFault(n *node, object map[string]any) string {
	if len(object) < n.minProperties {
		return "minProperties"
	}
	if n.maxProperties >= 0 && len(object) > n.maxProperties {
		return "maxProperties"
	}
	if n.required > 0 {
		missing := n.required
		for name := range object {
			if p := n.properties[name]; p != nil && p.bit >= 0 {
				missing--
			}
		}
		if missing > 0 {
			return "required"
		}
	}
	for _, d := range n.dependents {
		if _, there := object[d.name]; !there {
			continue
		}
		for _, name := range d.names {
			if _, there := object[name]; !there {
				return d.keyword
			}
		}
	}
	return ""
}

func (j *judge) object(n *node, object map[string]any) bool {
	j.spend(len(object))
	if j.objectFault(n, object) != "" {
		return false
	}
	for name, value := range object {
		if n.names != nil && !j.holds(n.names, name) {
			return false
		}
		for _, schema := range j.schemasOf(n, name) {
			if !j.holds(schema, value) {
				return false
			}
		}
	}
	return true
}

// schemasOf returns the schemas of a property: its own, those of patterns, or that of all others.
func (j *judge) schemasOf(n *node, name string) []*node {
	var found []*node
	declared := false
	if p := n.properties[name]; p != nil && p.declared {
		found, declared = append(found, p.node), true
	}
	for _, p := range n.patterns {
		if j.matches(p.pattern, name) {
			found, declared = append(found, p.node), true
		}
	}
	if !declared && n.additional != nil {
		found = append(found, n.additional)
	}
	return found
}

// arrayFault returns the first keyword that an array violates by its length or its items among themselves.
func (j *judge) arrayFault(n *node, array []any) string {
	switch {
	case len(array) < n.minItems:
		return "minItems"
	case n.maxItems >= 0 && len(array) > n.maxItems:
		return "maxItems"
	case n.unique && !j.differ(array):
		return "uniqueItems"
	case n.contains != nil:
		matched := 0
		for _, item := range array {
			if j.holds(n.contains, item) {
				matched++
			}
		}
		switch {
		case matched < n.minContains && matched == 0:
			return "contains"
		case matched < n.minContains:
			return "minContains"
		case n.maxContains >= 0 && matched > n.maxContains:
			return "maxContains"
		}
	}
	return ""
}

func (j *judge) array(n *node, array []any) bool {
	j.spend(len(array))
	if j.arrayFault(n, array) != "" {
		return false
	}
	for i, item := range array {
		if !j.holds(n.item(i), item) {
			return false
		}
	}
	return true
}

// item returns the schema of an item; nil: anything.
func (n *node) item(i int) *node {
	if i < len(n.prefix) {
		return n.prefix[i]
	}
	return n.items
}

func (j *judge) differ(array []any) bool {
	j.spend(len(array))
	seen := make(map[string]bool, len(array))
	for _, item := range array {
		text := j.canonical(item)
		if seen[text] {
			return false
		}
		seen[text] = true
	}
	return true
}

// canonical returns a text that equal values have in common and no others.
func (j *judge) canonical(value any) string {
	var b strings.Builder
	j.appendCanonical(&b, value)
	return b.String()
}

func (j *judge) appendCanonical(b *strings.Builder, value any) {
	j.spend(4) // it allocates
	switch v := value.(type) {
	case map[string]any:
		b.WriteByte('{')
		for _, name := range slices.Sorted(maps.Keys(v)) {
			b.WriteString(strconv.Quote(name))
			j.appendCanonical(b, v[name])
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for _, item := range v {
			j.appendCanonical(b, item)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case string:
		j.spend(len(v) / costBytes)
		b.WriteString(strconv.Quote(v))
	case json.Number:
		b.WriteString(canonicalNumber(v))
	case bool:
		b.WriteString(strconv.FormatBool(v))
	default:
		b.WriteString("null")
	}
}

func canonicalNumber(text json.Number) string {
	if d, ok := parseDecimal([]byte(text)); ok {
		return strconv.FormatInt(d.m, 10) + "e" + strconv.Itoa(d.e)
	}
	exact := newNumber(text).exact
	if !exact.IsInt() {
		return exact.RatString()
	}
	// As a decimal where it is one, since another spelling of the same number may have been short.
	m, e := exact.Num(), 0
	ten, rest := big.NewInt(10), new(big.Int)
	for m.Sign() != 0 {
		quotient, _ := new(big.Int).QuoRem(m, ten, rest)
		if rest.Sign() != 0 {
			break
		}
		m, e = quotient, e+1
	}
	return m.String() + "e" + strconv.Itoa(e)
}

// combines is what a schema asks by way of other schemas.
func (j *judge) combines(n *node, value any) bool {
	for _, other := range n.also {
		if !j.holds(other, value) {
			return false
		}
	}
	if len(n.any) > 0 && !slices.ContainsFunc(n.any, func(other *node) bool { return j.holds(other, value) }) {
		return false
	}
	if len(n.one) > 0 && j.matching(n.one, value) != 1 {
		return false
	}
	if n.not != nil && j.holds(n.not, value) {
		return false
	}
	if n.condition != nil && !j.holds(j.consequence(n.condition, value), value) {
		return false
	}
	object, _ := value.(map[string]any)
	for _, d := range n.dependents {
		if _, there := object[d.name]; there && !j.holds(d.node, value) {
			return false
		}
	}
	return true
}

// matching counts the alternatives that hold, up to two.
func (j *judge) matching(nodes []*node, value any) (matched int) {
	for _, n := range nodes {
		if j.holds(n, value) {
			if matched++; matched == 2 {
				break
			}
		}
	}
	return matched
}

// consequence returns what applies after if.
func (j *judge) consequence(c *condition, value any) *node {
	if j.holds(c.test, value) {
		return c.then
	}
	return c.otherwise
}
