package hclconfig

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/lang"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
	"iggysink/internal/credential"
)

// showHarmless lets the lines of findings show what has nothing to hide, also where it is out of place: the attributes of a
// block that stands elsewhere, a misspelled name that can only mean one that is harmless, and the default of a variable that
// is used, and that no secret is made of. JSON shows what decoding it shows.
func (l *loader) showHarmless() {
	sh := shower{loader: l, near: make(map[string]bool), secret: make(map[string]bool), used: make(map[string]bool)}
	sh.flows()
	for _, f := range l.sources {
		if body, isNative := f.Body.(*hclsyntax.Body); isNative {
			sh.body(f, body, words.ConfigBlock())
		}
	}
}

// shower knows what may be shown.
type shower struct {
	*loader
	near   map[string]bool // misspelled names, and whether they are close to harmless ones
	names  []string        // of all attributes
	secret map[string]bool // var.NAME and local.NAME of which something is made that is secret
	used   map[string]bool // those of which something else is made
	blind  bool            // nothing is known of what becomes of variables and locals
}

// maxNear bounds the misspelled names that are compared with all others: a hostile file has nothing else.
const maxNear = 100

func (sh *shower) body(f *mask.File, body *hclsyntax.Body, table *words.Block) {
	for _, a := range body.Attributes {
		known := table.Setting(a.Name)
		if known != nil && !known.Sensitive || known == nil && (isLiteral(a.Expr) && sh.isHarmless(a.Name) || isOrder(a)) {
			f.ShowExpr(a.Expr)
		}
	}
	for _, b := range body.Blocks {
		switch inner := blockOf(table, b.Type); {
		case table.Name == "" && b.Type == "variable":
			sh.variable(f, b)
		case b.Type == "dynamic" || b.Type == "content":
			sh.body(f, b.Body, table) // its own attributes have names of their own, or those of what it makes
		case inner != nil:
			f.ShowBlock(b.AsHCLBlock())
			sh.body(f, b.Body, inner)
		}
	}
}

// blockOf returns the table of a block in another one, or of that type wherever it belongs; nil for none.
func blockOf(table *words.Block, name string) *words.Block {
	if name == "defaults" {
		return defaultsTable()
	}
	if inner := table.Child(name); inner != nil {
		return inner
	}
	for b := range words.ConfigBlock().All() {
		if b.Name == name {
			return b
		}
	}
	return nil
}

// isLiteral reports whether an expression is a text in quotes, a number, true or false, or a list of such.
func isLiteral(expr hclsyntax.Expression) bool {
	switch e := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		return true
	case *hclsyntax.TemplateExpr:
		return e.IsStringLiteral()
	case *hclsyntax.TupleConsExpr:
		return !slices.ContainsFunc(e.Exprs, func(inner hclsyntax.Expression) bool { return !isLiteral(inner) })
	}
	return false
}

// isOrder reports whether an attribute is Terraform's count, a number, or its depends_on, a list of blocks: what is told of
// them is that they do not belong here.
func isOrder(a *hclsyntax.Attribute) bool {
	switch e := a.Expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		return a.Name == "count"
	case *hclsyntax.TupleConsExpr:
		return a.Name == "depends_on" && !slices.ContainsFunc(e.Exprs, func(inner hclsyntax.Expression) bool {
			block, isName := inner.(*hclsyntax.ScopeTraversalExpr)
			return !isName || len(block.Traversal) > 2 || !slices.Contains(words.BlockTypes(), block.Traversal.RootName())
		})
	}
	return false
}

// isHarmless reports whether a name that a block does not know is that of attributes elsewhere which are not sensitive, or
// close to one.
func (sh *shower) isHarmless(name string) bool {
	if mask.Harmless(name) {
		return true
	}
	harmless, known := sh.near[name]
	if known || len(sh.near) == maxNear {
		return harmless
	}
	if sh.names == nil {
		for b := range words.ConfigBlock().All() {
			for i := range b.Attributes {
				sh.names = append(sh.names, b.Attributes[i].Name)
			}
		}
	}
	closest := finding.Closest(name, sh.names)
	secret := slices.ContainsFunc(sh.names, func(n string) bool { // that may be meant as well
		return !mask.Harmless(n) && (strings.Contains(name, n) || finding.Closest(name, []string{n}) != "")
	})
	slip := len(closest)-len(name) <= 2 && len(name)-len(closest) <= 2 // and not one that has the same words
	sh.near[name] = slip && !secret && !credential.Named(name) && !slices.Contains(words.BlockTypes(), name) && mask.Harmless(closest)
	return sh.near[name]
}

// variable lets the default of a variable be seen where only harmless things are made of it.
func (sh *shower) variable(f *mask.File, b *hclsyntax.Block) {
	if sh.blind || len(b.Labels) != 1 || credential.Named(b.Labels[0]) || b.Body.Attributes["sensitive"] != nil {
		return
	}
	if name := "var." + b.Labels[0]; sh.secret[name] || !sh.used[name] {
		return
	}
	for _, name := range []string{"default", "description"} {
		if a := b.Body.Attributes[name]; a != nil {
			f.ShowExpr(a.Expr)
		}
	}
}

// flows finds what secrets are made of: what sensitive attributes name, but for the host of a url, what is not harmless for
// certain, and what those are made of in turn.
func (sh *shower) flows() {
	if sh.blind = sh.Partial; sh.blind {
		return
	}
	locals := make(map[string][]hcl.Traversal)
	for _, f := range sh.sources {
		body, isNative := f.Body.(*hclsyntax.Body)
		if !isNative {
			sh.blind = true // or what JSON is made of would have to be told apart as well
			return
		}
		sh.flowsIn(body, words.ConfigBlock(), locals)
	}
	for changed := true; changed; {
		changed = false
		for name, uses := range locals {
			if !sh.secret[name] {
				continue
			}
			delete(locals, name)
			for _, t := range uses {
				changed = sh.mark(t, sh.secret) || changed
			}
		}
	}
	for name := range sh.secret { // a name that is none may be another one, misspelled
		root, rest, _ := strings.Cut(name, ".")
		if _, declared := sh.scope.Names(root)[rest]; !declared {
			sh.blind = true
		}
	}
}

// flowsIn looks at one body. What locals are made of it leaves to the end.
func (sh *shower) flowsIn(body *hclsyntax.Body, table *words.Block, locals map[string][]hcl.Traversal) {
	for _, a := range body.Attributes {
		known := table.Setting(a.Name)
		harmless := known != nil && !known.Sensitive || known == nil && sh.isHarmless(a.Name)
		for _, t := range a.Expr.Variables() {
			if harmless || known != nil && strings.HasPrefix(known.Format, "http-url") && lang.InHost(a.Expr, t) {
				sh.mark(t, sh.used)
			} else {
				sh.mark(t, sh.secret)
			}
		}
	}
	for _, b := range body.Blocks {
		inner := blockOf(table, b.Type)
		switch {
		case b.Type == "locals":
			for name, a := range b.Body.Attributes {
				locals["local."+name] = append(locals["local."+name], a.Expr.Variables()...)
			}
		case b.Type == "variable":
		case b.Type == "dynamic" || b.Type == "content":
			sh.flowsIn(b.Body, table, locals)
		case inner != nil:
			sh.flowsIn(b.Body, inner, locals)
		default:
			sh.flowsIn(b.Body, new(words.Block), locals)
		}
	}
}

// mark notes in a set that something is made of a name, and reports whether that is new. The elements of for_each and of dynamic
// blocks are what their for_each names, which no table calls harmless.
func (sh *shower) mark(t hcl.Traversal, set map[string]bool) bool {
	for _, root := range []string{"var", "local"} {
		if t.RootName() != root {
			continue
		}
		name, named := lang.NameAfter(t, root)
		if !named {
			sh.blind = true
		}
		if key := root + "." + name; !set[key] {
			set[key] = true
			return true
		}
	}
	return false
}
