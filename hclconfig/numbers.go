package hclconfig

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// counts reports whether an expression has an operator, an index or a function that converts text to a number.
func (l *loader) counts(expr hcl.Expression) bool {
	found := false
	_ = hclsyntax.VisitAll(l.native(expr), func(n hclsyntax.Node) hcl.Diagnostics { // gives none itself
		switch n := n.(type) {
		case *hclsyntax.BinaryOpExpr, *hclsyntax.UnaryOpExpr, *hclsyntax.IndexExpr:
			found = true
		case *hclsyntax.FunctionCallExpr:
			found = found || slices.Contains([]string{"min", "max", "format"}, n.Name)
		}
		return nil
	})
	return found
}

// textCheap refuses variables and locals whose text takes seconds to convert: 1e9999999 does.
func (l *loader) textCheap(expr hcl.Expression) bool {
	for _, t := range expr.Variables() {
		value, key := cty.NilVal, ""
		if name, isVariable := nameAfter(t, "var"); isVariable {
			value, key = l.scope.variables[name].value, "var."+name
		} else if name, isLocal := nameAfter(t, "local"); isLocal {
			value, key = l.scope.locals[name].value, "local."+name
		} else if turn, isTurn := l.scope.turns[t.RootName()]; isTurn {
			value = turn
		}
		if value == cty.NilVal || l.scope.cheap[key] {
			continue
		}
		if textFits(value, isCheap) {
			l.scope.cheap[key] = key != "" && l.scope.ready
		} else {
			l.at(t.SourceRange(), "number-out-of-range", "", "Its text is a number that is too large to count with.")
			return false
		}
	}
	return true
}

// textFits reports whether every text in a value has a property.
func textFits(v cty.Value, fits func(string) bool) bool {
	v, _ = v.UnmarkDeep()
	all := true
	_ = cty.Walk(v, func(_ cty.Path, e cty.Value) (bool, error) { // the function gives no error
		if e.IsKnown() && !e.IsNull() && e.Type() == cty.String {
			all = all && fits(e.AsString())
		}
		return all, nil
	})
	return all
}
