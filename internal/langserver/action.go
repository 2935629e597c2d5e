package langserver

import (
	"go.lsp.dev/protocol"

	"iggysink/hclconfig"
)

// fix is what a finding offers to put in the place of a name.
type fix struct {
	of   protocol.Diagnostic
	edit protocol.TextEdit
}

// offer keeps what a finding of a file offers until the file changes.
func (s *server) offer(name string, of protocol.Diagnostic, f *hclconfig.Fix, text []byte) {
	if f == nil || f.Range.Filename != name {
		return
	}
	s.fixes[name] = append(s.fixes[name], fix{of, protocol.TextEdit{Range: rangeOf(text, f.Range), NewText: f.Text}})
}

// codeActions answers with the fixes of the findings that a range touches. They are of the text as it was checked, which is
// the one that the editor has: a document that changes has none until it is checked again.
func (s *server) codeActions(p *protocol.CodeActionParams) (any, error) {
	if err := s.checkDue(); err != nil {
		return nil, err
	}
	actions := []protocol.CodeAction{}
	for _, f := range s.fixes[fileOf(p.TextDocument.URI)] {
		if before(p.Range.End, f.of.Range.Start) || before(f.of.Range.End, p.Range.Start) {
			continue
		}
		actions = append(actions, protocol.CodeAction{
			Title:       "Change to " + f.edit.NewText,
			Kind:        protocol.QuickFix,
			Diagnostics: []protocol.Diagnostic{f.of},
			IsPreferred: true,
			Edit: &protocol.WorkspaceEdit{
				Changes: map[protocol.DocumentURI][]protocol.TextEdit{p.TextDocument.URI: {f.edit}},
			},
		})
	}
	return actions, nil
}

// before reports whether a position is in front of another.
func before(a, b protocol.Position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Character < b.Character
}
