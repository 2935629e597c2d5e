package lang

import (
	"errors"
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/words"
	"iggysink/internal/message"
	"iggysink/schema"
)

// messageTemplate makes the text form of a template that depends on a message: what does not is evaluated now. Before that
// it is evaluated with a message of which only the types are known, which finds most of what would fail for every message.
func (s *Scope) messageTemplate(expr hcl.Expression) cty.Value {
	node := s.native(expr)
	before := len(s.Found)
	if s.evaluate(expr, evaluation{quiet: true, template: messageNames()}); len(s.Found) > before || s.Budget.Exhausted {
		return cty.DynamicVal
	}
	marks := cty.ValueMarks{}
	text, known, err := message.Source(node, message.Names{
		Constant: func(root string) bool {
			_, isTurn := s.turns[root]
			return root == "var" || root == "local" || isTurn
		},
		Value: func(e hclsyntax.Expression) (cty.Value, bool, bool) {
			v := s.evaluate(e, evaluation{quiet: true})
			plain, found := v.UnmarkDeep()
			maps.Copy(marks, found)
			if len(found) > 0 {
				s.tell(plain) // what was made of a secret is not the text that was told
			}
			return plain, len(found) > 0, v.IsWhollyKnown()
		},
	})
	var unsupported *message.UnsupportedError
	switch {
	case errors.As(err, &unsupported):
		s.At(unsupported.Range, "message-expression", "", unsupported.Reason)
		return cty.DynamicVal
	case !known:
		return cty.UnknownVal(cty.String).RefineNotNull().WithMarks(marks)
	}
	if t, err := schema.ParseTemplate(text); err != nil {
		s.At(expr.Range(), "message-expression", "", "It cannot be evaluated for a message.")
		return cty.DynamicVal
	} else if _, err := message.Compile(t); err != nil {
		s.At(expr.Range(), "message-expression", "", "It cannot be evaluated for a message: "+err.Error()+".")
		return cty.DynamicVal
	}
	return cty.StringVal(text).WithMarks(marks)
}

// messageNames are the names of a template, as far as their types are known.
func messageNames() map[string]cty.Value {
	text, number := cty.UnknownVal(cty.String).RefineNotNull(), cty.UnknownVal(cty.Number).RefineNotNull()
	names := map[string]cty.Value{"message": cty.ObjectVal(map[string]cty.Value{
		"id": text, "raw": text, "stream": text, "topic": text, "offset": number, "timestamp": number, "partition": number,
		"headers": cty.UnknownVal(cty.Map(cty.String)).RefineNotNull(), "payload": cty.DynamicVal,
	})}
	for _, name := range words.TemplateFields() {
		names[name] = text
	}
	return names
}

// TemplateMap evaluates a map whose values are templates, such as headers: an object as it is written, or merge() of such.
func (s *Scope) TemplateMap(expr hcl.Expression) cty.Value {
	if !message.Uses(s.native(expr)) && !s.namesField(expr) {
		return escaped(s.Evaluate(expr, true))
	}
	switch node := message.Bare(s.native(expr)).(type) {
	case *hclsyntax.ObjectConsExpr:
		return s.templateObject(node)
	case *hclsyntax.FunctionCallExpr:
		if node.Name == "merge" && !node.ExpandFinal {
			merged := make(map[string]cty.Value)
			for _, arg := range node.Args {
				one := s.TemplateMap(arg)
				plain, marks := one.Unmark()
				if !plain.IsKnown() || plain.IsNull() || !plain.CanIterateElements() {
					return cty.DynamicVal.WithMarks(marks)
				}
				for it := plain.ElementIterator(); it.Next(); {
					name, value := it.Element()
					merged[name.AsString()] = value.WithMarks(marks)
				}
			}
			return cty.ObjectVal(merged)
		}
	}
	s.At(expr.Range(), "message-expression", "", "Where a value depends on a message, write { NAME = VALUE } or merge() of such.")
	return cty.DynamicVal
}

// namesField reports whether stream, topic or partition stands in an expression.
func (s *Scope) namesField(expr hcl.Expression) bool {
	fields := messageNames()
	for _, t := range s.native(expr).Variables() {
		if _, isField := fields[t.RootName()]; isField {
			return true
		}
	}
	return false
}

func (s *Scope) templateObject(node *hclsyntax.ObjectConsExpr) cty.Value {
	values := make(map[string]cty.Value, len(node.Items))
	for _, item := range node.Items {
		key, marks := s.Evaluate(item.KeyExpr, true).Unmark()
		if !key.IsKnown() || key.IsNull() || key.Type() != cty.String {
			return cty.DynamicVal.WithMarks(marks)
		}
		values[key.AsString()] = s.Template(item.ValueExpr, false).WithMarks(marks)
	}
	return cty.ObjectVal(values)
}

// escaped makes the text form of every text in a map.
func escaped(v cty.Value) cty.Value {
	plain, marks := v.Unmark()
	if !plain.IsKnown() || plain.IsNull() || !plain.CanIterateElements() || !plain.Type().IsMapType() && !plain.Type().IsObjectType() {
		return v
	}
	values := make(map[string]cty.Value)
	for it := plain.ElementIterator(); it.Next(); {
		name, value := it.Element()
		text, inner := value.Unmark()
		if text.Type() == cty.String && text.IsKnown() && !text.IsNull() {
			value = cty.StringVal(schema.EscapeText(text.AsString())).WithMarks(inner)
		}
		key, _ := name.Unmark()
		values[key.AsString()] = value
	}
	return cty.ObjectVal(values).WithMarks(marks)
}
