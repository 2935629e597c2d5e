package langserver

import (
	"bytes"
	"context"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl-lang/decoder"
	"github.com/hashicorp/hcl-lang/lang"
	"github.com/hashicorp/hcl/v2"
	"go.lsp.dev/protocol"

	"iggysink/hclconfig"
	"iggysink/hclconfig/language"
)

// at returns an open document and a position in it; nil for a document that nothing is known of.
func (s *server) at(p protocol.TextDocumentPositionParams) (*document, hcl.Pos) {
	d := s.open(p.TextDocument.URI)
	if d == nil {
		return nil, hcl.Pos{}
	}
	d.findTargets()
	return d, hclPosition(d.text, p.Position)
}

func (s *server) hover(p *protocol.HoverParams) (any, error) {
	d, pos := s.at(p.TextDocumentPositionParams)
	if d == nil {
		return nil, nil
	}
	d.findOrigins()
	data, known := ask(func() (*lang.HoverData, error) { return d.answers().HoverAtPos(context.Background(), d.name, pos) })
	if !known || data == nil || data.Content.Value == "" {
		return nil, nil
	}
	if attribute := d.attributeAt(pos); attribute != nil && typeAlone.MatchString(data.Content.Value) {
		// Of a value hcl-lang tells the type, which says nothing: its attribute tells what it means.
		whole, known := ask(func() (*lang.HoverData, error) {
			return d.answers().HoverAtPos(context.Background(), d.name, attribute.NameRange.Start)
		})
		if known && whole != nil {
			data.Content = whole.Content
		}
	}
	rng := rangeOf(d.text, data.Range)
	return &protocol.Hover{Contents: *s.markup(data.Content), Range: &rng}, nil
}

// The markup of hcl-lang: documentation that is nothing but a type, one at the end of a line, and the fence around code.
var (
	typeAlone = regexp.MustCompile(`^_[^_\n]+_$`)
	typeAtEnd = regexp.MustCompile(`(?m)(^|\s)_([^\n]+)_$`)
	fence     = regexp.MustCompile("(?m)^```.*\n?")
)

// markup returns documentation in what the editor can show.
func (s *server) markup(content lang.MarkupContent) *protocol.MarkupContent {
	if content.Value == "" {
		return nil
	}
	if s.client.markdown && content.Kind == lang.MarkdownKind {
		return &protocol.MarkupContent{Kind: protocol.Markdown, Value: content.Value}
	}
	text := typeAtEnd.ReplaceAllString(fence.ReplaceAllString(content.Value, ""), "$1($2)")
	plain := strings.NewReplacer("**", "", "`", "", "\\*", "*", "&lt;", "<", "&gt;", ">").Replace(text)
	return &protocol.MarkupContent{Kind: protocol.PlainText, Value: plain}
}

func (s *server) completion(p *protocol.CompletionParams) (any, error) {
	list := &protocol.CompletionList{Items: []protocol.CompletionItem{}}
	d, pos := s.at(p.TextDocumentPositionParams)
	if d == nil {
		return list, nil
	}
	if before, inComment := d.comment(pos); inComment {
		list.Items = append(list.Items, s.ignorable(d, pos, before)...)
		return list, nil
	}
	found, _ := ask(func() (lang.Candidates, error) { return d.answers().CompletionAtPos(context.Background(), d.name, pos) })
	list.IsIncomplete = !found.IsComplete
	for _, c := range found.List {
		typed := d.text[min(c.TextEdit.Range.Start.Byte, pos.Byte):pos.Byte]
		if c.Label == "for_each" && !strings.HasPrefix(c.Label, string(typed)) {
			continue // hcl-lang offers it whatever has been typed
		}
		list.Items = append(list.Items, s.item(d, c))
	}
	return list, nil
}

// ignorable returns the rules that a comment can silence, if that is what it is about to say.
func (s *server) ignorable(d *document, pos hcl.Pos, before string) (items []protocol.CompletionItem) {
	_, word, found := strings.Cut(before, "iggysink:ignore ")
	if word = strings.TrimLeft(word, " "); !found || strings.Contains(word, " ") {
		return nil
	}
	start := hcl.Pos{Line: pos.Line, Byte: pos.Byte - len(word)}
	for _, rule := range language.Rules() {
		if rule.Severity != hclconfig.Error && strings.HasPrefix(rule.ID, word) {
			items = append(items, s.item(d, lang.Candidate{Label: rule.ID, Kind: lang.KeywordCandidateKind, Detail: rule.Summary,
				Description: lang.PlainText(rule.Doc),
				TextEdit:    lang.TextEdit{Range: hcl.Range{Start: start, End: pos}, NewText: rule.ID}}))
		}
	}
	return items
}

func (s *server) item(d *document, c lang.Candidate) protocol.CompletionItem {
	item := protocol.CompletionItem{
		Label: c.Label, Kind: itemKind(c.Kind), Detail: c.Detail, SortText: c.SortText, Deprecated: c.IsDeprecated,
		InsertTextFormat: protocol.InsertTextFormatPlainText,
		TextEdit:         &protocol.TextEdit{Range: rangeOf(d.text, c.TextEdit.Range), NewText: c.TextEdit.NewText},
	}
	if doc := s.markup(c.Description); doc != nil {
		item.Documentation = doc
	}
	if s.client.snippets && c.TextEdit.Snippet != "" {
		item.InsertTextFormat, item.TextEdit.NewText = protocol.InsertTextFormatSnippet, c.TextEdit.Snippet
	}
	return item
}

func itemKind(kind lang.CandidateKind) protocol.CompletionItemKind {
	switch kind {
	case lang.AttributeCandidateKind:
		return protocol.CompletionItemKindProperty
	case lang.BlockCandidateKind, lang.LabelCandidateKind:
		return protocol.CompletionItemKindClass
	case lang.BoolCandidateKind, lang.StringCandidateKind, lang.NumberCandidateKind:
		return protocol.CompletionItemKindEnumMember
	case lang.KeywordCandidateKind:
		return protocol.CompletionItemKindKeyword
	case lang.ReferenceCandidateKind:
		return protocol.CompletionItemKindVariable
	case lang.FunctionCandidateKind:
		return protocol.CompletionItemKindFunction
	}
	return protocol.CompletionItemKindValue
}

func (s *server) signature(p *protocol.SignatureHelpParams) (any, error) {
	d, pos := s.at(p.TextDocumentPositionParams)
	if d == nil {
		return nil, nil
	}
	found, known := ask(func() (*lang.FunctionSignature, error) { return d.answers().SignatureAtPos(d.name, pos) })
	if !known || found == nil {
		return nil, nil
	}
	signature := protocol.SignatureInformation{Label: found.Name, ActiveParameter: found.ActiveParameter}
	if doc := s.markup(found.Description); doc != nil {
		signature.Documentation = doc
	}
	for _, parameter := range found.Parameters {
		signature.Parameters = append(signature.Parameters, protocol.ParameterInformation{Label: parameter.Name})
	}
	return &protocol.SignatureHelp{Signatures: []protocol.SignatureInformation{signature}, ActiveParameter: found.ActiveParameter}, nil
}

func (s *server) definition(p *protocol.DefinitionParams) (any, error) {
	places := []protocol.Location{}
	d, pos := s.at(p.TextDocumentPositionParams)
	if d == nil {
		return places, nil
	}
	d.findOrigins()
	targets, _ := ask(func() (decoder.ReferenceTargets, error) {
		return d.decoder.ReferenceTargetsForOriginAtPos(d.at, d.name, pos)
	})
	for _, t := range targets {
		rng := t.Range
		if t.DefRangePtr != nil {
			rng = *t.DefRangePtr
		}
		places = append(places, protocol.Location{URI: uriOf(rng.Filename), Range: rangeOf(d.texts[rng.Filename], rng)})
	}
	return places, nil
}

func (s *server) symbols(p *protocol.DocumentSymbolParams) (any, error) {
	d := s.open(p.TextDocument.URI)
	if d == nil {
		return []protocol.DocumentSymbol{}, nil
	}
	found, _ := ask(func() ([]decoder.Symbol, error) { return d.answers().SymbolsInFile(d.name) })
	return outline(d, found), nil
}

// outline returns the blocks and attributes of a document. What is in an attribute is no part of it.
func outline(d *document, found []decoder.Symbol) []protocol.DocumentSymbol {
	symbols := []protocol.DocumentSymbol{}
	for _, f := range found {
		kind := protocol.SymbolKindProperty
		var inner []protocol.DocumentSymbol
		if _, isBlock := f.(*decoder.BlockSymbol); isBlock {
			kind, inner = protocol.SymbolKindClass, outline(d, f.NestedSymbols())
		}
		rng := rangeOf(d.text, f.Range())
		symbols = append(symbols, protocol.DocumentSymbol{Name: f.Name(), Kind: kind, Range: rng, SelectionRange: rng, Children: inner})
	}
	return symbols
}

// formatting returns one edit of the whole text, or none: what is wrong with it has been published.
func (s *server) formatting(p *protocol.DocumentFormattingParams) (any, error) {
	name, text, is := s.native(p.TextDocument.URI)
	if !is {
		return []protocol.TextEdit{}, nil
	}
	formatted, found := hclconfig.Format(name, text)
	if found.HasErrors() || bytes.Equal(formatted, text) {
		return []protocol.TextEdit{}, nil
	}
	end := hcl.Pos{Line: bytes.Count(text, []byte("\n")) + 1, Byte: len(text)}
	whole := rangeOf(text, hcl.Range{Start: hcl.InitialPos, End: end})
	return []protocol.TextEdit{{Range: whole, NewText: string(formatted)}}, nil
}
