package finding

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/words"
)

// Syntax tells a finding of HCL's parsers. Their text is not shown: it may quote what stands there, which may be a
// secret. Its kind and its place are kept.
func (r *Report) Syntax(d *hcl.Diagnostic) {
	rng := Subject(d)
	if d.Summary == "Attribute redefined" {
		r.At(rng, "duplicate-attribute", "", "Each attribute is set once in a block.")
		return
	}
	for _, row := range append(syntaxKinds(), jsonSyntaxKinds()...) {
		if strings.HasPrefix(d.Summary, row.kind) {
			r.At(rng, "syntax", row.summary, row.detail)
			return
		}
	}
	r.At(rng, "syntax", "", "The text here cannot be understood. Compare it with a line that works.")
}

// Shadowed reports whether a finding follows from a character that has no meaning, and that was told.
func Shadowed(d *hcl.Diagnostic, all hcl.Diagnostics) bool {
	return d.Summary != "Invalid character" && slices.ContainsFunc(all, func(other *hcl.Diagnostic) bool {
		return other.Summary == "Invalid character" && Subject(other).Start == Subject(d).Start
	})
}

// FirstMistake returns the first of the findings in a JSON text: those behind it follow from it.
func FirstMistake(all hcl.Diagnostics) hcl.Diagnostics {
	var first *hcl.Diagnostic
	for _, d := range all {
		switch {
		case d.Summary == "Root value must be object" && len(all) > 1:
		case first == nil, Subject(d).Start.Byte < Subject(first).Start.Byte:
			first = d
		case d.Summary == "Invalid object property name" && Subject(d).Start == Subject(first).Start:
			first = d // the other one takes the name for a value
		}
	}
	if first == nil {
		return nil
	}
	return hcl.Diagnostics{first}
}

// IsUnquoted reports whether HCL misses a line break right behind something, as in timeout = 5s: nobody has forgotten one
// there.
func IsUnquoted(d *hcl.Diagnostic, text []byte) bool {
	at := Subject(d).Start.Byte
	return d.Summary == "Missing newline after argument" && at > 0 && at < len(text) && !strings.ContainsRune(" \t\"", rune(text[at-1]))
}

// Subject returns the place of a finding of HCL.
func Subject(d *hcl.Diagnostic) hcl.Range {
	if d.Subject == nil {
		return hcl.Range{}
	}
	return *d.Subject
}

// syntaxKind is how HCL begins the summary of a kind of finding, and what we say.
type syntaxKind struct{ kind, summary, detail string }

func syntaxKinds() []syntaxKind {
	const attribute = `An attribute is name = value, a block is type "label" { ... }.`
	return []syntaxKind{
		{"Argument or block definition required", "an attribute or a block is expected", attribute},
		{"Argument definition required", "an attribute is expected", attribute},
		{"Invalid argument name", "a name stands without quotes", attribute},
		{"Invalid attribute name", "invalid name behind a dot", ""},
		{"Attribute name required", "a name is missing behind a dot", ""},
		{"Invalid block definition", "invalid block", `A block is type "label" { ... }, closed on a line of its own.`},
		{"Invalid single-argument block definition", "invalid one-line block",
			"A one-line block holds exactly one attribute and no blocks. Write it over several lines."},
		{"Missing newline after block definition", "a line break is missing behind a block", "A second closing brace is one too many."},
		{"Missing newline after argument", "a line break is missing behind an attribute", "Write each attribute on its own line."},
		{"Unclosed configuration block", "a block is not closed", "Its closing brace } is missing."},
		{"Unclosed", "something is not closed", "A closing bracket, brace or quote is missing."},
		{"Unterminated string", "a string is not closed", `Its closing quote " is missing.`},
		{"Unterminated template", "a string is not closed", `Its closing quote " is missing.`},
		{"Unterminated", "something is not closed", "A closing bracket, brace or parenthesis is missing."},
		{"Unbalanced", "something is not closed", "A closing parenthesis is missing."},
		{"Unexpected end of template", "a string is not closed", "A closing quote, brace or directive is missing."},
		{"Invalid multi-line string", "a string is not closed on its line",
			"For text over several lines write \\n, or a heredoc: <<EOT."},
		{"Invalid string literal", "invalid string", ""},
		{"Invalid escape sequence", "invalid escape sequence", `Known are \n, \r, \t, \", \\, \uNNNN and \UNNNNNNNN.`},
		{"Invalid expression", "a value is expected", "A value is text in quotes, a number, true, false, a list, a map or a call."},
		{"Missing expression", "a value is missing", "A value is text in quotes, a number, true, false, a list, a map or a call."},
		{"Invalid character encoding", "the text is not UTF-8", ""},
		{"Invalid character", "invalid character", "It has no meaning here. Text stands in double quotes, and attributes on lines of their own."},
		{"Unsupported operator", "unknown operator", "Known are && || ! == != < > <= >= + - * / %."},
		{"Missing item separator", "a comma is missing", "Elements of a list are separated by commas."},
		{"Missing attribute separator", "a comma is missing", "Elements of a map are separated by commas or line breaks."},
		{"Missing argument separator", "a comma is missing", "Arguments of a function are separated by commas."},
		{"Extra characters", "unexpected text behind an expression", "An expression ends here."},
		{"Missing key/value separator", "a map has something else than NAME = VALUE",
			"A map is { NAME = VALUE }. Perhaps its closing brace } is missing further up."},
		{"Missing attribute value", "a value is missing in a map", "A map is { NAME = VALUE }."},
		{"Invalid object key expression", "invalid key of a map", "A key that is not a word or text in quotes stands in parentheses."},
		{"Invalid 'for'", "invalid for", "It is [for NAME in LIST : VALUE], {for KEY, NAME in MAP : KEY => VALUE} or %{for NAME in LIST}."},
		{"Invalid template", "unknown directive of a template", "Known are %{if ...} and %{for ...}. Where %{ is meant as it is write %%{."},
		{"Unexpected", "a directive of a template stands alone", "%{else}, %{endif} and %{endfor} end one that was begun."},
	}
}

// jsonSyntaxKinds are the findings of HCL's JSON parser. What is in neither table begins like one here.
func jsonSyntaxKinds() []syntaxKind {
	return []syntaxKind{
		{"Trailing comma", "a comma is too many", "JSON has no comma behind the last element."},
		{"Root value must be object", "the file is not a JSON object", "It is { ... }."},
		{"Missing property value colon", "a colon is missing", `A property is "name": value.`},
		{"Missing attribute sep", "a comma is missing", "Properties are separated by commas."},
		{"Invalid object property name", "the name of a property stands in double quotes", `A property is "name": value.`},
		{"Extraneous data after value", "unexpected text behind the object", "A file is one JSON object."},
		{"Invalid start of value", "a JSON value is expected", "It is text in double quotes, a number, true, false, null, [ ... ] or { ... }."},
		{"Invalid JSON", "invalid JSON value", "It is text in double quotes, a number, true, false, null, [ ... ] or { ... }."},
		{"Mismatched", "the closing bracket is of another kind", ""},
		{"Missing", "something is missing here", "Compare it with a line that works."},
	}
}

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
	own, isRefusal := hcl.DiagnosticExtra[*CallError](d)
	switch {
	case isRefusal:
		r.At(rng, own.Rule, own.Summary, own.Detail)
	case d.Summary == "Function calls not allowed":
		r.At(rng, "invalid-variable", "a literal is expected", "Functions and other names cannot be used here.")
	case isCall && errors.As(extra.FunctionCallError(), &own):
		r.At(rng, own.Rule, own.Summary, own.Detail)
	case d.Summary == "Unsupported attribute" && step != nil:
		r.noAttribute(rng, step)
	case d.Summary == "Call to unknown function":
		r.At(rng, "unknown-function", "", cmp.Or(r.DidYouMean(calledName(d), words.FunctionNames()),
			"Known are "+strings.Join(words.FunctionNames(), ", ")+"."))
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
		r.At(rng, "invalid-expression", "", "The expression has no value. Its parts do not fit together.")
	}
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
		return "There are more arguments than it takes."
	case name == "jsondecode":
		return "Its argument is not valid JSON."
	case name == "base64decode":
		return "Its argument is not valid base64, or does not hold UTF-8 text."
	case name == "regex":
		return "The pattern is not valid, or the text does not match it. can(regex(...)) tells whether it does."
	case name == "lookup":
		return "The map has no such key. A third argument is the value to take instead."
	case name == "try":
		return "No argument has a value."
	}
	return "An argument is not of the type that the function works with."
}

func evaluationKinds() []syntaxKind {
	return []syntaxKind{
		{"Unsupported attribute", "no such attribute", "The value has no attribute of that name."},
		{"Invalid index", "no such element", "The list or map has no element of that index or key."},
		{"Missing map element", "no such element", "The map has no element of that key."},
		{"Attempt to get attribute from null value", "the value is null", "A null has no attributes."},
		{"Attempt to index null value", "the value is null", "A null has no elements."},
		{"Invalid template interpolation value", "a value cannot stand in text",
			"Text, numbers and true or false can. Use jsonencode() or join() for lists and maps, and mind null."},
		{"Invalid operand", "an operand is of the wrong type", "Arithmetic takes numbers, && and || take true or false."},
		{"Operation failed", "the operation has no result", "A division by zero has none."},
		{"Division by zero", "division by zero", ""},
		{"Incorrect condition type", "a condition is neither true nor false", ""},
		{"Null condition", "a condition is null", ""},
		{"Inconsistent conditional result types", "the results of a condition are of different types", "Both must be of one type."},
		{"Duplicate object key", "a key stands twice in a map", ""},
		{"Duplicate object attribute", "a key stands twice in a map", ""},
		{"Iteration over non-iterable value", "the value has no elements to go through", "for takes a list or a map."},
		{"Iteration over null value", "the value is null", "for takes a list or a map."},
		{"Invalid escape sequence", "invalid escape sequence", `Known are \n, \r, \t, \", \\, \uNNNN and \UNNNNNNNN.`},
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
