package finding

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/words"
	"iggysink/internal/function"
)

// CallError is what our own functions, and bounds of an expression, fail with. Its text holds no value.
type CallError struct{ Rule, Summary, Detail string }

// Refuse returns a refusal. Its texts are those of a finding, and hold no value.
func Refuse(rule, summary, detail string) *CallError { return &CallError{rule, summary, detail} }

func (e *CallError) Error() string { return e.Summary }

// Evaluation tells a finding of evaluating an expression. No word of it is shown but the name of a function that exists.
func (r *Report) Evaluation(d *hcl.Diagnostic) {
	rng := Subject(d)
	extra, isCall := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d)
	step := stepOf(d)
	_, isTemplate := hcl.DiagnosticExtra[NoTemplate](d)
	var pure *function.Error
	own, isRefusal := hcl.DiagnosticExtra[*CallError](d)
	bounded, isBound := hcl.DiagnosticExtra[*function.Error](d)
	switch {
	case isBound:
		r.refused(rng, "", bounded)
	case isRefusal:
		r.At(rng, own.Rule, own.Summary, own.Detail)
	case isTemplate:
		r.Syntax(d)
	case d.Summary == "Function calls not allowed":
		r.At(rng, "invalid-variable", "a literal is expected", "Functions and other names cannot be used here.")
	case isCall && errors.As(extra.FunctionCallError(), &own):
		r.At(rng, own.Rule, own.Summary, own.Detail)
	case isCall && errors.As(extra.FunctionCallError(), &pure):
		r.refused(rng, extra.CalledFunctionName(), pure)
	case d.Summary == "Unsupported attribute" && step != nil:
		r.noAttribute(rng, step)
	case d.Summary == "Call to unknown function":
		r.At(rng, "unknown-function", "", cmp.Or(instead(calledName(d)),
			r.DidYouMean(calledName(d), words.FunctionNames()), "No function has that name. iggysink explain lists all."))
	case isCall, strings.Contains(d.Summary, "function argument"), strings.Contains(d.Summary, "expanding argument"):
		name := ""
		if isCall {
			name = extra.CalledFunctionName()
		}
		r.At(rng, "function-call", callSummary(name), callDetail(d.Summary, name))
	default:
		for _, row := range evaluationKinds() {
			if d.Summary == row.kind {
				r.At(rng, "invalid-expression", row.summary, row.detail)
				return
			}
		}
		r.At(rng, "invalid-expression", "", "The expression cannot be evaluated: its parts do not fit together.")
	}
}

// NoTemplate marks what HCL's parser found in a string of JSON: it parses those when it evaluates them.
type NoTemplate struct{}

// refused tells why a function did not take its arguments.
func (r *Report) refused(rng hcl.Range, name string, err *function.Error) {
	switch {
	case err.TooMuch:
		r.At(rng, "too-much-work", "", err.Reason)
	case err.Huge:
		r.At(rng, "number-out-of-range", "", err.Reason)
	default:
		r.At(rng, "function-call", callSummary(name), err.Reason)
	}
}

// instead says what takes the place of a function that other languages have, and this one has not.
func instead(name string) string {
	const depends = "Its result differs from run to run, but a configuration must mean the same whenever iggysink reads it."
	const use = "Use %s instead."
	switch name {
	case "timestamp", "plantimestamp", "uuid", "uuidv5", "bcrypt", "now":
		return depends
	case "nonsensitive":
		return "A sensitive value stays sensitive."
	case "getenv", "get_env", "environ":
		return fmt.Sprintf(use, `env("NAME")`)
	case "md5", "sha1":
		return fmt.Sprintf(use, "sha256()")
	case "filebase64":
		return fmt.Sprintf(use, "base64encode(file(PATH))")
	case "filesha256", "filemd5", "filesha1":
		return fmt.Sprintf(use, "sha256(file(PATH))")
	case "filesha512":
		return fmt.Sprintf(use, "sha512(file(PATH))")
	case "base64sha256", "base64sha512", "rsadecrypt", "base64gzip":
		return "Compute it elsewhere, and read it with env() or file()."
	case "yamlencode":
		return "JSON is YAML as well. " + fmt.Sprintf(use, "jsonencode()")
	case "templatestring":
		return fmt.Sprintf(use, "format(), or ${ } in a text,")
	case "list":
		return fmt.Sprintf(use, "[...] or tolist()")
	case "map":
		return fmt.Sprintf(use, "{...} or tomap()")
	case "alltrue":
		return fmt.Sprintf(use, "!contains(LIST, false)")
	case "anytrue":
		return fmt.Sprintf(use, "contains(LIST, true)")
	case "coalescelist":
		return fmt.Sprintf(use, "a condition, such as length(LIST) > 0 ? LIST : OTHER,")
	case "matchkeys", "transpose", "chunklist", "index":
		return fmt.Sprintf(use, "for: [for NAME in LIST : VALUE if CONDITION]")
	case "dirname", "basename", "abspath", "pathexpand", "fileset":
		return "A path starts at the folder of the file that names it, which is path.module."
	case "strlen", "len", "size", "count":
		return fmt.Sprintf(use, "length()")
	case "concat_ws", "implode":
		return fmt.Sprintf(use, "join()")
	case "tolower":
		return YouMean("lower")
	case "toupper":
		return YouMean("upper")
	case "urlencoder", "urlescape", "escapeuri":
		return YouMean("urlencode")
	}
	return ""
}

// calledName returns the name of a function that does not exist, which is a word in front of a parenthesis.
func calledName(d *hcl.Diagnostic) string {
	if call, isCall := d.Expression.(*hclsyntax.FunctionCallExpr); isCall {
		return call.Name
	}
	return ""
}

func callSummary(name string) string {
	if name == "" {
		return "a function call failed"
	}
	return name + "() failed"
}

func callDetail(summary, name string) string {
	switch {
	case strings.HasPrefix(summary, "Not enough"):
		return "An argument is missing."
	case strings.HasPrefix(summary, "Too many"):
		return "It takes fewer arguments."
	case name == "jsondecode":
		return "Its argument is not valid JSON."
	case name == "base64decode":
		return "Its argument is not valid base64, or does not hold UTF-8 text."
	case name == "regex":
		return "The pattern is not valid, or the text does not match it. Use can(regex(...)) to test it."
	case name == "lookup":
		return "The map has no such key. A third argument sets a default."
	case name == "try":
		return "No argument has a value."
	}
	return "An argument has a type that the function does not accept."
}

func evaluationKinds() []syntaxKind {
	return []syntaxKind{
		{"Unsupported attribute", "no such attribute", "The value has no attribute of that name."},
		{"Invalid index", "no such element", "The list or map has no element of that index or key."},
		{"Missing map element", "no such element", "The map has no element of that key."},
		{"Attempt to get attribute from null value", "the value is null", "A null has no attributes."},
		{"Attempt to index null value", "the value is null", "A null has no elements."},
		{"Invalid template interpolation value", "a value cannot be part of a text",
			"Text, numbers, true and false can. Use jsonencode() or join() for lists and maps; null cannot be converted."},
		{"Invalid operand", "an operand is of the wrong type",
			"Arithmetic takes numbers, && and || take true or false. Text is joined as \"${a}${b}\"."},
		{"Operation failed", "the operation has no result", "A division by zero has no result."},
		{"Division by zero", "division by zero", ""},
		{"Incorrect condition type", "a condition is neither true nor false", ""},
		{"Null condition", "a condition is null", ""},
		{"Inconsistent conditional result types", "the results of a condition are of different types", "Both must be of one type."},
		{"Duplicate object key", "a key occurs twice in a map", ""},
		{"Duplicate object attribute", "a key occurs twice in a map", ""},
		{"Iteration over non-iterable value", "the value has no elements", "for takes a list or a map."},
		{"Iteration over null value", "the value is null", "for takes a list or a map."},
		{"Invalid escape sequence", "invalid escape sequence", `The escapes are \n, \r, \t, \", \\, \uNNNN and \UNNNNNNNN.`},
	}
}

// Join puts sentences together that may be empty.
func Join(sentences ...string) string {
	var kept []string
	for _, s := range sentences {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, " ")
}
