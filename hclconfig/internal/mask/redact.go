package mask

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/words"
)

// Redacted returns a native file that parses with the mask in the place of what is hidden. Line breaks stay.
func Redacted(text []byte) []byte {
	f := New("", text)
	file, _ := hclsyntax.ParseConfig(text, "", hcl.InitialPos) // what does not parse shows nothing
	f.Body = file.Body
	if body, isNative := file.Body.(*hclsyntax.Body); isNative {
		f.showBody(body, words.ConfigBlock())
	}
	var out bytes.Buffer
	at := 0
	hidden := f.hidden(span{0, len(text)})
	repeated := literals(text, hidden)
	for _, h := range hidden {
		out.Write(text[at:h.start])
		piece := text[h.start:h.end]
		if h.comment {
			out.WriteString(repeated.Replace(assigned.ReplaceAllString(string(piece), "${1}"+Hidden)))
		} else {
			writeHidden(&out, piece)
		}
		at = h.end
	}
	out.Write(text[at:])
	return out.Bytes()
}

// literals replaces what is hidden, wherever else it stands.
func literals(text []byte, hidden []token) *strings.Replacer {
	const least = 6 // bytes; a shorter text is no secret, and would be found by chance
	var pairs []string
	for _, h := range hidden {
		if literal := bytes.TrimSpace(text[h.start:h.end]); !h.comment && len(literal) >= least {
			pairs = append(pairs, string(literal), Hidden)
		}
	}
	return strings.NewReplacer(pairs...)
}

// writeHidden writes the mask for each line of a piece, with the spaces around it.
func writeHidden(out *bytes.Buffer, piece []byte) {
	for line := range bytes.Lines(piece) {
		word := bytes.TrimSpace(line)
		if len(word) == 0 {
			out.Write(line)
			continue
		}
		before, after, _ := bytes.Cut(line, word)
		out.Write(before)
		out.WriteString(Hidden)
		out.Write(after)
	}
}

// assigned is what a comment gives a name to, as where a setting was switched off.
var assigned = regexp.MustCompile(`(=[ \t]*)[^ \t\r\n][^\r\n]*`)

// showBody lets the names of a body be seen, and the values of the attributes that are known not to be sensitive. The
// table is nil where nothing is known.
func (f *File) showBody(body *hclsyntax.Body, table *words.Block) {
	for _, a := range body.Attributes {
		known := table.Setting(a.Name)
		if known != nil && !known.Sensitive && !f.hasDefault(a) {
			f.ShowExpr(a.Expr)
		}
		if object, isObject := a.Expr.(*hclsyntax.ObjectConsExpr); isObject && known != nil && known.Type.IsMapType() {
			for _, item := range object.Items {
				if key, isKey := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr); isKey && !key.ForceNonLiteral {
					f.ShowName(key.Range()) // the name of a header is no secret
				}
			}
		}
	}
	for _, b := range body.Blocks {
		f.ShowBlock(b.AsHCLBlock())
		f.showBody(b.Body, tableOf(b, table))
	}
}

// hasDefault reports whether an attribute is a type with a default in it.
func (f *File) hasDefault(a *hclsyntax.Attribute) bool {
	rng := a.Expr.Range()
	return a.Name == "type" && bytes.Contains(f.Text[rng.Start.Byte:rng.End.Byte], []byte("optional"))
}

// tableOf returns the table of a block in a body of a table, or nil.
func tableOf(b *hclsyntax.Block, table *words.Block) *words.Block {
	switch {
	case table == nil:
		return nil
	case b.Type == "variable" && table.Name == "":
		made := words.VariableBlock()
		made.Blocks = nil // a condition may compare with a secret, and a default may be one
		made.Attributes = slices.DeleteFunc(made.Attributes, func(a words.Attribute) bool { return a.Name == "default" })
		return made
	case b.Type == "defaults":
		return words.ConfigBlock().Child("sink")
	case b.Type == "dynamic" && len(b.Labels) == 1:
		around := &words.Block{Name: "dynamic"}
		if made := table.Child(b.Labels[0]); made != nil {
			content := *made
			content.Name = "content"
			around.Blocks = append(around.Blocks, &content)
		}
		return around
	}
	return table.Child(b.Type)
}
