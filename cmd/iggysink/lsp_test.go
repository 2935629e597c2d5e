package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

// lspSession is an editor and the program that it has started.
type lspSession struct {
	t         *testing.T
	conn      jsonrpc2.Conn
	said      bytes.Buffer // all that the program wrote
	errs      bytes.Buffer
	published chan struct{}
	code      chan int
}

// lspPipes are the program's stdout and stdin.
type lspPipes struct {
	io.Reader
	io.WriteCloser
}

func startLSP(t *testing.T, args ...string) *lspSession {
	t.Helper()
	stdin, toProgram := io.Pipe()
	fromProgram, stdout := io.Pipe()
	s := &lspSession{t: t, published: make(chan struct{}, 100), code: make(chan int, 1)}
	s.conn = jsonrpc2.NewConn(jsonrpc2.NewStream(lspPipes{io.TeeReader(fromProgram, &s.said), toProgram}))
	go func() {
		code := run(t.Context(), append([]string{"lsp"}, args...), stdin, stdout, &s.errs)
		if err := stdout.Close(); err != nil {
			t.Error(err)
		}
		s.code <- code
	}()
	s.conn.Go(t.Context(), func(context.Context, jsonrpc2.Replier, jsonrpc2.Request) error {
		s.published <- struct{}{}
		return nil
	})
	s.call(protocol.MethodInitialize, map[string]any{"capabilities": map[string]any{}, "processId": nil}, nil)
	return s
}

func (s *lspSession) call(method string, params, result any) {
	s.t.Helper()
	if _, err := s.conn.Call(s.t.Context(), method, params, result); err != nil {
		s.t.Fatalf("%s: %v", method, err)
	}
}

func (s *lspSession) notify(method string, params any) {
	s.t.Helper()
	if err := s.conn.Notify(s.t.Context(), method, params); err != nil {
		s.t.Fatalf("%s: %v", method, err)
	}
}

// open opens a document, and waits for what is found in it.
func (s *lspSession) open(name, text string) {
	s.t.Helper()
	s.notify(protocol.MethodTextDocumentDidOpen, map[string]any{
		"textDocument": map[string]any{"uri": "file://" + name, "languageId": "hcl", "version": 1, "text": text},
	})
	<-s.published
}

// exit ends the session, and returns the exit code and all that the program has written.
func (s *lspSession) exit() (code int, text string) {
	s.t.Helper()
	s.notify(protocol.MethodExit, nil)
	code = <-s.code
	<-s.conn.Done()
	return code, s.said.String() + s.errs.String()
}

func TestLSPServesAnEditor(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.hcl")
	s := startLSP(t, "--var", "nosuch=1")
	s.open(name, "sink \"a\" {\n  retry_delay = \"5x\"\n  \n}\n")
	var list protocol.CompletionList
	s.call(protocol.MethodTextDocumentCompletion, map[string]any{
		"textDocument": map[string]any{"uri": "file://" + name}, "position": map[string]any{"line": 2, "character": 2}}, &list)
	if len(list.Items) < 20 {
		t.Errorf("%d completions", len(list.Items))
	}
	s.call(protocol.MethodShutdown, nil, nil)
	code, text := s.exit()
	if code != exitOK || !strings.Contains(text, "invalid-duration") || !strings.Contains(text, "nosuch") {
		t.Errorf("exit %d: %s", code, text)
	}
}

func TestLSPExitCodes(t *testing.T) {
	if code, text := startLSP(t).exit(); code != exitFailed {
		t.Errorf("without a shutdown: exit %d: %s", code, text)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"lsp"}, strings.NewReader("hello\r\n\r\n"), &out, &errs); code != exitUsage ||
		!strings.Contains(errs.String(), "not the Language Server Protocol") {
		t.Errorf("no protocol: exit %d: %s", code, errs.String())
	}
}

// Whatever an editor asks, wherever: what is secret is in no answer. Each document is asked about in other columns, so that
// all of them together leave none out.
func TestLSPTellsNoSecret(t *testing.T) {
	const step = 11
	for i, b := range breakages() {
		secret := `"` + canary + `"`
		if b.secret != nil {
			secret = b.secret(secret)
		}
		text := secretText("password", secret)
		if b.text != nil {
			text = b.text(text)
		}
		name := filepath.Join(t.TempDir(), "a.hcl")
		s := startLSP(t)
		s.open(name, text)
		document := map[string]any{"uri": "file://" + name}
		s.call(protocol.MethodTextDocumentDocumentSymbol, map[string]any{"textDocument": document}, nil)
		for line, words := range strings.Split(text, "\n") {
			for column := min(i%step, len(words)); column <= len(words); column += step {
				at := map[string]any{"textDocument": document, "position": map[string]any{"line": line, "character": column}}
				for _, method := range []string{protocol.MethodTextDocumentHover, protocol.MethodTextDocumentCompletion,
					protocol.MethodTextDocumentSignatureHelp, protocol.MethodTextDocumentDefinition} {
					s.call(method, at, nil)
				}
			}
		}
		if _, said := s.exit(); tells(said) {
			t.Errorf("%s: %s", b.name, around(said))
		}
	}
}
