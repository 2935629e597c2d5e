package lang

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
	"iggysink/hclconfig/internal/words"
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

// bodyOf is what HCL may find in a block of a table. Nothing is required: what is missing is told in our words.
func bodyOf(table *words.Block) *hcl.BodySchema {
	body := &hcl.BodySchema{}
	for _, a := range table.Attributes {
		body.Attributes = append(body.Attributes, hcl.AttributeSchema{Name: a.Name})
	}
	for _, b := range table.Blocks {
		body.Blocks = append(body.Blocks, hcl.BlockHeaderSchema{Type: b.Name, LabelNames: b.Labels})
	}
	return body
}

// Declare reads a variable block.
func (s *Scope) Declare(block *hcl.Block) {
	v := &variable{name: block.Labels[0], rng: mask.Header(block), typ: cty.DynamicPseudoType, value: cty.NilVal}
	if other := s.variables[v.name]; other != nil {
		s.At(v.rng, "duplicate-name", fmt.Sprintf("the variable %q is declared twice", mask.Printable(v.name)),
			"The other declaration is at "+finding.Place(other.rng)+".")
		return
	}
	s.variables[v.name] = v
	if !hclsyntax.ValidIdentifier(v.name) {
		s.At(block.LabelRanges[0], "invalid-value", "invalid name of a variable",
			"It consists of letters, digits, _ and -, and begins with a letter, as in var.NAME.")
	}
	content, _ := s.Content(block.Body, bodyOf(words.VariableBlock()), "variable")
	if a := content.Attributes["type"]; a != nil {
		s.showType(a)
		typ, optional, diags := typeexpr.TypeConstraintWithDefaults(s.typeOf(a))
		if diags.HasErrors() {
			s.unknownType(a, diags)
			typ, optional, v.value = cty.DynamicPseudoType, nil, cty.DynamicVal
		}
		if optional != nil && !bound.DefaultsFit(optional) {
			s.At(a.Expr.Range(), "number-out-of-range", "", "The default of an optional attribute has more than 300 digits.")
			optional = nil
		}
		v.typ, v.optional = typ, optional
	}
	if a := content.Attributes["description"]; a != nil {
		s.Files.Of(a.Range).Show(a)
		s.literal(a, &variable{typ: cty.String})
	}
	if a := content.Attributes["sensitive"]; a != nil {
		s.Files.Of(a.Range).Show(a)
		flag := s.literal(a, &variable{typ: cty.Bool})
		v.sensitive = flag.IsKnown() && !flag.IsNull() && flag.True()
	}
	if a := content.Attributes["default"]; a != nil && v.value == cty.NilVal {
		v.value, v.set = s.literal(a, v), a.Expr.Range()
		if v.sensitive {
			s.literalDefault(a, v)
			v.value = s.secret(v.value)
		}
	}
	for _, b := range content.Blocks {
		s.Files[mask.Header(b).Filename].ShowBlock(b)
		v.checks = append(v.checks, b)
	}
}

// typeOf returns the expression of a type, which in JSON is the text of a string.
func (s *Scope) typeOf(a *hcl.Attribute) hcl.Expression {
	node := s.native(a.Expr)
	if _, isNative := a.Expr.(hclsyntax.Expression); isNative {
		return node
	}
	text, diags := node.Value(nil)
	if diags.HasErrors() || text.IsNull() || text.Type() != cty.String {
		return node
	}
	f := &mask.File{Name: a.Expr.Range().Filename, Text: []byte(text.AsString())}
	if len(bound.Guard(f, &s.Budget.Quota)) > 0 {
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
func (s *Scope) unknownType(a *hcl.Attribute, diags hcl.Diagnostics) {
	rng := a.Expr.Range()
	_, isNative := a.Expr.(hclsyntax.Expression)
	if d := diags[0]; d.Subject != nil && (isNative || d.Subject.Start.Byte > rng.Start.Byte) { // else it is no expression
		rng = *d.Subject
	}
	meant := s.DidYouMean(s.Files.TextAt(s.Files.Exact(rng)),
		[]string{"string", "number", "bool", "list", "set", "map", "object", "tuple", "any", "optional"})
	if hint := typeHint(s.Files.TextAt(s.Files.Exact(rng)), diags[0]); hint != "" {
		s.At(rng, "wrong-type", "invalid type", hint)
		return
	}
	s.At(rng, "wrong-type", "unknown type", finding.Join(meant, "A type is string, number, bool, list(TYPE), set(TYPE), map(TYPE), "+
		"tuple([TYPE]), any or object({NAME = TYPE}), where a TYPE may be optional(TYPE) or optional(TYPE, DEFAULT)."))
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
		return "Write it without brackets."
	case has("modifier for object type attributes"):
		return "Use optional(TYPE) only for an attribute in object({NAME = TYPE})."
	case has("is either a primitive type keyword") && slices.Contains([]string{"string", "number", "bool", "any"}, strings.Trim(text, `\"`)):
		return "Write a type without quotes."
	}
	return ""
}

// showType lets a type be seen, unless it has defaults in it.
func (s *Scope) showType(a *hcl.Attribute) {
	if !strings.Contains(s.Files.TextAt(a.Expr.Range()), "optional") {
		s.Files.Of(a.Range).Show(a)
	}
}

// literal evaluates an attribute that may not use names or functions, as a value of v.
func (s *Scope) literal(a *hcl.Attribute, v *variable) cty.Value {
	value := s.bounded(s.evaluate(a.Expr, evaluation{quiet: true, noContext: true}), a)
	all := misfits(value, v.typ, nil)
	for _, m := range all {
		rule := "wrong-type"
		switch {
		case m.huge:
			rule = "number-out-of-range"
		case m.name:
			rule = "unknown-attribute"
		}
		s.At(m.place(a.Expr), rule, m.words(a.Name, v)+" "+m.text, m.advice(v))
	}
	if len(all) > 0 {
		return cty.DynamicVal
	}
	converted, err := v.convert(value)
	if err != nil { // each part fits: it is a list or a map of any
		s.At(a.Expr.Range(), "wrong-type", mask.Printable(a.Name)+" has elements of different types", "")
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

// literalDefault warns of a variable that is marked as a secret, and has one that can be read in the configuration.
func (s *Scope) literalDefault(a *hcl.Attribute, v *variable) {
	value, _ := v.value.Unmark()
	if value.IsKnown() && !value.IsNull() && !value.RawEquals(cty.StringVal("")) {
		s.At(a.Expr.Range(), "literal-secret", "", fmt.Sprintf("The variable is sensitive, and everyone who can read the configuration can read "+
			"its default. Leave it out, and set %s.", envPrefix+mask.Printable(v.name)))
	}
}

// DeclareLocals reads a locals block.
func (s *Scope) DeclareLocals(block *hcl.Block) {
	attributes, diags := block.Body.JustAttributes()
	for _, d := range diags {
		if d.Summary == "Duplicate attribute definition" {
			s.At(finding.Subject(d), "duplicate-name", "", "A local has one value.")
			continue
		}
		if d.Summary == "Incorrect JSON value type" {
			s.At(finding.Subject(d), "wrong-type", "a JSON object is expected", "Its properties are the names of locals.")
			continue
		}
		s.At(finding.Subject(d), "unknown-block", "a locals block takes no blocks", "Each line is NAME = value.")
	}
	for name, a := range attributes {
		if other := s.locals[name]; other != nil {
			first, second := other.attr.NameRange, a.NameRange
			s.At(second, "duplicate-name", fmt.Sprintf("local.%s has two values", mask.Printable(name)),
				"The other is at "+finding.Place(first)+".")
			continue
		}
		s.locals[name] = &local{attr: a}
	}
}

// SetElsewhere says where a value stands that is nothing but the name of a variable or a local.
func (s *Scope) SetElsewhere(rng hcl.Range) string {
	text := strings.TrimSuffix(strings.TrimPrefix(s.Files.TextAt(rng), "${"), "}")
	root, name, _ := strings.Cut(text, ".")
	var at hcl.Range
	switch v, d := s.variables[name], s.locals[name]; {
	case root == "local" && d != nil:
		at = d.attr.Expr.Range()
	case root != "var" || v == nil:
		return ""
	case v.set.Filename == "":
		return text + " comes from the command line or from " + envPrefix + mask.Printable(name) + "."
	default:
		at = v.set
	}
	return text + " is set at " + finding.Place(at) + "."
}
