package lang

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// pureFunctions are those that depend on their arguments alone.
func pureFunctions() map[string]function.Function {
	return map[string]function.Function{
		"base64encode": textFunction(func(s string) (string, error) {
			return base64.StdEncoding.EncodeToString([]byte(s)), nil
		}),
		"base64decode": textFunction(decodeBase64),
		"jsonencode":   stdlib.JSONEncodeFunc, "jsondecode": jsonDecode(),
		"format": formatFunction(), "join": stdlib.JoinFunc, "split": stdlib.SplitFunc,
		"lower": stdlib.LowerFunc, "upper": stdlib.UpperFunc, "trimspace": stdlib.TrimSpaceFunc,
		"replace": stdlib.ReplaceFunc, "regex": stdlib.RegexFunc,
		"coalesce": stdlib.CoalesceFunc, "concat": stdlib.ConcatFunc, "merge": stdlib.MergeFunc,
		"keys": stdlib.KeysFunc, "values": stdlib.ValuesFunc, "length": lengthFunction(),
		"contains": stdlib.ContainsFunc, "lookup": lookupFunction(), "distinct": stdlib.DistinctFunc,
		"flatten": stdlib.FlattenFunc, "min": stdlib.MinFunc, "max": stdlib.MaxFunc,
		"toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
	}
}

// Function is a function of the language, to be documented and not to be called.
type Function struct {
	words.Word
	Spec function.Function
}

// Functions returns the functions of the language, sorted by name.
func Functions() (all []Function) {
	specs := (&Scope{Budget: bound.NewBudget()}).functions("")
	for _, word := range words.Functions() {
		all = append(all, Function{word, specs[word.Name]})
	}
	return all
}

// functions returns those that an expression in the folder dir may call.
func (s *Scope) functions(dir string) map[string]function.Function {
	all := pureFunctions()
	s.Budget.WithCosts(all)
	all["can"], all["try"] = s.canFunction(), s.tryFunction()
	all["env"] = s.envFunction()
	all["file"] = s.fileFunction(dir)
	return all
}

// textFunction makes a function of one string.
func textFunction(impl func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			s, err := impl(args[0].AsString())
			return cty.StringVal(s), err
		},
	})
}

func decodeBase64(s string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err == nil && !utf8.Valid(b) {
		err = errors.New("not UTF-8")
	}
	return string(b), err
}

// jsonDecode is jsondecode for text that the guard lets through: a huge number or nesting would block or overflow it.
func jsonDecode() function.Function {
	check := func(v cty.Value) error {
		v, _ = v.Unmark()
		if !v.IsKnown() || v.IsNull() {
			return nil
		}
		if found := bound.Guard(&mask.File{Text: []byte(v.AsString()), JSON: true}); len(found) > 0 {
			return finding.Refuse("function-call", "jsondecode() failed", "Its argument nests too deep or has a number out of range.")
		}
		return nil
	}
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}},
		Type: func(args []cty.Value) (cty.Type, error) {
			if err := check(args[0]); err != nil {
				return cty.NilType, err
			}
			return stdlib.JSONDecodeFunc.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return stdlib.JSONDecode(args[0]) },
	})
}

var (
	// wideVerb is a verb of format whose width or precision asks for more than 9999 characters.
	wideVerb = regexp.MustCompile(`%[^a-zA-Z%]*[0-9]{5}`)
	// numberVerb is one that takes a number.
	numberVerb = regexp.MustCompile(`%[^a-zA-Z%]*[bBcdeEfFgGoxX]`)
)

// formatFunction is format with bounded widths.
func formatFunction() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "format", Type: cty.String}},
		VarParam: &function.Parameter{Name: "values", Type: cty.DynamicPseudoType, AllowNull: true},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if s := args[0].AsString(); wideVerb.MatchString(s) || strings.Contains(s, "*") && strings.Contains(s, "%") {
				return cty.NilVal, finding.Refuse("function-call", "format() failed", "A width has at most 4 digits and no *.")
			}
			if numberVerb.MatchString(args[0].AsString()) && slices.ContainsFunc(args[1:], func(v cty.Value) bool {
				return !bound.Countable(v, cty.Number)
			}) {
				return cty.NilVal, bound.Huge()
			}
			return stdlib.Format(args[0], args[1:]...)
		},
	})
}

// lengthFunction counts elements, and the characters of a string.
func lengthFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			switch t := args[0].Type(); {
			case t == cty.String:
				return stdlib.Strlen(args[0])
			case t.IsObjectType():
				return cty.NumberIntVal(int64(len(t.AttributeTypes()))), nil
			}
			return stdlib.Length(args[0])
		},
	})
}

// envFunction is env(name) and env(name, otherwise). Its result is sensitive in every case.
func (s *Scope) envFunction() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "name", Type: cty.String, AllowMarked: true}},
		VarParam: &function.Parameter{Name: "otherwise", Type: cty.String},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name, shown := nameIn(args[0])
			if len(args) > 2 {
				return cty.NilVal, finding.Refuse("function-call", "env() failed", "It takes a name and, perhaps, a value to use instead.")
			}
			value, set := s.lookUp(name)
			switch {
			case s.Settings.Hermetic && len(args) == 2: // it may be set, or not
				return mask.Outside(cty.UnknownVal(cty.String).RefineNotNull()), nil
			case set && bound.BadText([]byte(value)) >= 0:
				return cty.NilVal, finding.Refuse("function-call", "env() failed", "The variable does not hold UTF-8 text.")
			case set:
				return s.secret(cty.StringVal(value)).Mark(mask.External), nil
			case len(args) == 2:
				return args[1].Mark(mask.Sensitive), nil
			case s.Settings.Unknowns:
				s.Needs[Need{"env", shown}] = true
				return mask.Outside(cty.UnknownVal(cty.String).RefineNotNull()), nil
			}
			return cty.NilVal, finding.Refuse("env-unset", fmt.Sprintf("the environment variable %q is not set", mask.Printable(shown)),
				"Set it, or give env() a second argument to use instead.")
		},
	})
}

// lookUp asks for an environment variable, which is never there for a stranger.
func (s *Scope) lookUp(name string) (value string, set bool) {
	if s.Settings.Hermetic {
		return "", false
	}
	return s.Settings.Env(name)
}

// RelativeTo makes a path start at dir, unless it is absolute.
func RelativeTo(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// lookupFunction is lookup, which converts what it returns instead of an element to the type of the elements.
func lookupFunction() function.Function {
	return bound.Guarded(stdlib.LookupFunc, func(args []cty.Value) error {
		if len(args) == 3 && args[0].Type().IsMapType() && !bound.Countable(args[2], args[0].Type().ElementType()) {
			return bound.Huge()
		}
		return nil
	})
}
