// Package payload checks JSON payloads against a JSON Schema of the user: the contract of a stream.
//
//	payload.go        Schema: Compile, Check
//	keywords.go       what the drafts define, and what each keyword's value has to be
//	compile.go        a schema -> nodes, within a budget, with every mistake at its line and column
//	compile_kinds.go  the keywords of objects, arrays, strings and numbers
//	node.go           nodes over the bytes of a payload: the direct path
//	cursor.go         the bytes
//	format.go         the usual spelling of formats, without an allocation
//	judge.go          nodes over a decoded payload: the last word
//	decimal.go        numbers of few digits, exactly
//	number.go         all others
//	explain.go        where a payload is wrong, and which of many alternatives was meant
//	whole.go          jsonschema, for the few schemas that nodes cannot express
//	doubts.go         schemas that assert nothing, or less than their author believes
//	source.go         lines and columns
//	pattern.go        patterns of ECMA-262
//
// A schema is compiled to a tree of nodes, which is run in two ways. Over the bytes of a payload nothing is decoded and
// nothing allocated; this way only ever accepts. What it does not accept, because it violates the schema or because it
// cannot tell, is decoded and judged: by the same nodes, which then have the last word and say where the violation is.
//
// Over bytes go: $ref to a place in the same schema, type, enum and const of scalars, properties, required,
// additionalProperties, maxProperties, items, minItems, maxItems, uniqueItems, minLength, maxLength, pattern, format,
// minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, allOf, anyOf, oneOf whose branches differ in a
// required property with constant strings or in their types, and boolean schemas, of drafts 4 to 2020-12. A schema with
// anything else that asserts something is decoded always. One with unevaluatedProperties, unevaluatedItems,
// $dynamicRef, $recursiveRef, anchors, or schemas with an $id of their own that references depend on is judged by
// jsonschema v5 as a whole.
//
// # Non-obvious
//
// A recursive anyOf asks more of a payload of 61 bytes than a core can do in a year. Each check has a budget of steps, in
// proportion to the payload, and past it the payload is refused with that reason. jsonschema knows no budget: see whole.
//
// format asserts, in all drafts, and is that of package format. A reference to another document is an error: a
// configuration must not read what it does not name.
package payload

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"iggysink/internal/boundedfile"
	"iggysink/internal/jsonscan"
)

// maxSchema is the largest schema file that is read, in bytes.
const maxSchema = 1 << 20

// Schema is a compiled schema. It is safe for concurrent use.
type Schema struct {
	root   *node
	direct bool            // the nodes run over bytes
	whole  *whole          // nil: the nodes have the last word
	names  map[string]bool // every property that the schema names
	doubts []Doubt
	pool   sync.Pool // of *cursor
}

// Fault says where a payload violates its schema. It holds nothing that only the payload knows: a property that the
// schema does not name is written as *.
type Fault struct {
	Pointer string // JSON pointer into the payload; empty: the payload itself
	Keyword string // of the schema, or why there is none, such as a budget that is used up
	// Branch is the place in the schema of the alternative that fits best, where no constant and no type says which one of
	// an oneOf or anyOf is meant; otherwise empty.
	Branch string
}

// String gives the fault as the end of a sentence: "at /lines/0: required, in #/$defs/order, which fits best".
func (f Fault) String() string {
	at := f.Pointer
	if at == "" {
		at = "its root"
	}
	text := "at " + at + ": " + f.Keyword
	if f.Branch != "" {
		text += ", in " + f.Branch + ", which fits best"
	}
	return text
}

// Load reads and compiles the schema in a file. Its errors say what is wrong without the path.
func Load(path string) (*Schema, error) {
	source, err := boundedfile.Read(path, maxSchema)
	if err != nil {
		return nil, bare(err)
	}
	return Compile(source)
}

// bare takes the path out of an error of the file system.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Compile compiles a schema of draft 2020-12, or of the older draft that its $schema names. Its error is an *Error. It ends
// within a bound of its own.
func Compile(source []byte) (*Schema, error) {
	left := maxWork
	return CompileWithin(source, func(steps int) bool {
		left -= steps
		return left >= 0
	})
}

// CompileWithin compiles within a budget of the caller's. spend is told of work before it is done, in steps of about a
// schema in the schema, and ends the compilation by false.
func CompileWithin(source []byte, spend func(steps int) bool) (_ *Schema, err error) {
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	defer func() {
		if r := recover(); r == (stopped{}) {
			err = &Error{Line: 1, Column: 1, Cause: "it takes too long to compile"}
		} else if r != nil { // a library's parser of patterns and numbers must not end the process
			err = &Error{Line: 1, Column: 1, Cause: "it cannot be compiled"}
		}
	}()
	if !spend(len(source) / costBytes) {
		panic(stopped{})
	}
	tree, err := decode(source)
	if err != nil {
		return nil, syntaxFault(source, err)
	}
	c := compilation{root: tree, draft: draft2020, done: make(map[string]*node), spend: spend}
	root, err := c.start(source)
	if err != nil {
		return nil, err
	}
	s := &Schema{root: root, direct: !c.slow && !c.foreign, names: make(map[string]bool), doubts: c.doubts(source)}
	collectNames(tree, s.names)
	if c.foreign {
		// A schema costs jsonschema more than it costs here.
		c.charge(len(c.done) * foreignStep)
		if s.whole, err = newWhole(source); err != nil {
			return nil, unsound(err).in(source)
		}
	}
	return s, nil
}

// start compiles the root and all that it leads to.
func (c *compilation) start(source []byte) (*node, error) {
	switch c.root.(type) {
	case map[string]any, bool:
	default:
		return nil, place{text: "a JSON Schema is an object, true or false"}.in(source)
	}
	if at, ok := boundedNumbers(c.root, ""); !ok {
		return nil, place{pointer: at, text: "the number is out of range"}.in(source)
	}
	object, _ := c.root.(map[string]any)
	if dialect, set := object["$schema"]; set {
		var known bool
		if c.draft, known = draftOf(text(dialect)); !known {
			return nil, place{pointer: "/$schema", text: "this $schema is not known: " + strconv.Quote(text(dialect)) +
				". Those of drafts 4, 6, 7, 2019-09 and 2020-12 are; without a $schema it is draft 2020-12"}.in(source)
		}
	}
	if c.base, _, _ = strings.Cut(text(object["$id"]), "#"); c.draft == draft4 {
		c.base, _, _ = strings.Cut(text(object["id"]), "#")
	}
	c.words = c.draft.words()
	root := c.compile(c.root, "")
	if at, loops := c.loop(); loops && len(c.faults) == 0 {
		c.fail(at, "a $ref leads back to itself")
	}
	if len(c.faults) > 0 {
		return nil, first(c.faults, source)
	}
	return root, nil
}

// loop finds a schema that applies itself to the same value, which would never end.
func (c *compilation) loop() (at string, found bool) {
	const entered, left = 1, 2
	state := make(map[*node]int, len(c.done))
	var visit func(n *node) bool
	visit = func(n *node) bool {
		if n == nil || state[n] == left {
			return false
		}
		if state[n] == entered {
			at = n.at
			return true
		}
		state[n] = entered
		for _, other := range n.inPlace() {
			if visit(other) {
				return true
			}
		}
		state[n] = left
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(c.done)) {
		if visit(c.done[name]) {
			return at, true
		}
	}
	return "", false
}

// inPlace returns the schemas that a schema applies to the same value.
func (n *node) inPlace() []*node {
	all := slices.Concat(n.also, n.any, n.one, []*node{n.not})
	if n.condition != nil {
		all = append(all, n.condition.test, n.condition.then, n.condition.otherwise)
	}
	for _, d := range n.dependents {
		all = append(all, d.node)
	}
	return all
}

// Direct reports whether a payload that satisfies the schema is not decoded.
func (s *Schema) Direct() bool { return s.direct }

// Doubts returns what in a sound schema is likely a mistake: it asserts nothing, or a word in it is no keyword.
func (s *Schema) Doubts() []Doubt { return s.doubts }

// Check reports whether payload, which has to be valid JSON, satisfies the schema; if not, where. Of several faults it
// tells the first one by pointer. It ends within a budget that grows with the payload, and refuses what exceeds it.
func (s *Schema) Check(payload []byte) (Fault, bool) {
	if s.accepts(payload) {
		return Fault{}, true
	}
	return s.judge(payload)
}

// accepts runs the nodes over the bytes. False says nothing: the payload has to be judged.
func (s *Schema) accepts(payload []byte) bool {
	if !s.direct {
		return false
	}
	c, ok := s.pool.Get().(*cursor)
	if !ok {
		c = &cursor{}
	}
	c.text, c.pos, c.depth, c.items = payload, 0, 0, c.items[:0]
	c.steps = budgetOf(payload)
	accepted := c.check(s.root) && c.end()
	c.text = nil // the payload must not stay alive
	if cap(c.scratch) <= maxScratch {
		s.pool.Put(c)
	}
	return accepted
}

// maxScratch is the largest memory that is kept for the next payload.
const maxScratch = 64 << 10

// budgetOf returns how many steps a payload may take.
func budgetOf(payload []byte) int { return baseSteps + stepsAByte*len(payload) }

// The reasons for a refusal that are no keyword.
const (
	notJSON     = "the payload is not JSON"
	outOfRange  = "a number is out of range"
	uncheckable = "the payload cannot be checked"
	tooLong     = "the check takes too many steps"
	tooMany     = "too many alternatives to say where"
)

// judge decodes a payload and has the last word.
func (s *Schema) judge(payload []byte) (fault Fault, ok bool) {
	tree, err := decode(payload)
	if err != nil {
		return Fault{Keyword: notJSON}, false
	}
	if _, bounded := boundedNumbers(tree, ""); !bounded {
		return Fault{Keyword: outOfRange}, false
	}
	faults := s.faults(tree, budgetOf(payload))
	if len(faults) == 0 {
		return Fault{}, true
	}
	fault = slices.MinFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Keyword, b.Keyword))
	})
	fault.Pointer = s.known(fault.Pointer)
	return fault, false
}

// faults returns what is wrong with a decoded payload, in no order; nothing if it satisfies the schema.
func (s *Schema) faults(tree any, steps int) (faults []Fault) {
	reason := tooLong
	defer func() {
		switch r := recover(); {
		case r == (stopped{}):
			faults = []Fault{{Keyword: reason}}
		case r != nil: // a payload must not end the process
			faults = []Fault{{Keyword: uncheckable}}
		}
	}()
	if s.whole != nil {
		return s.whole.judge(tree, steps)
	}
	if (&judge{steps: steps}).holds(s.root, tree) {
		return nil
	}
	reason = tooMany
	if faults = (&judge{steps: explainSteps}).explain(s.root, tree, ""); len(faults) == 0 {
		return []Fault{{Keyword: uncheckable}} // explain must find what holds does not take
	}
	return faults
}

// known replaces what only the payload knows in a pointer.
func (s *Schema) known(pointer string) string {
	if pointer == "" {
		return ""
	}
	parts := strings.Split(pointer[1:], "/")
	for i, part := range parts {
		name := jsonscan.UnescapeToken(part)
		if _, err := strconv.ParseUint(part, 10, 32); err != nil && !s.names[name] {
			parts[i] = "*"
		}
	}
	return "/" + strings.Join(parts, "/")
}

// decode reads one JSON value with exact numbers.
func decode(source []byte) (tree any, err error) {
	d := json.NewDecoder(bytes.NewReader(source))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errSecondValue
	}
	return tree, nil
}

var errSecondValue = errors.New("there is more than one value")

// maxNumber bounds the digits and the exponent of a number.
const maxNumber = 400

// boundedNumbers reports whether every number can be computed with exactly: 1e999999999 would take all memory. If not, it
// says where one is.
func boundedNumbers(tree any, at string) (where string, ok bool) {
	switch v := tree.(type) {
	case json.Number:
		digits, exponent, _ := strings.Cut(strings.ToLower(string(v)), "e")
		n, err := strconv.Atoi(exponent)
		return at, len(digits) <= maxNumber && (exponent == "" || err == nil && n >= -maxNumber && n <= maxNumber)
	case []any:
		for i, item := range v {
			if where, ok := boundedNumbers(item, at); !ok {
				return at + "/" + strconv.Itoa(i) + strings.TrimPrefix(where, at), false
			}
		}
	case map[string]any:
		for name, item := range v {
			if where, ok := boundedNumbers(item, at); !ok {
				return at + "/" + escapePointer(name) + strings.TrimPrefix(where, at), false
			}
		}
	}
	return at, true
}

// collectNames notes every property that a schema names, wherever in it.
func collectNames(tree any, names map[string]bool) {
	switch v := tree.(type) {
	case []any:
		for _, item := range v {
			collectNames(item, names)
		}
	case map[string]any:
		for keyword, item := range v {
			if properties, is := item.(map[string]any); is && keyword == "properties" {
				for name := range properties {
					names[name] = true
				}
			}
			collectNames(item, names)
		}
	}
}
