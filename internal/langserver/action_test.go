package langserver

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.lsp.dev/protocol"
)

// A finding that asks whether another name is meant is mended by one action; after it the finding is gone, and so is the
// action.
func TestDidYouMeanIsAQuickFix(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.hcl")
	text := strings.Replace(strings.Replace(sessionText, "5x", "5s", 1), "batch_mode", "batch_mod", 1)
	e := open(t, name, text)
	found := e.found(name)
	require.Len(t, found, 1)

	ask := func(at protocol.Range) (actions []protocol.CodeAction) {
		e.ask(protocol.MethodTextDocumentCodeAction, &protocol.CodeActionParams{TextDocument: documentOf(name), Range: at}, &actions)
		return actions
	}
	actions := ask(found[0].Range)
	require.Len(t, actions, 1)
	assert.Equal(t, "Change to batch_mode", actions[0].Title)
	assert.Equal(t, protocol.QuickFix, actions[0].Kind)
	assert.Equal(t, found, actions[0].Diagnostics)
	edits := actions[0].Edit.Changes[documentOf(name).URI]
	require.Len(t, edits, 1)
	assert.Empty(t, ask(protocol.Range{}), "no finding is at the beginning")

	at := edits[0].Range
	start, end := byteAt([]byte(text), at.Start), byteAt([]byte(text), at.End)
	assert.Equal(t, "batch_mod", text[start:end])
	e.change(name, text[:start]+edits[0].NewText+text[end:])
	assert.Empty(t, e.found(name))
	assert.Empty(t, ask(found[0].Range), "what is mended offers nothing")
	assert.NoError(t, e.end())
}

// What a message offers in other words is a quick fix as well, and a note is a hint.
func TestOffersAreQuickFixes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.hcl")
	text := strings.Replace(sessionText, `consumer_group = "orders"`, "", 1)
	e := open(t, name, text)
	found := e.found(name)
	require.Len(t, found, 2)
	assert.Equal(t, protocol.DiagnosticSeverityHint, found[1].Severity)
	assert.Equal(t, "default-group", found[1].Code)
	var actions []protocol.CodeAction
	e.ask(protocol.MethodTextDocumentCodeAction, &protocol.CodeActionParams{TextDocument: documentOf(name), Range: found[0].Range}, &actions)
	require.Len(t, actions, 1)
	assert.Equal(t, "Change to 5s", actions[0].Title)
	at := actions[0].Edit.Changes[documentOf(name).URI][0].Range
	start, end := byteAt([]byte(text), at.Start), byteAt([]byte(text), at.End)
	e.change(name, text[:start]+"5s"+text[end:])
	assert.Len(t, e.found(name), 1)
	assert.NoError(t, e.end())
}
