package lang

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	pure "iggysink/internal/function"
)

// canFunction is can(expression), and tryFunction try(expression...). HCL's own evaluate an argument twice, so that a
// hundred of them in each other never end, and drop the marks of what they tried: whether an expression over a secret has
// a value tells something about it, and a loop of those tells it all. So the type of ours is not asked for, and their
// result carries the marks of everything that was read.
func (s *Scope) canFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "expression", Type: customdecode.ExpressionClosureType}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			closure := customdecode.ExpressionClosureFromVal(args[0])
			value, diags := closure.Value()
			marks := s.read(closure)
			switch {
			case diags.HasErrors():
				return cty.False.WithMarks(marks), nil
			case !value.IsWhollyKnown():
				return cty.UnknownVal(cty.Bool).WithMarks(marks), nil
			}
			return cty.True.WithMarks(marks), nil
		},
	})
}

func (s *Scope) tryFunction() function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "expressions", Type: customdecode.ExpressionClosureType},
		Type:     function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			marks := make(cty.ValueMarks)
			for _, arg := range args {
				closure := customdecode.ExpressionClosureFromVal(arg)
				value, diags := closure.Value()
				maps.Copy(marks, s.read(closure))
				switch {
				case diags.HasErrors():
				case !value.IsWhollyKnown(): // once it is, the expression may fail
					return cty.DynamicVal.WithMarks(marks), nil
				default:
					return value.WithMarks(marks), nil
				}
			}
			return cty.NilVal, finding.Refuse("function-call", "try() failed", "No argument has a value.")
		},
	})
}

// read returns the marks of all that an expression reads: of the names in it, and of what env() and file() give. An
// expression that fails has read them too.
func (s *Scope) read(closure *customdecode.ExpressionClosure) cty.ValueMarks {
	marks := make(cty.ValueMarks)
	for _, t := range closure.Expression.Variables() {
		s.readName(t, closure.EvalContext, marks)
	}
	expr, isNative := closure.Expression.(hclsyntax.Expression)
	if !isNative {
		return marks
	}
	_ = hclsyntax.VisitAll(expr, func(n hclsyntax.Node) hcl.Diagnostics { // gives none itself
		outside := []string{"env", "file", "templatefile", "sensitive"}
		if call, isCall := n.(*hclsyntax.FunctionCallExpr); isCall && slices.Contains(outside, call.Name) {
			marks[mask.Sensitive], marks[mask.External] = struct{}{}, struct{}{}
		}
		return nil
	})
	return marks
}

// readName adds the marks of what a name leads to, or of the last thing on its way that there is.
func (s *Scope) readName(t hcl.Traversal, ctx *hcl.EvalContext, marks cty.ValueMarks) {
	for n := len(t); n > 0; n-- {
		value, diags := t[:n].TraverseAbs(ctx)
		if diags.HasErrors() {
			continue
		}
		if !s.Budget.Spend(pure.Size(value)) { // it is gone through
			return
		}
		_, deep := value.UnmarkDeep()
		maps.Copy(marks, deep)
		return
	}
}
