package mask

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"iggysink/internal/jsonscan"

	"github.com/apparentlymart/go-textseg/v15/textseg"
	"github.com/hashicorp/hcl/v2"
)

// Exact returns where in the file a range is that HCL found in the text of a JSON string. HCL counts as if there were no
// escapes: behind each it is too early. Every other range of a JSON file begins where a value or a name does, and stays.
func (f *File) Exact(rng hcl.Range) hcl.Range {
	if !f.JSON {
		return rng
	}
	if f.escaped == nil {
		f.escaped = escapedStrings(f.Text)
	}
	at, found := slices.BinarySearchFunc(f.escaped, rng.Start.Byte, func(s span, b int) int {
		switch {
		case s.end <= b:
			return -1
		case s.start >= b:
			return 1
		}
		return 0
	})
	if !found || f.escaped[at].end-f.escaped[at].start > LongLine {
		return rng
	}
	rng.Start = unescapedPos(f.Text, f.escaped[at], rng.Start)
	rng.End = unescapedPos(f.Text, f.escaped[at], rng.End)
	return rng
}

// escapedStrings returns the strings of a JSON file that have an escape in them. It is not nil.
func escapedStrings(text []byte) []span {
	all := []span{}
	for i := 0; i < len(text); i++ {
		if text[i] != '"' {
			continue
		}
		end, _ := jsonscan.StringEnd(text, i)
		if bytes.IndexByte(text[i:end], '\\') >= 0 {
			all = append(all, span{i, end})
		}
		i = end - 1
	}
	return all
}

// unescapedPos moves a position in the text of a string to where that stands in the file.
func unescapedPos(text []byte, s span, pos hcl.Pos) hcl.Pos {
	left, i := pos.Byte-s.start-1, s.start+1
	for left > 0 && i < s.end-1 {
		raw, size := character(text[i : s.end-1])
		if text[i] == '\\' && raw == '\n' {
			pos.Line--
		}
		left -= utf8.RuneLen(raw)
		i += size
	}
	pos.Byte, pos.Column = i, Column(text, i)
	return pos
}

// Column returns the column of a byte as HCL counts: what a reader takes for one character is one.
func Column(text []byte, i int) int {
	begin := bytes.LastIndexByte(text[:i], '\n') + 1
	if i-begin > 2*LongLine { // on a line that nobody reads, it may cost no time
		return utf8.RuneCount(text[begin:i]) + 1
	}
	n, err := textseg.TokenCount(text[begin:i], textseg.ScanGraphemeClusters)
	if err != nil {
		return 1
	}
	return n + 1
}

// character returns the first character of a JSON string, and how many bytes it is written in.
func character(raw []byte) (rune, int) {
	var size int
	switch {
	case raw[0] != '\\' || len(raw) < 2:
		return utf8.DecodeRune(raw)
	case raw[1] != 'u':
		size = 2
	default:
		size = min(6, len(raw))
	}
	decode := func(size int) []rune {
		var text string
		if json.Unmarshal(slices.Concat([]byte{'"'}, raw[:size], []byte{'"'}), &text) != nil {
			return []rune{utf8.RuneError}
		}
		return []rune(text)
	}
	if size == 6 && len(raw) >= 12 { // two halves of one character
		if pair := decode(12); len(pair) == 1 && raw[6] == '\\' {
			return pair[0], 12
		}
	}
	return decode(size)[0], size
}
