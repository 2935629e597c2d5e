package hclconfig

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/mask"
)

// unused tells of variables and locals that no expression names. It looks at what is written, so that an error elsewhere
// makes nothing look unused.
func (l *loader) unused() {
	used, misspelled := make(map[string]bool), make(map[string]string)
	for _, f := range l.sources {
		for _, t := range traversals(f.Body) {
			for _, root := range []string{"var", "local"} {
				if name, named := nameAfter(t, root); named {
					used[root+"."+l.meant(root, name, misspelled)] = true
				} else if t.RootName() == root { // var[expression] may name any of them
					return
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.scope.variables)) {
		if !used["var."+name] {
			l.At(l.scope.variables[name].rng, "unused-variable", fmt.Sprintf("the variable %q is not used", mask.Printable(name)), "")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.scope.locals)) {
		if !used["local."+name] {
			l.At(l.scope.locals[name].attr.NameRange, "unused-local", fmt.Sprintf("local.%s is not used", mask.Printable(name)), "")
		}
	}
}

// meant returns the name itself, or where it is not declared the closest one that is: that one is not left over, but
// misspelled here, which was told.
func (l *loader) meant(root, name string, misspelled map[string]string) string {
	key := root + "." + name
	if best, known := misspelled[key]; known {
		return best
	}
	declared, names := l.scope.variables[name] != nil, maps.Keys(l.scope.variables)
	if root == "local" {
		declared, names = l.scope.locals[name] != nil, maps.Keys(l.scope.locals)
	}
	const most = 100 // each is compared with all that are declared, which are many in a hostile file
	if declared || len(misspelled) == most || !l.MaySuggest() {
		return name
	}
	misspelled[key] = l.Closest(name, slices.Sorted(names))
	return misspelled[key]
}

// traversals returns every name that a file uses, but those of a variable in its own block.
func traversals(body hcl.Body) (all []hcl.Traversal) {
	native, isNative := body.(*hclsyntax.Body)
	if !isNative {
		attributes, _ := body.JustAttributes() // blocks are objects to it; what is wrong was told
		for _, a := range attributes {
			if a.Name == "variable" {
				all = append(all, inVariables(a.Expr)...)
				continue
			}
			all = append(all, a.Expr.Variables()...)
		}
		return all
	}
	collect := func(node hclsyntax.Node, but string) {
		_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics { // gives none itself
			if t, isName := n.(*hclsyntax.ScopeTraversalExpr); isName {
				if name, _ := nameAfter(t.Traversal, "var"); but == "" || name != but {
					all = append(all, t.Traversal)
				}
			}
			return nil
		})
	}
	for _, a := range native.Attributes {
		collect(a, "")
	}
	for _, b := range native.Blocks {
		but := ""
		if b.Type == "variable" && len(b.Labels) == 1 {
			but = b.Labels[0]
		}
		collect(b.Body, but)
	}
	return all
}

// inVariables returns the names that the variable blocks of a JSON file use, but each its own.
func inVariables(expr hcl.Expression) (all []hcl.Traversal) {
	if list, diags := hcl.ExprList(expr); !diags.HasErrors() {
		for _, e := range list {
			all = append(all, inVariables(e)...)
		}
		return all
	}
	pairs, _ := hcl.ExprMap(expr) // what is no object was told
	for _, pair := range pairs {
		for _, t := range pair.Value.Variables() {
			if name, _ := nameAfter(t, "var"); name != keyOf(pair.Key) {
				all = append(all, t)
			}
		}
	}
	return all
}

// literalDefault warns of a variable that is marked as a secret, and has one that can be read in the configuration.
func (l *loader) literalDefault(a *hcl.Attribute, v *variable) {
	value, _ := v.value.Unmark()
	if value.IsKnown() && !value.IsNull() && !value.RawEquals(cty.StringVal("")) {
		l.At(a.Expr.Range(), "literal-secret", "", fmt.Sprintf("The variable is sensitive, and whoever can read the configuration knows "+
			"its default. Leave it out, and set %s.", envPrefix+mask.Printable(v.name)))
	}
}
