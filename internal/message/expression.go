package message

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/internal/jsonscan"
)

// expression is what HCL evaluates. It keeps machines for the next evaluation.
type expression struct {
	source   string
	needs    needs
	machines sync.Pool
}

// needs is what of the message an expression names. HCL gets that and nothing else.
type needs struct {
	names   []string // of attributes, but payload
	payload *branch  // nil: none of it
}

// branch is a part of the payload: all of it, or the members that are named.
type branch struct {
	all     bool
	members map[string]*branch
}

// newExpression checks what the expression names. parsed is what source holds.
func newExpression(source string, parsed hclsyntax.Expression) (*expression, error) {
	e := &expression{source: source}
	for _, t := range parsed.Variables() {
		if err := e.needs.add(t); err != nil {
			return nil, err
		}
	}
	e.machines.Put(newMachine(parsed))
	return e, nil
}

func (n *needs) add(t hcl.Traversal) error {
	if t.RootName() != root {
		return errors.New("an expression names something other than message")
	}
	if len(t) < 2 {
		return errors.New("message alone is not a value; use one of " + strings.Join(Attributes(), ", "))
	}
	attr, ok := t[1].(hcl.TraverseAttr)
	if !ok {
		return errors.New("message is followed by a name: one of " + strings.Join(Attributes(), ", "))
	}
	known := false
	for _, name := range Attributes() {
		known = known || name == attr.Name
	}
	if !known {
		return fmt.Errorf("message has no %s; it has %s", attr.Name, strings.Join(Attributes(), ", "))
	}
	if attr.Name != "payload" {
		n.names = append(n.names, attr.Name)
		return nil
	}
	if n.payload == nil {
		n.payload = &branch{}
	}
	at := n.payload
	for _, step := range t[2:] {
		name, named := memberOf(step)
		if !named {
			break // an element: the list is needed as a whole
		}
		if at.members == nil {
			at.members = make(map[string]*branch)
		}
		if at.members[name] == nil {
			at.members[name] = &branch{}
		}
		at = at.members[name]
	}
	at.all = true
	return nil
}

// memberOf returns the name that a step of a traversal looks up.
func memberOf(step hcl.Traverser) (string, bool) {
	switch step := step.(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String {
			return step.Key.AsString(), true
		}
	}
	return "", false
}

// value evaluates the expression for the message of s.
func (e *expression) value(s *Scope) (cty.Value, error) {
	of, err := e.message(s)
	if err != nil {
		return cty.NilVal, err
	}
	m, ok := e.machines.Get().(*machine)
	if !ok {
		parsed, diags := hclsyntax.ParseExpression([]byte(e.source), "", hcl.InitialPos)
		if diags.HasErrors() {
			return cty.NilVal, errFailed // newExpression has parsed the same text
		}
		m = newMachine(parsed)
	}
	defer e.machines.Put(m)
	v, diags := m.run(of, len(s.message.Payload))
	switch {
	case m.spent > m.limit:
		return cty.NilVal, errCost
	case diags.HasErrors():
		return cty.NilVal, e.reason(diags)
	case !v.IsWhollyKnown():
		return cty.NilVal, errFailed
	}
	return v, nil
}

// message returns the object that HCL knows as message.
func (e *expression) message(s *Scope) (cty.Value, error) {
	attributes := make(map[string]cty.Value, len(e.needs.names)+1)
	for _, name := range e.needs.names {
		if attributes[name] != cty.NilVal {
			continue
		}
		if name == "headers" {
			attributes[name] = headersOf(s)
			continue
		}
		f := s.attribute(name)
		attributes[name] = cty.StringVal(string(f.bytes))
		if f.kind == isNumber {
			attributes[name] = cty.MustParseNumberVal(string(f.bytes))
		}
	}
	if e.needs.payload != nil {
		f, err := s.payload()
		if err != nil {
			return cty.NilVal, err
		}
		v := cty.StringVal(string(f.bytes))
		if f.kind == isJSON {
			if v, err = e.needs.payload.decode(f.bytes); err != nil {
				return cty.NilVal, err
			}
		}
		attributes["payload"] = v
	}
	return cty.ObjectVal(attributes), nil
}

func headersOf(s *Scope) cty.Value {
	if len(s.message.Headers) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	all := make(map[string]cty.Value, len(s.message.Headers))
	for i := range s.message.Headers {
		h := &s.message.Headers[i]
		all[strings.ToValidUTF8(string(h.Key), "\uFFFD")] = cty.StringVal(strings.ToValidUTF8(string(h.AppendText(nil)), "\uFFFD"))
	}
	return cty.MapVal(all)
}

// decode returns what b names of a JSON value.
func (b *branch) decode(text []byte) (cty.Value, error) {
	if b.all || len(text) == 0 || text[0] != '{' {
		return decode(text, 0)
	}
	members := make(map[string]cty.Value, len(b.members))
	for quoted, member := range jsonscan.Members(text) {
		name := string(jsonscan.AppendText(nil, quoted))
		inner := b.members[name]
		if inner == nil {
			continue
		}
		v, err := inner.decode(member)
		if err != nil {
			return cty.NilVal, err
		}
		members[name] = v
	}
	return cty.ObjectVal(members), nil
}

var (
	errCost   = &Error{"the expression would cost too much for this message"}
	errFailed = &Error{"the expression has no value for this message"}
)

// reason says why HCL has no value, in words that hold nothing of the message: HCL's details quote values.
func (e *expression) reason(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok && call.CalledFunctionName() != "" {
			return &Error{"the function " + call.CalledFunctionName() + " failed"}
		}
		what := ""
		if t, ok := d.Expression.(*hclsyntax.ScopeTraversalExpr); ok {
			if r, ok := referenceOf(t.Traversal); ok {
				what = r.text
			}
		}
		switch d.Summary {
		case "Unsupported attribute", "Invalid index", "Missing map element":
			if what == "" {
				what = "a value"
			}
			return &Error{what + " is missing"}
		case "Attempt to get attribute from null value", "Attempt to index null value", "Argument must not be null",
			"Operation failed", "Iteration over null value":
			return &Error{"a value is null"}
		}
		return &Error{"the expression failed: " + strings.ToLower(d.Summary)}
	}
	return errFailed
}
