package rules

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/lang"
	"iggysink/hclconfig/internal/mask"
)

// unused tells of variables and locals that no expression names. It looks at what is written, so that an error elsewhere
// makes nothing look unused.
func (rv *review) unused() {
	declared := map[string]map[string]hcl.Range{"var": rv.Scope.Names("var"), "local": rv.Scope.Names("local")}
	used, misspelled := make(map[string]bool), make(map[string]string)
	for _, f := range rv.Sources {
		for _, t := range traversals(f.Body) {
			for root, names := range declared {
				if _, bare := names[t.RootName()]; bare { // var. was forgotten, which was told
					used[root+"."+t.RootName()] = true
				}
				name, named := lang.NameAfter(t, root)
				if other := map[string]string{"var": "vars", "local": "locals"}[root]; t.RootName() == other { // which was told
					name, named = lang.NameAfter(t, other)
				}
				if named {
					used[root+"."+rv.meant(root, name, names, misspelled)] = true
				} else if t.RootName() == root { // var[expression] may name any of them
					return
				}
			}
		}
	}
	for _, root := range []string{"var", "local"} {
		for _, name := range slices.Sorted(maps.Keys(declared[root])) {
			switch rng := declared[root][name]; {
			case used[root+"."+name]:
			case root == "var":
				rv.At(rng, "unused-variable", fmt.Sprintf("the variable %q is not used", mask.Printable(name)), "")
			default:
				rv.At(rng, "unused-local", fmt.Sprintf("local.%s is not used", mask.Printable(name)), "")
			}
		}
	}
}

// meant returns the name itself, or where it is not declared the closest one that is: that one is not left over, but
// misspelled here, which was told.
func (rv *review) meant(root, name string, declared map[string]hcl.Range, misspelled map[string]string) string {
	key := root + "." + name
	if best, known := misspelled[key]; known {
		return best
	}
	_, known := declared[name]
	const most = 100 // each is compared with all that are declared, which are many in a hostile file
	if known || len(misspelled) == most || !rv.MaySuggest() {
		return name
	}
	misspelled[key] = rv.Closest(name, slices.Sorted(maps.Keys(declared)))
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
				if name, _ := lang.NameAfter(t.Traversal, "var"); but == "" || name != but {
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
			if name, _ := lang.NameAfter(t, "var"); name != lang.KeyOf(pair.Key) {
				all = append(all, t)
			}
		}
	}
	return all
}
