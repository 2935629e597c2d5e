package payload

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Doubt is something in a sound schema that is likely a mistake.
type Doubt struct {
	Line, Column int    // from 1, the column in characters
	Text         string // what, and what to do; without a full stop
}

// maxDoubts is how many are told.
const maxDoubts = 10

// doubts looks for words that are no keywords but nearly, and for a root that asserts nothing.
func (c *compilation) doubts(source []byte) (found []Doubt) {
	add := func(p place) {
		if e := p.in(source); len(found) < maxDoubts {
			found = append(found, Doubt{e.Line, e.Column, e.Cause})
		}
	}
	if p, empty := c.emptiness(); empty {
		add(p)
		if p.pointer == "" && len(c.unknown) > 0 && c.noneIsMeant() {
			return found // the words of a message
		}
	}
	all := asserting()
	for _, u := range c.unknown {
		if text := c.misspelled(u.word, all); text != "" {
			add(place{pointer: u.at + "/" + escapePointer(u.word), isName: true, text: text})
		}
	}
	slices.SortStableFunc(found, func(a, b Doubt) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return slices.Compact(found)
}

// asserting returns the keywords that say something about a payload, by name.
func asserting() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for name, k := range draft2020.words() {
			if !k.note && !yield(name) {
				return
			}
		}
	})
}

// noneIsMeant reports whether no word of the root is nearly a keyword.
func (c *compilation) noneIsMeant() bool {
	root, _ := c.root.(map[string]any)
	all := asserting()
	for word := range root {
		if _, known := c.words[word]; known || c.misspelled(word, all) != "" {
			return false
		}
	}
	return len(root) > 0
}

// misspelled says what a word that is no keyword may be meant to be; "" where nothing is like it.
func (c *compilation) misspelled(word string, all []string) string {
	if strings.HasPrefix(word, "x-") {
		return ""
	}
	for _, k := range keywords() {
		if k.name == word && !k.note {
			return word + " means nothing in " + c.draft.String() + ": name another draft in $schema, or say it otherwise"
		}
	}
	if word == "nullable" {
		return "nullable is of OpenAPI 3.0 and asserts nothing: say \"type\": [\"string\", \"null\"]"
	}
	if found := meant(word, all); found != "" {
		return strconv.Quote(word) + " is not a keyword and asserts nothing" + found
	}
	return ""
}

// emptiness says why the root asserts nothing.
func (c *compilation) emptiness() (place, bool) {
	root, _ := c.root.(map[string]any)
	asserts := false
	for word := range root {
		k, known := c.words[word]
		asserts = asserts || known && !k.note
	}
	if root == nil || asserts {
		return place{}, false
	}
	for _, word := range []string{"openapi", "swagger", "asyncapi"} {
		if _, is := root[word]; is {
			return place{pointer: "/" + word, isName: true, text: "this is an " + map[string]string{
				"openapi": "OpenAPI", "swagger": "OpenAPI", "asyncapi": "AsyncAPI"}[word] +
				" document, which asserts nothing about a payload" + c.refTo(root)}, true
		}
	}
	for _, word := range []string{"$defs", "definitions"} {
		if defs, is := root[word].(map[string]any); is && len(defs) > 0 {
			return place{pointer: "/" + word, isName: true, text: "the schema only defines things and asserts nothing" + c.refTo(root)}, true
		}
	}
	if c.noneIsMeant() {
		return place{text: "none of its words is a keyword: this looks like a message and not like the schema of one, and takes any " +
			"payload"}, true
	}
	if len(root) == 0 {
		return place{}, false // {} says on purpose that anything is allowed
	}
	return place{text: "the schema asserts nothing, and takes any payload"}, true
}

// refTo shows how to refer to a schema within a document, if it has one.
func (c *compilation) refTo(root map[string]any) string {
	for _, path := range [][]string{{"components", "schemas"}, {"$defs"}, {"definitions"}} {
		var at any = root
		for _, name := range path {
			object, _ := at.(map[string]any)
			at = object[name]
		}
		if schemas, is := at.(map[string]any); is && len(schemas) > 0 {
			name := slices.Sorted(maps.Keys(schemas))[0]
			return `: refer to a schema in it, as in "$ref": "#/` + strings.Join(path, "/") + "/" + escapePointer(name) + `"`
		}
	}
	return ""
}

// meant returns ": did you mean ...?" for the name that is nearest to a word; "" where none is near.
func meant(word string, names []string) string {
	best, distance := "", min(3, len(word)/3)+1
	for _, name := range names {
		if d := edits(strings.ToLower(word), strings.ToLower(name)); d < distance && len(name) > d {
			best, distance = name, d
		}
	}
	if best == "" || best == word {
		return ""
	}
	return ": did you mean " + strconv.Quote(best) + "?"
}

// maxWord bounds the names that are compared.
const maxWord = 64

// edits counts the letters to insert, delete, replace or swap between two words.
func edits(a, b string) int {
	if len(a) > maxWord || len(b) > maxWord {
		return maxWord
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for k := range rows[0] {
		rows[0][k] = k
	}
	for i := 1; i <= len(a); i++ {
		for k := 1; k <= len(b); k++ {
			cost := 1
			if a[i-1] == b[k-1] {
				cost = 0
			}
			rows[i][k] = min(rows[i-1][k]+1, rows[i][k-1]+1, rows[i-1][k-1]+cost)
			if i > 1 && k > 1 && a[i-1] == b[k-2] && a[i-2] == b[k-1] {
				rows[i][k] = min(rows[i][k], rows[i-2][k-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
