package lang

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
)

// environmentName is how people name environment variables.
var environmentName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,63}$`)

// bare tells of a name that is none, and what may be meant by it. The name itself may be a secret that lost its quotes: it
// is shown where it is declared, or where it stands for an environment variable.
func (s *Scope) bare(t hcl.Traversal, how evaluation) {
	root, rng := t.RootName(), t.SourceRange()
	const names = "Write text in quotes. Names are var.NAME and local.NAME."
	summary := ""
	if !how.quiet {
		summary = fmt.Sprintf("unknown name %q", mask.Printable(root))
	}
	_, isSet := s.Settings.Env(root)
	switch {
	case s.variables[root] != nil:
		s.OfferSource(root, "var."+root)
		s.At(rng, "unknown-name", summary, "Write text in quotes. "+finding.YouMean("var."+root))
	case s.locals[root] != nil:
		s.OfferSource(root, "local."+root)
		s.At(rng, "unknown-name", summary, "Write text in quotes. "+finding.YouMean("local."+root))
	case root == "env":
		s.At(rng, "unknown-name", summary, fmt.Sprintf("An environment variable is env(%q).", cmp.Or(environmentStep(t), "NAME")))
	case wordsOfOthers()[root] != "":
		meant := wordsOfOthers()[root]
		s.Offer(root, meant)
		s.At(rng, "unknown-name", summary, finding.YouMean(meant))
	case environmentName.MatchString(root) && (isSet || s.inText(rng) || strings.Contains(root, "_")):
		meant := fmt.Sprintf("env(%q)", root)
		s.OfferSource(root, meant)
		s.At(rng, "unknown-name", summary, "Did you mean "+meant+"?")
	default:
		roots := append([]string{"var", "local", "true", "false", "null"}, slices.Sorted(maps.Keys(how.template))...)
		meant := s.Closest(root, roots)
		if meant == "" && s.MaySuggest() {
			meant = s.closestDeclared(root)
		}
		s.At(rng, "unknown-name", summary, finding.Join(names, finding.YouMean(meant)))
	}
}

// environmentStep returns NAME of env.NAME and env["NAME"], if it looks like the name of an environment variable.
func environmentStep(t hcl.Traversal) string {
	name, _ := NameAfter(t, "env")
	if environmentName.MatchString(name) {
		return name
	}
	return ""
}

// wordsOfOthers are what other languages write for the words of this one.
func wordsOfOthers() map[string]string {
	return map[string]string{
		"yes": "true", "on": "true", "True": "true", "TRUE": "true", "no": "false", "off": "false", "False": "false", "FALSE": "false",
		"None": "null", "nil": "null", "none": "null", "undefined": "null", "NULL": "null", "Null": "null",
		"locals": "local", "vars": "var", "variables": "var", "variable": "var",
	}
}

// closestDeclared returns the variable or local that a name without its scope is close to, as var.NAME or local.NAME.
func (s *Scope) closestDeclared(name string) string {
	if close := s.Closest(name, s.variableNames()); close != "" {
		return "var." + close
	}
	if close := s.Closest(name, slices.Sorted(maps.Keys(s.locals))); close != "" {
		return "local." + close
	}
	return ""
}

// inText reports whether something stands right behind ${, where nobody forgets the quotes of a text.
func (s *Scope) inText(rng hcl.Range) bool {
	rng = s.Files.Exact(rng)
	f := s.Files.Of(rng)
	if f == nil || rng.Start.Byte > len(f.Text) {
		return false
	}
	before := strings.TrimRight(string(f.Text[max(0, rng.Start.Byte-8):rng.Start.Byte]), " \t~")
	return strings.HasSuffix(before, "${")
}

// count tells of Terraform's count, unless the attribute was told.
func (s *Scope) count(rng hcl.Range) {
	if !s.countTold {
		s.At(rng, "unknown-name", "there is no count here",
			"for_each makes a sink for each element: each.key and each.value are its key and value.")
	}
}

// operations tells of what operators cannot do, once for all of an operation: text that lost its quotes, as
// application/json, and text that + joins. It returns where.
func (s *Scope) operations(node hclsyntax.Node, how evaluation) (all []hcl.Range) {
	if how.noContext {
		return nil
	}
	_ = hclsyntax.Walk(node, &operationWalker{scope: s, how: how, found: &all}) // the walker gives no diagnostics
	return all
}

// operationWalker finds the outermost operations that have no meaning.
type operationWalker struct {
	scope *Scope
	how   evaluation
	found *[]hcl.Range
	depth int // of operations that were found around
}

// Enter implements hclsyntax.Walker.
func (w *operationWalker) Enter(node hclsyntax.Node) hcl.Diagnostics {
	if op, isOp := node.(*hclsyntax.BinaryOpExpr); isOp {
		switch {
		case w.depth > 0:
		case w.meansNothing(op):
			w.scope.At(op.Range(), "unknown-name", "text needs double quotes",
				"Without quotes its words are names, and the signs between them operators.")
		case op.Op == hclsyntax.OpAdd && isPlainText(op):
			w.scope.At(op.Range(), "invalid-expression", "+ adds numbers", `Text is joined as "${a}${b}", or with join().`)
		default:
			return nil
		}
		if w.depth++; w.depth == 1 {
			*w.found = append(*w.found, op.Range())
		}
	}
	return nil
}

// Exit implements hclsyntax.Walker.
func (w *operationWalker) Exit(node hclsyntax.Node) hcl.Diagnostics {
	if _, isOp := node.(*hclsyntax.BinaryOpExpr); isOp && w.depth > 0 {
		w.depth--
	}
	return nil
}

// isPlainText reports whether an expression, or one side of a sum, is text in quotes that is no number.
func isPlainText(expr hclsyntax.Expression) bool {
	switch e := expr.(type) {
	case *hclsyntax.TemplateExpr:
		return slices.ContainsFunc(e.Parts, func(part hclsyntax.Expression) bool {
			literal, isLiteral := plain(part).(*hclsyntax.LiteralValueExpr)
			return isLiteral && literal.Val.Type() == cty.String && strings.Trim(literal.Val.AsString(), "0123456789.+-eE") != ""
		})
	case *hclsyntax.BinaryOpExpr:
		return e.Op == hclsyntax.OpAdd && (isPlainText(plain(e.LHS)) || isPlainText(plain(e.RHS)))
	}
	return false
}

// meansNothing reports whether an expression is made of names that mean nothing, and operators of arithmetic between them.
func (w *operationWalker) meansNothing(expr hclsyntax.Expression) bool {
	switch e := plain(expr).(type) {
	case *hclsyntax.BinaryOpExpr:
		switch e.Op {
		case hclsyntax.OpDivide, hclsyntax.OpSubtract, hclsyntax.OpAdd, hclsyntax.OpMultiply, hclsyntax.OpModulo:
			return w.meansNothing(e.LHS) && w.meansNothing(e.RHS)
		}
	case *hclsyntax.ScopeTraversalExpr:
		root := e.Traversal.RootName()
		_, isField := w.how.template[root]
		_, isTurn := w.scope.turns[root]
		return !isField && !isTurn && !slices.Contains([]string{"var", "local", "each", "path", "count", "stream", "topic", "partition"}, root) &&
			w.scope.variables[root] == nil && w.scope.locals[root] == nil
	}
	return false
}

// plain returns an expression without what counts its cost.
func plain(expr hclsyntax.Expression) hclsyntax.Expression {
	for {
		inner, wraps := expr.(interface{ UnwrapExpression() hcl.Expression })
		if !wraps {
			return expr
		}
		next, isNative := inner.UnwrapExpression().(hclsyntax.Expression)
		if !isNative {
			return expr
		}
		expr = next
	}
}
