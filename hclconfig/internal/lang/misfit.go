package lang

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/internal/function"
	"iggysink/schema"
)

// misfit is a part of a variable's value that its type has no room for.
type misfit struct {
	path   cty.Path
	name   bool   // it is about the name of the last step, and not about what stands there
	text   string // what is wrong with it, such as: must be a string
	detail string // what to do; may be empty
	huge   bool   // a number of too many digits
}

// misfits returns all of them. cty's convert tells of one, in a text that may quote the value, and it drops an attribute
// that the type does not have: somebody who misspells an optional one would never know.
func misfits(v cty.Value, want cty.Type, path cty.Path) []misfit {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || want == cty.DynamicPseudoType {
		return nil
	}
	at := func(text string) []misfit { return []misfit{{path: slices.Clone(path), text: text}} }
	kind := v.Type()
	switch {
	case want.IsPrimitiveType():
		if !function.Countable(v, want) {
			return []misfit{{path: slices.Clone(path), text: "has a number that is out of range", huge: true}}
		}
		if _, err := bound.ConvertTo(v, want); err != nil {
			return at("must be " + TypeInWords(want))
		}
		return nil
	case want.IsObjectType():
		if !kind.IsObjectType() && !kind.IsMapType() {
			return at("must be " + TypeInWords(want))
		}
		return objectMisfits(v, want, path)
	case want.IsMapType() && !kind.IsObjectType() && !kind.IsMapType(),
		want.IsTupleType() && (!kind.IsTupleType() && !kind.IsListType() || v.LengthInt() != want.Length()),
		(want.IsListType() || want.IsSetType()) && !kind.IsTupleType() && !kind.IsListType() && !kind.IsSetType():
		return at("must be " + TypeInWords(want))
	}
	var all []misfit
	for it := v.ElementIterator(); it.Next(); {
		key, e := it.Element()
		if kind.IsSetType() {
			key = cty.UnknownVal(cty.String)
		}
		all = append(all, misfits(e, function.ElementType(want, key), append(path, cty.IndexStep{Key: key}))...)
	}
	return all
}

// objectMisfits looks at the attributes of an object, or at the elements of a map that is to become one.
func objectMisfits(v cty.Value, want cty.Type, path cty.Path) (all []misfit) {
	types := want.AttributeTypes()
	values := v.AsValueMap()
	names := slices.Sorted(maps.Keys(types))
	for _, name := range names {
		step := append(slices.Clone(path), cty.GetAttrStep{Name: name})
		value, set := values[name]
		switch {
		case set:
			all = append(all, misfits(value, types[name], step)...)
		case !want.AttributeOptional(name):
			all = append(all, misfit{path: slices.Clone(path), text: fmt.Sprintf("lacks %q", name)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, known := types[name]; !known {
			all = append(all, misfit{path: append(slices.Clone(path), cty.GetAttrStep{Name: name}), name: true,
				text: "is not an attribute of its type", detail: finding.YouMean(finding.Closest(name, names[:min(len(names), 100)]))})
		}
	}
	return all
}

// place returns where an expression has the misfit, or the closest thing around it.
func (m misfit) place(expr hcl.Expression) hcl.Range {
	for i, step := range m.path {
		pair, element := elementOf(expr, step)
		switch {
		case element != nil:
			expr = element
		case pair == nil:
			return expr.Range()
		case m.name && i == len(m.path)-1:
			return pair.Key.Range()
		default:
			expr = pair.Value
		}
	}
	return expr.Range()
}

// elementOf returns the pair or the element that a step leads to, where that is written out.
func elementOf(expr hcl.Expression, step cty.PathStep) (*hcl.KeyValuePair, hcl.Expression) {
	name := ""
	switch s := step.(type) {
	case cty.GetAttrStep:
		name = s.Name
	case cty.IndexStep:
		if s.Key.IsKnown() && s.Key.Type() == cty.Number {
			list, diags := hcl.ExprList(expr)
			if i, _ := s.Key.AsBigFloat().Int64(); !diags.HasErrors() && i >= 0 && int(i) < len(list) {
				return nil, list[i]
			}
			return nil, nil
		}
		name = TextOfKey(s.Key)
	}
	pairs, diags := hcl.ExprMap(expr)
	for i := range pairs {
		if !diags.HasErrors() && KeyOf(pairs[i].Key) == name {
			return &pairs[i], nil
		}
	}
	return nil, nil
}

// words names the misfit's place as an expression would, such as tenants["acme"].url. The keys of a map are part of its
// value, and are not shown of a sensitive one.
func (m misfit) words(root string, v *variable) string {
	text := mask.Printable(root)
	typ := v.typ
	for _, step := range m.path {
		key := cty.DynamicVal
		switch s := step.(type) {
		case cty.GetAttrStep:
			key = cty.StringVal(s.Name)
		case cty.IndexStep:
			key = s.Key
		}
		name := TextOfKey(key)
		switch {
		case typ.IsObjectType() && (typ.HasAttribute(name) || !v.sensitive):
			text += "." + mask.Printable(mask.Shorten(name))
		case key.Type() == cty.Number:
			text += "[" + name + "]"
		case v.sensitive || !key.IsKnown():
			text += "[" + schema.SecretMask + "]"
		default:
			text += "[" + strconv.Quote(mask.Shorten(name)) + "]"
		}
		typ = function.ElementType(typ, key)
	}
	return text
}

// advice is what to do about the misfit.
func (m misfit) advice(v *variable) string {
	if m.name && v.sensitive {
		return ""
	}
	return m.detail
}

// TypeInWords says what a value must be.
func TypeInWords(t cty.Type) string {
	switch {
	case t == cty.String:
		return "a string"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsListType(), t.IsSetType():
		return "a list, each element " + TypeInWords(t.ElementType())
	case t.IsMapType():
		return "a map, each value " + TypeInWords(t.ElementType())
	case t.IsObjectType() && len(t.AttributeTypes()) > 0:
		return "an object with the attributes " + strings.Join(slices.Sorted(maps.Keys(t.AttributeTypes())), ", ")
	}
	return "of the type " + typeexpr.TypeString(t)
}

// KeyOf returns a key that is written as a word or as plain text.
func KeyOf(expr hcl.Expression) string {
	if word := hcl.ExprAsKeyword(expr); word != "" {
		return word
	}
	value, diags := expr.Value(nil)
	value, _ = value.Unmark()
	if diags.HasErrors() || !value.IsKnown() || value.IsNull() || value.Type() != cty.String {
		return ""
	}
	return value.AsString()
}

// TextOfKey writes a key as text; what is no text, number or truth has none.
func TextOfKey(key cty.Value) string {
	key, _ = key.Unmark()
	if !key.IsKnown() || key.IsNull() {
		return ""
	}
	switch key.Type() {
	case cty.String:
		return key.AsString()
	case cty.Number:
		return key.AsBigFloat().Text('f', -1)
	case cty.Bool:
		return strconv.FormatBool(key.True())
	}
	return ""
}
