package finding

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/apparentlymart/go-textseg/v15/textseg"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Fix is what a finding asks whether it is meant: Text in the place of Range, which is of the finding's file. It is offered
// and never made without a word: the name may be meant or not.
type Fix struct {
	Range hcl.Range
	Text  string
}

// meaning is a name that means nothing, and the one that is close to it.
type meaning struct{ name, instead string }

// asks reports whether a text asks for the meaning, and for nothing that makes it wrong.
func (m meaning) asks(detail string) bool {
	return m.instead != "" && m.instead != m.name && strings.Contains(detail, YouMean(m.instead)) && !strings.Contains(detail, alreadySet)
}

// FindFix looks in the text of the finding's file for the name that it is about, and notes what may stand there instead. It
// finds nothing where the name stands there twice, or where another cannot be written.
func (d *Diagnostic) FindFix(text []byte) {
	from, to := d.Range.Start.Byte, d.Range.End.Byte
	if d.meant.name == "" || d.Range.Start.Line == 0 || from < 0 || from > to || to > len(text) {
		return
	}
	name, part := []byte(d.meant.name), text[from:to]
	found := -1
	for at := 0; ; {
		i := bytes.Index(part[at:], name)
		if i < 0 {
			break
		}
		if at += i; isWord(part, at, at+len(name)) {
			if found >= 0 {
				return
			}
			found = at
		}
		at += len(name)
	}
	if found < 0 {
		return
	}
	start, end := from+found, from+found+len(name)
	quoted := start > 0 && text[start-1] == '"' && end < len(text) && text[end] == '"'
	if strings.ContainsAny(d.meant.instead, "\"\\$%\r\n") || !quoted && !hclsyntax.ValidIdentifier(d.meant.instead) {
		return
	}
	d.Fix = &Fix{hcl.Range{Filename: d.Range.Filename, Start: position(text, start), End: position(text, end)}, d.meant.instead}
}

// isWord reports whether text[from:to] is not a part of a longer name.
func isWord(text []byte, from, to int) bool {
	before, _ := utf8.DecodeLastRune(text[:from])
	after, _ := utf8.DecodeRune(text[to:])
	part := func(r rune) bool { return r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	return (from == 0 || !part(before)) && (to == len(text) || !part(after))
}

// position returns where a byte of a text is, as HCL counts.
func position(text []byte, offset int) hcl.Pos {
	before := text[:offset]
	clusters, err := textseg.TokenCount(before[bytes.LastIndexByte(before, '\n')+1:], textseg.ScanGraphemeClusters)
	if err != nil { // it cannot fail over bytes in memory
		clusters = 0
	}
	return hcl.Pos{Line: bytes.Count(before, []byte("\n")) + 1, Column: clusters + 1, Byte: offset}
}
