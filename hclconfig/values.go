package hclconfig

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// variables gives every declared variable its value: from the environment, from the *.auto.vars.hcl files of the folders,
// from the files that were named, from --var; the last one wins.
func (l *loader) variables() {
	for _, name := range slices.Sorted(maps.Keys(l.scope.variables)) {
		if text, set := l.opts.Env(envPrefix + name); set {
			l.assign(name, text, "the environment variable "+envPrefix+name)
		}
	}
	for _, path := range slices.Concat(l.autos, l.opts.VarFiles) {
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
		if l.unknowns() {
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
		value = l.parseLiteral(text, v, from)
	}
	l.setVariable(v, value, hcl.Range{})
}

func (l *loader) setVariable(v *variable, value cty.Value, at hcl.Range) {
	v.value, v.set = value.Mark(external), at
	if v.sensitive {
		v.value = l.secret(v.value)
	}
}

// parseLiteral reads text as an HCL literal of a type.
func (l *loader) parseLiteral(text string, v *variable, from string) cty.Value {
	f := &source{name: "", text: []byte(text)}
	if len(guard(f)) == 0 {
		expr, diags := hclsyntax.ParseExpression(f.text, "", hcl.InitialPos)
		if !diags.HasErrors() && len(expr.Variables()) == 0 {
			l.charge(expr)
			value, diags := expr.Value(&hcl.EvalContext{})
			if converted, err := v.convert(value); !diags.HasErrors() && err == nil {
				return converted
			}
		}
	}
	l.at(hcl.Range{}, "invalid-variable", printable(from)+" must be "+typeInWords(v.typ),
		"It is written as in a configuration file.")
	return cty.DynamicVal
}

// variableFile reads a file of NAME = literal.
func (l *loader) variableFile(path string) {
	text, err := l.textOf(path)
	if err != nil {
		l.notRead(path, err)
		return
	}
	f := &source{name: path, text: text, json: strings.HasSuffix(path, ".json")}
	l.masks[path] = newMask(text, f.json)
	body, found := parseSource(f)
	if l.found = append(l.found, found...); body == nil {
		return
	}
	l.masks[path].parsed = true
	if native, isNative := body.(*hclsyntax.Body); isNative {
		l.charge(native)
	}
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
		l.setVariable(v, l.literal(a, v), a.Expr.Range())
	}
}

// unknowns reports whether what is not set is unknown, and no error.
func (l *loader) unknowns() bool { return l.opts.Unknowns && !l.opts.StrictEnv }

// validations holds every variable against its validation blocks. Their conditions may use all that is declared.
func (l *loader) validations() {
	for _, name := range slices.Sorted(maps.Keys(l.scope.variables)) {
		for _, b := range l.scope.variables[name].checks {
			l.validation(l.scope.variables[name], b)
		}
	}
}

func (l *loader) validation(v *variable, b *hcl.Block) {
	content := l.content(b.Body, &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "condition"}, {Name: "error_message"}}},
		"validation")
	condition, message := content.Attributes["condition"], content.Attributes["error_message"]
	for name, a := range map[string]*hcl.Attribute{"condition": condition, "error_message": message} {
		if a == nil {
			l.at(header(b), "missing-attribute", fmt.Sprintf("%q is missing", name),
				"A validation block has a condition, and an error_message for when it is not met.")
		}
	}
	if condition == nil || message == nil {
		return
	}
	text, err := convertTo(l.evaluate(message.Expr, evaluation{quiet: true}), cty.String)
	if err != nil {
		l.at(message.Expr.Range(), "wrong-type", "error_message must be a string", "")
		return
	}
	met, err := convertTo(l.evaluate(condition.Expr, evaluation{quiet: true}), cty.Bool)
	if err != nil {
		l.at(condition.Expr.Range(), "wrong-type", "condition must be true or false", "")
		return
	}
	met, _ = met.Unmark()
	if !met.IsKnown() { // or wrong in itself, which was told
		return
	}
	if met.IsNull() {
		l.at(condition.Expr.Range(), "wrong-type", "condition must be true or false", "It is null.")
		return
	}
	if met.True() {
		return
	}
	detail := "Its message is not shown: it holds a secret."
	plain, marks := text.Unmark()
	if _, secret := marks[sensitive]; !secret && plain.IsKnown() && !plain.IsNull() {
		detail = sentence(printable(plain.AsString()))
	}
	rng := v.set
	if rng.Filename == "" { // from the environment or the command line
		rng = v.rng
	}
	l.at(rng, "validation-failed", fmt.Sprintf("the value of the variable %q is not valid", printable(v.name)),
		join(detail, "The condition is at "+place(condition.Expr.Range())+"."))
}

// sentence bounds a text of the user and ends it.
func sentence(s string) string {
	if r := []rune(s); len(r) > 500 {
		s = string(r[:500]) + "..."
	}
	if s != "" && !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}
