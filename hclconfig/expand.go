package hclconfig

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/lang"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
	"iggysink/schema"
)

// maxMade bounds the blocks that for_each and dynamic make, all together.
const maxMade = 20_000

// plainName is the label of a sink, instanceKey what may stand behind it in brackets.
var (
	plainName   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	instanceKey = regexp.MustCompile(`^[\x20-\x21\x23-\x5B\x5D-\x7E]+$`)
)

// anyKey stands behind the name of a sink of which it is not known what for_each makes.
const anyKey = `["..."]`

// element is one turn of a for_each.
type element struct {
	key, value cty.Value
	name       string // the key in words
	unknown    bool   // nothing is known of the collection: one turn stands for all
}

// names returns what an expression may name in this turn.
func (e element) names(root string) map[string]cty.Value {
	return map[string]cty.Value{root: cty.ObjectVal(map[string]cty.Value{"key": e.key, "value": e.value})}
}

// elements evaluates a for_each. The keys of a sink become its name, which is in logs and in metrics: they cannot be
// secret, and a list has none. What cannot be evaluated counts as not known: the body is checked all the same, with none,
// which stands for every element.
func (l *loader) elements(a *hcl.Attribute, ofSink bool) (all []element, none element) {
	plain, marks := l.scope.Evaluate(a.Expr, true).Unmark()
	rng := a.Expr.Range()
	kind := plain.Type()
	isMap, isSet := kind.IsMapType() || kind.IsObjectType(), kind.IsSetType()
	_, secret := marks[mask.Sensitive]
	if _, undecided := marks[mask.Pending]; undecided { // what it will be may be shown
		secret = false
	}
	none = noElement(kind)
	switch {
	case secret && ofSink:
		l.At(rng, "invalid-for-each", "for_each must not be secret",
			"Its keys are names of sinks, in logs and metrics. Go through names, and look the secrets up by each.key.")
		return []element{none}, none
	case !plain.IsKnown(), isSet && !plain.IsWhollyKnown():
		return []element{none}, none
	case plain.IsNull():
		l.At(rng, "invalid-for-each", "for_each is null", "Take {} for no element.")
		return []element{none}, none
	case isMap, isSet, !ofSink && (kind.IsListType() || kind.IsTupleType()):
	default:
		l.At(rng, "invalid-for-each", "", map[bool]string{true: "toset(...) makes a set of a list.",
			false: "It takes a list, a set or a map."}[ofSink])
		return []element{none}, none
	}
	for it := plain.ElementIterator(); it.Next(); {
		key, value := it.Element()
		e := element{key: key.WithMarks(marks), value: value.WithMarks(marks)}
		if isSet {
			e.key = e.value
		}
		e.name = lang.TextOfKey(key)
		if ofSink && !instanceKey.MatchString(e.name) {
			l.At(rng, "invalid-for-each", fmt.Sprintf("the key %q cannot be part of a name", mask.Shorten(e.name)),
				`A key has letters, digits, spaces and punctuation of ASCII, but no " and no \.`)
			continue
		}
		all = append(all, e)
	}
	if l.made += len(all); l.made > maxMade {
		l.At(rng, "too-many-blocks", "", fmt.Sprintf("for_each and dynamic make at most %d, all together.", maxMade))
		return []element{none}, none
	}
	return all, none
}

// noElement stands for the elements of a collection of which none is known.
func noElement(kind cty.Type) element {
	e := element{key: mask.Outside(cty.UnknownVal(cty.String)), value: mask.Outside(cty.DynamicVal), unknown: true}
	if kind.IsMapType() || kind.IsSetType() || kind.IsListType() {
		e.value = mask.Outside(cty.UnknownVal(kind.ElementType().WithoutOptionalAttributesDeep()))
	}
	if kind.IsListType() || kind.IsTupleType() {
		e.key = mask.Outside(cty.UnknownVal(cty.Number))
	}
	return e
}

// sinksOf puts one sink, or one for each element of for_each, into the tree.
func (l *loader) sinksOf(b *hcl.Block, table *words.Block, tree map[string]any) {
	want := withDynamic(bodySchema(table), table)
	want.Attributes = append(want.Attributes, hcl.AttributeSchema{Name: "for_each"})
	content, meant := l.scope.Content(b.Body, want, "sink")
	body := sinkBody{b, content, meant}
	list, found := tree["sink"].([]any)
	if !found {
		list = []any{}
	}
	tree["sink"] = list // also if there is none in the end
	if !plainName.MatchString(b.Labels[0]) {
		l.At(b.LabelRanges[0], "invalid-value", "invalid name of a sink",
			`It has letters, digits and _ . - and does not begin with a dot or a hyphen, such as "orders".`)
	}
	turns, none := []element{{}}, element{}
	forEach := content.Attributes["for_each"]
	if forEach != nil {
		turns, none = l.elements(forEach, true)
	}
	if len(turns) == 0 {
		l.noTurns = append(l.noTurns, func(pointer string) map[string]any {
			return l.sink(body, none, pointer)
		})
		if l.emptyEach == nil {
			l.emptyEach = forEach.Expr.Range().Ptr()
		}
	}
	for _, turn := range turns {
		made := finding.Instance{Count: len(turns), Sink: fmt.Sprintf("sink %q", mask.Shorten(b.Labels[0]))}
		switch {
		case turn.unknown:
			made.Sink = b.Labels[0] + anyKey
		case forEach != nil:
			made.Address = b.Labels[0] + `["` + turn.name + `"]`
			made.Sink = made.Address
		}
		l.Sinks, l.Instance = append(l.Sinks, made), made
		list = append(list, l.sink(body, turn, "/sink/"+strconv.Itoa(len(list))))
	}
	l.Instance, tree["sink"] = finding.Instance{}, list
}

// sinkBody is a block of which sinks are made.
type sinkBody struct {
	block   *hcl.Block
	content *hcl.BodyContent
	meant   []string // what was misspelled in it
}

// sink makes one sink of a block.
func (l *loader) sink(body sinkBody, turn element, pointer string) map[string]any {
	b, content, table := body.block, body.content, words.ConfigBlock().Child("sink")
	object := make(map[string]any)
	l.begin(b, table, object, pointer)
	l.meantIn(pointer, body.meant)
	if l.Instance.Address != "" {
		object["name"] = l.Instance.Address
	}
	switch isName := plainName.MatchString(b.Labels[0]); {
	case !isName:
		l.places.Forget(pointer + "/name")
		object["name"] = "unknown"
	case turn.unknown:
		l.places.Forget(pointer + "/name")
		object["name"] = b.Labels[0] + anyKey
	}
	var names map[string]cty.Value
	if content.Attributes["for_each"] != nil {
		names = turn.names("each")
	}
	l.scope.Within(names, func() { l.fill(content, table, object, pointer) })
	l.inherit(table, object, pointer)
	return object
}

// withDynamic adds the dynamic block to what a block may hold, where it holds blocks.
func withDynamic(want *hcl.BodySchema, table *words.Block) *hcl.BodySchema {
	if len(table.Blocks) > 0 && table.Name != "iggy" {
		want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: "dynamic", LabelNames: []string{"type"}})
	}
	return want
}

// dynamic puts one block for each element into object.
func (l *loader) dynamic(d *hcl.Block, table *words.Block, object map[string]any, pointer string) {
	kind := table.Child(d.Labels[0])
	if kind == nil {
		var known []string
		for _, b := range table.Blocks {
			known = append(known, b.Name)
		}
		l.At(d.LabelRanges[0], "unknown-block", fmt.Sprintf("unknown block %q", mask.Printable(d.Labels[0])),
			finding.Join(finding.NotIn(table.Name), l.DidYouMean(d.Labels[0], known)))
		return
	}
	want := &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "for_each"}, {Name: "iterator"}},
		Blocks: []hcl.BlockHeaderSchema{{Type: "content"}}}
	if len(kind.Labels) > 0 {
		want.Attributes = append(want.Attributes, hcl.AttributeSchema{Name: "labels"})
	}
	content, _ := l.scope.Content(d.Body, want, "dynamic")
	rng := mask.Header(d)
	forEach, labels := content.Attributes["for_each"], content.Attributes["labels"]
	switch {
	case forEach == nil:
		l.At(rng, "missing-attribute", `"for_each" is missing`, "It lists the elements, each of which makes a block.")
		return
	case labels == nil && len(kind.Labels) > 0:
		l.At(rng, "missing-attribute", `"labels" is missing`, fmt.Sprintf("Write labels = [%s].", kind.Labels[0]))
		return
	case len(content.Blocks) != 1:
		l.At(rng, "missing-block", "a dynamic block has one content block", "It holds the attributes and blocks of each block.")
		return
	}
	iterator := l.iterator(content.Attributes["iterator"], kind.Name)
	turns, none := l.elements(forEach, false)
	if len(turns) == 0 { // its content is looked at all the same, at no pointer of the tree: nothing of it is kept
		l.scope.Within(none.names(iterator), func() {
			made, _ := l.dynamicBlock(d, content, kind)
			l.body(made, kind, pointer+"/"+kind.Name+" never")
		})
	}
	for _, turn := range turns {
		l.scope.Within(turn.names(iterator), func() {
			made, known := l.dynamicBlock(d, content, kind)
			at := pointer + "/" + kind.Name
			if list, _ := object[kind.Name].([]any); kind.Repeated {
				at += "/" + strconv.Itoa(len(list))
			}
			l.block(made, kind, object, pointer)
			l.dynamicNames(kind, known, object, at, at[len(pointer):])
		})
	}
}

// dynamicBlock makes the block of a turn. It returns the values of its labels too.
func (l *loader) dynamicBlock(d *hcl.Block, content *hcl.BodyContent, kind *words.Block) (*hcl.Block, []cty.Value) {
	rng := mask.Header(d)
	made := &hcl.Block{Type: kind.Name, Body: content.Blocks[0].Body, DefRange: rng, TypeRange: rng}
	return made, l.dynamicLabels(made, content.Attributes["labels"], len(kind.Labels))
}

// dynamicNames notes what is known of the labels of a block that a dynamic block made, and stands at a pointer of the tree,
// and below its parent.
func (l *loader) dynamicNames(kind *words.Block, labels []cty.Value, parent map[string]any, at, below string) {
	for i, name := range kind.Labels {
		if !labels[i].IsKnown() {
			l.places.Forget(at + "/" + name)
			if inner, isObject := valueAt(parent, below).(map[string]any); isObject {
				inner[name] = "unknown"
				if kind.Name == "dead_letter" {
					inner[name] = string(schema.DeadLetterTypeFile)
				}
			}
		}
		if _, marks := labels[i].Unmark(); len(marks) > 0 {
			l.fromOutside(at+"/"+name, marks)
		}
	}
}

// iterator returns the name by which the content of a dynamic block speaks of its turn.
func (l *loader) iterator(a *hcl.Attribute, otherwise string) string {
	if a == nil {
		return otherwise
	}
	l.files.Of(a.Range).Show(a)
	word := hcl.ExprAsKeyword(a.Expr)
	if word == "" || slices.Contains([]string{"var", "local", "each"}, word) {
		l.At(a.Expr.Range(), "invalid-value", "iterator must be a name of your own",
			fmt.Sprintf("Write it without quotes. The default is %s.", otherwise))
		return otherwise
	}
	return word
}

// dynamicLabels evaluates the labels of a block that a dynamic block makes. It returns their values, some perhaps
// unknown: such a label is empty.
func (l *loader) dynamicLabels(made *hcl.Block, a *hcl.Attribute, count int) []cty.Value {
	values := make([]cty.Value, count)
	made.Labels = make([]string, count)
	made.LabelRanges = make([]hcl.Range, count)
	for i := range values {
		values[i], made.LabelRanges[i] = cty.DynamicVal, made.DefRange
	}
	if a == nil {
		return values
	}
	l.files.Of(a.Range).Show(a)
	list, marks := l.scope.Evaluate(a.Expr, false).Unmark()
	if !list.IsKnown() {
		return values
	}
	converted, err := bound.ConvertTo(list, cty.List(cty.String))
	if err != nil || converted.IsNull() || converted.LengthInt() != count {
		l.At(a.Expr.Range(), "block-labels", "", fmt.Sprintf("A %s block has %d label: write labels = [...] with as many.",
			made.Type, count))
		return values
	}
	written, diags := hcl.ExprList(a.Expr)
	for i, v := range converted.AsValueSlice() {
		plain, own := v.Unmark()
		if values[i] = v.WithMarks(marks); plain.IsKnown() && !plain.IsNull() {
			made.Labels[i] = plain.AsString()
		} else {
			values[i] = cty.UnknownVal(cty.String).WithMarks(own)
		}
		if made.LabelRanges[i] = a.Expr.Range(); !diags.HasErrors() && i < len(written) {
			made.LabelRanges[i] = written[i].Range()
		}
	}
	return values
}
