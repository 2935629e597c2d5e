package findings

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"iggysink/hclconfig"
)

// lineHashName is the fingerprint that GitHub matches alerts by. github/codeql-action computes it of each line where a
// report has none, in src/fingerprints.ts; a report that reaches GitHub by another way has to bring it.
const lineHashName = "primaryLocationLineHash"

const (
	hashWindow = 100    // code units that a line's hash is made of, white space aside
	hashFactor = 37     // of the polynomial
	hashEnd    = 0xffff // stands at the end of the file
)

// lineHashes returns the hash of each line, as GitHub computes it: a polynomial over 100 code units from the line's start on,
// without blanks and tabs, so that another layout changes nothing; a number behind it counts equal ones.
func lineHashes(text []byte) []string {
	h := lineHasher{counts: make(map[string]int), power: 1}
	for range hashWindow {
		h.power *= hashFactor
	}
	atStart, wasCR := true, false
	for _, unit := range append(utf16.Encode([]rune(string(text))), hashEnd) {
		switch {
		case unit == ' ', unit == '\t', unit == '\n' && wasCR:
			wasCR = false
			continue
		case unit == '\r':
			unit, wasCR = '\n', true
		default:
			wasCR = false
		}
		h.emit()
		if atStart {
			h.lines++
			h.pending[h.at] = h.lines
		}
		atStart = unit == '\n'
		h.add(unit)
	}
	for range hashWindow {
		h.emit()
		h.add(0)
	}
	return h.hashes
}

// lineHasher is a hash over a window that moves along a text.
type lineHasher struct {
	window  [hashWindow]uint16
	pending [hashWindow]int // the line that begins at a place of the window, from 1
	at      int
	sum     uint64
	power   uint64 // hashFactor to the power of the window
	lines   int
	counts  map[string]int
	hashes  []string
}

// emit notes the hash of the line whose window is full.
func (h *lineHasher) emit() {
	if h.pending[h.at] == 0 {
		return
	}
	hash := strconv.FormatUint(h.sum, 16)
	h.counts[hash]++
	h.hashes = append(h.hashes, fmt.Sprintf("%s:%d", hash, h.counts[hash]))
	h.pending[h.at] = 0
}

func (h *lineHasher) add(unit uint16) {
	h.sum = h.sum*hashFactor + uint64(unit) - h.power*uint64(h.window[h.at])
	h.window[h.at] = unit
	h.at = (h.at + 1) % hashWindow
}

// shownHashes returns the hashes of a file's lines, none for a line whose window holds something that is masked: the
// polynomial can be turned back. GitHub's action computes those where it has the file.
func shownHashes(name string, text []byte) []string {
	if strings.HasSuffix(name, ".json") {
		return nil // what of it would be masked is not known here
	}
	shown, _ := hclconfig.FormatShown(text)
	hashes := lineHashes(text)
	lines, masked := bytes.Split(text, []byte("\n")), bytes.Split(shown, []byte("\n"))
	if len(lines) != len(masked) || bytes.IndexByte(text, '\r') >= 0 && !bytes.Equal(text, shown) {
		return nil
	}
	for i := range hashes {
		units := 0
		for k := i; k < len(lines) && units < hashWindow; k++ {
			if !bytes.Equal(lines[k], masked[k]) {
				hashes[i] = ""
				break
			}
			units += 1 + len(bytes.Join(bytes.Fields(lines[k]), nil))/4 // of four bytes there is one unit at least
		}
	}
	return hashes
}

// lineHash returns the hash of the line that a finding is about; "" if there is none. known holds those of the files that
// were looked at.
func (f Findings) lineHash(d hclconfig.Diagnostic, known map[string][]string) string {
	name, line := d.Range.Filename, d.Range.Start.Line
	text, read := f.Files[name]
	if !read || line == 0 {
		return ""
	}
	hashes, done := known[name]
	if !done {
		hashes = shownHashes(name, text)
		known[name] = hashes
	}
	if line > len(hashes) {
		return ""
	}
	return hashes[line-1]
}
