package hclconfig

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

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
		valid := comments[:0]
		for _, c := range comments {
			for c.line = c.rng.Start.Line + 1; lines[c.line]; c.line++ {
			}
			if l.validIgnore(c) {
				valid = append(valid, c)
			}
		}
		l.silence(f.name, valid)
	}
}

// validIgnore tells what is wrong with a comment.
func (l *loader) validIgnore(c *ignore) bool {
	var ids []string
	row := Rule{}
	for _, r := range Rules() {
		ids = append(ids, r.ID)
		if r.ID == c.rule {
			row = r
		}
	}
	switch {
	case c.rule == "":
		l.at(c.rng, "invalid-ignore", "", "Write iggysink:ignore RULE REASON.")
	case row.ID == "":
		l.at(c.rng, "invalid-ignore", fmt.Sprintf("there is no rule %q", printable(shorten(c.rule))), didYouMean(c.rule, ids))
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
	l.found = slices.DeleteFunc(l.found, func(d Diagnostic) bool {
		silent := false
		for _, c := range comments {
			if d.Severity == Warning && d.Rule == c.rule && d.Range.Filename == name && d.Range.Start.Line == c.line {
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
		end := t.Range.Start.Byte + len(text)
		c := &ignore{rng: rangeAt(f.name, f.text, t.Range.Start.Byte, end),
			alone: len(bytes.TrimSpace(f.text[begin:t.Range.Start.Byte])) == 0}
		c.fill(rest)
		all = append(all, c)
	}
	return all
}

// jsonIgnore is a comment in JSON, as HCL has them: a property of the name //.
var jsonIgnore = regexp.MustCompile(`"//"\s*:\s*"` + ignoreWord + `([^"\\]*)"`)

func jsonIgnores(f *source) (all []*ignore) {
	for _, m := range jsonIgnore.FindAllSubmatchIndex(f.text, -1) {
		c := &ignore{rng: rangeAt(f.name, f.text, m[0], m[1]), alone: true}
		c.fill(string(f.text[m[2]:m[3]]))
		all = append(all, c)
	}
	return all
}
