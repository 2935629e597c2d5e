package bound

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"iggysink/hclconfig/internal/finding"
	"iggysink/internal/function"
)

// Writing 1e9999999 as text takes 24 s, and reading a million digits 2 s. So every number is bounded where it comes to
// be: the guard looks at those that are written, and what is here at text that becomes one and at what operators take.
// Text that looks like a number and stays text may be a password, and is let through.
const (
	maxDigits   = 300
	maxExponent = 300
)

// isBounded reports whether text is no number, or one that an attribute could need.
func isBounded(text string) bool {
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

// hasFewDigits reports whether text can be read as a number in no time, if it is one.
func hasFewDigits(text string) bool {
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

// operand is an expression that an operator, an index or a function takes as a number.
type operand struct {
	*hclsyntax.ParenthesesExpr
	fits func(string) bool // what its text must be, if it is text
}

func operandOf(e hclsyntax.Expression, fits func(string) bool) hclsyntax.Expression {
	return &operand{&hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}, fits}
}

// Value fails for a number that is too large to count with.
func (o *operand) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	value, diags := o.Expression.Value(ctx)
	plain, _ := value.Unmark()
	if !plain.IsKnown() || plain.IsNull() || !isHuge(plain, o.fits) {
		return value, diags
	}
	return cty.DynamicVal, append(diags, huge(o.SrcRange))
}

func isHuge(plain cty.Value, fits func(string) bool) bool {
	switch plain.Type() {
	case cty.String:
		return !fits(plain.AsString())
	case cty.Number:
		return !NumbersFit(plain)
	}
	return false
}

// boundOperands puts bounds around what a node takes as numbers. == and != convert nothing.
func boundOperands(node hclsyntax.Node) {
	switch n := node.(type) {
	case *hclsyntax.BinaryOpExpr:
		switch n.Op {
		case hclsyntax.OpEqual, hclsyntax.OpNotEqual, hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
		default:
			n.LHS, n.RHS = operandOf(n.LHS, isBounded), operandOf(n.RHS, isBounded)
		}
	case *hclsyntax.UnaryOpExpr:
		if n.Op == hclsyntax.OpNegate {
			n.Val = operandOf(n.Val, isBounded)
		}
	case *hclsyntax.IndexExpr: // the key of a map stays text, so that it may look like a huge number
		n.Key = operandOf(n.Key, hasFewDigits)
	case *hclsyntax.FunctionCallExpr:
		for i, arg := range n.Args {
			if function.TakesNumber(n.Name, i) {
				n.Args[i] = operandOf(arg, isBounded)
			}
		}
	}
}

// huge is why an operator, or whoever takes a value, does not take a number.
func huge(rng hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "number out of range", Subject: &rng,
		Extra: finding.Refuse("number-out-of-range", "", "It has more than 300 digits.")}
}

// ErrNumber is what ConvertTo fails with for a text that would become a huge number.
var ErrNumber = errors.New("number out of range")

// ConvertTo converts a value, unless a text would become a number that is too large.
func ConvertTo(v cty.Value, want cty.Type) (cty.Value, error) {
	if !Countable(v, want) {
		return cty.NilVal, ErrNumber
	}
	return convert.Convert(v, want)
}

// Countable reports whether no text in a value becomes a number that is too large when it is converted.
func Countable(v cty.Value, want cty.Type) bool {
	if !holdsNumber(want) {
		return true
	}
	v, _ = v.Unmark()
	switch {
	case !v.IsKnown() || v.IsNull():
		return true
	case v.Type() == cty.String:
		return want != cty.Number || isBounded(v.AsString())
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

// DefaultsFit reports whether the numbers in the defaults of optional attributes are bounded: they may come from text.
func DefaultsFit(d *typeexpr.Defaults) bool {
	for _, v := range d.DefaultValues {
		if !NumbersFit(v) {
			return false
		}
	}
	for _, inner := range d.Children {
		if !DefaultsFit(inner) {
			return false
		}
	}
	return true
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

// UnwrapExpression lets the expression be read through it.
func (o *operand) UnwrapExpression() hcl.Expression { return o.Expression }
