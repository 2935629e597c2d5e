package message

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"iggysink/schema"
)

// Names says what the names in an expression mean that are not of the message.
type Names struct {
	// Constant reports whether a root name, such as var, has a value now.
	Constant func(root string) bool
	// Value evaluates an expression that names nothing but constants. False: it has no value, which was reported.
	Value func(hclsyntax.Expression) (v cty.Value, secret, ok bool)
}

// UnsupportedError is an expression that cannot depend on a message.
type UnsupportedError struct {
	Range  hcl.Range
	Reason string
}

// Error implements error.
func (e *UnsupportedError) Error() string { return e.Reason }

// Uses reports whether an expression depends on a message.
func Uses(e hcl.Expression) bool {
	for _, t := range e.Variables() {
		if t.RootName() == root {
			return true
		}
	}
	return false
}

// Source returns the text form of a template: what does not depend on the message is evaluated and stands there as text
// or as a literal. ok is false where a part of it has no value. The error is an *UnsupportedError.
func Source(e hclsyntax.Expression, names Names) (text string, ok bool, err error) {
	p := &printer{names: names, ok: true}
	var b strings.Builder
	if t, isTemplate := Bare(e).(*hclsyntax.TemplateExpr); isTemplate {
		for _, part := range t.Parts {
			p.part(&b, part)
		}
	} else {
		p.part(&b, e)
	}
	if p.err != nil {
		return "", false, p.err
	}
	return b.String(), p.ok, nil
}

type printer struct {
	names Names
	bound []string // names of the loops around
	ok    bool
	err   *UnsupportedError
}

func (p *printer) fail(e hclsyntax.Node, reason string) {
	if p.err == nil {
		p.err = &UnsupportedError{e.Range(), reason}
	}
}

// part writes a piece of a template.
func (p *printer) part(b *strings.Builder, e hclsyntax.Expression) {
	e = Bare(e)
	if t, isName := e.(*hclsyntax.ScopeTraversalExpr); isName && len(t.Traversal) == 1 {
		switch name := t.Traversal.RootName(); name {
		case "stream", "topic", "partition":
			b.WriteString("${" + name + "}")
			return
		}
	}
	if !p.isConstant(e) {
		b.WriteString("${")
		p.expression(b, e)
		b.WriteString("}")
		return
	}
	v, _, ok := p.names.Value(e)
	if !ok || !v.IsKnown() {
		p.ok = false
		return
	}
	text, err := textOf(v)
	if err != nil {
		p.fail(e, "This is not text. jsonencode() makes text of any value.")
		return
	}
	b.WriteString(schema.EscapeText(text))
}

// isConstant reports whether an expression has a value now.
func (p *printer) isConstant(e hclsyntax.Expression) bool {
	for _, t := range e.Variables() {
		name := t.RootName()
		for _, bound := range p.bound {
			if bound == name {
				return false
			}
		}
		if !p.names.Constant(name) {
			return false
		}
	}
	return true
}

// expression writes an expression, and what is constant of it as a literal.
func (p *printer) expression(b *strings.Builder, e hclsyntax.Expression) {
	e = unwrap(e)
	if p.isConstant(e) {
		p.literal(b, e)
		return
	}
	switch e := e.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		p.name(b, e)
	case *hclsyntax.RelativeTraversalExpr:
		p.expression(b, e.Source)
		b.Write(printSteps(nil, e.Traversal))
	case *hclsyntax.ParenthesesExpr, *hclsyntax.TemplateWrapExpr:
		// What needs them prints them itself; but a splat would go on with the steps that stand behind it.
		if inner := Bare(e); isSplat(inner) {
			p.enclosed(b, "(", ")", inner)
		} else {
			p.expression(b, inner)
		}
	case *hclsyntax.TemplateExpr:
		p.quoted(b, e)
	case *hclsyntax.TemplateJoinExpr: // a for directive
		p.enclosed(b, `join("", `, ")", e.Tuple)
	case *hclsyntax.FunctionCallExpr:
		p.call(b, e)
	case *hclsyntax.ConditionalExpr:
		p.enclosed(b, "(", " ? ", e.Condition)
		p.enclosed(b, "", " : ", e.TrueResult)
		p.enclosed(b, "", ")", e.FalseResult)
	case *hclsyntax.BinaryOpExpr:
		p.enclosed(b, "(", " "+binaryOperator(e.Op)+" ", e.LHS)
		p.enclosed(b, "", ")", e.RHS)
	case *hclsyntax.UnaryOpExpr:
		p.enclosed(b, map[bool]string{true: "(!", false: "(-"}[e.Op == hclsyntax.OpLogicalNot], ")", e.Val)
	case *hclsyntax.IndexExpr:
		p.expression(b, e.Collection)
		p.enclosed(b, "[", "]", e.Key)
	case *hclsyntax.SplatExpr:
		p.splat(b, e)
	default:
		p.constructor(b, e)
	}
}

// constructor writes what makes a list or an object.
func (p *printer) constructor(b *strings.Builder, e hclsyntax.Expression) {
	switch e := e.(type) {
	case *hclsyntax.TupleConsExpr:
		b.WriteString("[")
		for _, element := range e.Exprs {
			p.enclosed(b, "", ", ", element)
		}
		b.WriteString("]")
	case *hclsyntax.ObjectConsExpr:
		p.object(b, e)
	case *hclsyntax.ObjectConsKeyExpr:
		p.expression(b, e.Wrapped)
	case *hclsyntax.ForExpr:
		p.loop(b, e)
	default:
		p.fail(e, "This cannot depend on a message.")
	}
}

// object writes an object with its keys in order where all of them are known: native syntax and JSON then have one text, and
// the value is the same.
func (p *printer) object(b *strings.Builder, e *hclsyntax.ObjectConsExpr) {
	type item struct{ key, value string }
	items, known := make([]item, 0, len(e.Items)), true
	for _, i := range e.Items {
		var key, value strings.Builder
		switch name := hcl.ExprAsKeyword(i.KeyExpr); {
		case name != "":
			key.WriteString(quote(name))
		case p.isConstant(i.KeyExpr):
			if p.literal(&key, i.KeyExpr); !strings.HasPrefix(key.String(), `"`) && !strings.HasPrefix(key.String(), "(") {
				text := "(" + key.String() + ")" // a number, say
				key.Reset()
				key.WriteString(text)
			}
		default:
			p.enclosed(&key, "(", ")", i.KeyExpr)
			known = false
		}
		p.expression(&value, i.ValueExpr)
		items = append(items, item{key.String(), value.String()})
	}
	if known { // stable: of two items with one key the last counts
		slices.SortStableFunc(items, func(a, b item) int { return strings.Compare(a.key, b.key) })
	}
	b.WriteString("{")
	for _, i := range items {
		b.WriteString(i.key + " = " + i.value + ", ")
	}
	b.WriteString("}")
}

func (p *printer) enclosed(b *strings.Builder, before, after string, e hclsyntax.Expression) {
	b.WriteString(before)
	p.expression(b, e)
	b.WriteString(after)
}

// literal writes the value of a constant. In parentheses where it is secret: what is in an error is plain names only.
func (p *printer) literal(b *strings.Builder, e hclsyntax.Expression) {
	v, secret, ok := p.names.Value(e)
	if !ok || !v.IsWhollyKnown() {
		p.ok = false
		return
	}
	v, _ = v.UnmarkDeep()
	text := strings.TrimSpace(string(hclwrite.TokensForValue(v).Bytes()))
	if secret {
		text = "(" + text + ")"
	}
	b.WriteString(text)
}

func (p *printer) name(b *strings.Builder, e *hclsyntax.ScopeTraversalExpr) {
	switch name := e.Traversal.RootName(); name {
	case root:
		if err := (&needs{}).add(e.Traversal); err != nil {
			p.fail(e, sentence(err.Error()))
			return
		}
	case "stream", "topic", "partition":
		p.fail(e, fmt.Sprintf("Here it is message.%s; ${%s} can stand in plain text only.", name, name))
		return
	}
	b.Write(printTraversal(nil, e.Traversal))
}

func (p *printer) quoted(b *strings.Builder, e *hclsyntax.TemplateExpr) {
	b.WriteByte('"')
	for _, part := range e.Parts {
		if !p.isConstant(part) {
			p.enclosed(b, "${", "}", part)
			continue
		}
		v, _, ok := p.names.Value(part)
		if !ok || !v.IsKnown() {
			p.ok = false
			continue
		}
		text, err := textOf(v)
		if err != nil {
			p.fail(part, "This is not text. jsonencode() makes text of any value.")
			return
		}
		q := quote(text)
		b.WriteString(q[1 : len(q)-1])
	}
	b.WriteByte('"')
}

func (p *printer) call(b *strings.Builder, e *hclsyntax.FunctionCallExpr) {
	switch e.Name {
	case "env", "file", "fileexists", "templatefile", "sensitive":
		p.fail(e, e.Name+"() is evaluated at the start, before there is a message. Its arguments cannot depend on one.")
		return
	}
	b.WriteString(e.Name + "(")
	for i, arg := range e.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		p.expression(b, arg)
	}
	if e.ExpandFinal {
		b.WriteString("...")
	}
	b.WriteString(")")
}

func (p *printer) loop(b *strings.Builder, e *hclsyntax.ForExpr) {
	open, end := "[", "]"
	if e.KeyExpr != nil {
		open, end = "{", "}"
	}
	b.WriteString(open + "for ")
	if e.KeyVar != "" {
		b.WriteString(e.KeyVar + ", ")
	}
	p.enclosed(b, e.ValVar+" in ", " : ", e.CollExpr)
	outer := len(p.bound)
	p.bound = append(p.bound, e.KeyVar, e.ValVar)
	if e.KeyExpr != nil {
		p.enclosed(b, "", " => ", e.KeyExpr)
	}
	p.expression(b, e.ValExpr)
	if e.Group {
		b.WriteString("...")
	}
	if e.CondExpr != nil {
		p.enclosed(b, " if ", "", e.CondExpr)
	}
	p.bound = p.bound[:outer]
	b.WriteString(end)
}

// splat writes list[*].name, also for list.*.name.
func (p *printer) splat(b *strings.Builder, e *hclsyntax.SplatExpr) {
	p.enclosed(b, "", "[*]", e.Source)
	switch each := unwrap(e.Each).(type) {
	case *hclsyntax.AnonSymbolExpr:
	case *hclsyntax.RelativeTraversalExpr:
		if _, direct := unwrap(each.Source).(*hclsyntax.AnonSymbolExpr); direct {
			b.Write(printSteps(nil, each.Traversal))
			return
		}
		p.fail(e, "Write [for e in LIST : ...] here.")
	default:
		p.fail(e, "Write [for e in LIST : ...] here.")
	}
}

// unwrap takes off what hclconfig puts around an expression to count and to check.
func unwrap(e hclsyntax.Expression) hclsyntax.Expression {
	for {
		w, wrapped := e.(interface{ UnwrapExpression() hcl.Expression })
		if !wrapped {
			return e
		}
		inner, ok := w.UnwrapExpression().(hclsyntax.Expression)
		if !ok || inner == e {
			return e
		}
		e = inner
	}
}

func isSplat(e hclsyntax.Expression) bool {
	_, is := e.(*hclsyntax.SplatExpr)
	return is
}

// Bare takes off parentheses, too, and the quotes around a single ${}: neither changes a value.
func Bare(e hclsyntax.Expression) hclsyntax.Expression {
	for {
		switch inner := unwrap(e).(type) {
		case *hclsyntax.ParenthesesExpr:
			e = inner.Expression
		case *hclsyntax.TemplateWrapExpr:
			e = inner.Wrapped
		default:
			return inner
		}
	}
}

func binaryOperator(op *hclsyntax.Operation) string {
	switch op {
	case hclsyntax.OpLogicalOr:
		return "||"
	case hclsyntax.OpLogicalAnd:
		return "&&"
	case hclsyntax.OpEqual:
		return "=="
	case hclsyntax.OpNotEqual:
		return "!="
	case hclsyntax.OpGreaterThan:
		return ">"
	case hclsyntax.OpGreaterThanOrEqual:
		return ">="
	case hclsyntax.OpLessThan:
		return "<"
	case hclsyntax.OpLessThanOrEqual:
		return "<="
	case hclsyntax.OpAdd:
		return "+"
	case hclsyntax.OpSubtract:
		return "-"
	case hclsyntax.OpMultiply:
		return "*"
	case hclsyntax.OpDivide:
		return "/"
	}
	return "%"
}

func quote(s string) string {
	return strings.TrimSpace(string(hclwrite.TokensForValue(cty.StringVal(s)).Bytes()))
}

// printTraversal appends a name with its steps.
func printTraversal(dst []byte, t hcl.Traversal) []byte {
	return printSteps(append(dst, t.RootName()...), t[1:])
}

func printSteps(dst []byte, steps hcl.Traversal) []byte {
	for _, step := range steps {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			dst = append(append(dst, '.'), step.Name...)
		case hcl.TraverseIndex:
			dst = append(dst, '[')
			if step.Key.Type() == cty.String {
				dst = append(dst, quote(step.Key.AsString())...)
			} else {
				i, _ := step.Key.AsBigFloat().Int64()
				dst = strconv.AppendInt(dst, i, 10)
			}
			dst = append(dst, ']')
		}
	}
	return dst
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
