package rustsink

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"iggysink/schema"
)

// block is a block of the result. The root has neither kind nor label.
type block struct {
	kind, label string
	at          Place
	comments    []string
	attributes  []attribute
	blocks      []*block
}

// attribute is one line of a block, with its comments above it.
type attribute struct {
	name     string
	value    expression
	at       Place
	comments []string
}

// expression is what stands behind the equals sign.
type expression struct {
	source string
	sample any // what it could evaluate to: the schema is asked about it
}

func (b *block) add(kind, label string, at Place) *block {
	child := &block{kind: kind, label: label, at: at}
	b.blocks = append(b.blocks, child)
	return child
}

func (b *block) set(at Place, name string, value expression, comments ...string) {
	b.attributes = append(b.attributes, attribute{name, value, at, comments})
}

func textOf(s string) expression { return expression{quote(s), s} }

func numberOf(n int64) expression {
	s := strconv.FormatInt(n, 10)
	return expression{s, json.Number(s)}
}

func boolOf(v bool) expression { return expression{strconv.FormatBool(v), v} }

// listOf is a list of what expressions are.
func listOf(elements []expression) expression {
	sources, samples := make([]string, len(elements)), make([]any, len(elements))
	for i, e := range elements {
		sources[i], samples[i] = e.source, e.sample
	}
	return expression{"[" + strings.Join(sources, ", ") + "]", samples}
}

// quote writes an HCL string that is s: quotes, backslashes and the beginnings of templates are escaped.
func quote(s string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(s)).Bytes())
}

// isNormal reports whether s is what HCL gives back for it: it composes characters.
func isNormal(s string) bool { return cty.NormalizeString(s) == s }

// env is a secret that stands in the environment, perhaps behind literal text. The text must not end with a dollar sign,
// which would make the template behind it literal.
func env(before, name string) expression {
	call := "env(" + quote(name) + ")"
	if before == "" {
		return expression{call, "secret"}
	}
	return expression{strings.TrimSuffix(quote(before), `"`) + "${" + call + `}"`, before + "secret"}
}

// write prints the block, to be formatted.
func (b *block) write(w *strings.Builder) {
	writeComments(w, b.comments)
	if b.kind != "" {
		w.WriteString(b.kind)
		if b.isRepeated() {
			w.WriteString(" " + quote(b.label))
		}
		w.WriteString(" {\n")
	}
	for _, a := range b.attributes {
		a.write(w, a.name)
	}
	for i, child := range b.blocks {
		if i > 0 || len(b.attributes) > 0 {
			w.WriteString("\n")
		}
		child.write(w)
	}
	if b.kind != "" {
		w.WriteString("}\n")
	}
}

// write prints one line, with a short comment behind it and a longer one above.
func (a attribute) write(w *strings.Builder, name string) {
	const behind = 60
	if len(a.comments) == 1 && len(a.comments[0]) <= behind && !strings.Contains(a.value.source, "\n") {
		fmt.Fprintf(w, "%s = %s # %s\n", name, a.value.source, a.comments[0])
		return
	}
	writeComments(w, a.comments)
	fmt.Fprintf(w, "%s = %s\n", name, a.value.source)
}

// commentWidth is where a comment is broken, in bytes.
const commentWidth = 100

// writeComments prints paragraphs. One that is indented is an item of a list: its further lines stand deeper.
func writeComments(w *strings.Builder, comments []string) {
	for _, comment := range comments {
		indent := comment[:len(comment)-len(strings.TrimLeft(comment, " "))]
		further, line := indent+indent, ""
		for _, word := range strings.Fields(comment) {
			if line != "" && len(line)+len(word) > commentWidth {
				w.WriteString("# " + indent + line + "\n")
				line, indent = "", further
			}
			line = strings.TrimPrefix(line+" "+word, " ")
		}
		w.WriteString(strings.TrimRight("# "+indent+line, " ") + "\n")
	}
}

// isRepeated reports whether the block has a label, and may stand there several times.
func (b *block) isRepeated() bool { return b.kind == "sink" || b.kind == "stream" }

// tree returns the block as the plain tree that the schema describes, and records the place of each value.
func (b *block) tree(pointer string, places map[string]Place) map[string]any {
	places[pointer] = b.at
	tree := make(map[string]any)
	if b.isRepeated() {
		tree["name"] = b.label
	}
	for _, a := range b.attributes {
		tree[a.name] = a.value.sample
		places[pointer+"/"+a.name] = a.at
	}
	for _, child := range b.blocks {
		at := pointer + "/" + child.kind
		if !child.isRepeated() {
			tree[child.kind] = child.tree(at, places)
			continue
		}
		list, _ := tree[child.kind].([]any)
		tree[child.kind] = append(list, child.tree(at+"/"+strconv.Itoa(len(list)), places))
	}
	return tree
}

// check asks the schema about the result: what it refuses could not be loaded.
func (c *converter) check(root *block) {
	places := make(map[string]Place)
	incomplete := len(c.problems) > 0 // what is missing has been told of, as a value of the wrong type
	for _, v := range schema.ValidateConfig(root.tree("", places)) {
		if incomplete && slices.Contains([]string{"required", "dependentRequired", "minItems"}, v.Keyword) {
			continue
		}
		pointer := v.Pointer
		at, found := places[pointer]
		for !found && pointer != "" {
			pointer = pointer[:strings.LastIndexByte(pointer, '/')]
			at, found = places[pointer]
		}
		name := pointer[strings.LastIndexByte(pointer, '/')+1:]
		if _, err := strconv.Atoi(name); err == nil || name == "" {
			name = "this"
		}
		c.problem(at, "%s %s", name, v.Message())
	}
}

// render writes the result with what a reader has to know in front.
func (c *converter) render(files []File, root *block) []byte {
	head := []string{"Imported from the configuration of Iggy's HTTP sink connector:"}
	for _, f := range files {
		head = append(head, "  "+printable(f.Name))
	}
	head = append(head, "", stopFirst, "", blocks)
	if len(c.variables) > 0 {
		head = append(head, "", "Secrets are not in here. A run needs these environment variables:")
		for _, v := range c.variables {
			head = append(head, "  "+v.Name+": "+v.Meaning)
		}
	}
	for _, f := range c.folders {
		head = append(head, "", "A run needs --allow-files "+printable(f.path)+", unless this file is in that folder: "+f.what+" is "+
			"read from there.")
	}
	if len(c.notes) > 0 {
		head = append(head, "", "Not carried over as it was:")
		for _, n := range c.notes {
			head = append(head, "  "+n.String())
		}
	}
	var w strings.Builder
	writeComments(&w, head)
	w.WriteString("\n")
	root.write(&w)
	return hclwrite.Format([]byte(w.String()))
}

// stopFirst is what nobody may overlook.
const stopFirst = "Stop the Rust sink before this runs: both read with the same consumer groups, and would share the " +
	"messages out between them. Delivery resumes after the offsets that the Rust sink has stored."

// blocks is the difference that shows first after the move.
const blocks = "What the Rust sink skips blocks its partition here, so that nothing is lost: a payload that is not what schema " +
	"says, a message over max_payload_size_bytes, one that the endpoint refuses. A dead_letter block sets it aside instead."

// objectOf is a map with its comments, one entry a line.
func objectOf(entries map[string]attribute) expression {
	var w strings.Builder
	w.WriteString("{\n")
	samples := make(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		entries[name].write(&w, quote(name))
		samples[name] = entries[name].value.sample
	}
	w.WriteString("}")
	return expression{w.String(), samples}
}
