package payload

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// compilation turns a schema that jsonschema has compiled into nodes.
type compilation struct {
	root    any
	done    map[string]*node // by reference
	depth   int
	outside bool // something is not of the subset
}

// ignored are the keywords that assert nothing, and those that compile reads elsewhere.
func ignored(keyword string) bool {
	switch keyword {
	case "$comment", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$defs",
		"definitions", "contentMediaType", "contentEncoding", "contentSchema", "$schema", "$id":
		return true
	}
	return strings.HasPrefix(keyword, "x-")
}

// compile returns the node of a schema. The result means nothing once outside is set.
func (c *compilation) compile(schema any) *node {
	c.depth++
	defer func() { c.depth-- }()
	n := newNode()
	switch s := schema.(type) {
	case bool:
		if !s {
			n.kinds = 0
		}
	case map[string]any:
		for keyword, value := range s {
			if !ignored(keyword) {
				c.keyword(n, s, keyword, value)
			}
		}
		c.identity(s)
	default:
		c.outside = true
	}
	return n
}

func newNode() *node { return &node{kinds: isAny, maxProperties: -1, maxItems: -1, maxLength: -1} }

// identity refuses what changes the meaning of references or of keywords.
func (c *compilation) identity(s map[string]any) {
	if _, named := s["$id"]; named && c.depth > 1 {
		c.outside = true
	}
	if dialect, set := s["$schema"]; set && strings.TrimSuffix(text(dialect), "#") != dialect2020 {
		c.outside = true
	}
}

const dialect2020 = "https://json-schema.org/draft/2020-12/schema"

// keyword compiles one keyword of s into n.
func (c *compilation) keyword(n *node, s map[string]any, keyword string, value any) {
	switch keyword {
	case "$ref":
		n.also = append(n.also, c.reference(text(value)))
	case "allOf":
		n.also = append(n.also, c.list(value)...)
	case "anyOf":
		n.any = c.list(value)
	case "oneOf":
		n.tagged = c.oneOf(value)
	case "type":
		n.kinds = types(value)
	case "enum":
		list, _ := value.([]any)
		c.values(n, list)
	case "const":
		c.values(n, []any{value})
	default:
		if !c.ofObjects(n, s, keyword, value) && !c.ofArrays(n, keyword, value) && !c.ofStrings(n, keyword, value) &&
			!c.ofNumbers(n, keyword, value) {
			c.outside = true
		}
	}
}

// reference returns the node that a reference within the schema leads to. One that leads back to itself is not built
// again.
func (c *compilation) reference(ref string) *node {
	if n := c.done[ref]; n != nil {
		return n
	}
	n := newNode()
	c.done[ref] = n
	pointer, local := strings.CutPrefix(ref, "#")
	if !local || pointer != "" && pointer[0] != '/' || strings.Contains(pointer, "%") {
		c.outside = true
		return n
	}
	at := c.root
	for i, part := range strings.Split(pointer, "/")[1:] {
		object, _ := at.(map[string]any)
		if _, named := object["$id"]; named && i > 0 {
			c.outside = true // from there on references mean something else
		}
		if at = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]; at == nil {
			c.outside = true
			return n
		}
	}
	*n = *c.compile(at)
	return n
}

func (c *compilation) list(value any) (nodes []*node) {
	list, _ := value.([]any)
	for _, schema := range list {
		nodes = append(nodes, c.compile(schema))
	}
	return nodes
}

// oneOf compiles alternatives that exclude each other. Others would all have to be run, and refused for sure.
func (c *compilation) oneOf(value any) *tagged {
	list, _ := value.([]any)
	for name := range c.constants(list, 0) {
		t := &tagged{name: name, branches: make(map[string]*node)}
		for i, schema := range list {
			if tag, found := c.constants(list, i)[name]; found && t.branches[tag] == nil {
				t.branches[tag] = c.compile(schema)
			}
		}
		if len(t.branches) == len(list) {
			return t
		}
	}
	c.outside = true
	return nil
}

// constants returns the required properties of a branch that have a constant string.
func (c *compilation) constants(list []any, i int) map[string]string {
	out := make(map[string]string)
	if i >= len(list) {
		return out
	}
	branch, _ := list[i].(map[string]any)
	if ref, only := strings.CutPrefix(text(branch["$ref"]), "#/$defs/"); only {
		root, _ := c.root.(map[string]any)
		defs, _ := root["$defs"].(map[string]any)
		branch, _ = defs[ref].(map[string]any)
	}
	properties, _ := branch["properties"].(map[string]any)
	required, _ := branch["required"].([]any)
	for _, name := range required {
		property, _ := properties[text(name)].(map[string]any)
		if constant, is := property["const"].(string); is {
			out[text(name)] = constant
		}
	}
	return out
}

// types returns the set of a type keyword.
func types(value any) (k kinds) {
	list, many := value.([]any)
	if !many {
		list = []any{value}
	}
	for _, name := range list {
		k |= map[string]kinds{
			"object": isObject, "array": isArray, "string": isString, "number": isNumber, "integer": isInteger,
			"boolean": isBoolean, "null": isNull,
		}[text(name)]
	}
	return k
}

// values compiles enum or const.
func (c *compilation) values(n *node, list []any) {
	if n.values != nil {
		c.outside = true // both
	}
	n.values = &values{strings: make(map[string]bool)}
	for _, value := range list {
		switch v := value.(type) {
		case string:
			n.values.strings[v] = true
		case json.Number:
			n.values.numbers = append(n.values.numbers, c.decimal(v))
		case bool:
			n.values.yes, n.values.no = n.values.yes || v, n.values.no || !v
		case nil:
			n.values.null = true
		default:
			c.outside = true
		}
	}
}

func (c *compilation) ofObjects(n *node, s map[string]any, keyword string, value any) bool {
	switch keyword {
	case "properties", "required": // together, whichever comes first
		if n.properties == nil {
			c.properties(n, s)
		}
	case "additionalProperties":
		n.additional = c.compile(value)
	case "maxProperties":
		n.maxProperties = c.length(value)
	default:
		return false
	}
	return true
}

func (c *compilation) properties(n *node, s map[string]any) {
	n.properties = make(map[string]*property)
	properties, _ := s["properties"].(map[string]any)
	for name, schema := range properties {
		n.properties[name] = &property{node: c.compile(schema), declared: true, bit: -1}
	}
	required, _ := s["required"].([]any)
	for _, name := range required {
		p := n.properties[text(name)]
		if p == nil {
			p = &property{bit: -1}
			n.properties[text(name)] = p
		}
		if p.bit < 0 {
			p.bit = n.required
			n.required++
		}
	}
	c.outside = c.outside || n.required > maxRequired
}

func (c *compilation) ofArrays(n *node, keyword string, value any) bool {
	switch keyword {
	case "items":
		n.items = c.compile(value)
	case "minItems":
		n.minItems = c.length(value)
	case "maxItems":
		n.maxItems = c.length(value)
	case "uniqueItems":
		n.unique = value == true
	default:
		return false
	}
	return true
}

func (c *compilation) ofStrings(n *node, keyword string, value any) bool {
	switch keyword {
	case "minLength":
		n.minLength = c.length(value)
	case "maxLength":
		n.maxLength = c.length(value)
	case "pattern":
		var err error
		n.pattern, err = regexp.Compile(text(value))
		c.outside = c.outside || err != nil
	case "format":
		n.format = formatOf(text(value))
	default:
		return false
	}
	return true
}

func (c *compilation) ofNumbers(n *node, keyword string, value any) bool {
	number, isNumber := value.(json.Number)
	switch keyword {
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		n.bounds = append(n.bounds, bound{
			value: c.decimal(number), upper: strings.HasSuffix(keyword, "aximum"), exclusive: strings.HasPrefix(keyword, "exclusive"),
		})
	case "multipleOf":
		n.multipleOf = c.decimal(number)
	default:
		return false
	}
	c.outside = c.outside || !isNumber
	return true
}

// decimal is a number of the schema.
func (c *compilation) decimal(number json.Number) decimal {
	d, ok := parseDecimal([]byte(number))
	c.outside = c.outside || !ok
	return d
}

// length is a count of the schema.
func (c *compilation) length(value any) int {
	number, _ := value.(json.Number)
	d := c.decimal(number)
	n, ok := scale(d.m, d.e)
	c.outside = c.outside || !ok || d.e < 0 || n < 0
	return int(n)
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// formatOf returns the check of a format; nil for one that is not known, which asserts nothing.
func formatOf(name string) func([]byte) bool {
	check := jsonschema.Formats[name]
	if check == nil {
		return nil
	}
	var common func([]byte) bool
	switch name {
	case "date-time":
		common = isCommonTime
	case "date":
		common = isCommonDate
	case "uuid":
		common = isCommonUUID
	}
	return func(text []byte) bool { return common != nil && common(text) || check(string(text)) }
}
