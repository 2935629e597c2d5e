// Package langserver serves an editor over the Language Server Protocol: what validate finds, while the user types;
// documentation, completion, signatures, definitions and an outline, which hashicorp/hcl-lang takes from the schema of
// the configuration; and the layout of fmt.
//
//	message.go   the wire: one bounded message of JSON-RPC
//	server.go    the loop, and which method does what
//	check.go     hclconfig.Load -> findings, published
//	action.go    what the findings offer to put in the place of a name
//	document.go  the syntax of a configuration while it is being typed, and hcl-lang over it
//	answer.go    what is asked about a place in a document
//	language.go  the language as hcl-lang knows it: package language's tables, and what no table holds
//	position.go  places of the protocol and of HCL
//
// The server answers one message after the other and keeps nothing but the texts of open documents and the files of the
// configurations that it has checked, with their syntax. A configuration is checked once nobody has anything more to say: a
// user who types faster than a large configuration can be checked never waits for the findings of a letter that is gone.
package langserver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"iggysink/hclconfig"
)

// ErrNotShutDown says that the editor left without the shutdown request that the protocol asks for.
var ErrNotShutDown = errors.New("the editor left without shutting down")

// Options say what is served.
type Options struct {
	Version string            // of the program, for the editor to show
	Load    hclconfig.Options // where values come from. What is unknown is no error; Texts is the server's
	// Paths are configurations, each a file or a folder: its files are checked together. A document that is in none of
	// them is a configuration by itself.
	Paths []string
}

// Serve answers an editor until it says exit, closes in, or ctx ends. What cannot be understood as the protocol is an
// error, and so is ErrNotShutDown. The reading of in is left behind where ctx ends it: nobody can interrupt it.
func Serve(ctx context.Context, in io.Reader, out io.Writer, opts Options) error {
	s, err := newServer(out, opts)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages := make(chan received, maxWaiting)
	go receive(ctx, bufio.NewReader(in), messages)
	for {
		var m received
		select {
		case m = <-messages:
		default:
			if err := s.checkDue(); err != nil { // nobody is waiting
				return err
			}
			select {
			case m = <-messages:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if errors.Is(m.err, io.EOF) {
			return s.left()
		}
		if malformed := (*malformedError)(nil); errors.As(m.err, &malformed) {
			if err := writeMessage(out, malformed.response()); err != nil {
				return err
			}
			continue
		}
		if m.err != nil {
			return m.err
		}
		if done, err := s.take(m.message); done || err != nil {
			return err
		}
	}
}

// maxWaiting bounds the messages that have been read and not answered.
const maxWaiting = 64

// received is one message, or why there is none.
type received struct {
	message jsonrpc2.Message
	err     error
}

// receive reads until nothing more can be understood.
func receive(ctx context.Context, in *bufio.Reader, to chan<- received) {
	for {
		m, err := readMessage(in)
		select {
		case to <- received{m, err}:
		case <-ctx.Done():
			return
		}
		if malformed := (*malformedError)(nil); err != nil && !errors.As(err, &malformed) {
			return
		}
	}
}

// server is the state of one editor's session.
type server struct {
	out       io.Writer
	opts      Options
	grammar   grammar
	client    client
	due       []string               // configurations to check
	published map[string][]string    // files with findings, by the configuration that they are of
	files     map[string]filesByName // of each configuration, as it was checked last
	fixes     map[string][]fix       // that the findings of a file offer, as it was checked last
	parsed    map[string]parsed      // by file name
	state     sessionState
}

type filesByName = map[string][]byte

// sessionState is how far the life of a session has come.
type sessionState int

const (
	stateNew sessionState = iota
	stateServing
	stateShutDown
)

// client is what the editor can do.
type client struct{ snippets, markdown, watches bool }

func newServer(out io.Writer, opts Options) (*server, error) {
	s := &server{out: out, opts: opts, grammar: newGrammar(),
		published: make(map[string][]string), files: make(map[string]filesByName), fixes: make(map[string][]fix), parsed: make(map[string]parsed)}
	s.opts.Load.Unknowns = true
	s.opts.Load.Texts = make(map[string][]byte)
	s.opts.Paths = nil
	for _, path := range opts.Paths {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("finding %s: %w", path, err)
		}
		s.opts.Paths = append(s.opts.Paths, absolute)
	}
	return s, nil
}

func (s *server) left() error {
	if s.state != stateShutDown {
		return ErrNotShutDown
	}
	return nil
}

// take handles one message. It is done where the editor says exit.
func (s *server) take(m jsonrpc2.Message) (done bool, err error) {
	r, isRequest := m.(jsonrpc2.Request)
	if !isRequest {
		return false, nil // the response to a request that was never made
	}
	if r.Method() == protocol.MethodExit {
		return true, s.left()
	}
	result, err := s.handle(r.Method(), r.Params())
	call, isCall := r.(*jsonrpc2.Call)
	if !isCall {
		return false, ioError(err) // a notification has no answer, and one that is not known may be left alone
	}
	if err := ioError(err); err != nil {
		return false, err
	}
	if result == nil {
		result = json.RawMessage("null")
	}
	response, err := jsonrpc2.NewResponse(call.ID(), result, err)
	if err != nil {
		return false, fmt.Errorf("writing the answer to %s: %w", r.Method(), err)
	}
	return false, writeMessage(s.out, response)
}

// ioError returns what ends the session; nil for what is the answer to a request.
func ioError(err error) error {
	if answer := (*jsonrpc2.Error)(nil); errors.As(err, &answer) {
		return nil
	}
	return err
}

// handle serves one method. An error of jsonrpc2 is the answer, any other ends the session.
func (s *server) handle(method string, params []byte) (any, error) {
	switch {
	case method == protocol.MethodInitialize:
		return with(params, s.initialize)
	case s.state == stateNew:
		return nil, jsonrpc2.NewError(jsonrpc2.ServerNotInitialized, "initialize comes first")
	case s.state == stateShutDown:
		return nil, jsonrpc2.NewError(jsonrpc2.InvalidRequest, "the server was told to shut down")
	}
	switch method {
	case protocol.MethodShutdown:
		s.state = stateShutDown
		return nil, s.checkDue() // whoever shuts down at once wants to know all the same
	case protocol.MethodInitialized:
		return nil, s.watch()
	case protocol.MethodCancelRequest, protocol.MethodSetTrace:
		return nil, nil
	case protocol.MethodTextDocumentDidOpen:
		return with(params, s.didOpen)
	case protocol.MethodTextDocumentDidChange:
		return with(params, s.didChange)
	case protocol.MethodTextDocumentDidSave:
		return with(params, s.didSave)
	case protocol.MethodWorkspaceDidChangeWatchedFiles:
		return with(params, s.didChangeFiles)
	case protocol.MethodTextDocumentDidClose:
		return with(params, s.didClose)
	case protocol.MethodTextDocumentHover:
		return with(params, s.hover)
	case protocol.MethodTextDocumentCompletion:
		return with(params, s.completion)
	case protocol.MethodTextDocumentSignatureHelp:
		return with(params, s.signature)
	case protocol.MethodTextDocumentDefinition:
		return with(params, s.definition)
	case protocol.MethodTextDocumentDocumentSymbol:
		return with(params, s.symbols)
	case protocol.MethodTextDocumentCodeAction:
		return with(params, s.codeActions)
	case protocol.MethodTextDocumentFormatting:
		return with(params, s.formatting)
	}
	return nil, jsonrpc2.Errorf(jsonrpc2.MethodNotFound, "iggysink does not serve %s", method)
}

// with decodes the parameters of a method.
func with[P any](params []byte, method func(*P) (any, error)) (any, error) {
	var p P
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, jsonrpc2.NewError(jsonrpc2.InvalidParams, "the parameters are not those of the method")
	}
	return method(&p)
}

func (s *server) initialize(p *protocol.InitializeParams) (any, error) {
	if s.state != stateNew {
		return nil, jsonrpc2.NewError(jsonrpc2.InvalidRequest, "initialize comes once")
	}
	s.state = stateServing
	if doc := p.Capabilities.TextDocument; doc != nil {
		if doc.Completion != nil && doc.Completion.CompletionItem != nil {
			s.client.snippets = doc.Completion.CompletionItem.SnippetSupport
		}
		s.client.markdown = doc.Hover != nil && slices.Contains(doc.Hover.ContentFormat, protocol.Markdown)
	}
	if w := p.Capabilities.Workspace; w != nil && w.DidChangeWatchedFiles != nil {
		s.client.watches = w.DidChangeWatchedFiles.DynamicRegistration
	}
	return &protocol.InitializeResult{
		Capabilities: protocol.ServerCapabilities{
			TextDocumentSync: &protocol.TextDocumentSyncOptions{OpenClose: true, Change: protocol.TextDocumentSyncKindIncremental,
				Save: &protocol.SaveOptions{}},
			HoverProvider:              true,
			CompletionProvider:         &protocol.CompletionOptions{TriggerCharacters: []string{".", "\""}},
			SignatureHelpProvider:      &protocol.SignatureHelpOptions{TriggerCharacters: []string{"(", ","}},
			DefinitionProvider:         true,
			DocumentSymbolProvider:     true,
			DocumentFormattingProvider: true,
			CodeActionProvider:         &protocol.CodeActionOptions{CodeActionKinds: []protocol.CodeActionKind{protocol.QuickFix}},
		},
		ServerInfo: &protocol.ServerInfo{Name: "iggysink", Version: s.opts.Version},
	}, nil
}

// watch asks the editor to tell of files that change on the disk, if it can.
func (s *server) watch() error {
	if !s.client.watches {
		return nil
	}
	call, err := jsonrpc2.NewCall(jsonrpc2.NewStringID("watch"), protocol.MethodClientRegisterCapability, &protocol.RegistrationParams{
		Registrations: []protocol.Registration{{ID: "watch", Method: protocol.MethodWorkspaceDidChangeWatchedFiles,
			RegisterOptions: map[string]any{"watchers": []any{
				map[string]any{"globPattern": "**/*.hcl"}, map[string]any{"globPattern": "**/*.hcl.json"},
			}}}},
	})
	if err != nil {
		return fmt.Errorf("asking to watch files: %w", err)
	}
	return writeMessage(s.out, call)
}

func (s *server) didOpen(p *protocol.DidOpenTextDocumentParams) (any, error) {
	s.changed(fileOf(p.TextDocument.URI), p.TextDocument.Text)
	return nil, nil
}

// changes are the parameters of didChange. Those of package protocol do not tell a change without a range, which is the
// whole text, from one at the beginning.
type changes struct {
	TextDocument   protocol.VersionedTextDocumentIdentifier `json:"textDocument"`
	ContentChanges []struct {
		Range *protocol.Range `json:"range"`
		Text  string          `json:"text"`
	} `json:"contentChanges"`
}

// didChange applies changes one after the other, each to the text that the one before has left.
func (s *server) didChange(p *changes) (any, error) {
	name := fileOf(p.TextDocument.URI)
	text, isOpen := s.opts.Load.Texts[name]
	for _, change := range p.ContentChanges {
		if change.Range == nil {
			text, isOpen = []byte(change.Text), true
			continue
		}
		if !isOpen {
			return nil, nil // nothing is known that the range would be of
		}
		start, end := byteAt(text, change.Range.Start), byteAt(text, change.Range.End)
		start, end = min(start, end), max(start, end)
		if len(text)-(end-start)+len(change.Text) > maxText {
			return nil, nil
		}
		text = slices.Concat(text[:start], []byte(change.Text), text[end:])
	}
	if len(p.ContentChanges) > 0 {
		s.changed(name, string(text))
	}
	return nil, nil
}

// maxText bounds a document that grows by changes: what is far larger than any file that is read.
const maxText = 4 * hclconfig.MaxFileSize

// didChangeFiles checks again what a file on the disk is part of: it may be new, another, or gone.
func (s *server) didChangeFiles(p *protocol.DidChangeWatchedFilesParams) (any, error) {
	for _, change := range p.Changes {
		name := fileOf(change.URI)
		for configuration, files := range s.files {
			if _, isPart := files[name]; isPart { // read by file(), or in a folder
				s.isDue(configuration)
			}
		}
		if slices.Contains(s.opts.Paths, s.configurationOf(name)) {
			s.isDue(name)
		}
	}
	return nil, nil
}

func (s *server) changed(name, text string) {
	delete(s.fixes, name) // their places are those of the text before
	s.opts.Load.Texts[name] = []byte(text)
	s.isDue(name)
}

// didSave checks again: what a document reads with file(), or what lies beside it, may be another by now.
func (s *server) didSave(p *protocol.DidSaveTextDocumentParams) (any, error) {
	s.isDue(fileOf(p.TextDocument.URI))
	return nil, nil
}

func (s *server) didClose(p *protocol.DidCloseTextDocumentParams) (any, error) {
	name := fileOf(p.TextDocument.URI)
	delete(s.opts.Load.Texts, name)
	delete(s.fixes, name)
	return nil, s.closed(name)
}
