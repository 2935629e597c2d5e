package lang

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// Variables gives every declared variable its value: from the environment, from the *.auto.vars.hcl files of the folders in
// the order of their names, from the files that were named, from --var; the last one wins. If none was named, the other
// *.vars.hcl files of the folders stand in: for them no order would be one that the user meant, so that two of them must
// not set one variable.
func (s *Scope) Variables(beside []string) {
	for _, name := range slices.Sorted(maps.Keys(s.variables)) {
		if text, set := s.lookUp(envPrefix + name); set {
			s.assign(name, text, "the environment variable "+envPrefix+name)
		}
	}
	seen := make(map[string]bool) // a folder may be loaded twice, under two names
	beside = slices.DeleteFunc(beside, func(path string) bool {
		again := seen[bound.Canonical(path)]
		seen[bound.Canonical(path)] = true
		return again
	})
	for _, path := range beside {
		if isAutomatic(path) {
			s.variableFile(path, nil)
		}
	}
	for _, path := range s.Settings.VarFiles {
		s.variableFile(path, nil)
	}
	if set := make(map[string]hcl.Range); len(s.Settings.VarFiles) == 0 {
		for _, path := range beside {
			if !isAutomatic(path) {
				s.variableFile(path, set)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Settings.Vars)) {
		s.assign(name, s.Settings.Vars[name], "--var "+name)
	}
	s.nearMisses()
	for _, name := range slices.Sorted(maps.Keys(s.variables)) {
		v := s.variables[name]
		if v.value != cty.NilVal {
			continue
		}
		v.value = mask.Outside(cty.UnknownVal(v.typ))
		if !v.sensitive {
			v.value = v.value.Mark(mask.Pending)
		}
		if s.Settings.Unknowns {
			s.Needs[Need{"variable", name}] = true
			continue
		}
		s.At(v.rng, "missing-variable", fmt.Sprintf("the variable %q has no value", mask.Printable(name)),
			fmt.Sprintf("Give it one with --var %s=VALUE or %s%s, or a default.", mask.Printable(name), envPrefix, mask.Printable(name)))
	}
}

// assign gives a variable the value that a text stands for: the text itself for a string, otherwise a literal.
func (s *Scope) assign(name, text, from string) {
	v := s.variables[name]
	if v == nil && s.Partial {
		return // it may be declared in the file that could not be parsed
	}
	if v == nil {
		s.At(hcl.Range{}, "invalid-variable", fmt.Sprintf("%s: there is no such variable", mask.Printable(from)),
			finding.Join(s.DidYouMean(name, s.variableNames()), "Declare it with a variable block."))
		return
	}
	value := cty.DynamicVal
	switch {
	case bound.BadText([]byte(text)) >= 0:
		s.At(hcl.Range{}, "invalid-variable", mask.Printable(from)+" is not UTF-8 text", "")
	case v.typ == cty.String, v.typ == cty.DynamicPseudoType:
		value = cty.StringVal(text)
	default:
		value = s.parseLiteral(text, v, from)
	}
	s.setVariable(v, value, hcl.Range{})
}

func (s *Scope) setVariable(v *variable, value cty.Value, at hcl.Range) {
	v.value, v.set = value.Mark(mask.External), at
	if v.sensitive {
		v.value = s.secret(v.value)
	}
}

// parseLiteral reads text as an HCL literal of a type.
func (s *Scope) parseLiteral(text string, v *variable, from string) cty.Value {
	value, problem := s.literalIn(text)
	all := misfits(value.value, v.typ, nil)
	for _, m := range all {
		summary := mask.Printable(from)
		if len(m.path) > 0 {
			summary += ": " + m.words(v.name, v)
		}
		s.At(hcl.Range{}, "invalid-variable", summary+" "+m.text, finding.Join(inText(m.place(value.expr)), m.advice(v)))
	}
	converted, err := v.convert(value.value)
	switch {
	case len(all) > 0:
		return cty.DynamicVal
	case problem == "" && err == nil:
		return converted
	case v.typ.IsPrimitiveType(): // where in it is of no interest
		problem = ""
	}
	s.At(hcl.Range{}, "invalid-variable", mask.Printable(from)+" must be "+TypeInWords(v.typ),
		cmp.Or(problem, "Write it as in a configuration file."))
	return cty.DynamicVal
}

// literalValue is a literal, and what it was read from.
type literalValue struct {
	value cty.Value
	expr  hclsyntax.Expression
}

// literalIn reads a literal. The problem with it is a sentence that quotes nothing of the text: it may be a secret.
func (s *Scope) literalIn(text string) (v literalValue, problem string) {
	v = literalValue{value: cty.DynamicVal}
	f := mask.New("", []byte(text))
	var own finding.Report
	if found := bound.Guard(f, &s.Budget.Quota); len(found) > 0 {
		return v, finding.Join(inText(found[0].Range), found[0].Detail)
	}
	expr, diags := hclsyntax.ParseExpression(f.Text, "", hcl.InitialPos)
	if diags.HasErrors() {
		own.Syntax(diags[0])
		return v, finding.Join(inText(own.Found[0].Range), own.Found[0].Detail)
	}
	if names := expr.Variables(); len(names) > 0 {
		return v, finding.Join(inText(names[0].SourceRange()), "Write text in quotes; other names and functions cannot be used here.")
	}
	s.Charge(expr)
	value, diags := expr.Value(&hcl.EvalContext{})
	if diags.HasErrors() {
		own.Evaluation(diags[0])
		return v, finding.Join(inText(own.Found[0].Range), own.Found[0].Detail)
	}
	return literalValue{value, expr}, ""
}

// inText says where in a text that is no file something stands.
func inText(rng hcl.Range) string {
	switch at := rng.Start; {
	case at.Line > 1:
		return fmt.Sprintf("Look at character %d of its line %d.", at.Column, at.Line)
	case at.Column > 1:
		return fmt.Sprintf("Look at character %d.", at.Column)
	}
	return ""
}

// variableFile reads a file of NAME = literal. If once is not nil, it has the variables that no other file may set again.
func (s *Scope) variableFile(path string, once map[string]hcl.Range) {
	f := s.Settings.Open(path)
	if f == nil {
		return
	}
	body, found := bound.Parse(f, &s.Budget.Quota)
	if s.Found = append(s.Found, found...); body == nil {
		return
	}
	f.Body = body
	if native, isNative := body.(*hclsyntax.Body); isNative {
		s.Charge(native)
	}
	attributes, diags := body.JustAttributes()
	for _, d := range diags {
		if d.Summary == "Duplicate attribute definition" {
			s.At(finding.Subject(d), "duplicate-attribute", "", "Set a variable only once in a file.")
			continue
		}
		s.At(finding.Subject(d), "invalid-variable", "a file of variables takes no blocks", "Each line is NAME = literal.")
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		v := s.variables[name]
		if v == nil && s.Partial {
			continue
		}
		if v == nil {
			s.At(a.NameRange, "invalid-variable", fmt.Sprintf("there is no variable %q", mask.Printable(name)),
				finding.Join(s.DidYouMean(name, s.variableNames()), "Declare it with a variable block."))
			continue
		}
		if other, again := once[name]; again {
			s.At(a.NameRange, "duplicate-name", fmt.Sprintf("the variable %q has two values", mask.Printable(name)),
				"The other is at "+finding.Place(other)+". Name the file to read with --var-file; iggysink then ignores the others.")
			continue
		}
		if once != nil {
			once[name] = a.NameRange
		}
		s.setVariable(v, s.literal(a, v), a.Expr.Range())
	}
}

// Validations holds every variable against its validation blocks. Their conditions may use all that is declared.
func (s *Scope) Validations() {
	for _, name := range slices.Sorted(maps.Keys(s.variables)) {
		for _, b := range s.variables[name].checks {
			s.validation(s.variables[name], b)
		}
	}
}

func (s *Scope) validation(v *variable, b *hcl.Block) {
	content, _ := s.Content(b.Body, bodyOf(words.VariableBlock().Child("validation")), "validation")
	condition, message := content.Attributes["condition"], content.Attributes["error_message"]
	for name, a := range map[string]*hcl.Attribute{"condition": condition, "error_message": message} {
		if a == nil {
			s.At(mask.Header(b), "missing-attribute", fmt.Sprintf("%q is missing", name),
				"A validation block needs a condition and an error_message, which is shown if the condition is false.")
		}
	}
	if condition == nil || message == nil {
		return
	}
	if !s.namesKnown(message.Expr, evaluation{quiet: true}) {
		return
	}
	met, err := bound.ConvertTo(s.evaluate(condition.Expr, evaluation{quiet: true}), cty.Bool)
	if err != nil {
		s.At(condition.Expr.Range(), "wrong-type", "condition must be true or false", "")
		return
	}
	met, _ = met.Unmark()
	if !met.IsKnown() { // or wrong in itself, which was told
		return
	}
	if met.IsNull() {
		s.At(condition.Expr.Range(), "wrong-type", "condition must be true or false", "It is null.")
		return
	}
	if met.True() { // the message is for what does not meet it: it may have no value otherwise
		return
	}
	text, err := bound.ConvertTo(s.evaluate(message.Expr, evaluation{quiet: true}), cty.String)
	if err != nil {
		s.At(message.Expr.Range(), "wrong-type", "error_message must be a string", "")
		return
	}
	detail := "Its message contains a secret and is not shown."
	plain, marks := text.Unmark()
	if _, secret := marks[mask.Sensitive]; !secret && plain.IsKnown() && !plain.IsNull() {
		detail = sentence(mask.Printable(plain.AsString()))
	}
	rng := v.set
	if rng.Filename == "" { // from the environment or the command line
		rng = v.rng
	}
	s.At(rng, "validation-failed", fmt.Sprintf("the value of the variable %q is not valid", mask.Printable(v.name)),
		finding.Join(detail, "The condition is at "+finding.Place(condition.Expr.Range())+"."))
}

// sentence bounds a text of the user and ends it.
func sentence(s string) string {
	if s = mask.ShortenTo(500, s); s != "" && !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}

// variableNames returns the names of all variables, sorted, while they may be compared with one.
func (s *Scope) variableNames() []string {
	if !s.MaySuggest() {
		return nil
	}
	return slices.Sorted(maps.Keys(s.variables))
}

// IsVariables reports whether a file, by its name, gives variables their values rather than being configuration.
func IsVariables(name string) bool {
	return strings.HasSuffix(name, ".vars.hcl") || strings.HasSuffix(name, ".vars.hcl.json")
}

// isAutomatic reports whether a file holds values of variables that apply whichever others are named.
func isAutomatic(name string) bool {
	return strings.HasSuffix(name, ".auto.vars.hcl") || strings.HasSuffix(name, ".auto.vars.hcl.json")
}
