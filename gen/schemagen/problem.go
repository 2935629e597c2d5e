package schemagen

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is one thing in a schema file that the generator refuses.
type Problem struct {
	File    string // as it was given to Parse
	Line    int    // from 1
	Column  int    // from 1, in bytes
	Width   int    // bytes of the token at fault, at least 1
	Message string // what is wrong, without a full stop
	Source  string // the line, without its end

	kind string // what its kind has in common; if empty the message
}

// String gives file, line, column and message in one line.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Text gives the problem for people: message, place, and the line with the token underlined.
//
//	Error: the keyword "multipleOf" is not supported
//	  schema/config.schema.json:12:17
//	   12 |   "minimum": 1, "multipleOf": 2
//	      |                 ^^^^^^^^^^^^
func (p Problem) Text() string {
	before, token, after := p.snippet()
	number := fmt.Sprintf("%4d", p.Line)
	margin := strings.Repeat(" ", len(number))
	under := strings.Repeat(" ", utf8.RuneCountInString(before)) + strings.Repeat("^", max(1, utf8.RuneCountInString(token)))
	return fmt.Sprintf("Error: %s\n  %s:%d:%d\n%s | %s%s%s\n%s | %s\n",
		p.Message, p.File, p.Line, p.Column, number, before, token, after, margin, under)
}

// snippet cuts the line around the token: a description may be hundreds of bytes long. What is not printable becomes a
// space, or it would move the underline.
func (p Problem) snippet() (before, token, after string) {
	const most = 60 // runes on either side, and of the token
	start := max(0, min(p.Column-1, len(p.Source)))
	end := max(start, min(start+p.Width, len(p.Source)))
	left, middle, right := printable(p.Source[:start]), printable(p.Source[start:end]), printable(p.Source[end:])
	if trimmed := strings.TrimLeft(string(left), " "); len([]rune(trimmed)) > most {
		left = append([]rune("..."), left[len(left)-most:]...)
	}
	if len(middle) > most {
		middle, right = middle[:most], []rune("...")
	}
	if len(right) > most {
		right = append(right[:most:most], []rune("...")...)
	}
	return string(left), string(middle), string(right)
}

func printable(s string) []rune {
	return []rune(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s))
}

// Problems is everything that is wrong with a schema, in the order of the file.
type Problems []Problem

// String gives one line for each problem.
func (l Problems) String() string {
	lines := make([]string, 0, len(l))
	for _, p := range l {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// Bounds of Err: a schema that was written for something else has thousands of problems of a few kinds.
const (
	maxKinds   = 20 // that are shown
	maxOfAKind = 3  // that are shown in full
	maxLines   = 12 // that are named of the others
)

// Err returns the problems as one error that reads like Text, or nil if there is none. Problems of one kind stand together:
// the first of them in full, the lines of some others, and how many there are.
func (l Problems) Err() error {
	if len(l) == 0 {
		return nil
	}
	kinds, order := l.byKind()
	var texts []string
	shown := 0
	for _, kind := range order[:min(len(order), maxKinds)] {
		list := kinds[kind]
		shown += len(list)
		for _, p := range list[:min(len(list), maxOfAKind)] {
			texts = append(texts, p.Text())
		}
		if rest := list[min(len(list), maxOfAKind):]; len(rest) > 0 {
			texts[len(texts)-1] += "  " + others(rest) + "\n"
		}
	}
	if len(order) > maxKinds {
		texts = append(texts, fmt.Sprintf("%d more problems of %d other kinds were left out; fix these first\n",
			len(l)-shown, len(order)-maxKinds))
	}
	if len(l) > maxOfAKind {
		texts = append(texts, fmt.Sprintf("%d problems\n", len(l)))
	}
	return errors.New(strings.TrimSuffix(strings.Join(texts, "\n"), "\n"))
}

// byKind returns the problems of each kind, and the kinds in the order of their first.
func (l Problems) byKind() (kinds map[string]Problems, order []string) {
	kinds = make(map[string]Problems)
	for _, p := range l {
		kind := cmp.Or(p.kind, p.Message)
		if kinds[kind] == nil {
			order = append(order, kind)
		}
		kinds[kind] = append(kinds[kind], p)
	}
	return kinds, order
}

// others says where the problems are that are not shown.
func others(list Problems) string {
	var lines []string
	for _, p := range list {
		if line := strconv.Itoa(p.Line); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
		if len(lines) > maxLines {
			lines[maxLines] = "..."
			break
		}
	}
	where := "line"
	if len(lines) > 1 {
		where = "lines"
	}
	return fmt.Sprintf("and %d more of this kind: %s %s", len(list), where, strings.Join(lines, ", "))
}

// inOrder returns the problems in the order of the file, each once.
func (l Problems) inOrder() Problems {
	slices.SortStableFunc(l, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	return slices.CompactFunc(l, func(a, b Problem) bool { return a.Line == b.Line && a.Column == b.Column && a.Message == b.Message })
}
