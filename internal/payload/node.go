package payload

import (
	"bytes"
	"regexp"
	"unicode/utf8"
)

// kinds is a set of JSON types.
type kinds uint8

const (
	isObject kinds = 1 << iota
	isArray
	isString
	isNumber // integers are numbers, too
	isInteger
	isBoolean
	isNull
	isAny = isObject | isArray | isString | isNumber | isBoolean | isNull
)

// node is one schema. It is built once and only read.
type node struct {
	at     string // JSON pointer into the schema
	never  bool   // the schema false
	kinds  kinds
	also   []*node // all of them have to accept as well
	any    []*node // one of them has to, where there are any
	one    []*node // exactly one of them has to
	tagged *tagged // what tells the branches of one apart, if a property does; otherwise, over bytes, their types do
	values *allowed

	// of objects
	properties    map[string]*property
	required      int   // how many properties have a bit
	additional    *node // nil: anything
	maxProperties int   // negative: any number

	// of arrays
	items              *node // nil: anything
	minItems, maxItems int   // maxItems negative: any number
	unique             bool

	// of strings
	minLength, maxLength int // in characters; maxLength negative: any number
	pattern              *pattern
	format               func(text []byte) bool

	// of numbers
	bounds     []bound
	multipleOf *number // nil: any

	// What is not run over bytes.
	not                      *node
	condition                *condition
	minProperties            int
	patterns                 []patterned
	names                    *node
	dependents               []dependent
	prefix                   []*node // items are those behind it
	contains                 *node
	minContains, maxContains int // maxContains negative: any number
}

// property is one that a schema of an object names.
type property struct {
	node     *node // nil: anything
	declared bool  // it is in properties and not only in required
	bit      int   // of the required ones; negative: it is not
}

// tagged are alternatives that differ in a required property with constant strings.
type tagged struct {
	name     string
	branches map[string]*node
}

// condition is if, then and else.
type condition struct{ test, then, otherwise *node } // nil: anything

// patterned is a schema for properties whose names match.
type patterned struct {
	pattern *pattern
	node    *node
}

// dependent is what the presence of a property asks for: other properties, or a schema.
type dependent struct {
	name, keyword string
	names         []string
	node          *node
}

// allowed is what enum or const allows.
type allowed struct {
	constant bool // one value
	strings  map[string]bool
	numbers  []number
	yes, no  bool
	null     bool
	others   []any // objects and arrays
}

// onlyTexts reports whether nothing but texts is allowed.
func (v *allowed) onlyTexts() bool {
	return len(v.strings) > 0 && len(v.numbers) == 0 && !v.yes && !v.no && !v.null && len(v.others) == 0
}

// bound is a minimum or a maximum.
type bound struct {
	value     number
	keyword   string
	upper     bool
	exclusive bool
}

// pattern is a regular expression with what it costs to match.
type pattern struct {
	*regexp.Regexp
	states int
}

func newPattern(expression string, states int) (*pattern, error) {
	compiled, err := regexp.Compile(expression)
	return &pattern{compiled, states}, err
}

// cost is how many steps a match takes at most, about: RE2 may look at each of its states for each byte.
func (p *pattern) cost(length int) int { return 1 + length*p.states/costBytes }

// costBytes is how many bytes are scanned in a step.
const costBytes = 128

// maxRequired is how many required properties an object of the subset may have.
const maxRequired = 256

// check reads one value and reports whether n accepts it. After false the cursor stands anywhere.
func (c *cursor) check(n *node) bool {
	start := c.pos
	if c.steps--; c.steps < 0 || !c.value(n) {
		return false
	}
	c.steps -= (c.pos - start) / costBytes
	return true
}

func (c *cursor) value(n *node) bool {
	if n == nil {
		return c.skip()
	}
	first := c.peek()
	start := c.pos
	for _, other := range n.also {
		c.pos = start
		if !c.check(other) {
			return false
		}
	}
	if len(n.any) > 0 && !c.checkAny(n.any, start) {
		return false
	}
	if len(n.one) > 0 && !c.checkOne(n, start) {
		return false
	}
	c.pos = start
	switch first {
	case '{':
		return n.kinds&isObject != 0 && n.values == nil && c.object(n)
	case '[':
		return n.kinds&isArray != 0 && n.values == nil && c.array(n)
	case '"':
		return n.kinds&isString != 0 && c.str(n)
	case 't':
		return n.kinds&isBoolean != 0 && (n.values == nil || n.values.yes) && c.literal("true")
	case 'f':
		return n.kinds&isBoolean != 0 && (n.values == nil || n.values.no) && c.literal("false")
	case 'n':
		return n.kinds&isNull != 0 && (n.values == nil || n.values.null) && c.literal("null")
	}
	return n.kinds&(isNumber|isInteger) != 0 && c.numeric(n)
}

func (c *cursor) checkAny(nodes []*node, start int) bool {
	for _, n := range nodes {
		c.pos = start
		depth, items := c.depth, len(c.items)
		if c.check(n) {
			return true
		}
		c.depth, c.items = depth, c.items[:items]
	}
	return false
}

// checkOne checks alternatives that exclude each other.
func (c *cursor) checkOne(n *node, start int) bool {
	if n.tagged == nil { // their types do
		return c.checkAny(n.one, start)
	}
	c.pos = start
	branch := c.branch(n.tagged)
	c.steps -= (c.pos - start) / costBytes
	c.pos = start
	return branch != nil && c.check(branch)
}

// branch returns the alternative of an object; nil if it has no tag, an unknown one, or more than one.
func (c *cursor) branch(t *tagged) (found *node) {
	if !c.take('{') {
		return nil
	}
	for tags := 0; ; {
		name, ok := c.string()
		if !ok {
			return nil // or an object without properties
		}
		tag := string(name) == t.name
		if !c.take(':') {
			return nil
		}
		if !tag {
			ok = c.skip()
		} else if tags++; c.peek() == '"' && tags == 1 {
			var value []byte
			value, ok = c.string()
			found = t.branches[string(value)]
		} else {
			return nil
		}
		if !ok {
			return nil
		}
		if !c.take(',') {
			return found
		}
	}
}

// object reads an object. Of a property that comes twice jsonschema sees the last one alone; here both have to be
// accepted, which leaves the verdict to it where they differ.
func (c *cursor) object(n *node) bool {
	if c.depth++; c.depth > maxDepth || !c.take('{') {
		return false
	}
	var seen [maxRequired / 64]uint64
	missing, count := n.required, 0
	for c.peek() != '}' {
		if count > 0 && !c.take(',') {
			return false
		}
		count++
		name, ok := c.string()
		if !ok {
			return false
		}
		p := n.properties[string(name)]
		if !c.take(':') {
			return false
		}
		value := n.additional
		if p != nil {
			if p.declared {
				value = p.node
			}
			if p.bit >= 0 && seen[p.bit/64]>>(p.bit%64)&1 == 0 {
				seen[p.bit/64] |= 1 << (p.bit % 64)
				missing--
			}
		}
		if !c.check(value) {
			return false
		}
	}
	c.pos++
	c.depth--
	return missing == 0 && (n.maxProperties < 0 || count <= n.maxProperties)
}

func (c *cursor) array(n *node) bool {
	if c.depth++; c.depth > maxDepth || !c.take('[') {
		return false
	}
	base, count := len(c.items), 0
	for c.peek() != ']' {
		if count > 0 && !c.take(',') {
			return false
		}
		count++
		c.peek()
		start := c.pos
		if !c.check(n.items) {
			return false
		}
		if n.unique {
			c.items = append(c.items, span{start, c.pos})
		}
	}
	c.pos++
	c.depth--
	unique := !n.unique || c.differ(c.items[base:])
	c.items = c.items[:base]
	return unique && count >= n.minItems && (n.maxItems < 0 || count <= n.maxItems)
}

// maxCompared is how many items are compared with each other here.
const maxCompared = 64

// differ reports whether all items differ for sure: those whose bytes differ only where their values do.
func (c *cursor) differ(items []span) bool {
	if len(items) > maxCompared {
		return false
	}
	for i, item := range items {
		text := c.text[item.start:item.end]
		if !plain(text) {
			return false
		}
		for _, other := range items[:i] {
			if bytes.Equal(text, c.text[other.start:other.end]) {
				return false
			}
		}
	}
	return true
}

// plain reports whether a value of JSON has only one spelling: a string without escapes, an integer, a literal.
func plain(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	switch text[0] {
	case '{', '[':
		return false
	case '"':
		return bytes.IndexByte(text, '\\') < 0
	case 't', 'f', 'n':
		return true
	}
	return !bytes.ContainsAny(text, ".eE") && string(text) != "-0"
}

// str reads a string.
func (c *cursor) str(n *node) bool {
	if n.values == nil && n.minLength == 0 && n.maxLength < 0 && n.pattern == nil && n.format == nil {
		_, ok := c.raw()
		return ok
	}
	text, ok := c.string()
	if !ok || n.values != nil && !n.values.strings[string(text)] {
		return false
	}
	if n.minLength > 0 || n.maxLength >= 0 {
		if length := utf8.RuneCount(text); length < n.minLength || n.maxLength >= 0 && length > n.maxLength {
			return false
		}
	}
	if n.pattern != nil {
		if c.steps -= n.pattern.cost(len(text)); c.steps < 0 || !n.pattern.Match(text) {
			return false
		}
	}
	return n.format == nil || n.format(text)
}

// numeric reads a number.
func (c *cursor) numeric(n *node) bool {
	text := c.number()
	if len(text) == 0 {
		return false
	}
	integer := n.kinds&isNumber == 0
	if !integer && n.values == nil && len(n.bounds) == 0 && n.multipleOf == nil {
		return true
	}
	d, ok := parseDecimal(text)
	if !ok || integer && !d.isInteger() || n.values != nil && !n.values.hasNumber(d) {
		return false
	}
	for _, b := range n.bounds {
		if !b.holds(d) {
			return false
		}
	}
	if n.multipleOf != nil {
		x, y, ok := align(d, n.multipleOf.short)
		return ok && x%y == 0
	}
	return true
}

func (v *allowed) hasNumber(d decimal) bool {
	for _, other := range v.numbers {
		if d == other.short {
			return true
		}
	}
	return false
}

// holds reports whether d is for sure within the bound.
func (b bound) holds(d decimal) bool {
	x, y, ok := align(d, b.value.short)
	if !ok {
		return false
	}
	if b.upper {
		x, y = y, x
	}
	return x > y || x == y && !b.exclusive
}
