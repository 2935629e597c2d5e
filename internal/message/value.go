package message

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"iggysink/internal/function"
	"iggysink/internal/jsonscan"
	"iggysink/schema"
)

// maxDepth is how deep a payload may nest that HCL evaluates.
const maxDepth = 256

// spelling marks a number with the text that it was read from.
type spelling struct {
	text  string
	value cty.Value
}

// decode returns a value of the payload for HCL.
func decode(text []byte, depth int) (cty.Value, error) {
	if len(text) == 0 {
		return cty.NilVal, &Error{"the payload is not JSON"}
	}
	if depth > maxDepth {
		return cty.NilVal, &Error{"the payload nests more than " + strconv.Itoa(maxDepth) + " levels deep"}
	}
	switch text[0] {
	case '{':
		members := make(map[string]cty.Value)
		for name, member := range jsonscan.Members(text) {
			v, err := decode(member, depth+1)
			if err != nil {
				return cty.NilVal, err
			}
			members[string(jsonscan.AppendText(nil, name))] = v
		}
		return cty.ObjectVal(members), nil
	case '[':
		var elements []cty.Value
		for element := range jsonscan.Elements(text) {
			v, err := decode(element, depth+1)
			if err != nil {
				return cty.NilVal, err
			}
			elements = append(elements, v)
		}
		return cty.TupleVal(elements), nil
	case '"':
		return cty.StringVal(string(jsonscan.AppendText(nil, text))), nil
	case 't':
		return cty.True, nil
	case 'f':
		return cty.False, nil
	case 'n':
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	return decodeNumber(string(text))
}

// decodeNumber returns a number that remembers how it is spelled.
func decodeNumber(text string) (cty.Value, error) {
	if !function.IsBounded(text) {
		return cty.NilVal, &Error{"the payload has a number of more than 300 digits"}
	}
	v, err := cty.ParseNumberVal(text)
	if err != nil {
		return cty.NilVal, &Error{"the payload has a number that cannot be read"}
	}
	if isPlain(text) {
		return v, nil
	}
	return v.Mark(&spelling{text, v}), nil
}

// isPlain reports whether a number is spelled as it is without a mark.
func isPlain(text string) bool {
	return len(text) <= 18 && strings.Trim(text, "0123456789") == ""
}

// plainNumber spells a number that has no text of its own. Writing a whole number through big.Float takes a hundred times
// as long.
func plainNumber(f *big.Float) string {
	if i, accuracy := f.Int64(); accuracy == big.Exact {
		return strconv.FormatInt(i, 10)
	}
	return f.Text('f', -1)
}

// spellNumber returns the text of a number: that which it was read from, if it still has that value.
func spellNumber(v cty.Value) string {
	plain, marks := v.Unmark()
	for mark := range marks {
		if s, ok := mark.(*spelling); ok && s.value.RawEquals(plain) {
			return s.text
		}
	}
	return plainNumber(plain.AsBigFloat())
}

// textOf returns a value as text.
func textOf(v cty.Value) (string, error) {
	plain, _ := v.Unmark()
	switch {
	case plain.IsNull():
		return "", &Error{"the value is null"}
	case !plain.IsKnown():
		return "", errCost
	case plain.Type() == cty.String:
		return plain.AsString(), nil
	case plain.Type() == cty.Number:
		return spellNumber(v), nil
	case plain.Type() == cty.Bool:
		return strconv.FormatBool(plain.True()), nil
	}
	return "", &Error{"the value is " + friendly(v) + ", which is not text; jsonencode() makes text of it"}
}

// friendly names the type of a value in words that hold nothing of it.
func friendly(v cty.Value) string {
	switch t := v.Type(); {
	case v.IsNull():
		return "null"
	case t == cty.String:
		return "a string"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsObjectType() || t.IsMapType():
		return "an object"
	}
	return "a list"
}

// appendJSON appends a value as JSON. Members of an object are in the order of their names, as HCL keeps no other.
func appendJSON(dst []byte, v cty.Value) ([]byte, error) {
	plain, _ := v.Unmark()
	t := plain.Type()
	switch {
	case !plain.IsKnown():
		return dst, errCost
	case plain.IsNull():
		return append(dst, "null"...), nil
	case t == cty.String:
		return schema.AppendJSONString(dst, plain.AsString()), nil
	case t == cty.Number:
		return append(dst, spellNumber(v)...), nil
	case t == cty.Bool:
		return strconv.AppendBool(dst, plain.True()), nil
	case !plain.CanIterateElements():
		return dst, &Error{"the value cannot be written as JSON"}
	}
	isObject := t.IsObjectType() || t.IsMapType()
	open, end := byte('['), byte(']')
	if isObject {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for it, first := plain.ElementIterator(), true; it.Next(); first = false {
		if !first {
			dst = append(dst, ',')
		}
		name, element := it.Element()
		if isObject {
			plainName, _ := name.Unmark()
			dst = append(schema.AppendJSONString(dst, plainName.AsString()), ':')
		}
		var err error
		if dst, err = appendJSON(dst, element); err != nil {
			return dst, err
		}
	}
	return append(dst, end), nil
}
