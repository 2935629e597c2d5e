package schemagen

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// position is a token of a schema file.
type position struct {
	file      *file
	line, col int // from 1, columns in bytes
	width     int // bytes
}

// file is a schema file and its text.
type file struct {
	name     string
	lines    []string
	starts   []int    // offset of each line
	problems Problems // found while it was read, none of which ended the reading
}

func newFile(name string, source []byte) *file {
	f := &file{name: name, lines: strings.Split(string(source), "\n")}
	start := 0
	for _, line := range f.lines {
		f.starts = append(f.starts, start)
		start += len(line) + 1
	}
	return f
}

func (p position) String() string { return fmt.Sprintf("%s:%d:%d", p.file.name, p.line, p.col) }

// problem returns what is wrong with the token.
func (p position) problem(format string, args ...any) Problem {
	kind := format
	if format == unsupported {
		kind = "" // each keyword is a kind
	}
	return Problem{
		File: p.file.name, Line: p.line, Column: p.col, Width: max(1, p.width), Message: fmt.Sprintf(format, args...),
		Source: strings.TrimSuffix(p.file.lines[p.line-1], "\r"), kind: kind,
	}
}

// unsupported is what is wrong with a keyword that the subset lacks.
const unsupported = "the keyword %q is not supported"

// stopError ends the reading of a file: nothing behind it can be understood.
type stopError struct{ problem Problem }

func (e *stopError) Error() string { return e.problem.String() }

func (p position) stop(format string, args ...any) error {
	return &stopError{p.problem(format, args...)}
}

// node is a JSON value that remembers where it stands. Objects keep the order of their members and numbers their text.
type node struct {
	at      position
	kind    string // object, array, string, number, boolean or null
	text    string // of a string, or of a number as it is written
	truth   bool
	members []member
	items   []*node
}

// member is a name of an object and its value.
type member struct {
	name  string
	at    position
	value *node
}

// get returns the value of a member, or nil.
func (n *node) get(name string) *node {
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// maxNesting is how deeply a schema file may nest.
const maxNesting = 64

// parseJSON reads one JSON document. It refuses what encoding/json lets pass: a name that occurs twice, and text that is
// not UTF-8.
func parseJSON(name string, source []byte) (*node, error) {
	p := jsonParser{file: newFile(name, source), source: source}
	var syntax *json.SyntaxError
	var whole json.RawMessage
	if err := json.Unmarshal(source, &whole); errors.As(err, &syntax) {
		return nil, p.position(int(syntax.Offset)-1).stop("not JSON: %v", syntax)
	}
	for i := 0; i < len(source); {
		r, size := utf8.DecodeRune(source[i:])
		if r == utf8.RuneError && size == 1 {
			return nil, p.position(i).stop("not UTF-8")
		}
		i += size
	}
	p.decoder = json.NewDecoder(bytes.NewReader(source))
	p.decoder.UseNumber()
	return p.value(0)
}

type jsonParser struct {
	file    *file
	source  []byte
	decoder *json.Decoder
}

// position returns the place of a byte.
func (p *jsonParser) position(offset int) position {
	offset = max(0, min(offset, len(p.source)))
	line, exact := slices.BinarySearch(p.file.starts, offset)
	if !exact {
		line--
	}
	return position{p.file, line + 1, offset - p.file.starts[line] + 1, 1}
}

// next returns the place of the next token and the token.
func (p *jsonParser) next() (position, json.Token, error) {
	start := int(p.decoder.InputOffset())
	for start < len(p.source) && bytes.IndexByte([]byte(" \t\r\n,:"), p.source[start]) >= 0 {
		start++
	}
	token, err := p.decoder.Token()
	at := p.position(start)
	if err != nil {
		return at, nil, at.stop("not JSON: %v", err)
	}
	at.width = int(p.decoder.InputOffset()) - start
	return at, token, nil
}

// value reads the next value.
func (p *jsonParser) value(depth int) (*node, error) {
	at, token, err := p.next()
	if err != nil {
		return nil, err
	}
	if depth > maxNesting {
		return nil, at.stop("nested too deeply")
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return p.object(at, depth)
		}
		return p.array(at, depth)
	case string:
		return &node{at: at, kind: "string", text: v}, nil
	case json.Number:
		// Exact arithmetic with a number such as 1e9999999 would take all memory.
		_, exponent, _ := strings.Cut(strings.ToLower(v.String()), "e")
		if len(strings.TrimLeft(exponent, "+-0")) > 3 || len(v) > 400 {
			return nil, at.stop("the number is too long")
		}
		return &node{at: at, kind: "number", text: v.String()}, nil
	case bool:
		return &node{at: at, kind: "boolean", truth: v}, nil
	}
	return &node{at: at, kind: "null"}, nil
}

func (p *jsonParser) object(at position, depth int) (*node, error) {
	n := &node{at: at, kind: "object"}
	names := make(map[string]bool)
	for p.decoder.More() {
		nameAt, token, err := p.next()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if names[name] {
			p.file.problems = append(p.file.problems, nameAt.problem("the name %q occurs twice", name))
			continue
		}
		names[name] = true
		n.members = append(n.members, member{name, nameAt, v})
	}
	_, _, err := p.next()
	return n, err
}

func (p *jsonParser) array(at position, depth int) (*node, error) {
	n := &node{at: at, kind: "array"}
	for p.decoder.More() {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, v)
	}
	_, _, err := p.next()
	return n, err
}
