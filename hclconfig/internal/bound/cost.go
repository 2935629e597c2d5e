package bound

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const (
	maxSpent = 16 << 20 // what all expressions of a configuration may cost together: about a second
	turnCost = 64       // of one turn of a for, besides the text that it makes
)

// Budget is what the expressions of one configuration may cost, all together.
type Budget struct {
	Exhausted bool           // the expression that is being evaluated costs more than is left
	Settled   bool           // variables and locals have their values, so that the size of each is the same from now on
	spent     int            // what loops and text have cost so far
	sizes     map[string]int // of variables and locals
}

// NewBudget returns one of which nothing is spent.
func NewBudget() *Budget { return &Budget{sizes: make(map[string]int)} }

// charged is an expression that pays for its value, in a place that is evaluated again and again or joined to a text:
// loops in loops, and text that doubles, would otherwise need years and the whole memory.
type charged struct {
	*hclsyntax.ParenthesesExpr
	budget   *Budget
	cost     int  // of each evaluation, besides the text
	argument bool // of a function, which goes through a list or a map rather than copying it
}

// Value is unknown when there is nothing left to pay with.
func (c *charged) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if !c.budget.Spend(c.cost) {
		return cty.DynamicVal, nil
	}
	value, diags := c.Expression.Value(ctx)
	if value.Type() == cty.Number && !NumbersFit(value) {
		return cty.DynamicVal, hcl.Diagnostics{huge(c.SrcRange)}
	}
	size := c.budget.sizeOf(c.Expression, value)
	if plain, _ := value.Unmark(); c.argument && plain.Type() != cty.String {
		size /= 16
	}
	if !c.budget.Spend(size) {
		return cty.DynamicVal, diags
	}
	return value, diags
}

// sizeOf is TextSize, remembered for a whole variable or local: hundreds of sinks may look something up in a large map.
func (b *Budget) sizeOf(expr hclsyntax.Expression, value cty.Value) int {
	name, isName := expr.(*hclsyntax.ScopeTraversalExpr)
	if !isName || len(name.Traversal) != 2 || !b.Settled {
		return TextSize(value)
	}
	key, isAttribute := name.Traversal[1].(hcl.TraverseAttr)
	if root := name.Traversal.RootName(); isAttribute && (root == "var" || root == "local") {
		size, known := b.sizes[root+"."+key.Name]
		if !known {
			size = TextSize(value)
			b.sizes[root+"."+key.Name] = size
		}
		return size
	}
	return TextSize(value)
}

// TextSize adds up the text in a value, and counts its elements. It stops where that is more than all may cost.
func TextSize(v cty.Value) int {
	v, _ = v.Unmark()
	switch {
	case !v.IsKnown() || v.IsNull():
		return 1
	case v.Type() == cty.String:
		return 1 + len(v.AsString())
	case !v.CanIterateElements():
		return 1
	}
	n := 1
	for it := v.ElementIterator(); n <= maxSpent && it.Next(); {
		_, e := it.Element()
		n += TextSize(e)
	}
	return n
}

// Spend reports whether there is so much left, and takes it.
func (b *Budget) Spend(cost int) bool {
	if b.Exhausted = b.Exhausted || b.spent+cost > maxSpent; b.Exhausted {
		return false
	}
	b.spent += cost
	return true
}

// Charge makes the loops and templates below a node pay. It is called once for each node.
func (b *Budget) Charge(node hclsyntax.Node) {
	pay := func(e hclsyntax.Expression, cost int) hclsyntax.Expression {
		return &charged{&hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}, b, cost, cost == 0}
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
					n.Parts[i] = pay(part, 0)
				}
			}
		case *hclsyntax.FunctionCallExpr:
			for i, arg := range n.Args {
				if !isWritten(arg) {
					n.Args[i] = pay(arg, 0)
				}
			}
		}
		return nil
	})
}

// IsCharged reports whether a node does nothing but pay for the expression below it.
func IsCharged(node hclsyntax.Node) bool {
	_, is := node.(*charged)
	return is
}

// isWritten reports whether a value stands in the file: it costs what the file does.
func isWritten(e hclsyntax.Expression) bool {
	if template, isTemplate := e.(*hclsyntax.TemplateExpr); isTemplate {
		return template.IsStringLiteral()
	}
	_, isLiteral := e.(*hclsyntax.LiteralValueExpr)
	return isLiteral
}

// UnwrapExpression lets a type, which is never evaluated, be read through it.
func (c *charged) UnwrapExpression() hcl.Expression { return c.Expression }
