package schema

// Template is text with the fields ${stream}, ${topic} and ${partition}, filled in once per partition. Its text form
// writes a literal "${" as "$${". The zero value is empty text.
type Template struct {
	segments []segment
	source   string
}

// segment is literal text, or one field if field is not empty.
type segment struct {
	text  string
	field string
}
