package hclconfig

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// listOf says how one value is written where a list is expected. It shows the value if that is not secret and short.
func (l *loader) listOf(value cty.Value, table *words.Attribute) string {
	if !table.Type.IsListType() {
		return ""
	}
	plain, marks := value.Unmark()
	if !plain.IsKnown() || plain.IsNull() || !plain.Type().IsPrimitiveType() {
		return ""
	}
	element, err := bound.ConvertTo(plain, table.Type.ElementType())
	if err != nil {
		return ""
	}
	if text, err := bound.ConvertTo(element, cty.String); err != nil || len(marks) > 0 || table.Sensitive ||
		text.AsString() != mask.Shorten(text.AsString()) {
		return "One value stands in brackets too: [...]."
	}
	written := words.Literal(jsonOf(plain))
	meant := "[" + words.Literal(jsonOf(element)) + "]"
	l.OfferSource(written, meant)
	return fmt.Sprintf("Did you mean %s?", meant)
}

// jsonOf is a text, a number, or true or false as JSON has it.
func jsonOf(v cty.Value) any {
	switch v.Type() {
	case cty.Number:
		return plainNumber(v.AsBigFloat())
	case cty.Bool:
		return v.True()
	}
	return v.AsString()
}
