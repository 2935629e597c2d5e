package message

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	hclfunction "iggysink/internal/function"
)

const (
	baseCost = 1 << 20 // what an evaluation may cost, in bytes of text and turns of loops
	perByte  = 16      // and as much more for each byte of the payload
)

// machine is an expression that can be evaluated, once at a time.
type machine struct {
	expr         hclsyntax.Expression
	functions    map[string]function.Function
	spent, limit int
}

func newMachine(parsed hclsyntax.Expression) *machine {
	m := &machine{expr: parsed}
	m.functions = hclfunction.Pure(m.spend)
	m.functions["jsonencode"] = jsonEncode(m.spend)
	hclfunction.Charge(parsed, hclfunction.Spend(m.spend))
	spellTemplates(parsed)
	return m
}

// spend reports whether so much is left, and takes it.
func (m *machine) spend(cost int) bool {
	m.spent += cost
	return m.spent <= m.limit
}

// run evaluates the expression. cty and HCL panic at values that nobody expected; a message must not end the process.
func (m *machine) run(message cty.Value, payload int) (v cty.Value, diags hcl.Diagnostics) {
	m.spent, m.limit = 0, baseCost+perByte*payload
	defer func() {
		if recover() != nil {
			v, diags = cty.NilVal, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "no value"}}
		}
	}()
	return m.expr.Value(&hcl.EvalContext{Variables: map[string]cty.Value{root: message}, Functions: m.functions})
}

// spelled is a part of a template. HCL would write a number as it likes.
type spelled struct {
	*hclsyntax.ParenthesesExpr
}

// Value gives a number as the text that it was read from.
func (s *spelled) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := s.Expression.Value(ctx)
	if plain, marks := v.Unmark(); v.IsMarked() && plain.Type() == cty.Number && plain.IsKnown() && !plain.IsNull() {
		return cty.StringVal(spellNumber(v)).WithMarks(marks), diags
	}
	return v, diags
}

// spellTemplates makes every template below an expression keep the text of numbers.
func spellTemplates(e hclsyntax.Expression) {
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics { // gives none itself
		if t, ok := n.(*hclsyntax.TemplateExpr); ok {
			for i, part := range t.Parts {
				t.Parts[i] = &spelled{&hclsyntax.ParenthesesExpr{Expression: part, SrcRange: part.Range()}}
			}
		}
		return nil
	})
}

// jsonEncode is jsonencode that keeps the text of numbers.
func jsonEncode(spend func(int) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowNull: true, AllowMarked: true, AllowUnknown: true}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := appendJSON(nil, args[0])
			if err == nil && !spend(len(text)) {
				err = errCost
			}
			return cty.StringVal(string(text)), err
		},
	})
}
