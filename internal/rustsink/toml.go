package rustsink

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// document is one parsed file.
type document struct {
	name   string
	values map[string]any
	places map[string]Place // by path
	lines  []int            // offsets of the beginnings of lines
	text   []byte
}

// separator joins the keys of a path, and a key and an index.
const separator = "\x00"

// parse returns nil after a problem.
func (c *converter) parse(f File) *document {
	text := bytes.TrimPrefix(f.Text, []byte("\xef\xbb\xbf"))
	d := &document{name: f.Name, text: text, places: make(map[string]Place), lines: []int{0}}
	if len(text) > MaxFileSize {
		c.problem(Place{File: f.Name}, "the file has more than %d KiB", MaxFileSize>>10)
		return nil
	}
	for i, b := range text {
		if b == '\n' {
			d.lines = append(d.lines, i+1)
		}
	}
	if i := badByte(text); i >= 0 {
		c.problem(d.place(i), "this is not UTF-8 text, as TOML has to be")
		return nil
	}
	if err := toml.Unmarshal(text, &d.values); err != nil {
		at, what := Place{File: f.Name, Line: 1, Column: 1}, err.Error()
		var decode *toml.DecodeError
		if errors.As(err, &decode) {
			line, column := decode.Position()
			at = d.place(d.lines[min(max(line, 1), len(d.lines))-1] + column - 1)
		}
		if strings.Contains(what, "unable to parse") { // the rest quotes the text, which may be a secret without quotes
			what = "this is not a value"
		}
		c.problem(at, "not valid TOML: %s", printable(strings.TrimPrefix(what, "toml: ")))
		return nil
	}
	d.locate()
	return d
}

// badByte returns the first byte that cannot be in a TOML file, or -1.
func badByte(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == 0 || r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return -1
}

// place turns an offset into line and column.
func (d *document) place(offset int) Place {
	offset = min(max(offset, 0), len(d.text))
	line, found := slices.BinarySearch(d.lines, offset)
	if !found {
		line--
	}
	return Place{d.name, line + 1, utf8.RuneCount(d.text[d.lines[line]:offset]) + 1}
}

// locate records where each key stands. The decoder that gave the values tells no places.
func (d *document) locate() {
	l := locator{document: d, counts: make(map[string]int)}
	l.parser.Reset(d.text)
	table := ""
	for l.parser.NextExpression() {
		switch e := l.parser.Expression(); e.Kind {
		case unstable.Table:
			table = l.keys("", e.Key())
		case unstable.ArrayTable:
			table = l.keys("", e.Key())
			l.counts[table]++
			table += separator + strconv.Itoa(l.counts[table]-1)
			l.set(table, l.last)
		case unstable.KeyValue:
			l.value(l.keys(table, e.Key()), e.Value())
		}
	}
}

// locator walks the expressions of a document.
type locator struct {
	*document
	parser unstable.Parser
	counts map[string]int // elements of each array of tables so far
	last   Place          // of the last key that was read
}

func (l *locator) set(path string, at Place) {
	if _, found := l.places[path]; !found {
		l.places[path] = at
	}
}

// maxDepth is the number of keys of one dotted key that get a place.
const maxDepth = 20

// keys records a dotted key and returns its path. A key on the way that names an array of tables means its last element.
func (l *locator) keys(path string, keys unstable.Iterator) string {
	for depth := 0; keys.Next(); depth++ {
		if depth == maxDepth { // deeper than any setting is, and a path for each would take the square of that
			return path
		}
		if n := l.counts[path]; n > 0 {
			path += separator + strconv.Itoa(n-1)
		}
		key := keys.Node()
		path = join(path, string(key.Data))
		l.last = l.place(int(key.Raw.Offset))
		l.set(path, l.last)
	}
	return path
}

// value goes on inside of an inline table and of an array.
func (l *locator) value(path string, v *unstable.Node) {
	children := v.Children()
	switch v.Kind {
	case unstable.InlineTable:
		for children.Next() {
			l.value(l.keys(path, children.Node().Key()), children.Node().Value())
		}
	case unstable.Array:
		for i := 0; children.Next(); i++ {
			element := join(path, strconv.Itoa(i))
			l.set(element, l.last)
			l.value(element, children.Node())
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + separator + key
}

// table is a TOML table that is being read.
type table struct {
	*converter
	doc    *document
	path   string
	at     Place
	values map[string]any
	read   map[string]bool
}

// table returns the root of a document.
func (c *converter) table(doc *document) *table {
	return &table{c, doc, "", Place{doc.name, 1, 1}, doc.values, make(map[string]bool)}
}

func (t *table) has(key string) bool { _, found := t.values[key]; return found }

// place is where a key stands, or the table if it does not.
func (t *table) place(key string) Place {
	if at, found := t.doc.places[join(t.path, key)]; found {
		return at
	}
	return t.at
}

// get returns a value and marks it as read.
func (t *table) get(key string) (any, bool) {
	v, found := t.values[key]
	t.read[key] = true
	return v, found
}

func (t *table) wrong(key, want string) {
	t.problem(t.place(key), "%s must be %s", printable(key), want)
}

// sub returns the table of a key, or an empty one.
func (t *table) sub(key string) *table {
	s := &table{t.converter, t.doc, join(t.path, key), t.place(key), nil, make(map[string]bool)}
	if v, found := t.get(key); found {
		values, isTable := v.(map[string]any)
		if !isTable {
			t.wrong(key, "a table")
		}
		s.values = values
	}
	return s
}

// subs returns the tables of an array of tables.
func (t *table) subs(key string) []*table {
	v, found := t.get(key)
	list, isList := v.([]any)
	if found && !isList {
		t.wrong(key, "a list of tables")
	}
	var all []*table
	for i, element := range list {
		path := join(join(t.path, key), strconv.Itoa(i))
		at, located := t.doc.places[path]
		if !located {
			at = t.place(key)
		}
		values, isTable := element.(map[string]any)
		if !isTable {
			t.problem(at, "%s must be a list of tables", printable(key))
			continue
		}
		all = append(all, &table{t.converter, t.doc, path, at, values, make(map[string]bool)})
	}
	return all
}

// text returns a string without control characters, which no setting has a use for.
func (t *table) text(key string) (string, bool) {
	v, found := t.get(key)
	if !found {
		return "", false
	}
	s, isString := v.(string)
	if !isString {
		t.wrong(key, "a string")
		return "", false
	}
	return t.clean(key, s)
}

// clean refuses what HCL would not give back as it is.
func (t *table) clean(key, s string) (string, bool) {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.problem(t.place(key), "%s holds a control character", printable(key))
		return "", false
	}
	if !isNormal(s) {
		t.problem(t.place(key), "%s holds characters in decomposed form (Unicode NFD), which HCL composes: the text would be "+
			"another", printable(key))
		return "", false
	}
	return s, true
}

func (t *table) boolean(key string) (value, found bool) {
	v, found := t.get(key)
	if !found {
		return false, false
	}
	value, isBool := v.(bool)
	if !isBool {
		t.wrong(key, "true or false")
	}
	return value, isBool
}

// integer returns a number of an unsigned type of the Rust sink, up to limit.
func (t *table) integer(key string, limit int64) (int64, bool) {
	v, found := t.get(key)
	if !found {
		return 0, false
	}
	n, isInt := v.(int64)
	if f, isFloat := v.(float64); isFloat && f == math.Trunc(f) && math.Abs(f) < 1<<53 { // 2.0 is meant as 2
		n, isInt = int64(f), true
	}
	if !isInt || n < 0 || n > limit {
		t.wrong(key, "a whole number from 0 to "+strconv.FormatInt(limit, 10))
		return 0, false
	}
	return n, true
}

// unread returns the keys that nobody asked for, sorted.
func (t *table) unread() []string {
	var keys []string
	for key := range maps.Keys(t.values) {
		if !t.read[key] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// rest notes the keys that nobody asked for.
func (t *table) rest(prefix string) {
	for _, key := range t.unread() {
		t.note(t.place(key), "%s%s is not a setting that iggysink knows", prefix, printable(key))
	}
}
