package function

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// numbers are the functions of numbers, and those that convert.
func numbers() map[string]function.Function {
	return map[string]function.Function{
		"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc, "max": stdlib.MaxFunc,
		"min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "sum": sumFunction(),
		"tobool": stdlib.MakeToFunc(cty.Bool), "tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		"tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)), "tonumber": convertible(cty.Number),
		"toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "tostring": stdlib.MakeToFunc(cty.String),
	}
}

// convertible is a conversion whose text argument is bounded.
func convertible(to cty.Type) function.Function {
	return guarded(stdlib.MakeToFunc(to), func(args []cty.Value) error {
		if !Countable(args[0], to) {
			return errHuge
		}
		return nil
	})
}

// sumFunction adds the elements of a list.
func sumFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if t := args[0].Type(); !args[0].CanIterateElements() || t.IsMapType() || t.IsObjectType() {
				return cty.NilVal, function.NewArgErrorf(0, "a list of numbers is needed")
			}
			if args[0].LengthInt() == 0 {
				return cty.NilVal, function.NewArgErrorf(0, "the list is empty")
			}
			total := cty.Zero
			for it := args[0].ElementIterator(); it.Next(); {
				_, e := it.Element()
				if !Countable(e, cty.Number) {
					return cty.NilVal, errHuge
				}
				n, err := convert.Convert(e, cty.Number)
				if err != nil || n.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "a list of numbers is needed")
				}
				if !n.IsKnown() {
					return cty.UnknownVal(cty.Number), nil
				}
				total = total.Add(n)
			}
			return total, nil
		},
	})
}

const (
	maxDigits   = 300
	maxExponent = 300
)

// IsBounded reports whether text is no number, or one of at most 300 digits and an exponent of at most 300.
func IsBounded(text string) bool {
	mantissa, exponent, isNumber, hasExponent := numberIn(text)
	switch {
	case !isNumber:
		return true
	case len(mantissa) > maxDigits:
		return false
	case !hasExponent || exponent == "":
		return true
	}
	n, err := strconv.Atoi(exponent)
	if err != nil {
		return strings.LastIndexAny(exponent, "+-") > 0 // "1e5-3" is text; digits that do not fit are not
	}
	return n <= maxExponent && n >= -maxExponent
}

// HasFewDigits reports whether text can be read as a number in no time, if it is one.
func HasFewDigits(text string) bool {
	mantissa, exponent, isNumber, _ := numberIn(text)
	return !isNumber || len(mantissa)+len(exponent) <= maxDigits
}

// numberIn cuts a text that may be a number into what stands before and behind the sign of an exponent: e, or the p of
// powers of two.
func numberIn(text string) (mantissa, exponent string, isNumber, hasExponent bool) {
	text = strings.TrimSpace(text)
	mantissa = text
	if i := strings.IndexAny(text, "eEpP"); i >= 0 {
		mantissa, exponent, hasExponent = text[:i], text[i+1:], true
	}
	isNumber = strings.Trim(mantissa, "0123456789.+-") == "" && strings.Trim(exponent, "0123456789+-") == ""
	return mantissa, exponent, isNumber, hasExponent
}

// Countable reports whether no text in a value becomes a number that is too large when it is converted to want.
func Countable(v cty.Value, want cty.Type) bool {
	if !holdsNumber(want) {
		return true
	}
	v, _ = v.Unmark()
	switch {
	case !v.IsKnown() || v.IsNull():
		return true
	case v.Type() == cty.String:
		return want != cty.Number || IsBounded(v.AsString())
	case !v.CanIterateElements():
		return true
	}
	for it := v.ElementIterator(); it.Next(); {
		if key, e := it.Element(); !Countable(e, ElementType(want, key)) {
			return false
		}
	}
	return true
}

// NumbersFit reports whether every number in a value has a bounded exponent. What is text is left alone.
func NumbersFit(v cty.Value) bool {
	v, _ = v.UnmarkDeep()
	if v.Type() == cty.String {
		return true
	}
	fit := true
	_ = cty.Walk(v, func(_ cty.Path, e cty.Value) (bool, error) { // the function gives no error
		if e.IsKnown() && !e.IsNull() && e.Type() == cty.Number {
			exponent := e.AsBigFloat().MantExp(nil)
			fit = fit && exponent < 2000 && exponent > -2000 && !e.AsBigFloat().IsInf()
		}
		return fit, nil
	})
	return fit
}

// ElementType returns the type of the element of that key.
func ElementType(t cty.Type, key cty.Value) cty.Type {
	switch {
	case t.IsCollectionType():
		return t.ElementType()
	case t.IsObjectType() && key.Type() == cty.String && t.HasAttribute(key.AsString()):
		return t.AttributeType(key.AsString())
	case t.IsTupleType() && key.Type() == cty.Number:
		if i, _ := key.AsBigFloat().Int64(); i >= 0 && int(i) < t.Length() {
			return t.TupleElementType(int(i))
		}
	}
	return cty.DynamicPseudoType
}

// holdsNumber reports whether a type has numbers in it.
func holdsNumber(t cty.Type) bool {
	switch {
	case t.IsCollectionType():
		return holdsNumber(t.ElementType())
	case t.IsObjectType():
		return slices.ContainsFunc(slices.Collect(maps.Values(t.AttributeTypes())), holdsNumber)
	case t.IsTupleType():
		return slices.ContainsFunc(t.TupleElementTypes(), holdsNumber)
	}
	return t == cty.Number
}
