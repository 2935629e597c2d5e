package langserver

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/hcl-lang/decoder"
	"github.com/hashicorp/hcl-lang/lang"
	"github.com/hashicorp/hcl-lang/reference"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"go.lsp.dev/protocol"

	"iggysink/hclconfig/language"
)

// document is an open file in native syntax, together with the other files of its configuration.
type document struct {
	name    string
	text    []byte
	texts   filesByName
	at      lang.Path
	context *decoder.PathContext
	decoder *decoder.Decoder
}

// native returns the name and the text of an open file in native syntax. There are no places to speak about in JSON.
func (s *server) native(uri protocol.DocumentURI) (name string, text []byte, is bool) {
	name = fileOf(uri)
	text, is = s.opts.Load.Texts[name]
	return name, text, is && !strings.HasSuffix(name, ".json")
}

// open returns an open file of a configuration; nil for any other, and for one that HCL must not parse.
func (s *server) open(uri protocol.DocumentURI) *document {
	name, text, is := s.native(uri)
	if !is || language.IsVariables(name) {
		return nil
	}
	file := s.syntax(name, append(slices.Clip(text), closing(text)...))
	if file == nil {
		return nil
	}
	configuration := s.configurationOf(name)
	d := &document{name: name, text: text, texts: filesByName{name: text}, at: lang.Path{Path: configuration}}
	d.context = &decoder.PathContext{Schema: s.grammar.body, Functions: s.grammar.functions, Files: map[string]*hcl.File{name: file}}
	d.decoder = decoder.NewDecoder(d)
	for other, text := range s.files[configuration] {
		if other == name || language.IsVariables(other) {
			continue
		}
		if open, isOpen := s.opts.Load.Texts[other]; isOpen {
			text = open
		}
		if file := s.syntax(other, text); file != nil {
			d.context.Files[other], d.texts[other] = file, text
		}
	}
	return d
}

// maxClosing bounds how many brackets are closed.
const maxClosing = 64

// closing returns what closes the blocks, lists and maps of a text that is being typed: without it the parser forgets a
// block whose end is missing, and nothing is known of the place that is asked about.
func closing(text []byte) string {
	tokens, _ := hclsyntax.LexConfig(text, "", hcl.InitialPos)
	var open []byte
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen:
			open = append(open, t.Bytes[0])
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
	}
	if len(open) == 0 || len(open) > maxClosing {
		return ""
	}
	var b strings.Builder
	for i := len(open) - 1; i >= 0; i-- {
		b.WriteString(map[byte]string{'{': "\n}", '[': "]", '(': ")"}[open[i]])
	}
	return b.String() + "\n"
}

// parsed is the syntax of a file, nil for one that HCL must not parse.
type parsed struct {
	text []byte
	file *hcl.File
}

// syntax parses a file, once for each of its texts: an editor asks many things about one.
func (s *server) syntax(name string, text []byte) *hcl.File {
	if p, known := s.parsed[name]; known && bytes.Equal(p.text, text) {
		return p.file
	}
	file := language.Syntax(name, text)
	s.parsed[name] = parsed{text, file}
	return file
}

// forget drops the syntax of files that are neither open nor part of a configuration any more.
func (s *server) forget() {
	for name := range s.parsed {
		_, keep := s.opts.Load.Texts[name]
		for _, files := range s.files {
			_, isPart := files[name]
			keep = keep || isPart
		}
		if !keep {
			delete(s.parsed, name)
		}
	}
}

// Paths and PathContext are what hcl-lang reads a configuration by.
func (d *document) Paths(context.Context) []lang.Path { return []lang.Path{d.at} }

// PathContext returns the configuration of the document: there is no other.
func (d *document) PathContext(lang.Path) (*decoder.PathContext, error) { return d.context, nil }

// ask calls hcl-lang. What it has no answer for is no error of the editor's, and neither is a panic: at some places it has
// one, such as between the = and the true of an attribute, which must not cost the editor its server.
func ask[T any](question func() (T, error)) (answer T, known bool) {
	defer func() {
		if recover() != nil {
			known = false
		}
	}()
	answer, err := question()
	return answer, err == nil
}

// answers returns what answers for the document.
func (d *document) answers() *decoder.PathDecoder {
	path, _ := d.decoder.Path(d.at) // it fails only where PathContext does
	return path
}

// findTargets finds what expressions can refer to.
func (d *document) findTargets() {
	targets, _ := ask(d.answers().CollectReferenceTargets)
	for _, file := range d.context.Files {
		if body, native := file.Body.(*hclsyntax.Body); native {
			targets = append(targets, templateTargets(body, language.ConfigBlock())...)
		}
	}
	d.context.ReferenceTargets = targets
}

// findOrigins finds the expressions that refer to something.
func (d *document) findOrigins() {
	d.context.ReferenceOrigins, _ = ask(d.answers().CollectReferenceOrigins)
}

// templateTargets returns the names that only the templates in a body may use: stream, topic and partition.
func templateTargets(body *hclsyntax.Body, table *language.Block) (targets reference.Targets) {
	for _, a := range table.Attributes {
		set, there := body.Attributes[a.Name]
		if !a.Template || !there {
			continue
		}
		for _, name := range language.TemplateFields() {
			targets = append(targets, reference.Target{
				LocalAddr: lang.Address{lang.RootStep{Name: name}}, TargetableFromRangePtr: set.Expr.Range().Ptr(),
				Type: cty.String, Description: lang.Markdown("The " + name + " of the messages, filled in once per partition."),
			})
		}
	}
	for _, b := range body.Blocks {
		for _, inner := range table.Blocks {
			if inner.Name == b.Type || inner.Name == "sink" && b.Type == "defaults" {
				targets = append(targets, templateTargets(b.Body, inner)...)
			}
		}
	}
	return targets
}

// attributeAt returns the attribute that a position is in, or nil.
func (d *document) attributeAt(pos hcl.Pos) *hcl.Attribute {
	return d.context.Files[d.name].AttributeAtPos(pos)
}

// comment returns what stands before a position in the comment that it is in. hcl-lang would complete there too.
func (d *document) comment(pos hcl.Pos) (before string, is bool) {
	tokens, _ := hclsyntax.LexConfig(d.text, d.name, hcl.InitialPos)
	for _, t := range tokens {
		start, end := t.Range.Start.Byte, t.Range.End.Byte
		closed := bytes.HasSuffix(t.Bytes, []byte("\n")) || bytes.HasSuffix(t.Bytes, []byte("*/"))
		if t.Type == hclsyntax.TokenComment && start < pos.Byte && (pos.Byte < end || pos.Byte == end && !closed) {
			return string(d.text[start:pos.Byte]), true
		}
	}
	return "", false
}
