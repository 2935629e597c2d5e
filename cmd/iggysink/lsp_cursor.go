package main

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// cursor is where in a file an editor's cursor is. It is found by tokens, not by parsing: while somebody types, the file
// does not parse.
type cursor struct {
	path  []string // types of the blocks around it
	set   []string // attributes that are set in the innermost of them, before it or behind
	name  string   // the attribute or block type that its line begins with; empty if none
	value bool     // it is behind the = of its line
	inner bool     // it is in an object or a list of more than one line: nothing is known there
}

// offsetOf returns the byte of a position.
func offsetOf(text []byte, at lspPosition) int {
	offset := 0
	for range at.Line {
		i := bytes.IndexByte(text[offset:], '\n')
		if i < 0 {
			return len(text)
		}
		offset += i + 1
	}
	for units := 0; units < at.Character && offset < len(text) && text[offset] != '\n'; {
		r, n := utf8.DecodeRune(text[offset:])
		units++
		if r > 0xffff {
			units++
		}
		offset += n
	}
	return offset
}

// openScope is a pair of braces or brackets that is open.
type openScope struct {
	block string // type of the block; empty for an object, a list or a call
	set   []string
}

// cursorAt finds the place of a byte.
func cursorAt(text []byte, at int) cursor {
	tokens, _ := hclsyntax.LexConfig(text, "", hcl.InitialPos) // what is wrong in it is no concern here
	tokens = slices.DeleteFunc(tokens, func(t hclsyntax.Token) bool {
		return t.Type == hclsyntax.TokenComment && !bytes.HasSuffix(t.Bytes, []byte("\n"))
	})
	first, _ := slices.BinarySearchFunc(tokens, at, func(t hclsyntax.Token, at int) int { return t.Range.Start.Byte - at })
	stack, line := openBefore(tokens[:first])
	if len(line) == 0 && first < len(tokens) && !bytes.ContainsRune(text[at:tokens[first].Range.Start.Byte], '\n') {
		line = tokens[first : first+1] // the cursor is before the first word of its line
	}
	top := stack[len(stack)-1]
	c := cursor{set: append(top.set, setBehind(tokens, first)...)}
	for _, open := range stack[1:] {
		c.path = append(c.path, open.block)
		c.inner = c.inner || open.block == ""
	}
	if len(line) > 0 && line[0].Type == hclsyntax.TokenIdent {
		c.name = string(line[0].Bytes)
		c.value = len(line) > 1 && line[1].Type == hclsyntax.TokenEqual
	}
	return c
}

// openBefore returns what tokens leave open, the file itself first, and the tokens of their last, unfinished line.
func openBefore(tokens hclsyntax.Tokens) (stack []openScope, line hclsyntax.Tokens) {
	stack = []openScope{{block: "the file"}}
	start := 0
	for i, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
			start = i + 1 // a comment to the end of its line takes the line break along
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen:
			stack = append(stack, openScope{block: blockOf(tokens[start:i])})
			start = i + 1
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen:
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
			start = i + 1
		case hclsyntax.TokenEqual:
			if i == start+1 && tokens[start].Type == hclsyntax.TokenIdent {
				top := &stack[len(stack)-1]
				top.set = append(top.set, string(tokens[start].Bytes))
			}
		}
	}
	return stack, tokens[start:]
}

// setBehind returns the attributes of the same block whose = is at first or behind it.
func setBehind(tokens hclsyntax.Tokens, first int) (set []string) {
	depth := 0
	for i := first; i < len(tokens); i++ {
		switch tokens[i].Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen:
			if depth--; depth < 0 {
				return set
			}
		case hclsyntax.TokenEqual:
			if depth == 0 && i > 0 && tokens[i-1].Type == hclsyntax.TokenIdent {
				set = append(set, string(tokens[i-1].Bytes))
			}
		}
	}
	return set
}

// blockOf returns the type of the block that a line begins: a word, labels, and then the brace.
func blockOf(line hclsyntax.Tokens) string {
	if len(line) == 0 || line[0].Type != hclsyntax.TokenIdent {
		return ""
	}
	for _, t := range line[1:] {
		switch t.Type {
		case hclsyntax.TokenOQuote, hclsyntax.TokenQuotedLit, hclsyntax.TokenCQuote, hclsyntax.TokenIdent:
		default:
			return ""
		}
	}
	return string(line[0].Bytes)
}

// topicAt returns what the cursor is on, or nothing.
func (all topics) topicAt(c cursor) (topic, bool) {
	if c.name == "" || c.inner {
		return topic{}, false
	}
	name := strings.Join(append(slices.Clone(c.path), c.name), ".")
	i := slices.IndexFunc(all, func(t topic) bool { return t.name() == name && t.about == "" })
	if i < 0 {
		return topic{}, false
	}
	return all[i], true
}
