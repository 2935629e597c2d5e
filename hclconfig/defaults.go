package hclconfig

import (
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// defaults is the block that supplies what a sink leaves unset. It is evaluated in each sink anew, so
// that its places, and the folder that its paths start at, are its own.
type defaults struct {
	block   *hcl.Block
	table   *words.Block
	content *hcl.BodyContent
}

// defaultsTable is a sink's table without what cannot be common to sinks: their names, streams and dead letters.
func defaultsTable() *words.Block {
	table := *words.ConfigBlock().Child("sink")
	table.Name, table.Labels = "defaults", nil
	table.Blocks = slices.DeleteFunc(slices.Clone(table.Blocks), func(b *words.Block) bool {
		return b.Name == "stream" || b.Name == "dead_letter"
	})
	return &table
}

func (l *loader) declareDefaults(b *hcl.Block) {
	if l.defaults != nil {
		l.At(mask.Header(b), "duplicate-block", "a second defaults block", "The first is at "+finding.Place(mask.Header(l.defaults.block))+".")
		return
	}
	table := defaultsTable()
	content, _ := l.scope.Content(b.Body, withDynamic(bodySchema(table), table), "defaults")
	l.defaults = &defaults{b, table, content}
}

// inDefaults reports whether a place is in the defaults block.
func (l *loader) inDefaults(rng hcl.Range) bool {
	if l.defaults == nil {
		return false
	}
	start := mask.Header(l.defaults.block)
	return rng.Filename == start.Filename && start.Start.Byte <= rng.Start.Byte && rng.Start.Byte < mask.BlockEnd(l.defaults.block)
}

// inherit gives a sink what it does not set, or sets to null, and the defaults block does.
func (l *loader) inherit(table *words.Block, sink map[string]any, pointer string) {
	if l.defaults == nil {
		return
	}
	content := &hcl.BodyContent{Attributes: maps.Clone(l.defaults.content.Attributes)}
	for name := range content.Attributes {
		if _, set := sink[name]; set || !l.places.Known(pointer+"/"+name) {
			delete(content.Attributes, name)
		}
	}
	for _, b := range l.defaults.content.Blocks {
		kind := b.Type
		if kind == "dynamic" {
			kind = b.Labels[0]
		}
		if l.places[pointer+"/"+kind] == nil {
			content.Blocks = append(content.Blocks, b)
		}
	}
	l.scope.Alone(func() { l.fill(content, l.tableOfDefaults(table), sink, pointer) })
}

// tableOfDefaults is the sink's table with its name, for the places in the tree, but the blocks of defaults.
func (l *loader) tableOfDefaults(table *words.Block) *words.Block {
	as := *l.defaults.table
	as.Name = table.Name
	return &as
}

// checkNoTurns puts one sink into the tree for each block that makes none: a mistake in it would show when somebody gives
// its variable the first element. dropDefaults takes them out again.
func (l *loader) checkNoTurns(tree map[string]any) {
	for _, sink := range l.noTurns {
		list, _ := tree["sink"].([]any)
		tree["sink"] = append(list, sink("/sink/"+strconv.Itoa(len(list))))
	}
}

// checkDefaults puts the defaults into the tree as one more sink, for the schema to look at: nobody may have inherited a
// wrong value yet. dropDefaults takes it out again.
func (l *loader) checkDefaults(tree map[string]any) {
	list, _ := tree["sink"].([]any)
	if l.defaults == nil || len(list) == 0 {
		return
	}
	pointer := "/sink/" + strconv.Itoa(len(list))
	rng := mask.Header(l.defaults.block)
	l.places[pointer] = &finding.Origin{Name: rng, Value: rng, Title: "defaults"}
	object := map[string]any{"name": "defaults"}
	l.fill(l.defaults.content, l.tableOfDefaults(&words.Block{Name: "sink"}), object, pointer)
	for _, name := range []string{"url", "stream"} {
		if object[name] == nil {
			l.places.Forget(pointer + "/" + name)
		}
	}
	tree["sink"] = append(list, object)
}

func (l *loader) dropDefaults(tree map[string]any) {
	if list, _ := tree["sink"].([]any); len(list) > len(l.Sinks) {
		tree["sink"] = list[:len(l.Sinks)]
	}
}
