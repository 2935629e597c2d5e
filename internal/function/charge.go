package function

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// HugeNumber is the summary of the diagnostic for a number that is too large to count with.
const HugeNumber = "Number out of range"

const (
	turnCost  = 64 // of one turn of a loop, besides the text that it makes
	pieceCost = 1  // of an argument, or of a piece that is joined to a text
)

// Charge makes the loops, templates and operators below a node pay with purse. It is called once for each node. What
// cannot be paid for has an unknown value: the caller asks purse whether that was the reason. What is written there costs
// nothing but its turns: it is as long as the file is.
func Charge(node hclsyntax.Node, purse Purse) {
	pay := func(e hclsyntax.Expression, cost int) hclsyntax.Expression {
		return &charged{&hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}, purse, cost}
	}
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics { // gives none itself
		boundOperands(n)
		switch n := n.(type) {
		case *hclsyntax.ForExpr:
			if n.ValExpr = pay(n.ValExpr, turnCost); n.CondExpr != nil {
				n.CondExpr = pay(n.CondExpr, turnCost)
			}
		case *hclsyntax.SplatExpr:
			n.Each = pay(n.Each, turnCost)
		case *hclsyntax.TemplateExpr:
			for i, part := range n.Parts {
				if !isWritten(part) {
					n.Parts[i] = pay(part, pieceCost)
				}
			}
		case *hclsyntax.FunctionCallExpr:
			for i, arg := range n.Args {
				if TakesNumber(n.Name, i) { // HCL converts before it calls
					arg = operandOf(arg, IsBounded)
				}
				if !isWritten(arg) {
					arg = pay(arg, pieceCost)
				}
				n.Args[i] = arg
			}
		}
		return nil
	})
}

// charged is an expression that pays for its value, in a place that is evaluated again and again or joined to a text:
// loops in loops, and text that doubles, would otherwise need years and the whole memory.
type charged struct {
	*hclsyntax.ParenthesesExpr
	purse Purse
	cost  int // of each evaluation, besides what its value weighs
}

// IsCharged reports whether a node does nothing but pay for the expression below it.
func IsCharged(node hclsyntax.Node) bool {
	_, is := node.(*charged)
	return is
}

// isWritten reports whether a value stands in the text.
func isWritten(e hclsyntax.Expression) bool {
	if template, isTemplate := e.(*hclsyntax.TemplateExpr); isTemplate {
		return template.IsStringLiteral()
	}
	_, isLiteral := e.(*hclsyntax.LiteralValueExpr)
	return isLiteral
}

// Value is unknown when there is nothing left to pay with.
func (c *charged) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if !c.purse.Spend(c.cost) {
		return cty.DynamicVal, nil
	}
	value, diags := c.Expression.Value(ctx)
	if plain, _ := value.Unmark(); plain.Type() == cty.Number && !NumbersFit(plain) {
		return cty.DynamicVal, hcl.Diagnostics{huge(c.SrcRange)}
	}
	if !c.purse.Spend(c.purse.Weigh(c.Expression, value, c.cost == turnCost)) {
		return cty.DynamicVal, diags
	}
	return value, diags
}

// huge is why an operator, or whoever takes a value, does not take a number. An *Error is its Extra.
func huge(rng hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: HugeNumber, Subject: &rng,
		Extra: &Error{Reason: "It has more than 300 digits.", Huge: true}}
}

// UnwrapExpression lets a type, which is never evaluated, be read through it.
func (c *charged) UnwrapExpression() hcl.Expression { return c.Expression }

// operand is an expression that an operator or an index takes as a number.
type operand struct {
	*hclsyntax.ParenthesesExpr
	fits func(string) bool // what its text must be, if it is text
}

func operandOf(e hclsyntax.Expression, fits func(string) bool) hclsyntax.Expression {
	return &operand{&hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}, fits}
}

// Value fails for a number that is too large to count with.
func (o *operand) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	value, diags := o.Expression.Value(ctx)
	plain, _ := value.Unmark()
	if !plain.IsKnown() || plain.IsNull() || !isHuge(plain, o.fits) {
		return value, diags
	}
	return cty.DynamicVal, append(diags, huge(o.SrcRange))
}

// UnwrapExpression lets the expression be read through it.
func (o *operand) UnwrapExpression() hcl.Expression { return o.Expression }

func isHuge(plain cty.Value, fits func(string) bool) bool {
	switch plain.Type() {
	case cty.String:
		return !fits(plain.AsString())
	case cty.Number:
		return !NumbersFit(plain)
	}
	return false
}

// boundOperands puts bounds around what a node takes as numbers. == and != convert nothing.
func boundOperands(node hclsyntax.Node) {
	switch n := node.(type) {
	case *hclsyntax.BinaryOpExpr:
		switch n.Op {
		case hclsyntax.OpEqual, hclsyntax.OpNotEqual, hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
		default:
			n.LHS, n.RHS = operandOf(n.LHS, IsBounded), operandOf(n.RHS, IsBounded)
		}
	case *hclsyntax.UnaryOpExpr:
		if n.Op == hclsyntax.OpNegate {
			n.Val = operandOf(n.Val, IsBounded)
		}
	case *hclsyntax.IndexExpr: // the key of a map stays text, so that it may look like a huge number
		n.Key = operandOf(n.Key, HasFewDigits)
	}
}

// TakesNumber reports whether argument i of a function is a number. A test holds it against the functions themselves.
func TakesNumber(name string, i int) bool {
	switch name {
	case "abs", "ceil", "floor", "max", "min", "range":
		return true
	case "indent":
		return i == 0
	case "element", "parseint":
		return i == 1
	case "slice", "substr":
		return i == 1 || i == 2
	}
	return false
}
