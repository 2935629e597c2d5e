package lang

import (
	"fmt"
	"path/filepath"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
	pure "iggysink/internal/function"
)

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
	all := pure.Pure(s.Budget.Spend)
	all["can"], all["try"] = s.canFunction(), s.tryFunction()
	all["env"], all["sensitive"] = s.envFunction(), s.sensitiveFunction()
	all["file"], all["fileexists"], all["templatefile"] = s.fileFunction(dir), s.fileexistsFunction(dir), s.templatefileFunction(dir)
	return all
}

// sensitiveFunction is sensitive(value): from there on the value is in no output.
func (s *Scope) sensitiveFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{
			Name: "value", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowMarked: true, AllowDynamicType: true,
		}},
		Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return s.secret(args[0]), nil },
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
