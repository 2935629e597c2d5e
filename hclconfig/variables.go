package hclconfig

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// envPrefix begins the name of an environment variable that gives a variable its value.
const envPrefix = "IGGYSINK_VAR_"

// variable is one variable block.
type variable struct {
	name      string
	rng       hcl.Range // of its header
	typ       cty.Type
	sensitive bool
	value     cty.Value // cty.NilVal until it has one
}

func variableSchema() *hcl.BodySchema {
	return &hcl.BodySchema{Attributes: []hcl.AttributeSchema{
		{Name: "type"}, {Name: "description"}, {Name: "default"}, {Name: "sensitive"},
	}}
}

// declare reads a variable block.
func (l *loader) declare(block *hcl.Block) {
	v := &variable{name: block.Labels[0], rng: header(block), typ: cty.DynamicPseudoType, value: cty.NilVal}
	if other := l.scope.variables[v.name]; other != nil {
		l.at(v.rng, "duplicate-name", fmt.Sprintf("the variable %q is declared twice", printable(v.name)),
			"The other declaration is at "+place(other.rng)+".")
		return
	}
	l.scope.variables[v.name] = v
	content := l.content(block.Body, variableSchema(), "variable")
	if a := content.Attributes["type"]; a != nil {
		l.shown(a)
		typ, diags := typeexpr.TypeConstraint(a.Expr)
		if diags.HasErrors() {
			l.at(a.Expr.Range(), "wrong-type", "unknown type",
				"A type is string, number, bool, list(TYPE), set(TYPE), map(TYPE), object({NAME = TYPE}), tuple([TYPE]) or any.")
			v.value = cty.DynamicVal
		}
		v.typ = typ
	}
	if a := content.Attributes["description"]; a != nil {
		l.shown(a)
		l.literal(a, cty.String)
	}
	if a := content.Attributes["sensitive"]; a != nil {
		l.shown(a)
		flag := l.literal(a, cty.Bool)
		v.sensitive = flag.IsKnown() && !flag.IsNull() && flag.True()
	}
	if a := content.Attributes["default"]; a != nil && v.value == cty.NilVal {
		v.value = l.literal(a, v.typ)
		if v.sensitive {
			v.value = v.value.Mark(sensitive)
		}
	}
}

// literal evaluates an attribute that may not use names or functions.
func (l *loader) literal(a *hcl.Attribute, want cty.Type) cty.Value {
	value := l.bounded(l.evaluate(a.Expr, evaluation{quiet: true, noContext: true}), a)
	converted, err := convertTo(value, want)
	if err != nil {
		l.at(a.Expr.Range(), "wrong-type", fmt.Sprintf("%s must be %s", a.Name, typeInWords(want)), "")
		return cty.DynamicVal
	}
	return converted
}

var errNumber = errors.New("number out of range")

// convertTo converts a value, unless that could take long: text such as 1e9999999 does.
func convertTo(v cty.Value, want cty.Type) (cty.Value, error) {
	if holdsNumber(want) && !textFits(v, isBounded) {
		return cty.NilVal, errNumber
	}
	return convert.Convert(v, want)
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

// typeInWords says what a value must be.
func typeInWords(t cty.Type) string {
	switch {
	case t == cty.String:
		return "a string"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsListType(), t.IsSetType():
		return "a list, each element " + typeInWords(t.ElementType())
	case t.IsMapType():
		return "a map, each value " + typeInWords(t.ElementType())
	}
	return "of the type " + typeexpr.TypeString(t)
}

// variables gives every declared variable its value: from the environment, from the files, from --var, the last one
// wins.
func (l *loader) variables() {
	for _, name := range slices.Sorted(maps.Keys(l.scope.variables)) {
		if text, set := l.opts.Env(envPrefix + name); set {
			l.assign(name, text, "the environment variable "+envPrefix+name)
		}
	}
	for _, path := range l.opts.VarFiles {
		l.variableFile(path)
	}
	for _, name := range slices.Sorted(maps.Keys(l.opts.Vars)) {
		l.assign(name, l.opts.Vars[name], "--var "+name)
	}
	for _, name := range slices.Sorted(maps.Keys(l.scope.variables)) {
		v := l.scope.variables[name]
		if v.value != cty.NilVal {
			continue
		}
		v.value = outside(cty.UnknownVal(v.typ))
		if l.opts.Unknowns {
			l.needs[Need{"variable", name}] = true
			continue
		}
		l.at(v.rng, "missing-variable", fmt.Sprintf("the variable %q has no value", printable(name)),
			fmt.Sprintf("Give it one with --var %s=VALUE or %s%s, or a default.", printable(name), envPrefix, printable(name)))
	}
}

// assign gives a variable the value that a text stands for: the text itself for a string, otherwise a literal.
func (l *loader) assign(name, text, from string) {
	v := l.scope.variables[name]
	if v == nil {
		l.at(hcl.Range{}, "invalid-variable", fmt.Sprintf("%s: there is no such variable", printable(from)),
			join(didYouMean(name, slices.Sorted(maps.Keys(l.scope.variables))), "Declare it with a variable block."))
		return
	}
	value := cty.DynamicVal
	switch {
	case badText([]byte(text)) >= 0:
		l.at(hcl.Range{}, "invalid-variable", printable(from)+" is not UTF-8 text", "")
	case v.typ == cty.String, v.typ == cty.DynamicPseudoType:
		value = cty.StringVal(text)
	default:
		value = l.parseLiteral(text, v.typ, from)
	}
	l.setVariable(v, value)
}

func (l *loader) setVariable(v *variable, value cty.Value) {
	v.value = value.Mark(external)
	if v.sensitive {
		v.value = v.value.Mark(sensitive)
	}
}

// parseLiteral reads text as an HCL literal of a type.
func (l *loader) parseLiteral(text string, want cty.Type, from string) cty.Value {
	f := &source{name: "", text: []byte(text)}
	if len(guard(f)) == 0 {
		expr, diags := hclsyntax.ParseExpression(f.text, "", hcl.InitialPos)
		if !diags.HasErrors() && len(expr.Variables()) == 0 {
			value, diags := expr.Value(&hcl.EvalContext{})
			if converted, err := convertTo(value, want); !diags.HasErrors() && err == nil {
				return converted
			}
		}
	}
	l.at(hcl.Range{}, "invalid-variable", printable(from)+" must be "+typeInWords(want),
		"It is written as in a configuration file.")
	return cty.DynamicVal
}

// variableFile reads a file of NAME = literal.
func (l *loader) variableFile(path string) {
	text, err := readBounded(path, maxFileSize)
	if err != nil {
		l.unreadable(path, err)
		return
	}
	f := &source{name: path, text: text, json: strings.HasSuffix(path, ".json")}
	l.masks[path] = newMask(text, f.json)
	body, found := parseSource(f)
	if l.found = append(l.found, found...); body == nil {
		return
	}
	l.masks[path].parsed = true
	attributes, diags := body.JustAttributes()
	for _, d := range diags {
		l.at(subject(d), "invalid-variable", "a file of variables has no blocks", "Each line is NAME = literal.")
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		v := l.scope.variables[name]
		if v == nil {
			l.at(a.NameRange, "invalid-variable", fmt.Sprintf("there is no variable %q", printable(name)),
				join(didYouMean(name, slices.Sorted(maps.Keys(l.scope.variables))), "Declare it with a variable block."))
			continue
		}
		l.setVariable(v, l.literal(a, v.typ))
	}
}
