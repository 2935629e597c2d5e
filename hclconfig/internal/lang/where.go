package lang

import (
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/mask"
	"iggysink/schema"
)

// ShownOf returns scheme and host of a url, or of a template of one, that an expression gave: they say where a sink points, as
// they do in logs. It returns nothing if there are none, or if the host may be put together of something secret, as in
// "https://${env("TENANT")}.example/": that of a url which stands in the environment as a whole is no part of a secret.
func (s *Scope) ShownOf(expr hcl.Expression, text string, value cty.Value) string {
	shown := schema.Literal(text).String()
	if t, err := schema.ParseTemplate(text); err == nil {
		shown = t.String()
	}
	if shown == mask.Hidden || strings.Contains(shown, "${") {
		return ""
	}
	_, marks := value.Unmark()
	_, secret := marks[mask.Sensitive]
	if !secret || isWhole(s.native(expr)) {
		return shown
	}
	template, isTemplate := plain(s.native(expr)).(*hclsyntax.TemplateExpr)
	if !isTemplate || len(template.Parts) == 0 {
		return ""
	}
	first, isLiteral := plain(template.Parts[0]).(*hclsyntax.LiteralValueExpr)
	if !isLiteral || first.Val.Type() != cty.String || !hostLiteral.MatchString(first.Val.AsString()) {
		return ""
	}
	return shown
}

// isWhole reports whether an expression is what env() or file() gives, and nothing else.
func isWhole(expr hclsyntax.Expression) bool {
	switch e := plain(expr).(type) {
	case *hclsyntax.TemplateWrapExpr:
		return isWhole(e.Wrapped)
	case *hclsyntax.ParenthesesExpr:
		return isWhole(e.Expression)
	case *hclsyntax.FunctionCallExpr:
		return e.Name == "env" || e.Name == "file" || e.Name == "trimspace" && len(e.Args) == 1 && isWhole(e.Args[0])
	}
	return false
}

// hostLiteral is text that has scheme and host of a url, and what ends them.
var hostLiteral = regexp.MustCompile(`^https?://[^/?#@]+[/?#]`)

// InHost reports whether a name stands in the host of a url, in which no secret stands either.
func InHost(expr hclsyntax.Expression, t hcl.Traversal) bool {
	template, isTemplate := plain(expr).(*hclsyntax.TemplateExpr)
	if !isTemplate {
		return false
	}
	const here, other = "\x00", "x"
	var text strings.Builder
	for _, part := range template.Parts {
		literal, isLiteral := plain(part).(*hclsyntax.LiteralValueExpr)
		_, isName := plain(part).(*hclsyntax.ScopeTraversalExpr)
		switch {
		case isLiteral && literal.Val.Type() == cty.String:
			text.WriteString(literal.Val.AsString())
		case isName && plain(part).Range() == t.SourceRange():
			text.WriteString(here)
		default:
			text.WriteString(other)
		}
	}
	return filledHost.MatchString(text.String())
}

// filledHost is a url with a name in its host.
var filledHost = regexp.MustCompile(`^https?://[^/?#@\x00]*\x00[^/?#@]*(?:[/?#].*)?$`)
