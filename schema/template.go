package schema

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Template is text with the fields ${stream}, ${topic} and ${partition}, filled in once per partition, and with
// expressions over a message, such as ${message.headers["tenant"]}, evaluated for each message by package message. Its
// text form writes a literal "${" as "$${". It may hold a secret, such as a key in the query of a URL: only Source, Fill
// and Segments give the text, every other way of printing or marshalling it gives scheme and host. Templates compare
// with ==. The zero value is empty text.
type Template struct {
	source     Secret // its segments are cut again at each Fill: fmt would reach them here
	hasFields  bool
	perMessage bool
}

// Segment is a piece of a template: literal text, or an expression. The fields are the expressions stream, topic and
// partition.
type Segment struct {
	Text       string
	Expression string // HCL; empty: the segment is Text
}

// segment is literal text, or the value of one field.
type segment struct {
	text  string
	field field
	expr  string // of a messageField
}

type field uint8

const (
	noField field = iota
	streamField
	topicField
	partitionField
	messageField // an expression over the message
)

// fieldOf returns the field of a name, or noField.
func fieldOf(name string) field {
	switch strings.TrimSpace(name) {
	case "stream":
		return streamField
	case "topic":
		return topicField
	case "partition":
		return partitionField
	}
	return noField
}

// dollar is the expression that stands for a dollar in front of a field.
const dollar = `"$"`

// ErrTemplate is what every error of ParseTemplate wraps.
var ErrTemplate = errors.New("invalid template")

// ParseTemplate reads the text form. Its error wraps ErrTemplate and tells a position, but no piece of the text.
func ParseTemplate(source string) (Template, error) {
	segments, err := cut(source)
	if err != nil {
		return Template{}, err
	}
	t := Template{source: NewSecret(source), hasFields: len(segments) > 1}
	for _, s := range segments {
		t.perMessage = t.perMessage || s.field == messageField
	}
	return t, nil
}

// Literal returns the template of text without fields.
func Literal(text string) Template {
	return Template{source: NewSecret(EscapeText(text))}
}

// cut returns the segments of a text form: literal text and fields in turn, literal text first and last.
func cut(source string) ([]segment, error) {
	var segments []segment
	var text []byte
	for i := 0; i < len(source); {
		switch rest := source[i:]; {
		case strings.HasPrefix(rest, "$${"):
			text = append(text, "${"...)
			i += len("$${")
		case strings.HasPrefix(rest, "${"):
			end := expressionEnd(rest, len("${"))
			if end < 0 {
				return nil, fmt.Errorf("%w: the ${ at byte %d has no }", ErrTemplate, i)
			}
			expr := rest[len("${") : end-len("}")]
			if expr == dollar {
				text = append(text, '$')
				i += end
				continue
			}
			f := fieldOf(expr)
			if f == noField && strings.Contains(expr, "message") {
				f = messageField
			}
			if f == noField {
				return nil, fmt.Errorf("%w: the field at byte %d is not stream, topic or partition", ErrTemplate, i)
			}
			segments = append(segments, segment{text: string(text)}, segment{field: f, expr: strings.TrimSpace(expr)})
			text = text[:0]
			i += end
		default:
			text = append(text, source[i])
			i++
		}
	}
	return append(segments, segment{text: string(text)}), nil
}

// expressionEnd returns the index behind the } that closes the expression of s at i, or -1. Braces and quoted text nest,
// as in HCL; the text form has no comments and no heredocs.
func expressionEnd(s string, i int) int {
	for depth := 1; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			if i = quoteEnd(s, i+1); i < 0 {
				return -1
			}
			i-- // of the loop
		}
	}
	return -1
}

// quoteEnd returns the index behind the quote that closes the text of s at i, or -1.
func quoteEnd(s string, i int) int {
	for i < len(s) {
		switch rest := s[i:]; {
		case rest[0] == '"':
			return i + 1
		case rest[0] == '\\':
			i += 2
		case strings.HasPrefix(rest, "$${"), strings.HasPrefix(rest, "%%{"):
			i += 3
		case strings.HasPrefix(rest, "${"), strings.HasPrefix(rest, "%{"):
			if i = expressionEnd(s, i+2); i < 0 {
				return -1
			}
		default:
			i++
		}
	}
	return -1
}

// EscapeTemplate returns the text form of literal text that goes into a template. A dollar at its end is percent-encoded:
// in front of a field it would read as an escape.
func EscapeTemplate(literal string) string {
	literal = strings.ReplaceAll(literal, "${", "$${")
	if text, found := strings.CutSuffix(literal, "$"); found {
		return text + "%24"
	}
	return literal
}

// EscapeText is EscapeTemplate for text that is no URL: it stays what it is, also with a dollar at its end.
func EscapeText(literal string) string {
	literal = strings.ReplaceAll(literal, "${", "$${")
	text := strings.TrimRight(literal, "$") // each of them: one that is left in front of a field would escape it
	return text + strings.Repeat("${"+dollar+"}", len(literal)-len(text))
}

// Fill returns the text with the values of p, each percent-encoded so that it stays inside its path segment or query
// parameter. The text around them stays as it is: ParseHTTPURL makes what is sent of all of it, and refuses a segment that
// is nothing but the value . or .. Where the template has an expression over a message, "x" stands for its value: such text is
// for checks.
func (t Template) Fill(p Partition) string {
	segments, err := cut(t.Source())
	if err != nil { // ParseTemplate has cut the same text
		return ""
	}
	var b strings.Builder
	for _, s := range segments {
		switch s.field {
		case streamField:
			writePercentEncoded(&b, p.Stream)
		case topicField:
			writePercentEncoded(&b, p.Topic)
		case partitionField:
			b.WriteString(strconv.FormatUint(uint64(p.ID), 10))
		case messageField:
			b.WriteByte('x')
		default:
			b.WriteString(s.text)
		}
	}
	return b.String()
}

// writePercentEncoded writes s with everything but RFC 3986's unreserved characters encoded. A value of dots alone is
// encoded too: as a path segment it would otherwise climb.
func writePercentEncoded(b *strings.Builder, s string) {
	b.Write(AppendPercentEncoded(nil, []byte(s)))
}

// AppendPercentEncoded appends value with everything but RFC 3986's unreserved characters encoded, and one or two dots
// alone as well.
func AppendPercentEncoded(dst, value []byte) []byte {
	dots := string(value) == "." || string(value) == ".."
	for _, c := range value {
		if isUnreserved(c) && (c != '.' || !dots) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

// HasFields reports whether the text differs from partition to partition.
func (t Template) HasFields() bool { return t.hasFields }

// PerMessage reports whether the text differs from message to message.
func (t Template) PerMessage() bool { return t.perMessage }

// Segments returns the pieces of the text, which may hold a secret. Empty text is left out.
func (t Template) Segments() []Segment {
	segments, err := cut(t.Source())
	if err != nil { // ParseTemplate has cut the same text
		return nil
	}
	all := make([]Segment, 0, len(segments))
	for _, s := range segments {
		if s.text != "" || s.expr != "" {
			all = append(all, Segment{Text: s.text, Expression: s.expr})
		}
	}
	return all
}

// Source returns the text form, which may hold a secret: never print it.
func (t Template) Source() string { return t.source.Reveal() }

// IsZero reports whether the text is empty.
func (t Template) IsZero() bool { return t.source.IsZero() }

// Equal reports whether both have the same text form.
func (t Template) Equal(other Template) bool { return t == other }

// String returns scheme and host, or the mask of Secret if there are none. The zero value prints as nothing.
func (t Template) String() string {
	if t.IsZero() {
		return ""
	}
	return safeURL(t.Source())
}

// safeURL returns scheme and host of a URL, whose path, query and userinfo may be secret.
func safeURL(s string) string {
	scheme, rest, found := strings.Cut(s, "://")
	host := rest
	if i := strings.IndexAny(host, "/?#\\"); i >= 0 {
		host = host[:i]
	}
	host = host[strings.LastIndexByte(host, '@')+1:]
	if !found || host == "" || scheme != "http" && scheme != "https" {
		return SecretMask
	}
	return scheme + "://" + host
}

// Format implements fmt.Formatter with String, so that no verb reaches the text.
func (t Template) Format(f fmt.State, _ rune) { fmt.Fprint(f, t.String()) }

// MarshalText gives what String gives: encoding/json and slog print a Template through it. A configuration that was
// marshalled can be shown, not loaded again.
func (t Template) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with ParseTemplate.
func (t *Template) UnmarshalText(b []byte) error {
	v, err := ParseTemplate(string(b))
	if err != nil {
		return err
	}
	*t = v
	return nil
}
