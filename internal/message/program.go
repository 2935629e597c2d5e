package message

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/schema"
)

// root is the name that stands for the message.
const root = "message"

// Program is a compiled template. It may be used from several goroutines.
type Program struct {
	parts   []part
	payload bool
}

// part is literal text, a field of the partition, a reference, or an expression.
type part struct {
	text       string
	field      string // stream, topic or partition
	reference  *reference
	expression *expression
	direct     *direct // instead of expression, where that can be
}

// Compile reads a template. An error says what is wrong without a piece of the text, which may be secret.
func Compile(t schema.Template) (*Program, error) {
	p := &Program{}
	for _, s := range t.Segments() {
		switch s.Expression {
		case "":
			p.parts = append(p.parts, part{text: s.Text})
		case "stream", "topic", "partition":
			p.parts = append(p.parts, part{field: s.Expression})
		default:
			next, err := compilePart(s.Expression)
			if err != nil {
				return nil, err
			}
			p.parts = append(p.parts, next)
			p.payload = p.payload || next.readsPayload()
		}
	}
	return p, nil
}

func compilePart(source string) (part, error) {
	parsed, diags := hclsyntax.ParseExpression([]byte(source), "", hcl.InitialPos)
	if diags.HasErrors() {
		return part{}, errors.New("an expression is not valid HCL")
	}
	if r, ok := isReference(parsed); ok {
		return part{reference: &r}, nil
	}
	d := compileDirect(source, parsed) // first: a machine changes what it evaluates
	e, err := newExpression(source, parsed)
	return part{expression: e, direct: d}, err
}

func (p part) readsPayload() bool {
	return p.reference != nil && p.reference.name == "payload" || p.expression != nil && p.expression.needs.payload != nil
}

// ReadsPayload reports whether the program needs the payload and not only what surrounds it.
func (p *Program) ReadsPayload() bool { return p.payload }

// Escape writes a value into the text of a program. Its error is why it cannot.
type Escape func(dst, value []byte) ([]byte, error)

// AppendText appends the text of the program for the message of s. escape is asked for every value that is not literal
// text; nil appends it as it is. The error is an *Error; dst is then of no use.
func (p *Program) AppendText(dst []byte, s *Scope, escape Escape) ([]byte, error) {
	for i := range p.parts {
		part := &p.parts[i]
		if part.text != "" {
			dst = append(dst, part.text...)
			continue
		}
		value, err := part.value(s)
		if err == nil && escape != nil {
			dst, err = escape(dst, value)
		} else {
			dst = append(dst, value...)
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// value returns the text of a part that is not literal. It is valid until the next one is asked for.
func (p *part) value(s *Scope) ([]byte, error) {
	switch {
	case p.field != "":
		return s.attribute(p.field).bytes, nil
	case p.reference != nil:
		f, err := p.reference.find(s)
		if err != nil {
			return nil, err
		}
		return f.text(s, p.reference.text)
	}
	if p.direct != nil && p.direct.isText() {
		return p.direct.append(nil, s)
	}
	v, err := p.expression.value(s)
	if err != nil {
		return nil, err
	}
	text, err := textOf(v)
	if err != nil {
		return nil, err
	}
	s.scratch = append(s.scratch[:0], text...)
	return s.scratch, nil
}

// AppendBody appends the program's value as a body: text as it is, and any other value as JSON. A value of the payload
// that is no string goes out as it was sent. isJSON reports that it is JSON and not text.
func (p *Program) AppendBody(dst []byte, s *Scope) (_ []byte, isJSONValue bool, err error) {
	if len(p.parts) != 1 || p.parts[0].text != "" || p.parts[0].field != "" {
		dst, err = p.AppendText(dst, s, nil)
		return dst, false, err
	}
	if r := p.parts[0].reference; r != nil {
		f, err := r.find(s)
		if err != nil {
			return dst, false, err
		}
		switch {
		case f.kind == isJSON && f.bytes[0] == 'n':
			return dst, false, &Error{r.text + " is null"}
		case f.kind == isJSON && f.bytes[0] != '"':
			return append(dst, f.bytes...), true, nil
		}
		text, err := f.text(s, r.text)
		return append(dst, text...), f.kind == isNumber, err
	}
	if d := p.parts[0].direct; d != nil {
		dst, err = d.append(dst, s)
		return dst, !d.isText(), err
	}
	v, err := p.parts[0].expression.value(s)
	if err != nil {
		return dst, false, err
	}
	if plain, _ := v.Unmark(); plain.Type() == cty.String && !plain.IsNull() {
		return append(dst, plain.AsString()...), false, nil
	} else if plain.IsNull() {
		return dst, false, &Error{"the value is null"}
	}
	dst, err = appendJSON(dst, v)
	return dst, true, err
}

// Bool returns the program's value where that is true or false.
func (p *Program) Bool(s *Scope) (bool, error) {
	if len(p.parts) == 1 && p.parts[0].expression != nil {
		v, err := p.parts[0].expression.value(s)
		if err != nil {
			return false, err
		}
		if plain, _ := v.Unmark(); plain.Type() == cty.Bool && !plain.IsNull() {
			return plain.True(), nil
		}
		return false, &Error{fmt.Sprintf("the value is %s and not true or false", friendly(v))}
	}
	text, err := p.AppendText(nil, s, nil)
	if err != nil {
		return false, err
	}
	value, err := strconv.ParseBool(string(text))
	if err != nil || string(text) != "true" && string(text) != "false" {
		return false, &Error{"the value is not true or false"}
	}
	return value, nil
}
