package payload

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"iggysink/internal/jsonscan"
	"iggysink/internal/payload/format"
)

// compilation turns a schema into nodes.
type compilation struct {
	root    any
	draft   draft
	words   map[string]keyword
	base    string           // the root's $id, without a fragment
	done    map[string]*node // by pointer into the schema
	nested  int              // how many schemas around this one have an $id of their own
	depth   int
	foreign bool // something is left to jsonschema
	slow    bool // something cannot be run over bytes
	spend   func(steps int) bool
	faults  []place   // what is wrong
	unknown []unknown // words that the draft does not have
}

// place is something to say about a place in a schema.
type place struct {
	pointer string
	isName  bool // it is about the name there and not about its value
	text    string
}

// unknown is a word in a schema that is no keyword.
type unknown struct{ at, word string }

// The bounds of a schema.
const (
	maxNesting = 512       // how deeply schemas nest
	maxFaults  = 20        // how many mistakes are looked for
	maxStates  = 20_000    // of the program that a pattern compiles to
	maxWork    = 4_000_000 // steps that Compile may take
)

// stopped ends a compilation whose budget is used up.
type stopped struct{}

func (c *compilation) charge(steps int) {
	if !c.spend(steps) {
		panic(stopped{})
	}
}

func (c *compilation) fail(at, text string) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, place{pointer: at, text: text})
	}
}

// failName is about a keyword or a property and not about its value.
func (c *compilation) failName(at, text string) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, place{pointer: at, isName: true, text: text})
	}
}

// compile returns the node of the schema at a pointer, each only once.
func (c *compilation) compile(schema any, at string) *node {
	if n := c.done[at]; n != nil {
		return n
	}
	c.charge(1)
	n := newNode(at)
	c.done[at] = n
	if c.depth++; c.depth > maxNesting {
		c.fail(at, "schemas are nested deeper than "+strconv.Itoa(maxNesting))
		return n
	}
	defer func() { c.depth-- }()
	switch s := schema.(type) {
	case bool:
		if !s {
			n.kinds, n.never = 0, true
		}
	case map[string]any:
		c.object(n, s)
	default:
		c.fail(at, "a schema is an object, true or false")
	}
	return n
}

func newNode(at string) *node {
	return &node{at: at, kinds: isAny, maxProperties: -1, maxItems: -1, maxLength: -1, minContains: 1, maxContains: -1}
}

func (c *compilation) object(n *node, s map[string]any) {
	if c.isNested(s) {
		c.nested++
		defer func() { c.nested-- }()
	}
	if ref, is := s["$ref"].(string); is && c.draft < draft2019 {
		n.also = append(n.also, c.reference(ref, n.at)) // its neighbours mean nothing
		for _, word := range []string{"definitions", "$defs"} {
			if defs, is := s[word].(map[string]any); is {
				c.byKey(defs, n.at+"/"+word)
			}
		}
		return
	}
	for _, word := range slices.Sorted(maps.Keys(s)) {
		value := s[word]
		k, known := c.words[word]
		if !known {
			c.unknown = append(c.unknown, unknown{n.at, word})
			continue
		}
		at := n.at + "/" + escapePointer(word)
		if !k.shape.fits(value, c.draft) {
			c.fail(at, k.misfit(value))
			continue
		}
		c.keyword(n, s, k, at)
	}
	c.properties(n, s)
}

// misfit says what the value of a keyword has to be.
func (k keyword) misfit(value any) string {
	if _, isBool := value.(bool); k.shape == limit && isBool {
		return k.name + " is a number since draft 6, the bound itself: write it instead of " + strings.ToLower(k.name[len("exclusive"):])
	}
	if _, isBool := value.(bool); k.name == "required" && isBool {
		return "required is a list of names: write it beside properties, in the object that contains them"
	}
	if text, isText := value.(string); k.shape == typeNames && isText {
		return strconv.Quote(text) + " is not a type" + sentence(meant(text, typeWords())) + "The types are " + strings.Join(typeWords(), ", ")
	}
	return k.name + " has to be " + k.shape.String()
}

// sentence ends a text that a question mark may end already.
func sentence(text string) string {
	if strings.HasSuffix(text, "?") {
		return text + " "
	}
	return text + ". "
}

func typeWords() []string {
	return []string{"object", "array", "string", "number", "integer", "boolean", "null"}
}

// isNested reports whether a schema within the root has an $id. It changes what references in it mean.
func (c *compilation) isNested(s map[string]any) bool {
	word := "$id"
	if c.draft == draft4 {
		word = "id"
	}
	_, named := s[word].(string)
	if dialect, is := s["$schema"].(string); is && c.depth > 1 {
		if d, _ := draftOf(dialect); d != c.draft {
			c.foreign = true
		}
	}
	return named && c.depth > 1
}

// keyword compiles one keyword of s, whose value has its shape, into n.
func (c *compilation) keyword(n *node, s map[string]any, k keyword, at string) {
	value := s[k.name]
	switch k.name {
	case "$ref":
		n.also = append(n.also, c.reference(text(value), n.at))
	case "$dynamicRef", "$recursiveRef", "unevaluatedProperties", "unevaluatedItems":
		c.foreign = true
	case "contentEncoding", "contentMediaType":
		c.foreign = c.foreign || c.draft == draft7 // where v5 takes them for assertions
	case "$defs", "definitions":
		object, _ := value.(map[string]any)
		c.byKey(object, at)
	case "allOf":
		n.also = append(n.also, c.list(value, at)...)
	case "anyOf":
		n.any = c.list(value, at)
	case "oneOf":
		c.oneOf(n, value, at)
	case "not":
		n.not, c.slow = c.compile(value, at), true
	case "if":
		n.condition, c.slow = &condition{test: c.compile(value, at)}, true
		if then, set := s["then"]; set {
			n.condition.then = c.compile(then, n.at+"/then")
		}
		if otherwise, set := s["else"]; set {
			n.condition.otherwise = c.compile(otherwise, n.at+"/else")
		}
	case "type":
		n.kinds = types(value)
	case "enum":
		list, _ := value.([]any)
		c.values(n, list)
	case "const":
		c.values(n, []any{value})
	default:
		if !c.ofObjects(n, k.name, value, at) && !c.ofArrays(n, s, k.name, at) && !c.ofStrings(n, k.name, value, at) {
			c.ofNumbers(n, s, k.name)
		}
	}
}

// reference returns the node that a reference leads to.
func (c *compilation) reference(ref, from string) *node {
	at := from + "/$ref"
	pointer, found := strings.CutPrefix(ref, "#")
	if !found && c.base != "" {
		pointer, found = strings.CutPrefix(ref, c.base+"#")
		if ref == c.base {
			pointer, found = "", true
		}
	}
	if _, is := draftOf(ref); !found && is {
		c.foreign = true // a metaschema, which jsonschema has
		return newNode(at)
	}
	decoded, err := url.PathUnescape(pointer)
	switch {
	case c.nested > 0:
		c.foreign = true // relative to another base
		return newNode(at)
	case !found:
		c.foreign = c.foreign || c.holdsID(ref)
		if !c.foreign {
			c.fail(at, "the $ref "+strconv.Quote(ref)+" leads out of the schema: this document has to hold what it refers to, in $defs")
		}
		return newNode(at)
	case err != nil || decoded != "" && decoded[0] != '/':
		c.foreign = true // an anchor
		return newNode(at)
	}
	target, crossed, missing := c.lookUp(decoded)
	if missing != "" {
		c.fail(at, "the $ref "+strconv.Quote(ref)+" leads to nothing: "+missing)
		return newNode(at)
	}
	c.foreign = c.foreign || crossed
	return c.compile(target, decoded)
}

// holdsID reports whether some schema in the document may be the one that a reference names.
func (c *compilation) holdsID(ref string) bool {
	name, _, _ := strings.Cut(ref, "#")
	name = name[strings.LastIndexByte(name, '/')+1:]
	var within func(tree any) bool
	within = func(tree any) bool {
		switch v := tree.(type) {
		case map[string]any:
			for _, word := range []string{"$id", "id"} {
				if id, is := v[word].(string); is && strings.HasSuffix(strings.TrimSuffix(id, "#"), name) {
					return true
				}
			}
			for _, item := range v {
				if within(item) {
					return true
				}
			}
		case []any:
			return slices.ContainsFunc(v, within)
		}
		return false
	}
	return name != "" && within(c.root)
}

// lookUp follows a pointer into the schema. It crosses where it enters a schema with an $id of its own. missing says, for
// a user, what is not there.
func (c *compilation) lookUp(pointer string) (target any, crossed bool, missing string) {
	at := c.root
	for i, part := range strings.Split(pointer, "/")[1:] {
		name := jsonscan.UnescapeToken(part)
		switch v := at.(type) {
		case map[string]any:
			if _, named := v["$id"].(string); named && i > 0 {
				crossed = true
			}
			inner, there := v[name]
			if !there {
				return nil, crossed, strconv.Quote(name) + " is not there" + meant(name, slices.Sorted(maps.Keys(v)))
			}
			at = inner
		case []any:
			n, err := strconv.Atoi(name)
			if err != nil || n < 0 || n >= len(v) {
				return nil, crossed, strconv.Quote(name) + " is not there"
			}
			at = v[n]
		default:
			return nil, crossed, strconv.Quote(name) + " is not there"
		}
	}
	return at, crossed, ""
}

func (c *compilation) list(value any, at string) (nodes []*node) {
	list, _ := value.([]any)
	for i, schema := range list {
		nodes = append(nodes, c.compile(schema, at+"/"+strconv.Itoa(i)))
	}
	return nodes
}

func (c *compilation) byKey(object map[string]any, at string) map[string]*node {
	nodes := make(map[string]*node, len(object))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		nodes[name] = c.compile(object[name], at+"/"+escapePointer(name))
	}
	return nodes
}

// types returns the set of a type keyword; the empty one if a word is none.
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

// values compiles enum or const. Beside another it is a schema of its own.
func (c *compilation) values(n *node, list []any) {
	if n.values != nil {
		second := newNode(n.at)
		n.also = append(n.also, second)
		n = second
	}
	n.values = &allowed{strings: make(map[string]bool), constant: len(list) == 1}
	c.charge(len(list))
	for _, value := range list {
		switch v := value.(type) {
		case string:
			n.values.strings[v] = true
		case json.Number:
			number := newNumber(v)
			n.values.numbers = append(n.values.numbers, number)
			c.slow = c.slow || !number.isOK
		case bool:
			n.values.yes, n.values.no = n.values.yes || v, n.values.no || !v
		case nil:
			n.values.null = true
		default:
			n.values.others = append(n.values.others, v)
			c.slow = true
		}
	}
}

// pattern compiles a regular expression. The keys of a schema are patterns too, and at says which it is.
func (c *compilation) pattern(expression, at string, isName bool) *pattern {
	fail := c.fail
	if isName {
		fail = c.failName
	}
	translated := translate(expression)
	parsed, err := syntax.Parse(translated, syntax.Perl)
	if err != nil {
		fail(at, patternFault(expression, err))
		return nil
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(program.Inst) > maxStates {
		fail(at, "the pattern is too large: repetitions of repetitions make it so")
		return nil
	}
	c.charge(len(program.Inst))
	p, err := newPattern(translated, len(program.Inst))
	if err != nil {
		fail(at, "the pattern does not compile")
	}
	return p
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// formatOf returns the check of a format; nil for one that is not known, which asserts nothing.
func formatOf(name string) func([]byte) bool {
	check := format.Of(name)
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

func escapePointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
