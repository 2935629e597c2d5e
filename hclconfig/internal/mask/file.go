// Package mask shows lines of a configuration without what may be secret in them.
//
//	file.go     a file, and what of it may be shown; files.go all that were read
//	snippet.go  the line that a finding is about
//	tokens.go   what is hidden of a line, json.go of one of JSON, redact.go of a whole file
//	exact.go    where in a file something is that HCL found in a JSON string with escapes
//	marks.go    what a value carries through every expression
//	text.go     texts of the user that messages quote
package mask

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/schema"
)

// File is one file of a configuration, and what of it may be shown. It hides every literal, every comment and every stray
// word, but those inside of an attribute that is known not to be sensitive. A local or a default may be on its way to a
// password, so their literals are hidden too.
type File struct {
	Name string
	Text []byte
	JSON bool
	Body hcl.Body // nil if it does not parse: nothing is known then about what is where, and nearly everything is hidden

	shows    []span // what may be shown
	reaches  []int  // how far each and those before it reach, when they are sorted
	contexts []contextOf
	tokens   []token // of the whole file, made at the first use
	ready    bool
	escaped  []span // strings of JSON that have escapes, made at the first use
}

// New returns a file that was not parsed yet. It is JSON if its name says so. A byte order mark at its start is no part of
// the text: some editors write one, and it means nothing in UTF-8.
func New(name string, text []byte) *File {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	return &File{Name: name, Text: text, JSON: strings.HasSuffix(name, ".json")}
}

// span is a piece of the file, in bytes.
type span struct{ start, end int }

type contextOf struct {
	span
	title string
}

// token is a piece that is hidden unless a span covers it.
type token struct {
	span
	comment bool
}

// Hidden is what stands in the place of what may be secret.
const Hidden = schema.SecretMask

// LongLine is the number of bytes from which on a line is not looked at as a whole.
const LongLine = 8192

func spanOf(r hcl.Range) span { return span{r.Start.Byte, r.End.Byte} }

// ShowBlock lets the type and the labels of a block be seen.
func (f *File) ShowBlock(b *hcl.Block) {
	f.shows = append(f.shows, spanOf(b.TypeRange))
	for _, r := range b.LabelRanges {
		f.shows = append(f.shows, spanOf(r))
	}
}

// ShowName lets a name be seen.
func (f *File) ShowName(rng hcl.Range) { f.shows = append(f.shows, spanOf(rng)) }

// Context notes where a block at the top of a file begins, as the context of what follows.
func (f *File) Context(b *hcl.Block) {
	title := b.Type
	for _, label := range b.Labels {
		title += ` "` + Printable(label) + `"`
	}
	f.contexts = append(f.contexts, contextOf{span{Header(b).Start.Byte, BlockEnd(b)}, title})
}

// BlockEnd returns the byte behind a block.
func BlockEnd(b *hcl.Block) int {
	if body, isNative := b.Body.(*hclsyntax.Body); isNative {
		return body.SrcRange.End.Byte
	}
	return b.Body.MissingItemRange().End.Byte
}

// Show lets the value of an attribute be seen, but for what stands inside of env() behind the name: it takes the place of a
// secret.
func (f *File) Show(a *hcl.Attribute) {
	rng := spanOf(a.Expr.Range())
	expr, isNative := a.Expr.(hclsyntax.Expression)
	if !isNative {
		if text := string(f.Text[rng.start:rng.end]); !strings.Contains(text, "${") && !strings.Contains(text, `\u`) {
			f.shows = append(f.shows, rng)
		}
		return
	}
	f.ShowExpr(expr)
}

// Header is the range that stands for a block: its type and labels in native syntax, its label or name in JSON.
func Header(b *hcl.Block) hcl.Range {
	if b.DefRange.Start.Byte == b.TypeRange.Start.Byte {
		return b.DefRange
	}
	if n := len(b.LabelRanges); n > 0 {
		return b.LabelRanges[n-1]
	}
	return b.TypeRange
}

// ShowExpr is Show for an expression of the native syntax.
func (f *File) ShowExpr(expr hclsyntax.Expression) {
	rng := spanOf(expr.Range())
	from := rng.start
	_ = hclsyntax.VisitAll(expr, func(node hclsyntax.Node) hcl.Diagnostics { // gives none itself
		call, isCall := node.(*hclsyntax.FunctionCallExpr)
		if isCall && call.Name == "env" && len(call.Args) > 1 && call.StartRange().Start.Byte >= from {
			f.shows = append(f.shows, span{from, call.Args[0].Range().End.Byte})
			from = call.CloseParenRange.Start.Byte
		}
		return nil
	})
	f.shows = append(f.shows, span{from, rng.end})
}
