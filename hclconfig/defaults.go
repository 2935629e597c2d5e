package hclconfig

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

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
	pointer string // of the one more sink that has nothing else; empty without any sink
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
	l.defaults = &defaults{block: b, table: table, content: content}
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
	l.defaults.pointer = pointer
}

// replacedMaps tells of maps of a sink that take the place of the defaults' one, with elements that the sink then lacks: most
// people expect both. A map without any element says that none is wanted.
func (l *loader) replacedMaps(tree map[string]any) {
	if l.defaults == nil || l.defaults.pointer == "" {
		return
	}
	pending := make(map[string][]string) // keys that have a value which is not known yet, by the pointer of their map
	for pointer, o := range l.places {
		if i := strings.LastIndexByte(pointer, '/'); i >= 0 && o.Unknown && o.Present {
			pending[pointer[:i]] = append(pending[pointer[:i]], finding.Unescape(pointer[i+1:]))
		}
	}
	for i := range l.defaults.table.Attributes {
		a := &l.defaults.table.Attributes[i]
		of := l.defaults.pointer + "/" + a.Name
		if shared := keysAt(tree, of, pending[of]); a.Type.IsMapType() && len(shared) > 0 {
			l.replacedMap(tree, a.Name, shared, pending)
		}
	}
	l.Instance = finding.Instance{}
}

// replacedMap tells of one map in each sink.
func (l *loader) replacedMap(tree map[string]any, name string, shared []string, pending map[string][]string) {
	of := l.places.Find(l.defaults.pointer + "/" + name)
	for n := range l.Sinks {
		pointer := "/sink/" + strconv.Itoa(n) + "/" + name
		o := l.places[pointer]
		own := keysAt(tree, pointer, pending[pointer])
		if o == nil || o.Unknown || len(own) == 0 || l.inDefaults(o.Name) {
			continue
		}
		lost := slices.DeleteFunc(slices.Clone(shared), func(key string) bool {
			return slices.ContainsFunc(own, func(k string) bool { return strings.EqualFold(k, key) })
		})
		if len(lost) == 0 {
			continue
		}
		what := inWordsOf(lost)
		if !of.Literal { // a key may be what env() gave
			what = "some"
		}
		l.Instance = l.Sinks[n]
		l.At(o.Name, "defaults-replaced", name+" of the sink take the place of those of defaults", fmt.Sprintf(
			"The sink lacks %s of %s. To have both, put the map of defaults into a local and write %s = merge(local.%s, { ... }).",
			what, finding.Place(of.Name), name, name))
	}
}

// keysAt returns the keys of a map of the tree, sorted, those too that have a value which is not known yet.
func keysAt(tree map[string]any, pointer string, pending []string) []string {
	object, isMap := valueAt(tree, pointer).(map[string]any)
	if !isMap {
		return nil
	}
	keys := slices.AppendSeq(slices.Clone(pending), maps.Keys(object))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// inWordsOf lists a few names.
func inWordsOf(names []string) string {
	const most = 3
	shown := make([]string, 0, most)
	for _, name := range names[:min(len(names), most)] {
		shown = append(shown, mask.Printable(mask.Shorten(name)))
	}
	text := strings.Join(shown, ", ")
	if more := len(names) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func (l *loader) dropDefaults(tree map[string]any) {
	if list, _ := tree["sink"].([]any); len(list) > len(l.Sinks) {
		tree["sink"] = list[:len(l.Sinks)]
	}
}
