package langserver

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

func decode(t *testing.T, text []byte, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(text, v))
}

const sessionText = `iggy {
  username = "iggy"
  password = env("NOT_SET")
}

sink "orders" {
  url = "http://127.0.0.1:1/orders"
  /* 👩‍👩‍👧 */ retry_delay = "5x"
  batch_mode =   "raw"
  stream "shop" {
    topics         = ["created"]
    consumer_group = "orders"
  }
}
`

func TestSession(t *testing.T) {
	name := filepath.Join(t.TempDir(), "new file.hcl") // it need not be on the disk
	e := start(t, Options{Version: "v1"})
	result := e.initialize()
	assert.Equal(t, "iggysink", result.ServerInfo.Name)
	assert.Equal(t, "v1", result.ServerInfo.Version)
	e.open(name, sessionText)
	assert.Equal(t, []protocol.Diagnostic{{
		Range:    protocol.Range{Start: protocol.Position{Line: 7, Character: 31}, End: protocol.Position{Line: 7, Character: 35}},
		Severity: protocol.DiagnosticSeverityError, Code: "invalid-duration", Source: "iggysink",
		Message: "invalid duration\n" + `"x" is not a unit (ms, s, m, h, d). Try "5s".`,
	}}, e.found(name))

	right := strings.Replace(sessionText, "5x", "5s", 1)
	e.change(name, right)
	assert.Empty(t, e.found(name))

	var edits []protocol.TextEdit
	e.ask(protocol.MethodTextDocumentFormatting, &protocol.DocumentFormattingParams{TextDocument: documentOf(name)}, &edits)
	require.Len(t, edits, 1)
	assert.Equal(t, protocol.Range{End: protocol.Position{Line: uint32(strings.Count(right, "\n"))}}, edits[0].Range)
	assert.Contains(t, edits[0].NewText, "\n  batch_mode          = \"raw\"\n")
	e.change(name, edits[0].NewText)
	assert.Empty(t, e.found(name))
	e.ask(protocol.MethodTextDocumentFormatting, &protocol.DocumentFormattingParams{TextDocument: documentOf(name)}, &edits)
	assert.Empty(t, edits, "what has its layout stays")

	e.change(name, "sink {")
	assert.NotEmpty(t, e.found(name))
	e.ask(protocol.MethodTextDocumentFormatting, &protocol.DocumentFormattingParams{TextDocument: documentOf(name)}, &edits)
	assert.Empty(t, edits, "what does not parse stays")
	e.close(name)
	assert.Empty(t, e.found(name), "a document that is closed has no findings")
	assert.NoError(t, e.end())
}

// The files of a folder are one configuration: what one of them breaks shows in the other, as it is in the editor.
func TestAFolderIsCheckedAsAWhole(t *testing.T) {
	dir := t.TempDir()
	iggy, orders := filepath.Join(dir, "iggy.hcl"), filepath.Join(dir, "orders.hcl")
	parts := strings.SplitAfterN(strings.Replace(sessionText, "5x", "5s", 1), "}\n", 2)
	for name, text := range map[string]string{iggy: parts[0], orders: parts[1]} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	e := start(t, Options{Paths: []string{dir}})
	e.initialize()
	e.open(iggy, parts[0])
	assert.Empty(t, e.found(iggy))
	e.change(iggy, parts[0]+strings.TrimPrefix(parts[1], "\n")) // the same sink twice
	rules := []string{}
	for _, d := range e.found(orders) {
		rules = append(rules, d.Code.(string))
	}
	assert.Contains(t, rules, "duplicate-sink")
	e.close(iggy)
	assert.Empty(t, e.found(orders), "as it is on the disk")
	assert.NoError(t, e.end())
}

// A finding about no place in a file is shown where the user is.
func TestAFindingWithoutAPlaceIsShown(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.hcl")
	e := start(t, Options{})
	e.initialize()
	e.open(name, "")
	found := e.found(name)
	require.NotEmpty(t, found)
	assert.Equal(t, protocol.Range{}, found[0].Range)
	assert.NoError(t, e.end())
}

func TestValuesOfVariablesAreNoConfiguration(t *testing.T) {
	dir := t.TempDir()
	values, other := filepath.Join(dir, "x.vars.hcl"), filepath.Join(dir, "a.hcl")
	e := start(t, Options{})
	e.initialize()
	e.open(values, "endpoint =   \"x\"\n")
	e.open(other, sessionText)
	for uri := uriOf(values); uri != uriOf(other); {
		p := <-e.published
		uri = p.URI
		assert.NotEqual(t, uriOf(values), uri)
	}
	var list protocol.CompletionList
	e.ask(protocol.MethodTextDocumentCompletion, placeBehind(values, ""), &list)
	assert.Empty(t, list.Items, "no block of a configuration belongs there")
	var edits []protocol.TextEdit
	e.ask(protocol.MethodTextDocumentFormatting, &protocol.DocumentFormattingParams{TextDocument: documentOf(values)}, &edits)
	assert.Len(t, edits, 1)
	assert.NoError(t, e.end())
}

// Nobody waits for the findings of a text that is gone.
func TestOneCheckForManyLetters(t *testing.T) {
	var out bytes.Buffer
	s, err := newServer(&out, Options{})
	require.NoError(t, err)
	for i := range sessionText {
		s.changed("/a.hcl", sessionText[:i])
	}
	assert.Zero(t, out.Len())
	require.NoError(t, s.checkDue())
	require.NoError(t, s.checkDue())
	assert.Equal(t, 1, strings.Count(out.String(), protocol.MethodTextDocumentPublishDiagnostics))
}

func TestErrorsOfTheProtocol(t *testing.T) {
	code := func(err error) jsonrpc2.Code {
		var answer *jsonrpc2.Error
		require.ErrorAs(t, err, &answer)
		return answer.Code
	}
	e := start(t, Options{})
	assert.Equal(t, jsonrpc2.ServerNotInitialized, code(e.call(protocol.MethodTextDocumentHover, map[string]any{}, nil)))
	e.initialize()
	assert.Equal(t, jsonrpc2.InvalidRequest, code(e.call(protocol.MethodInitialize, map[string]any{}, nil)))
	assert.Equal(t, jsonrpc2.MethodNotFound, code(e.call("workspace/nosuch", nil, nil)))
	assert.Equal(t, jsonrpc2.InvalidParams, code(e.call(protocol.MethodTextDocumentHover, []int{1}, nil)))
	e.tell("workspace/nosuch", nil)                    // may be left alone
	e.tell(protocol.MethodTextDocumentHover, []int{1}) // has no answer
	e.ask(protocol.MethodShutdown, nil, nil)
	assert.Equal(t, jsonrpc2.InvalidRequest, code(e.call(protocol.MethodTextDocumentHover, map[string]any{}, nil)))
	assert.NoError(t, e.exit())

	e = start(t, Options{})
	e.initialize()
	assert.ErrorIs(t, e.exit(), ErrNotShutDown)
}

func TestWhatIsNotTheProtocol(t *testing.T) {
	for _, text := range []string{
		"hello\r\n\r\n", "Content-Length: -1\r\n\r\n", "Content-Length: 99999999999\r\n\r\n{}", "Content-Length: 5\r\n\r\n{}",
		"Content-Length: 2", "Content-Length: 2\r\n\r\n", strings.Repeat("X: y\r\n", 100), strings.Repeat("x", 10000),
	} {
		err := Serve(t.Context(), strings.NewReader(text), io.Discard, Options{})
		require.Error(t, err, "%q", text)
		assert.NotErrorIs(t, err, ErrNotShutDown, "%q", text)
	}
	assert.ErrorIs(t, Serve(t.Context(), strings.NewReader(""), io.Discard, Options{}), ErrNotShutDown)
}

func TestTheEndOfTheContextEndsTheServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, toServer := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, in, io.Discard, Options{}) }()
	cancel()
	assert.ErrorIs(t, <-served, context.Canceled)
	require.NoError(t, toServer.Close())
}

// A text is parsed once, however much is asked about it; and nothing is kept of a document that is closed.
func TestATextIsParsedOnce(t *testing.T) {
	s := serving(t, sessionText)
	first := s.open(uriOf("/a.hcl")).context.Files["/a.hcl"]
	require.NotNil(t, first)
	assert.Same(t, first, s.open(uriOf("/a.hcl")).context.Files["/a.hcl"])
	s.changed("/a.hcl", sessionText+"\n")
	assert.NotSame(t, first, s.open(uriOf("/a.hcl")).context.Files["/a.hcl"])
	_, err := s.didClose(&protocol.DidCloseTextDocumentParams{TextDocument: documentOf("/a.hcl")})
	require.NoError(t, err)
	assert.Empty(t, s.parsed)
	assert.Empty(t, s.files)
}
