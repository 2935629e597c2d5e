package hclconfig

import (
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/lang"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
	"iggysink/schema"
)

// meantIn notes what was misspelled in a block: that it is missing would be said twice then.
func (l *loader) meantIn(pointer string, names []string) {
	for _, name := range names {
		l.places.Forget(pointer + "/" + name)
	}
}

// begin notes where a block is, and puts its labels into object.
func (l *loader) begin(b *hcl.Block, table *words.Block, object map[string]any, pointer string) {
	rng := mask.Header(b)
	l.places[pointer] = &finding.Origin{Name: rng, Value: rng, Title: table.Name}
	for i, label := range table.Labels {
		object[label] = b.Labels[i]
		l.places[pointer+"/"+label] = &finding.Origin{Name: rng, Value: b.LabelRanges[i], Literal: true}
	}
}

// elementPlaces notes the places of the keys and elements of a map or a list that is written out.
func (l *loader) elementPlaces(expr hcl.Expression, pointer string, around *finding.Origin) {
	if pairs, diags := hcl.ExprMap(expr); !diags.HasErrors() {
		for _, pair := range pairs {
			if key := lang.KeyOf(pair.Key); key != "" {
				l.files[around.Name.Filename].ShowName(pair.Key.Range()) // the name of a header is no secret
				l.places[pointer+"/"+schema.EscapePointer(key)] = &finding.Origin{Name: pair.Key.Range(), Value: pair.Value.Range(),
					Secret: around.Secret, Literal: true}
			}
		}
		return
	}
	if list, diags := hcl.ExprList(expr); !diags.HasErrors() {
		for i, e := range list {
			l.places[pointer+"/"+strconv.Itoa(i)] = &finding.Origin{Name: around.Name, Value: e.Range(), Secret: around.Secret, Literal: true}
		}
	}
}

// fromOutside notes the marks of a value.
func (l *loader) fromOutside(pointer string, marks cty.ValueMarks) {
	o := l.places.Own(pointer)
	_, isSensitive := marks[mask.Sensitive]
	_, isExternal := marks[mask.External]
	o.Secret = o.Secret || isSensitive
	o.Literal = o.Literal && !isExternal && !isSensitive
}
