package function

import (
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// collections are the functions of lists, sets, maps and objects.
func collections() map[string]function.Function {
	return map[string]function.Function{
		"coalesce": coalesceFunction(), "compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc,
		"contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc,
		"flatten": stdlib.FlattenFunc, "keys": stdlib.KeysFunc, "length": lengthFunction(), "lookup": lookupFunction(),
		"merge": stdlib.MergeFunc, "one": oneFunction(), "range": stdlib.RangeFunc, "reverse": stdlib.ReverseListFunc,
		"setintersection": stdlib.SetIntersectionFunc, "setproduct": stdlib.SetProductFunc,
		"setsubtract": stdlib.SetSubtractFunc, "setunion": stdlib.SetUnionFunc, "slice": stdlib.SliceFunc,
		"sort": stdlib.SortFunc, "values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc,
	}
}

// conditions are the functions that evaluate their arguments themselves.
func conditions() map[string]function.Function {
	return map[string]function.Function{"can": tryfunc.CanFunc, "try": tryfunc.TryFunc}
}

// lengthFunction counts elements, and the characters of a string.
func lengthFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			switch t := args[0].Type(); {
			case t == cty.String:
				return stdlib.Strlen(args[0])
			case t.IsObjectType():
				return cty.NumberIntVal(int64(len(t.AttributeTypes()))), nil
			}
			return stdlib.Length(args[0])
		},
	})
}

// lookupFunction is lookup(map, key) and lookup(map, key, otherwise), which converts what it returns instead of an element
// to the type of the elements.
func lookupFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "map", Type: cty.DynamicPseudoType}, {Name: "key", Type: cty.String},
		},
		VarParam: &function.Parameter{Name: "otherwise", Type: cty.DynamicPseudoType, AllowNull: true},
		Type: func(args []cty.Value) (cty.Type, error) {
			switch len(args) {
			case 2:
				return lookupOnly(args)
			case 3:
				if t := args[0].Type(); t.IsMapType() && !Countable(args[2], t.ElementType()) {
					return cty.NilType, errHuge
				}
				return stdlib.LookupFunc.ReturnTypeForValues(args)
			}
			return cty.NilType, &Error{Reason: "It takes a map, a key and, perhaps, a value to take instead."}
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if len(args) == 3 {
				return stdlib.LookupFunc.Call(args)
			}
			if args[0].Type().IsObjectType() {
				return args[0].GetAttr(args[1].AsString()), nil
			}
			return args[0].Index(args[1]), nil
		},
	})
}

// lookupOnly is the type of lookup without a value to take instead.
func lookupOnly(args []cty.Value) (cty.Type, error) {
	t := args[0].Type()
	if t == cty.DynamicPseudoType || !args[0].IsKnown() || !args[1].IsKnown() {
		if t.IsMapType() {
			return t.ElementType(), nil
		}
		return cty.DynamicPseudoType, nil
	}
	if !t.IsMapType() && !t.IsObjectType() {
		return cty.NilType, function.NewArgErrorf(0, "a map or an object is needed")
	}
	key, _ := args[1].Unmark()
	if t.IsObjectType() {
		if !t.HasAttribute(key.AsString()) {
			return cty.NilType, function.NewArgErrorf(1, "the map has no such key, and there is no default")
		}
		return t.AttributeType(key.AsString()), nil
	}
	if plain, _ := args[0].Unmark(); plain.HasIndex(key).IsKnown() && plain.HasIndex(key).False() {
		return cty.NilType, function.NewArgErrorf(1, "the map has no such key, and there is no default")
	}
	return t.ElementType(), nil
}

// coalesceFunction is coalesce as Terraform has it: the first argument that is neither null nor an empty string.
func coalesceFunction() function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "values", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true},
		Type: func(args []cty.Value) (cty.Type, error) {
			types := make([]cty.Type, len(args))
			for i, a := range args {
				types[i] = a.Type()
			}
			t, _ := convert.UnifyUnsafe(types)
			if t == cty.NilType {
				return cty.NilType, &Error{Reason: "All arguments must have one type."}
			}
			return t, nil
		},
		Impl: func(args []cty.Value, want cty.Type) (cty.Value, error) {
			for _, a := range args {
				if !Countable(a, want) {
					return cty.NilVal, errHuge
				}
				v, err := convert.Convert(a, want)
				if err != nil {
					return cty.NilVal, err
				}
				if !v.IsKnown() {
					return cty.UnknownVal(want), nil
				}
				if text, isText := textOf(v); v.IsNull() || isText && text == "" {
					continue
				}
				return v, nil
			}
			return cty.NilVal, &Error{Reason: "Every argument is null or an empty string."}
		},
	})
}

// oneFunction returns the only element of a list, or null for an empty one.
func oneFunction() function.Function {
	elementOf := func(v cty.Value) (cty.Value, error) {
		t := v.Type()
		if !t.IsListType() && !t.IsSetType() && !t.IsTupleType() {
			return cty.NilVal, function.NewArgErrorf(0, "a list, a set or a tuple is needed")
		}
		switch v.LengthInt() {
		case 0:
			if t.IsTupleType() {
				return cty.NullVal(cty.DynamicPseudoType), nil
			}
			return cty.NullVal(t.ElementType()), nil
		case 1:
			it := v.ElementIterator()
			it.Next()
			_, e := it.Element()
			return e, nil
		}
		return cty.NilVal, function.NewArgErrorf(0, "it has more than one element")
	}
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type: func(args []cty.Value) (cty.Type, error) {
			if !args[0].IsKnown() {
				return cty.DynamicPseudoType, nil
			}
			v, _ := args[0].Unmark()
			e, err := elementOf(v)
			if err != nil {
				return cty.NilType, err
			}
			return e.Type(), nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return elementOf(args[0]) },
	})
}
