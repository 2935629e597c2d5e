package mask

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// Snippet is one source line with everything replaced that may be secret.
type Snippet struct {
	Line    int    // from 1
	Code    string // without its line break
	Start   int    // byte in Code where the highlight begins
	End     int    // byte in Code behind the highlight
	Context string // header of the block around it, such as `sink "orders"`; may be empty
}

// Snippet returns the first line of a range.
func (f *File) Snippet(rng hcl.Range) *Snippet {
	at := rng.Start.Byte
	if rng.Start.Line == 0 || at > len(f.Text) {
		return nil
	}
	start := bytes.LastIndexByte(f.Text[:at], '\n') + 1
	end := len(f.Text)
	if i := bytes.IndexByte(f.Text[at:], '\n'); i >= 0 {
		end = at + i
	}
	if end-start > LongLine { // a file may stand on one line: only what is close matters
		if f.Body == nil {
			return nil
		}
		for start = max(start, at-LongLine/2); !utf8.RuneStart(f.Text[start]); start++ {
		}
		for end = min(end, at+LongLine/2); end < len(f.Text) && !utf8.RuneStart(f.Text[end]); end++ {
		}
	}
	line := bytes.TrimSuffix(f.Text[start:end], []byte("\r"))
	if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
		return nil
	}
	s := &Snippet{Line: rng.Start.Line, Context: f.contextAt(at)}
	to := max(at, min(rng.End.Byte, start+len(line)))
	s.render(line, f.hidden(span{start, start + len(line)}), at-start, to-start)
	if s.Code == "" { // a comment alone
		return nil
	}
	s.cut()
	return s
}

func (f *File) contextAt(at int) string {
	title := ""
	for _, c := range f.contexts {
		if c.start <= at && at <= c.end {
			title = c.title
		}
	}
	return title
}

// render writes a line with its hidden pieces replaced, and finds the highlight again in what it wrote.
func (s *Snippet) render(line []byte, hidden []token, from, to int) {
	var b strings.Builder
	at := 0
	s.Start, s.End = -1, -1
	advance := func(end int, text string, replaced bool) {
		move := func(p int, atEnd bool) int {
			switch {
			case !replaced:
				return b.Len() + p - at
			case atEnd:
				return b.Len() + len(text)
			}
			return b.Len()
		}
		if s.Start < 0 && from < end {
			s.Start = move(from, false)
		}
		if s.End < 0 && to <= end {
			s.End = move(to, to > at)
		}
		b.WriteString(text)
		at = end
	}
	for _, h := range hidden {
		advance(h.start, string(line[at:h.start]), false)
		if h.comment {
			advance(h.end, "", true)
		} else {
			advance(h.end, Hidden, true)
		}
	}
	advance(len(line), string(line[at:]), false)
	s.Code = strings.TrimRight(b.String(), " \t")
	if s.Start < 0 {
		s.Start = len(s.Code)
	}
	s.Start = min(s.Start, len(s.Code))
	s.End = min(max(s.Start, s.End), len(s.Code))
}

// cut keeps the part of a long line that matters: a whole JSON file may stand on one.
func (s *Snippet) cut() {
	const widest = 160
	if len(s.Code) <= widest {
		return
	}
	from := max(0, s.Start-widest/4)
	to := min(len(s.Code), from+widest)
	for from > 0 && !utf8.RuneStart(s.Code[from]) {
		from--
	}
	for to < len(s.Code) && !utf8.RuneStart(s.Code[to]) {
		to++
	}
	begin, end := "", ""
	if from > 0 {
		begin = "..."
	}
	if to < len(s.Code) {
		end = "..."
	}
	s.Start, s.End = s.Start-from+len(begin), min(s.End, to)-from+len(begin)
	s.Code = begin + s.Code[from:to] + end
}
