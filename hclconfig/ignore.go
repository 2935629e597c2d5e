package hclconfig

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// ignoreWord begins a comment that silences a warning.
const ignoreWord = "iggysink:ignore"

// ignore is one such comment: iggysink:ignore RULE REASON.
type ignore struct {
	rng    hcl.Range
	alone  bool // on its line
	rule   string
	reason string
	line   int // that it is about
	used   bool
}

// ignores takes the warnings out that a comment on the line above silences, and tells of comments that silence nothing.
// Several comments may stand above one line.
func (l *loader) ignores() {
	for _, f := range l.files {
		if !bytes.Contains(f.text, []byte(ignoreWord)) {
			continue
		}
		comments := nativeIgnores(f)
		if f.json {
			comments = jsonIgnores(f)
		}
		lines := make(map[int]bool)
		for _, c := range comments {
			lines[c.rng.Start.Line] = true
		}
		target := make(map[int]int) // behind the last of those that stand together
		for _, c := range slices.Backward(comments) {
			c.line = c.rng.Start.Line + 1
			if lines[c.line] {
				c.line = target[c.line]
			}
			target[c.rng.Start.Line] = c.line
		}
		comments = slices.DeleteFunc(comments, func(c *ignore) bool { return !l.validIgnore(c) })
		l.silence(f.name, comments)
	}
}

// validIgnore tells what is wrong with a comment.
func (l *loader) validIgnore(c *ignore) bool {
	if l.full(Warning) {
		return false
	}
	l.rule("invalid-ignore") // makes the index
	row := l.rows[c.rule]
	switch {
	case c.rule == "":
		l.at(c.rng, "invalid-ignore", "", "Write iggysink:ignore RULE REASON.")
	case row.ID == "":
		l.at(c.rng, "invalid-ignore", fmt.Sprintf("there is no rule %q", shorten(c.rule)),
			didYouMean(c.rule, slices.Sorted(maps.Keys(l.rows))))
	case row.Severity == Error:
		l.at(c.rng, "invalid-ignore", c.rule+" is an error", "Only warnings can be silenced.")
	case c.reason == "":
		l.at(c.rng, "invalid-ignore", "a reason is missing", "Write behind the rule why it does not apply.")
	case !c.alone:
		l.at(c.rng, "invalid-ignore", "the comment stands behind something", "It stands alone, on the line above.")
	default:
		return true
	}
	return false
}

// silence takes warnings of one file out.
func (l *loader) silence(name string, comments []*ignore) {
	byLine := make(map[int][]*ignore)
	for _, c := range comments {
		byLine[c.line] = append(byLine[c.line], c)
	}
	l.found = slices.DeleteFunc(l.found, func(d Diagnostic) bool {
		silent := false
		for _, c := range byLine[d.Range.Start.Line] {
			if d.Severity == Warning && d.Rule == c.rule && d.Range.Filename == name {
				c.used, silent = true, true
			}
		}
		return silent
	})
	for _, c := range comments {
		if !c.used {
			l.at(c.rng, "unused-ignore", "", fmt.Sprintf("There is no %s on line %d. Take the comment out.", c.rule, c.line))
		}
	}
}

// fill reads what stands behind the word.
func (c *ignore) fill(text string) {
	c.rule, c.reason, _ = strings.Cut(strings.TrimSpace(text), " ")
	c.reason = strings.TrimSpace(c.reason)
}

func nativeIgnores(f *source) (all []*ignore) {
	tokens, _ := hclsyntax.LexConfig(f.text, f.name, hcl.InitialPos) // the file parses
	for _, t := range tokens {
		if t.Type != hclsyntax.TokenComment {
			continue
		}
		text := bytes.TrimRight(t.Bytes, "\r\n")
		words := strings.TrimSpace(strings.TrimLeft(string(text), "#/"))
		rest, found := strings.CutPrefix(words, ignoreWord)
		if !found || bytes.HasPrefix(text, []byte("/*")) {
			continue
		}
		begin := bytes.LastIndexByte(f.text[:t.Range.Start.Byte], '\n') + 1
		rng := t.Range // without its line break
		rng.End = rng.Start
		rng.End.Byte, rng.End.Column = rng.End.Byte+len(text), rng.End.Column+utf8.RuneCount(text)
		c := &ignore{rng: rng, alone: len(bytes.TrimSpace(f.text[begin:rng.Start.Byte])) == 0}
		c.fill(rest)
		all = append(all, c)
	}
	return all
}

// jsonIgnore is a comment in JSON, as HCL has them: a property of the name //.
var jsonIgnore = regexp.MustCompile(`"//"\s*:\s*"` + ignoreWord + `([^"\\]*)"`)

func jsonIgnores(f *source) (all []*ignore) {
	from, lines := 0, 0
	for _, m := range jsonIgnore.FindAllSubmatchIndex(f.text, -1) {
		lines += bytes.Count(f.text[from:m[0]], []byte("\n")) // from one to the next: the file may be full of them
		begin := bytes.LastIndexByte(f.text[:m[0]], '\n') + 1
		rng := hcl.Range{Filename: f.name,
			Start: hcl.Pos{Line: lines + 1, Column: utf8.RuneCount(f.text[begin:m[0]]) + 1, Byte: m[0]},
			End:   hcl.Pos{Line: lines + 1, Column: utf8.RuneCount(f.text[begin:m[1]]) + 1, Byte: m[1]}}
		from = m[0]
		c := &ignore{rng: rng, alone: true}
		c.fill(string(f.text[m[2]:m[3]]))
		all = append(all, c)
	}
	return all
}
