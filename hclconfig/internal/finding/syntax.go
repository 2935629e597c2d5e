package finding

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Syntax tells a finding of HCL's parsers. Their text is not shown: it may quote what stands there, which may be a
// secret. Its kind and its place are kept.
func (r *Report) Syntax(d *hcl.Diagnostic) {
	rng := Subject(d)
	if d.Summary == "Attribute redefined" {
		r.At(rng, "duplicate-attribute", "", "Each attribute is set once in a block.")
		return
	}
	if row, known := syntaxRow(d.Summary); known {
		r.At(rng, "syntax", row.summary, row.detail)
		return
	}
	r.At(rng, "syntax", "", "iggysink cannot read the text here. Compare it with a line that works.")
}

// syntaxRow returns what we say where HCL's summary is that one. Each of its summaries has a row of its own: a row for
// all that begin with a word once called a missing colon a missing quote.
func syntaxRow(summary string) (syntaxKind, bool) {
	for _, rows := range [][]syntaxKind{structureKinds(), bracketKinds(), templateKinds(), jsonSyntaxKinds()} {
		for _, row := range rows {
			before, after, varies := strings.Cut(row.kind, "%s")
			if summary == row.kind || varies && strings.HasPrefix(summary, before) && strings.HasSuffix(summary, after) {
				return row, true
			}
		}
	}
	return syntaxKind{}, false
}

// FirstMistake returns the first of the findings in a JSON text: those behind it follow from it.
func FirstMistake(all hcl.Diagnostics) hcl.Diagnostics {
	var first *hcl.Diagnostic
	for _, d := range all {
		switch {
		case d.Summary == "Root value must be object" && len(all) > 1:
		case d.Summary == "Unclosed object" && first != nil && first.Summary != "Unclosed object": // behind the mistake it gives up
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

// Subject returns the place of a finding of HCL.
func Subject(d *hcl.Diagnostic) hcl.Range {
	if d.Subject == nil {
		return hcl.Range{}
	}
	return *d.Subject
}

// syntaxKind is HCL's summary of a kind of finding, where %s stands for any word, and what we say.
type syntaxKind struct{ kind, summary, detail string }

const (
	attributeForm = `An attribute is name = value, a block is type "label" { ... }.`
	valueForm     = "A value is text in quotes, a number, true, false, a list, a map or a call."
	jsonValueForm = "It is text in double quotes, a number, true, false, null, [ ... ] or { ... }."
	indexForm     = "An index is NAME[0] or NAME[\"key\"]."
)

// structureKinds are about attributes, blocks and what stands between them.
func structureKinds() []syntaxKind {
	return []syntaxKind{
		{"Argument or block definition required", "an attribute or a block is expected", attributeForm},
		{"Argument definition required", "an attribute is expected", attributeForm},
		{"Invalid argument name", "a name is written without quotes", attributeForm},
		{"Invalid attribute name", "invalid name after a dot", "A name consists of letters, digits, _ and -."},
		{"Attribute name required", "a name is missing after a dot", "A name consists of letters, digits, _ and -."},
		{"Variable name required", "a name is expected", "Names are var.NAME and local.NAME."},
		{"Invalid block definition", "invalid block", `A block is type "label" { ... }, closed on a line of its own.`},
		{"Invalid single-argument block definition", "invalid one-line block",
			"A one-line block holds exactly one attribute and no blocks. Write it over several lines."},
		{"Missing newline after block definition", "a line break is missing after a block", "Remove the second closing brace."},
		{"Missing newline after argument", "a line break is missing after an attribute", "Write each attribute on its own line."},
		{"Unexpected comma after argument", "unexpected comma", "Write each attribute on its own line, without a comma."},
		{"Invalid expression", "a value is expected", valueForm},
		{"Missing expression", "a value is missing", valueForm},
		{"Missing false expression in conditional", "the second value of a condition is missing",
			"A condition is QUESTION ? VALUE : VALUE. Here : and the value for false are missing."},
		{"Invalid number literal", "invalid number", "A number is written as 1, 1.5 or 1e3."},
		{"Invalid character encoding", "the text is not UTF-8", ""},
		{"Invalid character", "invalid character", "It has no meaning here. Write text in double quotes, and each attribute on its own line."},
		{"Unsupported operator", "unknown operator", "The operators are && || ! == != < > <= >= + - * / %."},
		{"Missing function name", "the name of a function is missing after ::", ""},
		{"Missing open parenthesis", "the parenthesis of a call is missing", "A call is NAME(ARGUMENT, ...)."},
		{"Invalid 'for' expression", "invalid for", "It is [for NAME in LIST : VALUE] or {for KEY, NAME in MAP : KEY => VALUE}."},
		{"Invalid legacy index syntax", "an index needs brackets", indexForm},
		{"Nested splat expression not allowed", "a splat is inside another splat", "Use for: [for NAME in LIST : NAME.x]."},
		{"Index value required", "an index is missing", indexForm},
	}
}

// bracketKinds are about brackets, and the commas between them.
func bracketKinds() []syntaxKind {
	const brace = "Its closing brace } is missing."
	return []syntaxKind{
		{"Unclosed configuration block", "a block is not closed", brace},
		{"Unclosed configuration body", "a block is not closed", brace},
		{"Missing closing parenthesis", "a closing parenthesis is missing", ""},
		{"Unbalanced parentheses", "a closing parenthesis is missing", ""},
		{"Unterminated function call", "a closing parenthesis is missing", "A call is NAME(ARGUMENT, ...)."},
		{"Unterminated tuple constructor expression", "a closing bracket ] is missing", "A list is [VALUE, VALUE]."},
		{"Unterminated object constructor expression", "a closing brace } is missing", "A map is { NAME = VALUE }."},
		{"Missing close bracket on index", "a closing bracket ] is missing", indexForm},
		{"Missing close bracket on splat index", "a closing bracket ] is missing", "A splat is LIST[*]."},
		{"Unclosed index brackets", "a closing bracket ] is missing", indexForm},
		{"Missing item separator", "a comma is missing", "Elements of a list are separated by commas."},
		{"Missing attribute separator", "a comma is missing", "Elements of a map are separated by commas or line breaks."},
		{"Missing argument separator", "a comma is missing", "Arguments of a function are separated by commas."},
		{"Missing key/value separator", "an element of a map is not NAME = VALUE", "A map is { NAME = VALUE }."},
		{"Missing attribute value", "a value is missing in a map", "A map is { NAME = VALUE }."},
		{"Invalid object key expression", "invalid key of a map", "Put a key in parentheses unless it is a word or text in quotes."},
	}
}

// templateKinds are about text.
func templateKinds() []syntaxKind {
	const quote = `Its closing quote " is missing.`
	const escapes = `The escapes are \n, \r, \t, \", \\, \uNNNN and \UNNNNNNNN.`
	const forForm = "It is %{for NAME in LIST} ... %{endfor}."
	return []syntaxKind{
		{"Unterminated string literal", "a string is not closed", quote},
		{"Unterminated template string", "a string is not closed", quote},
		{"Invalid multi-line string", "a string is not closed on its line", "For text over several lines write \\n, or a heredoc: <<EOT."},
		{"Invalid string literal", "invalid string", "The string here is plain text. Write $${ for ${, and %%{ for %{."},
		{"Invalid escape sequence", "invalid escape sequence", escapes},
		{"Unexpected end of template", "a directive of a template is not closed", "%{if} ends with %{endif}, %{for} with %{endfor}."},
		{"Unexpected else directive", "unexpected directive of a template", "Write %{else} once, between %{if} and %{endif}."},
		{"Unexpected %s directive", "unexpected directive of a template", "%{else}, %{endif} and %{endfor} need a %{if} or %{for} before them."},
		{"Unclosed template interpolation sequence", "the ${ in this string is not closed", "Its closing brace } is missing."},
		{"Extra characters after interpolation expression", "unexpected text after an expression",
			"Write one value between ${ and }. Combine several with an operator or a function."},
		{"Extra characters in %s marker", "unexpected text in a directive of a template", "The directive ends with }."},
		{"Invalid template directive", "unknown directive of a template",
			"The directives are %{if ...} and %{for ...}. To write %{ as text, use %%{."},
		{"Invalid template control keyword", "unknown directive of a template",
			"The directives are %{if ...} and %{for ...}. To write %{ as text, use %%{."},
		{"Invalid 'for' directive", "invalid for", forForm},
	}
}

// jsonSyntaxKinds are the findings of HCL's JSON parser.
func jsonSyntaxKinds() []syntaxKind {
	return []syntaxKind{
		{"Trailing comma in array", "unexpected comma", "JSON allows no comma after the last element."},
		{"Trailing comma in object", "unexpected comma", "JSON allows no comma after the last element."},
		{"Root value must be object", "the file is not a JSON object", "It is { ... }."},
		{"Missing property value colon", "a colon is missing", `A property is "name": value.`},
		{"Missing attribute seperator comma", "a comma is missing", "Properties are separated by commas."}, //nolint:misspell // as HCL spells it
		{"Missing JSON value", "a JSON value is missing", jsonValueForm},
		{"Missing value", "a JSON value is missing", jsonValueForm},
		{"Missing object value", "a value is missing after the colon", jsonValueForm},
		{"Missing array element value", "an element is missing between commas", "JSON allows a comma only between two elements."},
		{"Invalid array value", "a comma is missing", "Elements of a list are separated by commas."},
		{"Invalid object property name", "the name of a property needs double quotes",
			`A property is "name": value. For a comment write a property with the name "//".`},
		{"Extraneous data after value", "unexpected text after the object", "A file is one JSON object."},
		{"Invalid start of value", "a JSON value is expected", jsonValueForm},
		{"Invalid JSON keyword", "invalid JSON value", jsonValueForm},
		{"Invalid JSON number", "invalid JSON number",
			"It is -1, 1.5 or 1e3: without +, without leading zeros, with a digit on both sides of the point."},
		{"Invalid JSON string", "invalid JSON string",
			`Close it with " on its line. Its escapes are \" \\ \/ \b \f \n \r \t and \uNNNN.`},
		{"Mismatched braces", "the closing bracket does not match", "{ is closed by }."},
		{"Mismatched brackets", "the closing bracket does not match", "[ is closed by ]."},
		{"Unclosed object", "an object or a list is not closed", "Its closing brace } or bracket ] is missing."},
	}
}
