package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"iggysink/hclconfig/internal/words"
	"iggysink/internal/function"
	"iggysink/internal/message"
	"iggysink/schema"
)

// Template evaluates a template, a url or another one: everything in it but the fields, and what depends on a message
// (message.go). A field has a sentinel as its value, which is then replaced by the field's text form; text around it is
// escaped. The result is what schema.ParseTemplate reads. A value that is no text becomes JSON, but in a url.
//
// A sentinel would not survive a function or a condition: upper(topic) would be evaluated once, with the sentinel. So a
// field may stand in template text only, which fieldsInText checks before.
func (s *Scope) Template(expr hcl.Expression, isURL bool) cty.Value {
	if message.Uses(s.native(expr)) {
		return s.messageTemplate(expr)
	}
	if !s.fieldsInText(expr) {
		return cty.DynamicVal
	}
	values := make(map[string]cty.Value)
	for _, name := range words.TemplateFields() {
		values[name] = cty.StringVal(sentinel(name))
	}
	value := s.evaluate(expr, evaluation{quiet: true, template: values})
	plain, marks := value.Unmark()
	if !isURL && plain.IsWhollyKnown() && !plain.IsNull() && !plain.Type().IsPrimitiveType() {
		text, err := stdlib.JSONEncode(value)
		if err != nil {
			return value
		}
		plain, marks = text.Unmark()
	}
	if !plain.IsKnown() || plain.IsNull() || plain.Type() != cty.String {
		return value
	}
	escape := schema.EscapeText
	if isURL {
		escape = schema.EscapeTemplate
	}
	return cty.StringVal(templateText(plain.AsString(), escape)).WithMarks(marks)
}

// sentinel stands for a field. It has NUL in it, which env() and file() refuse.
func sentinel(name string) string { return "\x00" + name + "\x00" }

// templateText replaces the sentinels and escapes the text between them.
func templateText(s string, escape func(string) string) string {
	var b strings.Builder
	for s != "" {
		at, found := len(s), ""
		for _, name := range words.TemplateFields() {
			if i := strings.Index(s, sentinel(name)); i >= 0 && i < at {
				at, found = i, name
			}
		}
		if found == "" {
			b.WriteString(strings.ReplaceAll(s, "${", "$${")) // nothing stands behind it
			break
		}
		b.WriteString(escape(s[:at]) + "${" + found + "}")
		s = s[at+len(sentinel(found)):]
	}
	return b.String()
}

// fieldsInText reports whether every use of a field in expr is plain text, and tells of those that are not.
func (s *Scope) fieldsInText(expr hcl.Expression) bool {
	node := s.native(expr)
	w := fieldWalker{}
	_ = hclsyntax.Walk(node, &w) // the walker gives no diagnostics
	for _, use := range w.wrong {
		s.At(use.SourceRange(), "template-field", fmt.Sprintf("%s can only be used in text here", use.RootName()),
			fmt.Sprintf("iggysink fills it in for each partition, after it has evaluated functions and conditions. Write ${%s}.",
				use.RootName()))
	}
	return len(w.wrong) == 0
}

// fieldWalker finds fields below something that is not text.
type fieldWalker struct {
	around int // how many nodes that are not text are open
	wrong  []hcl.Traversal
}

// isText reports whether a field below node stays text.
func isText(node hclsyntax.Node) bool {
	if function.IsCharged(node) {
		return true
	}
	switch node.(type) {
	case *hclsyntax.TemplateExpr, *hclsyntax.TemplateWrapExpr, *hclsyntax.ParenthesesExpr, *hclsyntax.ScopeTraversalExpr:
		return true
	}
	return false
}

// Enter implements hclsyntax.Walker.
func (w *fieldWalker) Enter(node hclsyntax.Node) hcl.Diagnostics {
	if t, isName := node.(*hclsyntax.ScopeTraversalExpr); isName && slices.Contains(words.TemplateFields(), t.Traversal.RootName()) {
		if w.around > 0 || len(t.Traversal) > 1 {
			w.wrong = append(w.wrong, t.Traversal)
		}
	}
	if !isText(node) {
		w.around++
	}
	return nil
}

// Exit implements hclsyntax.Walker.
func (w *fieldWalker) Exit(node hclsyntax.Node) hcl.Diagnostics {
	if !isText(node) {
		w.around--
	}
	return nil
}
