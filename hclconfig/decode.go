package hclconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/lang"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
	"iggysink/internal/function"
	"iggysink/schema"
)

// rootBlock is a block at the top of a file.
type rootBlock struct {
	block *hcl.Block
	table *words.Block
}

// bodySchema is what HCL must know of a block. Nothing is required here: the JSON Schema says what is missing, at the
// header of the block and not at the start of the file.
func bodySchema(table *words.Block) *hcl.BodySchema {
	s := &hcl.BodySchema{}
	for _, a := range table.Attributes {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: a.Name})
	}
	for _, b := range table.Blocks {
		s.Blocks = append(s.Blocks, hcl.BlockHeaderSchema{Type: b.Name, LabelNames: b.Labels})
	}
	return s
}

// collect reads the top of every file. It declares variables and locals, which may stand behind their use, and returns
// the rest in the order of the files.
func (l *loader) collect() []rootBlock {
	root := words.ConfigBlock()
	want := bodySchema(root)
	want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: "variable", LabelNames: []string{"name"}},
		hcl.BlockHeaderSchema{Type: "locals"}, hcl.BlockHeaderSchema{Type: "defaults"})
	var rest []rootBlock
	for _, f := range l.sources {
		if f.Body == nil {
			continue
		}
		content, meant := l.scope.Content(f.Body, want, "")
		l.lacking = append(l.lacking, meant...)
		for _, b := range content.Blocks {
			l.files[f.Name].ShowBlock(b)
			l.files[f.Name].Context(b)
			switch b.Type {
			case "variable":
				l.scope.Declare(b)
			case "locals":
				l.scope.DeclareLocals(b)
			case "defaults":
				l.declareDefaults(b)
			default:
				rest = append(rest, rootBlock{b, root.Child(b.Type)})
			}
		}
	}
	return rest
}

// decode makes the plain tree.
func (l *loader) decode(blocks []rootBlock) map[string]any {
	tree := make(map[string]any)
	l.places[""] = &finding.Origin{Value: fileRange(l.sources[0].Name)}
	l.meantIn("", l.lacking)
	for _, b := range blocks {
		if b.table.Name == "sink" {
			l.sinksOf(b.block, b.table, tree)
			continue
		}
		l.block(b.block, b.table, tree, "")
	}
	l.checkNoTurns(tree)
	l.checkDefaults(tree)
	return tree
}

// block puts one block into its parent.
func (l *loader) block(b *hcl.Block, table *words.Block, parent map[string]any, pointer string) {
	at := pointer + "/" + table.Name
	if table.Repeated {
		list, _ := parent[table.Name].([]any)
		at += "/" + strconv.Itoa(len(list))
		object := l.body(b, table, at)
		parent[table.Name] = append(list, object)
		return
	}
	if other := l.places[at]; other != nil {
		l.At(mask.Header(b), "duplicate-block", fmt.Sprintf("a second %s block", table.Name), "The first is at "+finding.Place(other.Name)+".")
		at += " again" // no pointer of the tree: what is wrong in it is told, and nothing of it is kept
		l.body(b, table, at)
		return
	}
	parent[table.Name] = l.body(b, table, at)
}

// body reads what is in a block.
func (l *loader) body(b *hcl.Block, table *words.Block, pointer string) map[string]any {
	object := make(map[string]any)
	l.begin(b, table, object, pointer)
	content, meant := l.scope.Content(b.Body, withDynamic(bodySchema(table), table), table.Name)
	l.meantIn(pointer, meant)
	l.fill(content, table, object, pointer)
	return object
}

// fill puts the attributes and blocks of a body into object.
func (l *loader) fill(content *hcl.BodyContent, table *words.Block, object map[string]any, pointer string) {
	for i := range table.Attributes {
		if a := content.Attributes[table.Attributes[i].Name]; a != nil {
			l.attribute(a, &table.Attributes[i], object, pointer)
		}
	}
	for _, nested := range content.Blocks {
		l.files[mask.Header(nested).Filename].ShowBlock(nested)
		if nested.Type == "dynamic" {
			l.dynamic(nested, table, object, pointer)
			continue
		}
		l.block(nested, table.Child(nested.Type), object, pointer)
	}
}

// attribute evaluates one attribute and puts its value into object, unless it is null or not known.
func (l *loader) attribute(a *hcl.Attribute, table *words.Attribute, object map[string]any, pointer string) {
	pointer += "/" + table.Name
	o := &finding.Origin{Name: a.NameRange, Value: a.Expr.Range(), Secret: table.Sensitive, Literal: true}
	l.places[pointer] = o
	if !table.Sensitive {
		l.files.Of(a.Range).Show(a)
	}
	if l.full { // which was told
		o.Unknown = true
		return
	}
	value := l.attributeValue(a, table)
	if table.Type.IsMapType() || table.Type.IsListType() {
		l.elementPlaces(a.Expr, pointer, o)
	}
	if !function.NumbersFit(value) { // before it becomes text: that could take long, and an infinite number would be one as well
		l.At(o.Value, "number-out-of-range", "", table.Name+" has a number that is infinite, or of more than 300 digits.")
		o.Unknown = true
		return
	}
	converted, err := bound.ConvertTo(value, table.Type)
	switch {
	case errors.Is(err, bound.ErrNumber):
		l.At(o.Value, "number-out-of-range", "", table.Name+" has at most 300 digits and an exponent of at most 300.")
	case err != nil:
		l.wrongType(value, table, pointer)
	case !function.NumbersFit(converted):
		l.At(o.Value, "number-out-of-range", "", table.Name+" has more than 300 digits.")
	default:
		plain, keep := l.plain(converted, pointer)
		if l.full {
			l.At(o.Value, "too-many-blocks", "there are too many values", bound.ManyValues)
			o.Unknown = true
			return
		}
		if s, isText := plain.(string); isText && table.Path {
			path := lang.RelativeTo(filepath.Dir(o.Value.Filename), s)
			plain = path
			l.lookAt(path, table, o)
		}
		if inner, isMap := plain.(map[string]any); isMap && strings.HasSuffix(o.Value.Filename, ".json") {
			delete(inner, "//") // a comment, as it is in a block
			delete(l.places, pointer+"/~1~1")
		}
		if keep {
			object[table.Name] = plain
		}
		if text, isText := plain.(string); isText && strings.HasPrefix(table.Format, "http-url") {
			o.Shown = l.scope.ShownOf(a.Expr, text, converted)
		}
		return
	}
	o.Unknown = true
}

// lookAt looks at the file that an attribute names. That of a payload schema is read by its own rule.
func (l *loader) lookAt(path string, table *words.Attribute, o *finding.Origin) {
	if path != "" && !l.opts.LeaveFiles && !table.Target && table.Name != "payload_schema" {
		l.scope.LookAt(path, table.Name, o)
	}
}

// wrongType tells of a value that cannot be converted; of a list or a map it tells which element.
func (l *loader) wrongType(value cty.Value, table *words.Attribute, pointer string) {
	plain, _ := value.Unmark()
	if (table.Type.IsListType() || table.Type.IsMapType()) && plain.IsKnown() && !plain.IsNull() && plain.CanIterateElements() {
		found := false
		for it := plain.ElementIterator(); it.Next(); {
			key, e := it.Element()
			if _, err := bound.ConvertTo(e, table.Type.ElementType()); err == nil {
				continue
			}
			at := l.places[pointer+"/"+schema.EscapePointer(lang.TextOfKey(key))]
			if at == nil {
				break
			}
			found = true
			l.At(at.Value, "wrong-type", fmt.Sprintf("an element of %s must be %s", table.Name, lang.TypeInWords(table.Type.ElementType())),
				l.codesOf(e, table))
		}
		if found {
			return
		}
	}
	rng := l.places[pointer].Value
	l.At(rng, "wrong-type", fmt.Sprintf("%s must be %s", table.Name, lang.TypeInWords(table.Type)),
		finding.Join(l.listOf(value, table), l.scope.SetElsewhere(rng)))
}

func (l *loader) attributeValue(a *hcl.Attribute, table *words.Attribute) cty.Value {
	switch {
	case table.Template && table.Type.IsMapType():
		return l.scope.TemplateMap(a.Expr)
	case table.Template:
		return l.scope.Template(a.Expr, table.Format == "http-url-template")
	}
	return l.scope.Evaluate(a.Expr, table.Sensitive)
}

// plain turns a value into JSON's. It reports whether there is one: a null is as good as absent, and what is not known
// is left out.
func (l *loader) plain(v cty.Value, pointer string) (any, bool) {
	v, marks := v.Unmark()
	if len(marks) > 0 {
		l.fromOutside(pointer, marks)
	}
	if l.full = l.full || !l.scope.Budget.Value(textLength(v)); l.full {
		return nil, false
	}
	if !v.IsKnown() {
		l.places.Forget(pointer)
		l.places[pointer].Present = v.Range().DefinitelyNotNull()
		return nil, false
	}
	if v.IsNull() {
		return nil, false
	}
	switch t := v.Type(); {
	case t == cty.String:
		return v.AsString(), true
	case t == cty.Bool:
		return v.True(), true
	case t == cty.Number:
		return plainNumber(v.AsBigFloat()), true
	case t.IsMapType(), t.IsObjectType():
		object := make(map[string]any)
		for it := v.ElementIterator(); it.Next(); {
			key, e := it.Element()
			if inner, keep := l.plain(e, pointer+"/"+schema.EscapePointer(key.AsString())); keep {
				object[key.AsString()] = inner
			}
		}
		return object, true
	}
	list, known := []any{}, true
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		at := pointer + "/" + strconv.Itoa(len(list))
		inner, keep := l.plain(e, at) // of each, also where one is not known: its place says where it comes from
		known = known && (keep || l.places.Known(at))
		list = append(list, inner) // a null stays, and fails by its type
	}
	if !known { // the others would move up: the whole list is not known then
		l.places.Forget(pointer)
		return nil, false
	}
	return list, true
}

// textLength is how many bytes of text a value adds to the tree, without those of its elements.
func textLength(v cty.Value) int {
	if v.Type() != cty.String || !v.IsKnown() || v.IsNull() {
		return 0
	}
	return len(v.AsString())
}

// plainNumber writes a whole number without a fraction and an exponent, as integers are decoded.
func plainNumber(f *big.Float) json.Number {
	if f.IsInt() {
		return json.Number(f.Text('f', 0))
	}
	return json.Number(f.Text('g', -1))
}
