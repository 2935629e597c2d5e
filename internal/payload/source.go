package payload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"iggysink/internal/jsonscan"
)

// Error says why a schema cannot be used, and where.
type Error struct {
	Line, Column int    // from 1, the column in characters
	Pointer      string // JSON pointer into the schema; empty: the schema itself, or text that is no JSON
	Cause        string // what is wrong, and what to do
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Cause)
}

// in finds a place in a schema's text.
func (p place) in(source []byte) *Error {
	line, column := lineColumn(source, p.offset(source))
	return &Error{Line: line, Column: column, Pointer: p.pointer, Cause: p.text}
}

// first returns the mistake that stands first.
func first(faults []place, source []byte) *Error {
	found := slices.MinFunc(faults, func(a, b place) int { return a.offset(source) - b.offset(source) })
	return found.in(source)
}

// offset returns the byte that a place begins at: of the value, or of its name.
func (p place) offset(source []byte) int {
	parent, last := p.pointer, ""
	if p.isName {
		i := strings.LastIndexByte(p.pointer, '/')
		parent, last = p.pointer[:max(i, 0)], jsonscan.UnescapeToken(p.pointer[i+1:])
	}
	value, ok := jsonscan.ParsePointer(parent).Find(source)
	if !ok {
		return 0
	}
	if p.isName {
		for name := range jsonscan.Members(value) {
			if string(jsonscan.AppendText(nil, name)) == last {
				return offsetOf(source, name)
			}
		}
	}
	return offsetOf(source, value)
}

// offsetOf returns where a piece of source begins: both end at the same capacity.
func offsetOf(source, piece []byte) int { return cap(source) - cap(piece) }

func lineColumn(source []byte, offset int) (line, column int) {
	before := source[:min(offset, len(source))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// syntaxFault says what of a schema is no JSON.
func syntaxFault(source []byte, err error) *Error {
	offset, cause := len(source), "the text ends before its JSON does"
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(source)) == 0:
		offset, cause = 0, "it is empty"
	case bytes.HasPrefix(source, []byte{0xff, 0xfe}), bytes.HasPrefix(source, []byte{0xfe, 0xff}):
		offset, cause = 0, "it is in UTF-16: JSON is in UTF-8"
	case errors.As(err, &syntax) && !strings.Contains(err.Error(), "unexpected end"):
		offset, cause = causeAt(source, int(syntax.Offset)-1)
	case errors.Is(err, errSecondValue):
		rest := json.NewDecoder(bytes.NewReader(source))
		var whole json.RawMessage
		if rest.Decode(&whole) == nil {
			offset = int(rest.InputOffset())
			offset += len(source[offset:]) - len(bytes.TrimLeft(source[offset:], " \t\r\n"))
		}
		cause = "it is not JSON: there is text after its end"
	case errors.Is(err, io.ErrUnexpectedEOF):
	}
	line, column := lineColumn(source, max(offset, 0))
	return &Error{Line: line, Column: column, Cause: cause}
}

// causeAt says what is wrong at a byte that no JSON has there, and where that begins.
func causeAt(source []byte, at int) (int, string) {
	at = min(max(at, 0), len(source)-1)
	found, size := utf8.DecodeRune(source[at:])
	before := bytes.TrimRight(source[:at], " \t\r\n")
	comma := len(before) > 0 && before[len(before)-1] == ','
	switch {
	case comma && (found == '}' || found == ']'):
		return len(before) - 1, "unexpected comma: nothing follows it"
	case found == '/' || found == '#':
		return at, "JSON has no comments: use $comment, or take it out"
	case found == '\'':
		return at, "a string in JSON needs double quotes"
	case found == '"' && len(before) > 0:
		return at, "a comma is missing in front of this"
	case found == utf8.RuneError && size == 1:
		return at, "this is not UTF-8"
	case found < ' ':
		return at, "a text ends in its line: a line break in it is \\n"
	case found == '_' || found >= 'a' && found <= 'z' || found >= 'A' && found <= 'Z':
		return at, "it is not JSON: write names and strings in double quotes; the only other words are true, false and null"
	}
	return at, fmt.Sprintf("it is not JSON: there may be no %s here", strconv.QuoteRune(found))
}
