package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// markIndex makes the element that a secret chooses a secret. HCL drops the marks of a key in front of an object, and
// which of its attributes it is tells the key.
//
// The key is evaluated with the collection, so that its marks can be put there, and once only: in each other, expressions
// that evaluate their key twice never end.
func markIndex(n *hclsyntax.IndexExpr) {
	key := &indexKey{ParenthesesExpr: &hclsyntax.ParenthesesExpr{Expression: n.Key, SrcRange: n.Key.Range()}}
	n.Collection = &indexed{&hclsyntax.ParenthesesExpr{Expression: n.Collection, SrcRange: n.Collection.Range()}, key}
	n.Key = key
}

// indexed is a collection in front of a key.
type indexed struct {
	*hclsyntax.ParenthesesExpr
	key *indexKey
}

// Value has the marks of the key too.
func (x *indexed) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	value, diags := x.Expression.Value(ctx)
	key, keyDiags := x.key.Expression.Value(ctx)
	x.key.next = append(x.key.next, evaluated{key, keyDiags})
	if diags.HasErrors() {
		return value, diags
	}
	return value.WithSameMarks(key), diags
}

// UnwrapExpression lets the expression be read through it.
func (x *indexed) UnwrapExpression() hcl.Expression { return x.Expression }

// indexKey is a key whose collection has evaluated it.
type indexKey struct {
	*hclsyntax.ParenthesesExpr
	next []evaluated
}

type evaluated struct {
	value cty.Value
	diags hcl.Diagnostics
}

// Value is what was evaluated last, and not used yet.
func (k *indexKey) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if len(k.next) == 0 { // nobody has looked at the collection
		return k.Expression.Value(ctx)
	}
	last := k.next[len(k.next)-1]
	k.next = k.next[:len(k.next)-1]
	return last.value, last.diags
}

// UnwrapExpression lets the expression be read through it.
func (k *indexKey) UnwrapExpression() hcl.Expression { return k.Expression }
