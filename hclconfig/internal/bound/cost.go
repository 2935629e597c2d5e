package bound

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/internal/function"
)

// maxSpent is what all expressions of a configuration may cost together: about a second.
const maxSpent = 16 << 20

// Budget is what the expressions of one configuration may cost, all together. It is the function.Purse that pays for them.
type Budget struct {
	Quota                    // what the files of the configuration hold
	Exhausted bool           // the expression that is being evaluated costs more than is left
	Settled   bool           // variables and locals have their values, so that the size of each is the same from now on
	spent     int            // what loops and text have cost so far
	sizes     map[string]int // of variables and locals
}

// NewBudget returns one of which nothing is spent.
func NewBudget() *Budget { return &Budget{sizes: make(map[string]int)} }

// Weigh implements function.Purse. What is no text is gone through rather than copied, except by a loop, which makes it.
func (b *Budget) Weigh(e hclsyntax.Expression, v cty.Value, looped bool) int {
	size := b.sizeOf(e, v)
	if plain, _ := v.Unmark(); !looped && plain.Type() != cty.String {
		size /= 16
	}
	return size
}

// sizeOf is function.Size, remembered for a whole variable or local: hundreds of sinks may look something up in a large map.
func (b *Budget) sizeOf(expr hclsyntax.Expression, value cty.Value) int {
	name, isName := expr.(*hclsyntax.ScopeTraversalExpr)
	if !isName || len(name.Traversal) != 2 || !b.Settled {
		return function.Size(value)
	}
	key, isAttribute := name.Traversal[1].(hcl.TraverseAttr)
	if root := name.Traversal.RootName(); isAttribute && (root == "var" || root == "local") {
		size, known := b.sizes[root+"."+key.Name]
		if !known {
			size = function.Size(value)
			b.sizes[root+"."+key.Name] = size
		}
		return size
	}
	return function.Size(value)
}

// Spend implements function.Purse.
func (b *Budget) Spend(cost int) bool {
	if b.Exhausted = b.Exhausted || b.spent+cost > maxSpent; b.Exhausted {
		return false
	}
	b.spent += cost
	return true
}
