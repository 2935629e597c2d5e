package payload

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"iggysink/internal/payload/format"
)

// location is where the compiler believes the schema to be. A relative reference from there leads nowhere.
const location = "payload:///schema.json"

// whole judges by jsonschema, for schemas with keywords that nodes do not have. jsonschema cannot be interrupted and knows
// no budget: each schema in it gets an extension that counts, and panics past the budget. The count belongs to one check,
// so each check takes a compiled schema for itself.
type whole struct {
	source []byte
	idle   chan *counted
	made   atomic.Int64
}

// counted is a schema of jsonschema that counts what it does.
type counted struct {
	schema *jsonschema.Schema
	steps  *int
}

func newWhole(source []byte) (*whole, error) {
	first, err := compileCounted(source)
	if err != nil {
		return nil, err
	}
	w := &whole{source: source, idle: make(chan *counted, runtime.GOMAXPROCS(0))}
	w.made.Store(1)
	w.idle <- first
	return w, nil
}

// take returns a schema that nobody uses, one more if there may be one more. It waits for a check to end otherwise, and
// each of those has a budget.
func (w *whole) take() *counted {
	select {
	case c := <-w.idle:
		return c
	default:
	}
	if w.made.Add(1) <= int64(cap(w.idle)) {
		if c, err := compileCounted(w.source); err == nil {
			return c
		}
	}
	w.made.Add(-1)
	return <-w.idle
}

var errOutside = errors.New("a $ref leads out of the schema")

func compileCounted(source []byte) (*counted, error) {
	c := &counted{steps: new(int)}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat = true
	for _, name := range format.Names() {
		has := format.Of(name)
		compiler.Formats[name] = func(v any) bool {
			s, is := v.(string)
			return !is || has(s)
		}
	}
	compiler.LoadURL = func(string) (io.ReadCloser, error) { return nil, errOutside }
	compiler.RegisterExtension("budget", nil, budget{c.steps})
	if err := compiler.AddResource(location, bytes.NewReader(source)); err != nil {
		return nil, err
	}
	var err error
	c.schema, err = compiler.Compile(location)
	return c, err
}

// budget is an extension of jsonschema that every schema has.
type budget struct{ steps *int }

// Compile implements jsonschema.ExtCompiler.
func (b budget) Compile(jsonschema.CompilerContext, map[string]any) (jsonschema.ExtSchema, error) {
	return b, nil
}

// foreignStep is what one schema at one value costs in jsonschema, in steps of a judge.
const foreignStep = 40

// Validate implements jsonschema.ExtSchema.
func (b budget) Validate(_ jsonschema.ValidationContext, value any) error {
	if *b.steps -= foreignStep + size(value)/2; *b.steps < 0 {
		panic(stopped{})
	}
	return nil
}

// size is how much jsonschema copies of a value at each schema.
func size(value any) int {
	switch v := value.(type) {
	case map[string]any:
		return len(v)
	case []any:
		return len(v)
	}
	return 0
}

// judge returns what is wrong with a value; no faults: nothing.
func (w *whole) judge(value any, steps int) (faults []Fault) {
	c := w.take()
	defer func() { w.idle <- c }()
	*c.steps = steps
	err := c.schema.Validate(value)
	if err == nil {
		return nil
	}
	var violation *jsonschema.ValidationError
	if !errors.As(err, &violation) {
		return []Fault{{Keyword: "the payload cannot be checked"}}
	}
	return leaves(nil, violation)
}

// leaves collects the errors that have no cause. Of alternatives none of which holds, only the one that is meant is
// looked into: the one whose constants hold.
func leaves(all []Fault, v *jsonschema.ValidationError) []Fault {
	keyword := lastKeyword(v.KeywordLocation)
	if len(v.Causes) == 0 || keyword == "oneOf" || keyword == "anyOf" {
		if meant := chosen(v); meant != nil {
			return meant
		}
		return append(all, Fault{Pointer: v.InstanceLocation, Keyword: keyword})
	}
	for _, cause := range v.Causes {
		all = leaves(all, cause)
	}
	return all
}

// lastKeyword returns the keyword that a location ends with: behind it may be an index or the name of a property.
func lastKeyword(location string) string {
	all := draft2020.words()
	parts := strings.Split(location, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if _, known := all[parts[i]]; known {
			return parts[i]
		}
	}
	return "its schema"
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
		if hasConstantFault(faults) {
			continue
		}
		if meant != nil {
			return nil
		}
		meant = faults
	}
	return meant
}

func hasConstantFault(faults []Fault) bool {
	for _, f := range faults {
		if f.Keyword == "const" || f.Keyword == "enum" {
			return true
		}
	}
	return false
}

// unsound says in words of our own why jsonschema does not compile a schema.
func unsound(err error) place {
	var violation *jsonschema.ValidationError
	switch {
	case errors.Is(err, errOutside):
		return place{text: "a $ref leads out of the schema: this document has to hold what it refers to, in $defs"}
	case errors.As(err, &violation):
		for len(violation.Causes) > 0 {
			violation = violation.Causes[0]
		}
		return place{pointer: violation.InstanceLocation, text: "this is not what its keyword asks for"}
	case strings.Contains(err.Error(), "InfiniteLoop"), strings.Contains(err.Error(), "infinite"):
		return place{text: "a $ref leads back to itself"}
	case strings.Contains(err.Error(), "not found"):
		return place{text: "a $ref leads to nothing"}
	}
	return place{text: "it is not a valid JSON Schema"}
}
