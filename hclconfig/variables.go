package hclconfig

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
)

// envPrefix begins the name of an environment variable that gives a variable its value.
const envPrefix = "IGGYSINK_VAR_"

// variable is one variable block.
type variable struct {
	name      string
	rng       hcl.Range // of its header
	typ       cty.Type
	optional  *typeexpr.Defaults // what absent attributes of an object have
	sensitive bool
	value     cty.Value // cty.NilVal until it has one
	set       hcl.Range // where its value stands; without a file name where it does not stand in one
	checks    []*hcl.Block
}

func variableSchema() *hcl.BodySchema {
	return &hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "type"}, {Name: "description"}, {Name: "default"}, {Name: "sensitive"},
	}, Blocks: []hcl.BlockHeaderSchema{{Type: "validation"}}}
}

// declare reads a variable block.
func (l *loader) declare(block *hcl.Block) {
	v := &variable{name: block.Labels[0], rng: mask.Header(block), typ: cty.DynamicPseudoType, value: cty.NilVal}
	if other := l.scope.variables[v.name]; other != nil {
		l.At(v.rng, "duplicate-name", fmt.Sprintf("the variable %q is declared twice", mask.Printable(v.name)),
			"The other declaration is at "+finding.Place(other.rng)+".")
		return
	}
	l.scope.variables[v.name] = v
	if !hclsyntax.ValidIdentifier(v.name) {
		l.At(block.LabelRanges[0], "invalid-value", "invalid name of a variable",
			"It has letters, digits, _ and -, and begins with a letter, as in var.NAME.")
	}
	content := l.content(block.Body, variableSchema(), "variable")
	if a := content.Attributes["type"]; a != nil {
		l.showType(a)
		typ, optional, diags := typeexpr.TypeConstraintWithDefaults(l.typeOf(a))
		if diags.HasErrors() {
			l.unknownType(a, diags)
			typ, optional, v.value = cty.DynamicPseudoType, nil, cty.DynamicVal
		}
		if optional != nil && !bound.DefaultsFit(optional) {
			l.At(a.Expr.Range(), "number-out-of-range", "", "The default of an optional attribute has more than 300 digits.")
			optional = nil
		}
		v.typ, v.optional = typ, optional
	}
	if a := content.Attributes["description"]; a != nil {
		l.files.Of(a.Range).Show(a)
		l.literal(a, &variable{typ: cty.String})
	}
	if a := content.Attributes["sensitive"]; a != nil {
		l.files.Of(a.Range).Show(a)
		flag := l.literal(a, &variable{typ: cty.Bool})
		v.sensitive = flag.IsKnown() && !flag.IsNull() && flag.True()
	}
	if a := content.Attributes["default"]; a != nil && v.value == cty.NilVal {
		v.value, v.set = l.literal(a, v), a.Expr.Range()
		if v.sensitive {
			l.literalDefault(a, v)
			v.value = l.secret(v.value)
		}
	}
	for _, b := range content.Blocks {
		l.files[mask.Header(b).Filename].ShowBlock(b)
		v.checks = append(v.checks, b)
	}
}

// typeOf returns the expression of a type, which in JSON is the text of a string.
func (l *loader) typeOf(a *hcl.Attribute) hcl.Expression {
	node := l.native(a.Expr)
	if _, isNative := a.Expr.(hclsyntax.Expression); isNative {
		return node
	}
	text, diags := node.Value(nil)
	if diags.HasErrors() || text.IsNull() || text.Type() != cty.String {
		return node
	}
	f := &mask.File{Name: a.Expr.Range().Filename, Text: []byte(text.AsString())}
	if len(bound.Guard(f)) > 0 {
		return node
	}
	start := a.Expr.Range().Start // of the quote
	start.Column, start.Byte = start.Column+1, start.Byte+1
	expr, diags := hclsyntax.ParseExpression(f.Text, f.Name, start)
	if diags.HasErrors() {
		return node
	}
	return expr
}

// unknownType tells of a type that is none, and which one may be meant.
func (l *loader) unknownType(a *hcl.Attribute, diags hcl.Diagnostics) {
	rng := a.Expr.Range()
	_, isNative := a.Expr.(hclsyntax.Expression)
	if d := diags[0]; d.Subject != nil && (isNative || d.Subject.Start.Byte > rng.Start.Byte) { // else it is no expression
		rng = *d.Subject
	}
	meant := l.DidYouMean(l.files.TextAt(l.files.Exact(rng)),
		[]string{"string", "number", "bool", "list", "set", "map", "object", "tuple", "any", "optional"})
	if hint := typeHint(l.files.TextAt(l.files.Exact(rng)), diags[0]); hint != "" {
		l.At(rng, "wrong-type", "invalid type", hint)
		return
	}
	l.At(rng, "wrong-type", "unknown type", finding.Join(meant, "A type is string, number, bool, list(TYPE), set(TYPE), map(TYPE), "+
		"tuple([TYPE]), any or object({NAME = TYPE}), where optional(TYPE) and optional(TYPE, DEFAULT) may stand for a TYPE."))
}

// typeHint says what is wrong with a type that is nearly one, or nothing.
func typeHint(text string, d *hcl.Diagnostic) string {
	has := func(part string) bool { return strings.Contains(d.Detail, part) }
	switch {
	case d.Summary == "Invalid default value for optional attribute":
		return "The default of an optional attribute is not of its type."
	case has("constructor requires one argument specifying the element type."):
		return "A list, a set and a map take one type, that of their elements, such as list(string)."
	case has("object type constructor requires"), has("Object type constructor requires"):
		return "An object takes the names of its attributes and their types: object({NAME = TYPE})."
	case has("uple type constructor requires"):
		return "A tuple takes the types of its elements: tuple([TYPE, TYPE])."
	case has("does not expect arguments"):
		return "It has no brackets behind it."
	case has("modifier for object type attributes"):
		return "optional(TYPE) stands for the type of an attribute in object({NAME = TYPE}) only."
	case has("is either a primitive type keyword") && slices.Contains([]string{"string", "number", "bool", "any"}, strings.Trim(text, `\"`)):
		return "A type stands without quotes."
	}
	return ""
}

// showType lets a type be seen, unless it has defaults in it.
func (l *loader) showType(a *hcl.Attribute) {
	if !strings.Contains(l.files.TextAt(a.Expr.Range()), "optional") {
		l.files.Of(a.Range).Show(a)
	}
}

// literal evaluates an attribute that may not use names or functions, as a value of v.
func (l *loader) literal(a *hcl.Attribute, v *variable) cty.Value {
	value := l.bounded(l.evaluate(a.Expr, evaluation{quiet: true, noContext: true}), a)
	all := misfits(value, v.typ, nil)
	for _, m := range all {
		rule := "wrong-type"
		switch {
		case m.huge:
			rule = "number-out-of-range"
		case m.name:
			rule = "unknown-attribute"
		}
		l.At(m.place(a.Expr), rule, m.words(a.Name, v)+" "+m.text, m.advice(v))
	}
	if len(all) > 0 {
		return cty.DynamicVal
	}
	converted, err := v.convert(value)
	if err != nil { // each part fits: it is a list or a map of any
		l.At(a.Expr.Range(), "wrong-type", mask.Printable(a.Name)+" has elements that are not of one type", "")
		return cty.DynamicVal
	}
	return converted
}

// convert converts a value to the variable's type, with the defaults of optional attributes.
func (v *variable) convert(value cty.Value) (cty.Value, error) {
	if v.optional != nil {
		value = v.optional.Apply(value)
	}
	return bound.ConvertTo(value, v.typ)
}
