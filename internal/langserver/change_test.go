package langserver

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

// What is no JSON-RPC is answered, and the session goes on.
func TestAMalformedMessageIsAnswered(t *testing.T) {
	var in, out bytes.Buffer
	for _, body := range []string{
		`{`, `[{"jsonrpc":"2.0","id":1,"method":"initialize"}]`, `{}`, `{"jsonrpc":"2.0","id":7,"method":1}`, `7`, "",
		`{"jsonrpc":"2.0","id":8,"method":"initialize","params":{}}`, `{"jsonrpc":"2.0","id":9,"method":"shutdown"}`,
		`{"jsonrpc":"2.0","method":"exit"}`,
	} {
		fmt.Fprintf(&in, "Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	require.NoError(t, Serve(t.Context(), &in, &out, Options{}))
	for _, want := range []string{
		`"id":null,"error":{"code":-32700,"message":"the message is not JSON"}`,
		`"id":null,"error":{"code":-32600,"message":"the Language Server Protocol has no batches: send each message by itself"}`,
		`"id":null,"error":{"code":-32600,`, `"id":7,"error":{"code":-32600,`, `"id":null,"error":{"code":-32600,`, `"id":null,"error":{"code":-32700,`,
		`"capabilities"`, `"id":9`,
	} {
		before, after, found := strings.Cut(out.String(), want)
		require.True(t, found, "%s in %s", want, out.String())
		_ = before
		out.Reset()
		out.WriteString(after)
	}
}

// Changes with a range are applied one after the other, in UTF-16 code units.
func TestRangedChanges(t *testing.T) {
	s := serving(t, "")
	s.state = stateServing
	s.changed("/a.hcl", "a = \"👩x\"\nb = 1\n")
	change := func(changes string) string {
		_, err := s.handle(protocol.MethodTextDocumentDidChange, []byte(`{"textDocument":{"uri":"file:///a.hcl","version":2},"contentChanges":`+changes+`}`))
		require.NoError(t, err)
		return string(s.opts.Load.Texts["/a.hcl"])
	}
	at := func(line, from, to int, text string) string {
		return fmt.Sprintf(`{"range":{"start":{"line":%d,"character":%d},"end":{"line":%d,"character":%d}},"text":%q}`, line, from, line, to, text)
	}
	assert.Equal(t, "a = \"👩y\"\nb = 1\n", change("["+at(0, 7, 8, "y")+"]"))
	assert.Equal(t, "c = \"👩y\"\nb = 12\n", change("["+at(0, 0, 1, "c")+","+at(1, 5, 5, "2")+"]"))
	assert.Equal(t, "new\nline", change(`[{"text":"new"},`+at(0, 3, 3, "\nline")+`]`))
	assert.Equal(t, "new", change(`[{"range":{"start":{"line":0,"character":3},"end":{"line":9,"character":9}},"text":""}]`))
	assert.Equal(t, "new", change("["+at(0, 0, 0, strings.Repeat("x", maxText))+"]"), "a document has a bound")
	_, err := s.handle(protocol.MethodTextDocumentDidChange, []byte(`{"textDocument":{"uri":"file:///b.hcl"},"contentChanges":[`+at(0, 0, 0, "x")+`]}`))
	require.NoError(t, err)
	assert.NotContains(t, s.opts.Load.Texts, "/b.hcl", "of a document that is not open nothing is known")
}

// The editor is asked to tell of files, and one that is gone takes its findings with it.
func TestAFileThatIsDeletedIsNoticed(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "a.hcl"), filepath.Join(dir, "b.hcl")
	before, after, found := strings.Cut(sessionText, "sink")
	require.True(t, found)
	sink := "sink" + strings.Replace(after, "5x", "5s", 1)
	for name, text := range map[string]string{first: before + sink, second: sink} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	e := start(t, Options{Paths: []string{dir}})
	e.initialize()
	text, err := os.ReadFile(first)
	require.NoError(t, err)
	e.open(first, string(text))
	require.NotEmpty(t, e.found(second), "two sinks have the same name")
	require.NoError(t, os.Remove(second))
	e.tell(protocol.MethodWorkspaceDidChangeWatchedFiles, &protocol.DidChangeWatchedFilesParams{
		Changes: []*protocol.FileEvent{{URI: uriOf(second), Type: protocol.FileChangeTypeDeleted}}})
	assert.Empty(t, e.found(second))
	assert.NoError(t, e.end())
}

func TestAnEditorThatWatchesIsAskedTo(t *testing.T) {
	s := serving(t, "")
	var out bytes.Buffer
	s.out = &out
	require.NoError(t, s.watch())
	assert.Empty(t, out.String())
	s.client.watches = true
	require.NoError(t, s.watch())
	m, err := readMessage(bufio.NewReader(&out))
	require.NoError(t, err)
	assert.Equal(t, protocol.MethodClientRegisterCapability, m.(*jsonrpc2.Call).Method())
	assert.Contains(t, string(m.(*jsonrpc2.Call).Params()), `"**/*.hcl"`)
}

// A block whose end has not been typed yet is completed like any other.
func TestCompletionInAnUnclosedBlock(t *testing.T) {
	assert.Subset(t, completed(t, "sink \"a\" {\n  |"), []string{"url", "stream", "timeout"})
	assert.Subset(t, completed(t, "sink \"a\" {\n  stream \"s\" {\n    |"), []string{"topics", "consumer_group"})
	assert.Contains(t, completed(t, "iggy {\n}\nsink \"a\" {\n  batch_mode = |"), "raw")
	assert.Subset(t, completed(t, "sink \"a\" {\n  |\n\nsink \"b\" {\n  url = \"http://h/\"\n}\n"), []string{"url", "timeout"})
	assert.Empty(t, closing([]byte("a {\n}\n}")))
	assert.Empty(t, closing([]byte(strings.Repeat("{", maxClosing+1))))
	assert.Equal(t, ")]\n}\n", closing([]byte("a {\n b = [f(")))
}
