// Package function holds the functions of the configuration language that depend on their arguments alone, and what an
// expression may cost. hclconfig evaluates expressions of a configuration with it, and internal/message those over a
// message: both read text that an attacker may have written.
//
// The functions are those of Terraform, by name and by result, so that what people know holds here. Most are go-cty's.
//
// # Costs
//
// Every call pays, before it runs, for what it goes through and for what it makes; every turn of a loop and every piece
// that is joined to a text pays as well (Charge). One unit is about a byte of text, or an element. What is not paid for
// is not evaluated: without that, loops in loops and text that doubles need years and the whole memory.
//
// # Numbers
//
// Writing 1e9999999 as text takes 24 s, and reading a million digits 2 s. So a text is looked at before it becomes a
// number, and a number before it becomes text: at most 300 digits and an exponent of at most 300.
package function

import (
	"maps"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Spend takes n units from what is left, and reports whether there were so many.
type Spend func(n int) bool

// Purse pays for the expressions that Charge has gone through.
type Purse interface {
	// Spend takes n units from what is left, and reports whether there were so many.
	Spend(n int) bool
	// Weigh is what the value of an expression costs where it is joined to a text or given to a function; looped tells of
	// one that every turn of a loop makes.
	Weigh(e hclsyntax.Expression, v cty.Value, looped bool) int
}

// Spend implements Purse.
func (s Spend) Spend(n int) bool { return s(n) }

// Weigh implements Purse: only text has a weight.
func (s Spend) Weigh(_ hclsyntax.Expression, v cty.Value, _ bool) int {
	if plain, _ := v.Unmark(); plain.Type() == cty.String {
		return Size(plain)
	}
	return 0
}

// Error is why a call was refused.
type Error struct {
	Reason  string // for a person; it holds no argument
	TooMuch bool   // nothing is left to pay with
	Huge    bool   // a number is too large to count with
}

// Error implements error.
func (e *Error) Error() string { return e.Reason }

var (
	errTooMuch = &Error{Reason: "The text that a function would make is too large.", TooMuch: true}
	errHuge    = &Error{Reason: "An argument has more than 300 digits, or an exponent of more than 300.", Huge: true}
)

// Pure returns all functions, each of which pays with spend. The map is the caller's.
func Pure(spend Spend) map[string]function.Function {
	all := make(map[string]function.Function)
	for _, group := range []map[string]function.Function{texts(), collections(), numbers(), codecs()} {
		for name, f := range group {
			all[name] = paying(name, f, spend)
		}
	}
	// Only what is chosen is evaluated, and pays.
	maps.Copy(all, conditions())
	return all
}

// paying makes a function refuse arguments that cost more than there is left, and numbers that are too large.
func paying(name string, f function.Function, spend Spend) function.Function {
	return guarded(f, func(args []cty.Value) error {
		for i, a := range args {
			if !Countable(a, parameter(f, i).Type) {
				return errHuge
			}
		}
		if !spend(callCost(name, args)) {
			return errTooMuch
		}
		return nil
	})
}

// parameter returns the one that argument i belongs to.
func parameter(f function.Function, i int) function.Parameter {
	switch params := f.Params(); {
	case i < len(params):
		return params[i]
	case f.VarParam() != nil:
		return *f.VarParam()
	}
	return function.Parameter{Type: cty.DynamicPseudoType}
}

// guarded is a function that is not called with arguments that check refuses. Its type may depend on what they hold, as
// that of jsondecode, so that they are checked before that as well.
func guarded(f function.Function, check func(args []cty.Value) error) function.Function {
	return function.New(&function.Spec{
		Description: f.Description(), Params: f.Params(), VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if err := check(args); err != nil {
				return cty.NilType, err
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	})
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

// testFunction makes a function that answers a question about two strings.
func testFunction(second string, impl func(text, other string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: second, Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(impl(args[0].AsString(), args[1].AsString())), nil
		},
	})
}
