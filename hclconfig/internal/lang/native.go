package lang

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
	"iggysink/internal/function"
)

// native returns an expression of a JSON file as one of the native syntax, so that both are looked at and evaluated in
// the same way. The ranges inside of a string are as HCL has them; loader.exact says where that is.
func (s *Scope) native(expr hcl.Expression) hclsyntax.Expression {
	if node, isNative := expr.(hclsyntax.Expression); isNative {
		return node
	}
	node, known := s.nodes[expr.Range()]
	if !known { // for_each comes here again for each element
		node = s.fromJSON(expr)
		s.Charge(node)
		s.nodes[expr.Range()] = node
	}
	return node
}

func (s *Scope) fromJSON(expr hcl.Expression) hclsyntax.Expression {
	rng := expr.Range()
	if pairs, diags := hcl.ExprMap(expr); !diags.HasErrors() {
		object := &hclsyntax.ObjectConsExpr{SrcRange: rng, OpenRange: rng}
		for _, pair := range pairs {
			object.Items = append(object.Items, hclsyntax.ObjectConsItem{KeyExpr: s.fromJSON(pair.Key), ValueExpr: s.fromJSON(pair.Value)})
		}
		return object
	}
	if list, diags := hcl.ExprList(expr); !diags.HasErrors() {
		tuple := &hclsyntax.TupleConsExpr{SrcRange: rng, OpenRange: rng}
		for _, e := range list {
			tuple.Exprs = append(tuple.Exprs, s.fromJSON(e))
		}
		return tuple
	}
	if node := s.jsonTemplate(rng); node != nil {
		return node
	}
	value, diags := expr.Value(nil) // a number, true, false or null, or a text that is no template
	if diags.HasErrors() {
		value = cty.DynamicVal
	}
	return &hclsyntax.LiteralValueExpr{Val: value, SrcRange: rng}
}

// jsonTemplate parses the text of a JSON string as HCL does when it evaluates it. A text that is no template has no
// value: the expression that it returns then fails as HCL's would.
func (s *Scope) jsonTemplate(rng hcl.Range) hclsyntax.Expression {
	f := s.Files.Of(rng)
	if f == nil || !rng.CanSliceBytes(f.Text) {
		return nil
	}
	raw := rng.SliceBytes(f.Text)
	var text string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return nil
	}
	start := hcl.Pos{Line: rng.Start.Line, Column: rng.Start.Column + 1, Byte: rng.Start.Byte + 1}
	expr, diags := hclsyntax.ParseTemplate([]byte(text), f.Name, start)
	if diags.HasErrors() {
		return &faulty{&hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: rng}, diags}
	}
	return expr
}

// meansBlock reports whether an unknown property of a JSON object is told of as a block: if it, or the known name that is
// closest to it, is one, and for other names if it has the form of one.
func (s *Scope) meansBlock(rng hcl.Range, name string, want *hcl.BodySchema) bool {
	var blocks, attributes []string
	for _, b := range want.Blocks {
		blocks = append(blocks, b.Type)
	}
	for _, a := range want.Attributes {
		attributes = append(attributes, a.Name)
	}
	for table := range words.ConfigBlock().All() {
		if table.Setting(name) != nil {
			attributes = append(attributes, name)
		}
		if table.Child(name) != nil {
			blocks = append(blocks, name)
		}
	}
	if slices.Contains(blocks, name) || slices.Contains(attributes, name) {
		return slices.Contains(blocks, name)
	}
	if meant := finding.Closest(name, slices.Concat(blocks, attributes)); meant != "" {
		return slices.Contains(blocks, meant)
	}
	f := s.Files.Of(rng)
	if f == nil || !rng.CanSliceBytes(f.Text) {
		return false
	}
	value := bytes.TrimLeft(f.Text[rng.End.Byte:min(len(f.Text), rng.End.Byte+mask.LongLine)], ": \t\r\n")
	if bytes.HasPrefix(value, []byte("[")) {
		value = bytes.TrimLeft(value[1:], " \t\r\n")
	}
	return bytes.HasPrefix(value, []byte("{"))
}

// faulty is an expression that could not be parsed.
type faulty struct {
	*hclsyntax.LiteralValueExpr
	diags hcl.Diagnostics
}

// Value fails with what is wrong.
func (f *faulty) Value(*hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	diags := finding.FirstMistake(f.diags)
	for _, d := range diags {
		d.Extra = finding.NoTemplate{}
	}
	return cty.DynamicVal, diags
}

// Charge makes an expression, or all that are in a body, pay for what they do, and looks at their maps.
func (s *Scope) Charge(node hclsyntax.Node) {
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics { // gives none itself
		switch n := n.(type) {
		case *hclsyntax.ObjectConsExpr:
			s.keysOnce(n)
		case *hclsyntax.IndexExpr:
			markIndex(n)
		}
		return nil
	})
	function.Charge(node, s.Budget)
}

// keysOnce tells of a key that is written twice in a map. HCL takes the last one, and the others are gone without a word.
func (s *Scope) keysOnce(object *hclsyntax.ObjectConsExpr) {
	seen := make(map[string]hcl.Range)
	for _, item := range object.Items {
		key := hcl.ExprAsKeyword(item.KeyExpr)
		if value, diags := item.KeyExpr.Value(nil); key == "" && !diags.HasErrors() {
			key = TextOfKey(value)
		}
		rng := item.KeyExpr.Range()
		if first, again := seen[key]; again && key != "//" { // a comment of JSON
			s.At(rng, "duplicate-attribute", "a key occurs twice in a map", "The first is at "+finding.Place(s.Files.Exact(first))+".")
		} else if key != "" {
			seen[key] = rng
		}
	}
}
