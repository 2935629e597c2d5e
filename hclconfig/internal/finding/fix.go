package finding

import (
	"bytes"
	"fmt"
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

// meaning is something that means nothing or is wrong, and what may be meant by it.
type meaning struct {
	name    string // as it stands in the file; empty: there is nothing, and instead goes in front of the finding
	instead string
	source  bool // instead is text of a configuration as it is written, and not a name or what stands in quotes
}

// asks reports whether a text asks for the meaning, and for nothing that makes it wrong.
func (m meaning) asks(detail string) bool {
	if m.instead == "" || m.instead == m.name || strings.Contains(detail, alreadySet) {
		return false
	}
	instead := strings.TrimSpace(m.instead)
	return strings.Contains(detail, YouMean(instead)) || strings.Contains(detail, try(instead)) ||
		m.source && strings.Contains(detail, instead)
}

// try is how a message offers a value.
func try(value string) string { return fmt.Sprintf("Try %q.", value) }

// Offer says what the finding that is told next offers in its words, in the place of a value as it stands in quotes.
func (r *Report) Offer(value, instead string) { r.meant = meaning{name: value, instead: instead} }

// OfferSource is Offer for any piece of a file. Without one, instead is put in front of what the finding is about.
func (r *Report) OfferSource(piece, instead string) {
	r.meant = meaning{name: piece, instead: instead, source: true}
}

// fits reports whether what is meant can be written in the place of a name.
func (m meaning) fits(quoted bool) bool {
	return m.source || !strings.ContainsAny(m.instead, "\"\\$%\r\n") && (quoted || hclsyntax.ValidIdentifier(m.instead))
}

// FindFix looks in the text of the finding's file for the name that it is about, and notes what may stand there instead. It
// finds nothing where the name stands there twice, or where another cannot be written.
func (d *Diagnostic) FindFix(text []byte) {
	from, to := d.Range.Start.Byte, d.Range.End.Byte
	if d.meant.instead == "" || d.Range.Start.Line == 0 || from < 0 || from > to || to > len(text) {
		return
	}
	if d.meant.name == "" {
		d.Fix = &Fix{hcl.Range{Filename: d.Range.Filename, Start: d.Range.Start, End: d.Range.Start}, d.meant.instead}
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
	if !d.meant.fits(quoted) {
		return
	}
	instead := d.meant.instead
	if strings.HasSuffix(d.Range.Filename, ".json") && name[0] != '"' { // it stands in a string
		instead = strings.ReplaceAll(instead, `"`, `\"`)
	}
	d.Fix = &Fix{hcl.Range{Filename: d.Range.Filename, Start: position(text, start), End: position(text, end)}, instead}
}

// isWord reports whether text[from:to] is not a part of a longer name.
func isWord(text []byte, from, to int) bool {
	before, _ := utf8.DecodeLastRune(text[:from])
	first, _ := utf8.DecodeRune(text[from:])
	last, _ := utf8.DecodeLastRune(text[:to])
	after, _ := utf8.DecodeRune(text[to:])
	part := func(r rune) bool { return r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	return (from == 0 || !part(before) || !part(first)) && (to == len(text) || !part(after) || !part(last))
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
