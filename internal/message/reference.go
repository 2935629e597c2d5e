package message

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/internal/jsonscan"
)

// Attributes returns the names that may stand behind "message.".
func Attributes() []string {
	return []string{"headers", "id", "offset", "partition", "payload", "raw", "stream", "timestamp", "topic"}
}

// reference is message.NAME, with a path behind it where NAME is headers or payload.
type reference struct {
	name string
	path []jsonscan.Step
	text string // as it is written; "" where it must not be shown
}

// referenceOf returns the reference that a traversal is; false where its steps are not known before the message is.
func referenceOf(t hcl.Traversal) (r reference, ok bool) {
	if len(t) < 2 {
		return r, false
	}
	attr, ok := t[1].(hcl.TraverseAttr)
	if !ok || !slices.Contains(Attributes(), attr.Name) {
		return r, false
	}
	r.name = attr.Name
	for _, step := range t[2:] {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			r.path = append(r.path, jsonscan.Step{Name: step.Name})
		case hcl.TraverseIndex:
			switch key := step.Key; {
			case key.Type() == cty.String:
				r.path = append(r.path, jsonscan.Step{Name: key.AsString()})
			case key.Type() == cty.Number:
				i, exact := key.AsBigFloat().Int64()
				if exact != 0 || i < 0 {
					return r, false
				}
				r.path = append(r.path, jsonscan.Step{Index: int(i), IsIndex: true})
			default:
				return r, false
			}
		default:
			return r, false
		}
	}
	if r.name == "headers" && (len(r.path) != 1 || r.path[0].IsIndex) || len(r.path) > 0 && r.name != "headers" && r.name != "payload" {
		return r, false
	}
	r.text = string(printTraversal(nil, t))
	return r, true
}

// isReference returns the reference that a whole expression is.
func isReference(e hclsyntax.Expression) (reference, bool) {
	t, ok := e.(*hclsyntax.ScopeTraversalExpr)
	if !ok || t.Traversal.RootName() != root {
		return reference{}, false
	}
	return referenceOf(t.Traversal)
}

// find returns what r refers to.
func (r *reference) find(s *Scope) (found, error) {
	switch r.name {
	case "headers":
		f, ok := s.header(r.path[0].Name)
		if !ok {
			return found{}, &Error{r.text + " is missing"}
		}
		return f, nil
	case "payload":
		f, err := s.payload()
		if err != nil || len(r.path) == 0 {
			return f, err
		}
		if f.kind == isText {
			return found{}, &Error{r.text + " is missing: the payload is text"}
		}
		value, ok := jsonscan.Find(f.bytes, r.path)
		if !ok {
			return found{}, &Error{r.text + " is missing"}
		}
		return found{isJSON, value}, nil
	}
	return s.attribute(r.name), nil
}

// text returns f as text: a string's content, a number as it is spelled, true or false.
func (f found) text(s *Scope, name string) ([]byte, error) {
	if f.kind != isJSON {
		return f.bytes, nil
	}
	switch f.bytes[0] {
	case '"':
		s.scratch = jsonscan.AppendText(s.scratch[:0], f.bytes)
		return s.scratch, nil
	case 'n':
		return nil, &Error{name + " is null"}
	case '{', '[':
		return nil, &Error{name + " is an object or a list, which is not text; jsonencode() makes text of it"}
	}
	return f.bytes, nil
}
