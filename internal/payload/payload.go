// Package payload checks JSON payloads against a JSON Schema of the user: the contract of a stream.
//
// A schema is compiled once, twice over. jsonschema v5 compiles all of draft 2020-12 and has the last word. What lies
// within the subset below is also compiled to a tree of nodes that run over the bytes of a payload: nothing is decoded
// and nothing allocated. The nodes only ever accept: what they do not accept, because it violates the schema or because
// they cannot tell, goes to jsonschema, which then also says where the violation is. So the verdict is always that of
// jsonschema, and a payload that is as it should be costs a fraction of it.
//
// The subset: $ref to a place in the same schema, type, enum and const of scalars, properties, required,
// additionalProperties, maxProperties, items, minItems, maxItems, uniqueItems, minLength, maxLength, pattern, format,
// minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, allOf, anyOf, oneOf whose branches differ in a
// required property with a constant string, and boolean schemas. A schema with anything else that asserts something is
// left to jsonschema as a whole.
//
// format asserts. A reference to another document is an error: a configuration must not read what it does not name.
package payload

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// maxSchema is the largest schema file that is read, in bytes.
const maxSchema = 1 << 20

// Schema is a compiled schema. It is safe for concurrent use.
type Schema struct {
	root  *node // nil: outside the subset
	whole *jsonschema.Schema
	names map[string]bool // every property that the schema names
	pool  sync.Pool       // of *cursor
}

// Fault says where a payload violates its schema. It holds nothing that only the payload knows: a property that the
// schema does not name is written as *.
type Fault struct {
	Pointer string // JSON pointer into the payload; empty: the payload itself
	Keyword string // of the schema
}

// Load reads and compiles the schema in a file. Its errors say what is wrong without the path.
func Load(path string) (*Schema, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	if info, err := file.Stat(); err != nil {
		return nil, bare(err)
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	source, err := io.ReadAll(io.LimitReader(file, maxSchema+1))
	if err != nil {
		return nil, bare(err)
	}
	if len(source) > maxSchema {
		return nil, fmt.Errorf("it has more than %d bytes", maxSchema)
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

// location is where the compiler believes the schema to be. A relative reference from there leads nowhere.
const location = "payload:///schema.json"

// Compile compiles a schema of draft 2020-12, or of the older draft that its $schema names.
func Compile(source []byte) (_ *Schema, err error) {
	defer func() {
		if recover() != nil { // the library's parser of patterns and numbers must not end the process
			err = errors.New("it cannot be compiled")
		}
	}()
	tree, err := decode(source)
	if err != nil {
		return nil, errors.New("it is not JSON")
	}
	switch tree.(type) {
	case map[string]any, bool:
	default:
		return nil, errors.New("a JSON Schema is an object or a boolean")
	}
	if !boundedNumbers(tree) {
		return nil, errors.New("a number in it is out of range")
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat = true
	compiler.LoadURL = func(string) (io.ReadCloser, error) { return nil, errOutside }
	if err := compiler.AddResource(location, bytes.NewReader(source)); err != nil {
		return nil, unsound(err)
	}
	whole, err := compiler.Compile(location)
	if err != nil {
		return nil, unsound(err)
	}
	s := &Schema{whole: whole, names: make(map[string]bool)}
	collectNames(tree, s.names)
	c := compilation{root: tree, done: make(map[string]*node)}
	if root := c.compile(tree); !c.outside {
		s.root = root
	}
	return s, nil
}

var errOutside = errors.New("a $ref leads out of the schema")

// unsound says in words of our own why a schema does not compile.
func unsound(err error) error {
	var violation *jsonschema.ValidationError
	switch {
	case errors.Is(err, errOutside):
		return errOutside
	case errors.As(err, &violation):
		for len(violation.Causes) > 0 {
			violation = violation.Causes[0]
		}
		return fmt.Errorf("it is not a valid JSON Schema: see %s", orRoot(violation.InstanceLocation))
	case strings.Contains(err.Error(), "InfiniteLoop"), strings.Contains(err.Error(), "infinite"):
		return errors.New("a $ref leads back to itself")
	case strings.Contains(err.Error(), "not found"):
		return errors.New("a $ref leads to nothing")
	}
	return errors.New("it is not a valid JSON Schema")
}

func orRoot(pointer string) string {
	if pointer == "" {
		return "its root"
	}
	return pointer
}

// Direct reports whether the schema lies within the subset that needs no decoding.
func (s *Schema) Direct() bool { return s.root != nil }

// Check reports whether payload, which has to be valid JSON, satisfies the schema; if not, where. Of several faults it
// tells the first one by pointer.
func (s *Schema) Check(payload []byte) (Fault, bool) {
	if s.accepts(payload) {
		return Fault{}, true
	}
	return s.judge(payload)
}

// accepts runs the nodes. False says nothing: jsonschema has to judge.
func (s *Schema) accepts(payload []byte) bool {
	if s.root == nil {
		return false
	}
	c, ok := s.pool.Get().(*cursor)
	if !ok {
		c = &cursor{}
	}
	c.text, c.pos, c.depth, c.items = payload, 0, 0, c.items[:0]
	accepted := c.check(s.root) && c.end()
	c.text = nil // the payload must not stay alive
	if cap(c.scratch) <= maxScratch {
		s.pool.Put(c)
	}
	return accepted
}

// maxScratch is the largest memory that is kept for the next payload.
const maxScratch = 64 << 10

// judge asks jsonschema.
func (s *Schema) judge(payload []byte) (fault Fault, ok bool) {
	defer func() {
		if recover() != nil { // a payload must not end the process
			fault, ok = Fault{Keyword: "the payload cannot be checked"}, false
		}
	}()
	tree, err := decode(payload)
	if err != nil {
		return Fault{Keyword: "the payload is not JSON"}, false
	}
	if !boundedNumbers(tree) {
		return Fault{Keyword: "a number is out of range"}, false
	}
	err = s.whole.Validate(tree)
	if err == nil {
		return Fault{}, true
	}
	var violation *jsonschema.ValidationError
	if !errors.As(err, &violation) {
		return Fault{Keyword: "the payload cannot be checked"}, false
	}
	faults := leaves(nil, violation)
	fault = slices.MinFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Keyword, b.Keyword))
	})
	fault.Pointer = s.known(fault.Pointer)
	return fault, false
}

// leaves collects the errors that have no cause. Of alternatives none of which holds, only the one that is meant is
// looked into: the one whose constants hold.
func leaves(all []Fault, v *jsonschema.ValidationError) []Fault {
	keyword := v.KeywordLocation[strings.LastIndexByte(v.KeywordLocation, '/')+1:]
	if len(v.Causes) == 0 || keyword == "oneOf" || keyword == "anyOf" {
		if meant := chosen(v); meant != nil {
			return meant
		}
		return append(all, Fault{v.InstanceLocation, keyword})
	}
	for _, cause := range v.Causes {
		all = leaves(all, cause)
	}
	return all
}

// chosen returns the faults of the only alternative that no constant excludes; nil if there is none.
func chosen(v *jsonschema.ValidationError) []Fault {
	byBranch := make(map[string][]Fault)
	for _, cause := range v.Causes {
		rest := strings.TrimPrefix(cause.KeywordLocation, v.KeywordLocation+"/")
		branch, _, _ := strings.Cut(rest, "/")
		byBranch[branch] = leaves(byBranch[branch], cause)
	}
	var meant []Fault
	for _, faults := range byBranch {
		if slices.ContainsFunc(faults, func(f Fault) bool { return f.Keyword == "const" || f.Keyword == "enum" }) {
			continue
		}
		if meant != nil {
			return nil
		}
		meant = faults
	}
	return meant
}

// known replaces what only the payload knows in a pointer.
func (s *Schema) known(pointer string) string {
	if pointer == "" {
		return ""
	}
	parts := strings.Split(pointer[1:], "/")
	for i, part := range parts {
		name := strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
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
		return nil, errors.New("there is more than one value")
	}
	return tree, nil
}

// maxNumber bounds the digits and the exponent of a number.
const maxNumber = 400

// boundedNumbers reports whether jsonschema can compute with every number: it expands them, and 1e999999999 would take
// all memory.
func boundedNumbers(tree any) bool {
	switch v := tree.(type) {
	case json.Number:
		digits, exponent, _ := strings.Cut(strings.ToLower(string(v)), "e")
		n, err := strconv.Atoi(exponent)
		return len(digits) <= maxNumber && (exponent == "" || err == nil && n >= -maxNumber && n <= maxNumber)
	case []any:
		return !slices.ContainsFunc(v, func(item any) bool { return !boundedNumbers(item) })
	case map[string]any:
		for _, item := range v {
			if !boundedNumbers(item) {
				return false
			}
		}
	}
	return true
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
