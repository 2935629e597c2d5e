package message

import (
	"bytes"

	"iggysink/schema"
)

// AppendURL appends the program's text as a URL. A value is percent-encoded, so that it cannot leave its path segment or
// its query parameter; an empty one, and a path segment of dots, which a server would climb by, are an *Error.
func (p *Program) AppendURL(dst []byte, s *Scope) ([]byte, error) {
	start := len(dst)
	dst, err := p.AppendText(dst, s, escapeURL)
	if err == nil && climbs(dst[start:]) {
		err = &Error{"a path segment would be . or .., which servers resolve"}
	}
	return dst, err
}

func escapeURL(dst, value []byte) ([]byte, error) {
	if len(value) == 0 {
		return dst, &Error{"a value is empty, where the url needs text"}
	}
	return schema.AppendPercentEncoded(dst, value), nil
}

// climbs reports whether a segment of the path is one or two dots, encoded or not.
func climbs(url []byte) bool {
	if i := bytes.Index(url, []byte("://")); i >= 0 {
		url = url[i+3:]
	}
	if i := bytes.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	_, path, found := bytes.Cut(url, []byte("/")) // behind the authority
	for found {
		var segment []byte
		if segment, path, found = bytes.Cut(path, []byte("/")); isDots(segment) {
			return true
		}
	}
	return false
}

// isDots reports whether a segment is one or two dots, each of which may be percent-encoded.
func isDots(segment []byte) bool {
	dots := 0
	for ; len(segment) > 0; dots++ {
		switch {
		case segment[0] == '.':
			segment = segment[1:]
		case len(segment) >= 3 && segment[0] == '%' && segment[1] == '2' && segment[2]|0x20 == 'e':
			segment = segment[3:]
		default:
			return false
		}
	}
	return dots == 1 || dots == 2
}

// AppendHeader appends the program's text as the value of an HTTP header. A control character, a line break among them,
// is an *Error; the white space around the value is dropped, as RFC 9110 section 5.5 has it.
func (p *Program) AppendHeader(dst []byte, s *Scope) ([]byte, error) {
	start := len(dst)
	dst, err := p.AppendText(dst, s, nil)
	if err != nil {
		return dst, err
	}
	for _, c := range dst[start:] {
		if c < ' ' && c != '\t' || c == 0x7f {
			return dst, &Error{"a value has a control character, which cannot stand in a header"}
		}
	}
	return append(dst[:start], bytes.Trim(dst[start:], " \t")...), nil
}
