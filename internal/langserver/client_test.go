package langserver

import (
	"context"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

// editor is a scripted client. It speaks through the connection of jsonrpc2, over pipes.
type editor struct {
	t         *testing.T
	conn      jsonrpc2.Conn
	published chan protocol.PublishDiagnosticsParams
	served    chan error
}

// pipes joins two ends of two pipes.
type pipes struct {
	io.Reader
	io.WriteCloser
}

// start starts a server and an editor that has said nothing yet.
func start(t *testing.T, opts Options) *editor {
	t.Helper()
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	e := &editor{t: t, conn: jsonrpc2.NewConn(jsonrpc2.NewStream(pipes{fromServer, toServer})),
		published: make(chan protocol.PublishDiagnosticsParams, 100), served: make(chan error, 1)}
	go func() {
		err := Serve(t.Context(), in, out, opts)
		require.NoError(t, out.Close())
		e.served <- err
	}()
	e.conn.Go(t.Context(), func(_ context.Context, _ jsonrpc2.Replier, r jsonrpc2.Request) error {
		var p protocol.PublishDiagnosticsParams
		decode(t, r.Params(), &p)
		e.published <- p
		return nil
	})
	t.Cleanup(func() {
		require.NoError(t, toServer.Close())
		<-e.conn.Done()
	})
	return e
}

// open starts a server and an editor that has opened one document.
func open(t *testing.T, name, text string) *editor {
	t.Helper()
	e := start(t, Options{})
	e.initialize()
	e.open(name, text)
	return e
}

// call asks, and fails with the answer's error.
func (e *editor) call(method string, params, result any) error {
	e.t.Helper()
	_, err := e.conn.Call(e.t.Context(), method, params, result)
	return err
}

func (e *editor) ask(method string, params, result any) {
	e.t.Helper()
	require.NoError(e.t, e.call(method, params, result), method)
}

func (e *editor) tell(method string, params any) {
	e.t.Helper()
	require.NoError(e.t, e.conn.Notify(e.t.Context(), method, params), method)
}

func (e *editor) initialize() (result protocol.InitializeResult) {
	e.t.Helper()
	p := &protocol.InitializeParams{}
	p.Capabilities.TextDocument = &protocol.TextDocumentClientCapabilities{
		Hover:      &protocol.HoverTextDocumentClientCapabilities{ContentFormat: []protocol.MarkupKind{protocol.Markdown}},
		Completion: &protocol.CompletionTextDocumentClientCapabilities{},
	}
	e.ask(protocol.MethodInitialize, p, &result)
	e.tell(protocol.MethodInitialized, &protocol.InitializedParams{})
	return result
}

func (e *editor) open(name, text string) {
	e.t.Helper()
	e.tell(protocol.MethodTextDocumentDidOpen, &protocol.DidOpenTextDocumentParams{
		TextDocument: protocol.TextDocumentItem{URI: uriOf(name), LanguageID: "hcl", Version: 1, Text: text},
	})
}

func (e *editor) change(name, text string) {
	e.t.Helper()
	e.tell(protocol.MethodTextDocumentDidChange, map[string]any{
		"textDocument": map[string]any{"uri": uriOf(name), "version": 2}, "contentChanges": []any{map[string]any{"text": text}},
	})
}

func (e *editor) close(name string) {
	e.t.Helper()
	e.tell(protocol.MethodTextDocumentDidClose, &protocol.DidCloseTextDocumentParams{TextDocument: documentOf(name)})
}

// found waits until the server has said what it found in a file.
func (e *editor) found(name string) []protocol.Diagnostic {
	e.t.Helper()
	for {
		select {
		case p := <-e.published:
			if p.URI == uriOf(name) {
				return p.Diagnostics
			}
		case err := <-e.served:
			require.NoError(e.t, err, "the server has ended")
		}
	}
}

// end says goodbye, and returns what the server ended with.
func (e *editor) end() error {
	e.t.Helper()
	e.ask(protocol.MethodShutdown, nil, nil)
	return e.exit()
}

func (e *editor) exit() error {
	e.t.Helper()
	e.tell(protocol.MethodExit, nil)
	return <-e.served
}

func documentOf(name string) protocol.TextDocumentIdentifier {
	return protocol.TextDocumentIdentifier{URI: uriOf(name)}
}

// marked returns a text without its mark |, and the place of that in a document.
func marked(t *testing.T, name, text string) (string, protocol.TextDocumentPositionParams) {
	t.Helper()
	before, after, found := strings.Cut(text, "|")
	require.True(t, found, "there is no mark in the text")
	return before + after, placeBehind(name, before)
}

// placeBehind returns the place behind a piece of text, counted as an editor counts.
func placeBehind(name, before string) protocol.TextDocumentPositionParams {
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return protocol.TextDocumentPositionParams{TextDocument: documentOf(name), Position: protocol.Position{
		Line: uint32(strings.Count(before, "\n")), Character: uint32(len(utf16.Encode([]rune(line)))),
	}}
}
