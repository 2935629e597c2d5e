package message

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/schema"
)

// direct is an expression that makes text or JSON of references, such as jsonencode({ text = "order ${message.payload.id}" }).
// It is written straight from the message: HCL would decode the payload, and costs fifty times as much. What of it is neither
// made of references nor constant is a part that HCL evaluates.
type direct struct {
	kind     directKind
	text     string // of a constant
	json     []byte // of a constant
	ref      *reference
	parts    []*direct
	keys     [][]byte // of an object: "name": in JSON, in order
	computed *expression
}

type directKind uint8

const (
	directConstant directKind = iota
	directReference
	directText    // parts, one behind the other
	directEncoded // jsonencode() of the one part
	directObject
	directList
	directComputed
)

// compileDirect returns nil where HCL has to evaluate the whole of an expression, or where nothing is won. source is the text
// that parsed was read from.
func compileDirect(source string, parsed hclsyntax.Expression) *direct {
	d := newDirect(source, parsed)
	switch d.kind {
	case directText, directEncoded, directObject, directList:
		return d
	case directConstant, directReference, directComputed:
	}
	return nil
}

func newDirect(source string, e hclsyntax.Expression) *direct {
	e = Bare(e)
	d := (*direct)(nil)
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		d = constant(e)
	case *hclsyntax.ScopeTraversalExpr:
		if r, ok := isReference(e); ok {
			d = &direct{kind: directReference, ref: &r}
		}
	case *hclsyntax.TemplateExpr:
		d = template(source, e)
	case *hclsyntax.FunctionCallExpr:
		switch {
		case e.ExpandFinal:
		case e.Name == "jsonencode" && len(e.Args) == 1:
			d = &direct{kind: directEncoded, parts: []*direct{newDirect(source, e.Args[0])}}
		case e.Name == "join" && len(e.Args) == 2:
			d = joined(source, e)
		}
	case *hclsyntax.TupleConsExpr:
		d = &direct{kind: directList}
		for _, element := range e.Exprs {
			d.parts = append(d.parts, newDirect(source, element))
		}
	case *hclsyntax.ObjectConsExpr:
		d = object(source, e)
	}
	if d == nil || slices.Contains(d.parts, nil) {
		return compute(source, e)
	}
	return d
}

// compute is a part for HCL. It is read again: a machine changes what it evaluates. Nil where it names what it must not.
func compute(source string, e hclsyntax.Expression) *direct {
	text := string(e.Range().SliceBytes([]byte(source)))
	parsed, diags := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
	if diags.HasErrors() {
		return nil
	}
	inner, err := newExpression(text, parsed)
	if err != nil {
		return nil
	}
	return &direct{kind: directComputed, computed: inner}
}

// constant returns nil for null, which is no text.
func constant(e hclsyntax.Expression) *direct {
	v, diags := e.Value(nil)
	if diags.HasErrors() || v.IsNull() || !v.IsKnown() {
		return nil
	}
	text, err := textOf(v)
	if err != nil {
		return nil
	}
	json, err := appendJSON(nil, v)
	if err != nil {
		return nil
	}
	return &direct{kind: directConstant, text: text, json: json}
}

func template(source string, e *hclsyntax.TemplateExpr) *direct {
	if e.IsStringLiteral() {
		return constant(e)
	}
	d := &direct{kind: directText}
	for _, part := range e.Parts {
		p := newDirect(source, part)
		if p != nil && (p.kind == directObject || p.kind == directList) {
			return nil // no text
		}
		d.parts = append(d.parts, p)
	}
	return d
}

// joined is join() of texts that stand there one by one; nil for any other.
func joined(source string, e *hclsyntax.FunctionCallExpr) *direct {
	list, isList := Bare(e.Args[1]).(*hclsyntax.TupleConsExpr)
	between := newDirect(source, e.Args[0])
	if !isList || between == nil || between.kind != directConstant {
		return nil
	}
	d := &direct{kind: directText}
	for i, element := range list.Exprs {
		part := newDirect(source, element)
		if part == nil || !part.isText() {
			return nil
		}
		if i > 0 {
			d.parts = append(d.parts, between)
		}
		d.parts = append(d.parts, part)
	}
	return d
}

// object returns nil where a name is not known, or is there twice.
func object(source string, e *hclsyntax.ObjectConsExpr) *direct {
	type member struct {
		name  string
		value *direct
	}
	members := make([]member, 0, len(e.Items))
	for _, item := range e.Items {
		name := hcl.ExprAsKeyword(item.KeyExpr)
		if name == "" {
			if len(item.KeyExpr.Variables()) > 0 {
				return nil
			}
			key, diags := item.KeyExpr.Value(nil)
			if diags.HasErrors() || key.IsNull() || key.Type() != cty.String {
				return nil
			}
			name = key.AsString()
		}
		members = append(members, member{name, newDirect(source, item.ValueExpr)})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	d := &direct{kind: directObject}
	for i, m := range members {
		if i > 0 && m.name == members[i-1].name {
			return nil
		}
		d.keys = append(d.keys, append(schema.AppendJSONString(nil, m.name), ':'))
		d.parts = append(d.parts, m.value)
	}
	return d
}

// isText reports whether the value is text, and not another value that stands there as JSON.
func (d *direct) isText() bool { return d.kind == directText || d.kind == directEncoded }

// append appends the value for the message of s: text as it is, any other value as JSON.
func (d *direct) append(dst []byte, s *Scope) ([]byte, error) {
	start, write := len(dst), d.appendJSON
	if d.isText() {
		write = d.appendText
	}
	dst, err := write(dst, s)
	if err == nil && len(dst)-start > baseCost+perByte*len(s.message.Payload) {
		err = errCost
	}
	return dst, err
}

func (d *direct) appendText(dst []byte, s *Scope) ([]byte, error) {
	switch d.kind {
	case directConstant:
		return append(dst, d.text...), nil
	case directReference:
		f, err := d.ref.find(s)
		if err != nil {
			return dst, err
		}
		text, err := f.text(s, d.ref.text)
		return append(dst, text...), err
	case directText:
		var err error
		for _, part := range d.parts {
			if dst, err = part.appendText(dst, s); err != nil {
				return dst, err
			}
		}
		return dst, nil
	case directEncoded:
		start := len(dst)
		dst, err := d.parts[0].appendJSON(dst, s)
		if err == nil && string(dst[start:]) == "null" { // as everywhere, it is no value
			err = &Error{"a value is null"}
		}
		return dst, err
	case directComputed:
		v, err := d.computed.value(s)
		if err != nil {
			return dst, err
		}
		text, err := textOf(v)
		return append(dst, text...), err
	case directObject, directList:
	}
	return dst, errFailed // template leaves none of these in a text
}

func (d *direct) appendJSON(dst []byte, s *Scope) ([]byte, error) {
	switch d.kind {
	case directConstant:
		return append(dst, d.json...), nil
	case directReference:
		f, err := d.ref.find(s)
		switch {
		case err != nil:
			return dst, err
		case f.kind == isText:
			return schema.AppendJSONString(dst, strings.ToValidUTF8(string(f.bytes), "\uFFFD")), nil
		case f.kind == isNumber:
			return append(dst, f.bytes...), nil
		}
		return appendCompact(dst, f.bytes), nil
	case directText, directEncoded:
		text, err := d.appendText(nil, s)
		return schema.AppendJSONString(dst, strings.ToValidUTF8(string(text), "\uFFFD")), err
	case directComputed:
		v, err := d.computed.value(s)
		if err != nil {
			return dst, err
		}
		return appendJSON(dst, v)
	case directObject, directList:
	}
	open, end := byte('['), byte(']')
	if d.kind == directObject {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	var err error
	for i, part := range d.parts {
		if i > 0 {
			dst = append(dst, ',')
		}
		if d.kind == directObject {
			dst = append(dst, d.keys[i]...)
		}
		if dst, err = part.appendJSON(dst, s); err != nil {
			return dst, err
		}
	}
	return append(dst, end), nil
}

// appendCompact appends JSON without the space between its tokens: what is put together here is one line.
func appendCompact(dst, json []byte) []byte {
	for len(json) > 0 {
		quote := bytes.IndexByte(json, '"')
		if quote < 0 {
			quote = len(json)
		}
		for _, c := range json[:quote] {
			if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
				dst = append(dst, c)
			}
		}
		json = json[quote:]
		if len(json) == 0 {
			break
		}
		end := 1
		for end < len(json) && json[end] != '"' {
			if json[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(json))
		dst, json = append(dst, json[:end]...), json[end:]
	}
	return dst
}
