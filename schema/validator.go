package schema

import (
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// configValidator and envelopeValidator compile their schema at the first use. Compiling is not safe for concurrent
// use, validating is.
var (
	configValidator   = sync.OnceValue(func() *validator { return newValidator(configSchema) })
	envelopeValidator = sync.OnceValue(func() *validator { return newValidator(envelopeSchema) })
)

// validator runs jsonschema and keeps from its result only which keyword failed where. What a violation says comes from
// the schema itself: jsonschema's messages come in random order, print bounds as floats and quote the instance.
type validator struct {
	compiled *jsonschema.Schema
	root     map[string]any // the schema as a tree
}

// newValidator compiles one of the embedded schemas. The generator has checked it, so that a failure is a broken build.
func newValidator(source string) *validator {
	root, err := decodeTree(source)
	if err != nil {
		panic("schema: " + err.Error())
	}
	object, _ := root.(map[string]any)
	id, _ := object["$id"].(string)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat = true
	compiler.Formats = make(map[string]func(any) bool)
	for _, name := range append(formats(), standardFormats()...) {
		compiler.Formats[name] = func(v any) bool {
			s, isString := v.(string)
			return !isString || hasFormat(name, s)
		}
	}
	// A reference to anything but the schema itself would read a file or ask the network.
	compiler.LoadURL = func(string) (io.ReadCloser, error) {
		return nil, errors.New("the schema must not refer to other documents")
	}
	if err := compiler.AddResource(id, strings.NewReader(source)); err != nil {
		panic("schema: " + err.Error())
	}
	return &validator{compiled: compiler.MustCompile(id), root: object}
}

// decodeTree decodes JSON with exact numbers.
func decodeTree(source string) (any, error) {
	d := json.NewDecoder(strings.NewReader(source))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// validate returns every violation, sorted.
func (v *validator) validate(doc any) []Violation {
	doc = boundNumbers(doc)
	err := v.run(doc)
	if err == nil {
		return nil
	}
	var failed *jsonschema.ValidationError
	if !errors.As(err, &failed) {
		return []Violation{{Keyword: keywordUncheckable}}
	}
	c := collector{root: v.root, doc: doc}
	c.collect(failed)
	return c.found.sorted()
}

// run turns a panic of the library into an error: it must not take the process with it because of a document.
func (v *validator) run(doc any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the document cannot be validated")
		}
	}()
	return v.compiled.Validate(doc)
}

// collector turns the errors of one run into violations.
type collector struct {
	root  map[string]any
	doc   any
	found violations
}

// collect goes down to the errors that have no cause.
func (c *collector) collect(e *jsonschema.ValidationError) {
	if strings.HasSuffix(e.KeywordLocation, "/oneOf") && len(e.Causes) > 0 {
		if _, _, parts := c.keyword(e.KeywordLocation); len(parts) == 1 {
			c.oneOf(e)
			return
		}
	}
	for _, cause := range e.Causes {
		c.collect(cause)
	}
	if len(e.Causes) == 0 {
		c.leaf(e)
	}
}

// oneOf reports only the branch that is meant: the one whose constant property the instance has, or the one of its type.
// Where there is none, what would tell is reported.
func (c *collector) oneOf(e *jsonschema.ValidationError) {
	node, description, _ := c.keyword(e.KeywordLocation)
	list, _ := node["oneOf"].([]any)
	branches := make([]map[string]any, 0, len(list))
	for _, branch := range list {
		branches = append(branches, c.resolve(branch))
	}
	pointer := pointerOf(e.InstanceLocation)
	chosen, v := choose(branches, c.resolve, lookup(c.doc, pointer))
	if chosen < 0 {
		v.Description = description
		c.found.add(pointer+v.Pointer, "", v)
		return
	}
	prefix := e.KeywordLocation + "/" + strconv.Itoa(chosen)
	for _, cause := range e.Causes {
		if cause.KeywordLocation == prefix || strings.HasPrefix(cause.KeywordLocation, prefix+"/") {
			c.collect(cause)
		}
	}
}

// leaf reports one keyword, in as many violations as there are names to tell.
func (c *collector) leaf(e *jsonschema.ValidationError) {
	node, description, parts := c.keyword(e.KeywordLocation)
	pointer := pointerOf(e.InstanceLocation)
	object, _ := lookup(c.doc, pointer).(map[string]any)
	keyword := at(parts, 0)
	switch keyword {
	case "required":
		for _, name := range words(node["required"]) {
			if _, there := object[name]; !there {
				c.found.add(pointer, "", Violation{Keyword: keyword, Property: name, Description: c.describe(node, name)})
			}
		}
	case "dependentRequired":
		// One error for each missing name; the name and its trigger are in the location.
		trigger := unescape(at(parts, 1))
		index, _ := strconv.Atoi(at(parts, 2))
		dependents, _ := node["dependentRequired"].(map[string]any)
		name := at(words(dependents[trigger]), index)
		c.found.add(pointer, "", Violation{Keyword: keyword, Property: name, Trigger: trigger,
			Description: c.describe(node, name)})
	case "additionalProperties":
		properties, _ := node["properties"].(map[string]any)
		for name := range object {
			if _, known := properties[name]; !known {
				c.found.add(pointer, "/"+EscapePointer(name), Violation{Keyword: keyword, Property: name})
			}
		}
	default:
		c.found.add(pointer, "", detail(node, keyword, description))
	}
}

// detail reads from a schema node what its keyword asks for.
func detail(node map[string]any, keyword, description string) Violation {
	v := Violation{Keyword: keyword, Description: description}
	switch value := node[keyword]; keyword {
	case "type":
		v.Types = words(value)
	case "enum", "const":
		aliases, _ := node["x-enum-aliases"].(map[string]any)
		v.Allowed = slices.DeleteFunc(words(value), func(word string) bool {
			_, isAlias := aliases[word]
			return isAlias
		})
	case "format":
		v.Format, _ = value.(string)
	case "pattern":
		v.Pattern, _ = value.(string)
		if examples := words(node["examples"]); len(examples) > 0 {
			v.Example = examples[0]
		}
	default:
		if number, isNumber := value.(json.Number); isNumber {
			v.Limit = number.String()
		}
	}
	return v
}

// keyword follows the location of a failed keyword through the schema. It returns the node that holds the keyword, the
// description closest to the property (that of the property itself rather than that of the type it refers to), and the
// parts of the location that begin with the keyword.
func (c *collector) keyword(location string) (node map[string]any, description string, keyword []string) {
	node = c.root
	description, _ = node["description"].(string)
	parts := strings.Split(strings.TrimPrefix(location, "/"), "/")
	for len(parts) > 0 {
		var next any
		taken, own := 1, false
		switch parts[0] {
		case "$ref":
			next = c.resolve(node)
		case "items", "additionalProperties":
			next = node[parts[0]]
		case "properties":
			properties, _ := node["properties"].(map[string]any)
			next, taken, own = properties[unescape(at(parts, 1))], 2, true
		case "oneOf":
			branches, _ := node["oneOf"].([]any)
			if index, err := strconv.Atoi(at(parts, 1)); err == nil && index < len(branches) {
				next, taken = branches[index], 2
			}
		}
		object, isObject := next.(map[string]any)
		if !isObject || len(parts) < taken {
			return node, description, parts
		}
		node, parts = object, parts[taken:]
		if text, _ := node["description"].(string); own || description == "" {
			description = text
		}
	}
	return node, description, nil
}

// at returns an element, or nothing behind the end.
func at(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return ""
}

// resolve follows the reference of a node, if it has one.
func (c *collector) resolve(node any) map[string]any {
	object, _ := node.(map[string]any)
	if ref, isRef := object["$ref"].(string); isRef {
		target, _ := lookup(c.root, strings.TrimPrefix(ref, "#")).(map[string]any)
		return target
	}
	return object
}

// describe returns the description of a property of node.
func (c *collector) describe(node map[string]any, name string) string {
	properties, _ := node["properties"].(map[string]any)
	property, _ := properties[name].(map[string]any)
	text, _ := property["description"].(string)
	return text
}

// words returns a string or a list of strings as a list.
func words(v any) []string {
	if s, isString := v.(string); isString {
		return []string{s}
	}
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, e := range list {
		if s, isString := e.(string); isString {
			out = append(out, s)
		}
	}
	return out
}

// lookup returns the value at a JSON Pointer, or nil.
func lookup(v any, pointer string) any {
	for pointer != "" {
		var segment string
		segment, pointer = cutSegment(pointer)
		switch container := v.(type) {
		case map[string]any:
			v = container[strings.ReplaceAll(strings.ReplaceAll(segment, "~1", "/"), "~0", "~")]
		case []any:
			index, err := strconv.Atoi(segment)
			if err != nil || index < 0 || index >= len(container) {
				return nil
			}
			v = container[index]
		default:
			return nil
		}
	}
	return v
}

// pointerOf undoes the percent-encoding that jsonschema puts on top of a JSON Pointer.
func pointerOf(location string) string {
	if pointer, err := url.PathUnescape(location); err == nil {
		return pointer
	}
	return location
}

// unescape returns the name that a segment of a location stands for.
func unescape(segment string) string {
	return strings.ReplaceAll(strings.ReplaceAll(pointerOf(segment), "~1", "/"), "~0", "~")
}

// typeOf returns the JSON type of a value.
func typeOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case nil:
		return "null"
	}
	return "number"
}
