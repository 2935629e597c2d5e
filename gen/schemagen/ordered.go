package schemagen

import (
	"bytes"
	"encoding/json"
)

// ordered is a JSON object that keeps the order of its members.
type ordered []entry

type entry struct {
	name  string
	value any
}

// with returns o with one more member.
func (o ordered) with(name string, value any) ordered {
	return append(o[:len(o):len(o)], entry{name, value})
}

// MarshalJSON implements json.Marshaler.
func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := compact(m.value)
		if err != nil {
			return nil, err
		}
		b.WriteString(jsonText(m.name) + ":")
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// compact marshals without turning < and > into escapes: people read the result.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// indented marshals for people.
func indented(v any) ([]byte, error) {
	text, err := compact(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = json.Indent(&b, text, "", "  ")
	b.WriteByte('\n')
	return b.Bytes(), err
}

// plain returns a node as a value to marshal, numbers as they are written.
func (n *node) plain() any {
	switch n.kind {
	case "object":
		o := ordered{}
		for _, m := range n.members {
			o = o.with(m.name, m.value.plain())
		}
		return o
	case "array":
		list := make([]any, 0, len(n.items))
		for _, item := range n.items {
			list = append(list, item.plain())
		}
		return list
	case "string":
		return n.text
	case "number":
		return json.Number(n.text)
	case "boolean":
		return n.truth
	}
	return nil
}
