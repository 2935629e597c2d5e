package rules

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
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
	label  int // in JSON: the line of the label of the block that begins in line
	used   bool
}

// ignores takes the warnings out that a comment on the line above silences, and tells of comments that silence nothing.
// Several comments may stand above one line.
func (rv *review) ignores() {
	for _, f := range rv.Sources {
		if !bytes.Contains(f.Text, []byte(ignoreWord)) {
			continue
		}
		comments := nativeIgnores(f)
		if f.JSON {
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
		if f.JSON {
			findLabels(f.Text, comments)
		}
		comments = slices.DeleteFunc(comments, func(c *ignore) bool { return !rv.validIgnore(c) })
		rv.silence(f.Name, comments)
	}
}

// validIgnore tells what is wrong with a comment.
func (rv *review) validIgnore(c *ignore) bool {
	if rv.Full(finding.Warning) {
		return false
	}
	row, known := rv.Rule(c.rule)
	switch {
	case c.rule == "":
		rv.At(c.rng, "invalid-ignore", "", "Write iggysink:ignore RULE REASON.")
	case strings.Contains(c.rule, ","):
		rv.At(c.rng, "invalid-ignore", "a comment silences one rule", "Write one comment for each rule, one below the other.")
	case !known:
		rv.At(c.rng, "invalid-ignore", fmt.Sprintf("there is no rule %q", mask.Shorten(c.rule)),
			rv.DidYouMean(c.rule, ruleIDs()))
	case row.Severity == finding.Error:
		rv.At(c.rng, "invalid-ignore", c.rule+" is an error", "Only warnings and notes can be silenced.")
	case c.reason == "":
		rv.At(c.rng, "invalid-ignore", "a reason is missing", "After the rule, say why it does not apply.")
	case !c.alone:
		rv.At(c.rng, "invalid-ignore", "the comment is not on its own line", "Put it alone on the line above.")
	default:
		return true
	}
	return false
}

func ruleIDs() (ids []string) {
	for _, rule := range finding.Rules() {
		ids = append(ids, rule.ID)
	}
	slices.Sort(ids)
	return ids
}

// silence takes warnings of one file out.
func (rv *review) silence(name string, comments []*ignore) {
	byLine := make(map[int][]*ignore)
	for _, c := range comments {
		byLine[c.line] = append(byLine[c.line], c)
		if c.label > 0 {
			byLine[c.label] = append(byLine[c.label], c)
		}
	}
	rv.Found = slices.DeleteFunc(rv.Found, func(d finding.Diagnostic) bool {
		silent := false
		for _, c := range byLine[d.Range.Start.Line] {
			if d.Severity != finding.Error && d.Rule == c.rule && d.Range.Filename == name {
				c.used, silent = true, true
			}
		}
		return silent
	})
	comments = slices.DeleteFunc(comments, func(c *ignore) bool { return c.used })
	needed := rv.mayBeNeeded(name, comments)
	for i, c := range comments {
		if !needed[i] && !rv.Partial {
			rv.At(c.rng, "unused-ignore", "", fmt.Sprintf("There is no %s on line %d. Remove the comment.", c.rule, c.line))
		}
	}
}

// mayBeNeeded reports which comments of a file are about a block that has a value which the rule goes by, and which is not
// known or not valid: once it is, there may be something to silence.
func (rv *review) mayBeNeeded(file string, comments []*ignore) []bool {
	needed := make([]bool, len(comments))
	if len(comments) == 0 {
		return needed
	}
	unknown := make(map[string]map[string]bool) // names by the block at the top
	about := make([]map[string]bool, len(comments))
	for pointer, o := range rv.Places {
		block := topOf(pointer)
		if o.Unknown {
			if unknown[block] == nil {
				unknown[block] = make(map[string]bool)
			}
			for name := range strings.SplitSeq(pointer, "/") {
				unknown[block][name] = true
			}
		}
		first, last := o.Name.Start.Line, max(o.Name.End.Line, o.Value.End.Line)
		if o.Name.Filename != file || first == 0 {
			continue
		}
		i, _ := slices.BinarySearchFunc(comments, first, func(c *ignore, line int) int { return c.line - line })
		for ; i < len(comments) && comments[i].line <= last; i++ {
			if about[i] == nil {
				about[i] = make(map[string]bool)
			}
			about[i][block] = true
		}
	}
	for i, c := range comments {
		rule, _ := rv.Rule(c.rule)
		for block := range about[i] {
			needed[i] = needed[i] || slices.ContainsFunc(rule.GoesBy, func(name string) bool { return unknown[block][name] })
		}
	}
	return needed
}

// topOf returns the part of a pointer that leads to a block at the top, such as /sink/3.
func topOf(pointer string) string {
	parts := strings.SplitN(pointer, "/", 4)
	return strings.Join(parts[:min(len(parts), 3)], "/")
}

// fill reads what stands behind the word.
func (c *ignore) fill(text string) {
	text = strings.TrimSpace(text)
	end := strings.IndexFunc(text, unicode.IsSpace)
	if end < 0 {
		end = len(text)
	}
	c.rule, c.reason = text[:end], strings.TrimSpace(text[end:])
}

func nativeIgnores(f *mask.File) (all []*ignore) {
	tokens, _ := hclsyntax.LexConfig(f.Text, f.Name, hcl.InitialPos) // the file parses
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
		begin := bytes.LastIndexByte(f.Text[:t.Range.Start.Byte], '\n') + 1
		rng := t.Range // without its line break
		rng.End = rng.Start
		rng.End.Byte, rng.End.Column = rng.End.Byte+len(text), rng.End.Column+utf8.RuneCount(text)
		c := &ignore{rng: rng, alone: len(bytes.TrimSpace(f.Text[begin:rng.Start.Byte])) == 0}
		c.fill(rest)
		all = append(all, c)
	}
	return all
}

// jsonIgnore is a comment in JSON, as HCL has them: a property of the name //.
var jsonIgnore = regexp.MustCompile(`"//"\s*:\s*"` + ignoreWord + `((?:[^"\\]|\\.)*)"`)

func jsonIgnores(f *mask.File) (all []*ignore) {
	from, lines := 0, 0
	for _, m := range jsonIgnore.FindAllSubmatchIndex(f.Text, -1) {
		lines += bytes.Count(f.Text[from:m[0]], []byte("\n")) // from one to the next: the file may be full of them
		begin := bytes.LastIndexByte(f.Text[:m[0]], '\n') + 1
		rng := hcl.Range{Filename: f.Name,
			Start: hcl.Pos{Line: lines + 1, Column: utf8.RuneCount(f.Text[begin:m[0]]) + 1, Byte: m[0]},
			End:   hcl.Pos{Line: lines + 1, Column: utf8.RuneCount(f.Text[begin:m[1]]) + 1, Byte: m[1]}}
		from = m[0]
		c := &ignore{rng: rng, alone: true}
		c.fill(string(f.Text[m[2]:m[3]]))
		all = append(all, c)
	}
	return all
}

// jsonHeader is a line that begins an object or a list and has nothing else: the type of a block, or its label.
var jsonHeader = regexp.MustCompile(`^\s*(?:\{\s*)?"[^"]*"\s*:\s*[\[{]\s*$`)

// findLabels finds labels that stand on a line of their own: a comment cannot stand above one, where HCL has no comments,
// so that what stands above the type of the block is about both.
func findLabels(text []byte, comments []*ignore) {
	lines := bytes.Split(text, []byte("\n"))
	for _, c := range comments {
		if c.line < len(lines) && jsonHeader.Match(lines[c.line-1]) && jsonHeader.Match(lines[c.line]) {
			c.label = c.line + 1
		}
	}
}
