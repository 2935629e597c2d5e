package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"iggysink/hclconfig"
	"iggysink/internal/findings"
)

func newLSPCommand() *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:   "lsp [PATH...]",
		Short: "Serve an editor: findings, documentation, completion and layout",
		Long: `lsp speaks the Language Server Protocol on stdin and stdout until the editor ends it. It shows what validate finds while you
type, tells of a block or an attribute under the cursor, completes names and values, and formats.

Each PATH is one configuration, a file or a folder; its files are checked together. A document in none of them is checked
by itself. Nothing is started and the network is not touched; an env() that is not set is no error.

Exit codes: 0 the editor ended it; 1 it left without shutting down; 2 it does not speak the protocol.`,
		Example: `  iggysink lsp
  iggysink lsp conf.d`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			opts, err := f.options()
			if err != nil {
				return err
			}
			opts.Unknowns = true
			s := &lspServer{out: cmd.OutOrStdout(), opts: opts, topics: newTopics(), published: map[string][]string{}}
			s.opts.Texts = map[string][]byte{}
			for _, path := range paths {
				absolute, err := filepath.Abs(path)
				if err != nil {
					return err
				}
				s.paths = append(s.paths, absolute)
			}
			return s.serve(bufio.NewReader(cmd.InOrStdin()))
		},
	}
	f.register(cmd)
	return cmd
}

// lspServer answers one editor, one message after the other. What it needs is the texts of open documents and the files
// on the disk: it keeps nothing else, and no goroutine.
type lspServer struct {
	out    io.Writer
	opts   hclconfig.Options // its Texts are the open documents, by file name
	paths  []string          // configurations, absolute
	topics topics

	initialized, shutdown bool
	published             map[string][]string // files with findings, by the configuration that they are of
}

// serve answers until the editor says exit or closes stdin.
func (s *lspServer) serve(in *bufio.Reader) error {
	for {
		m, err := readLSP(in)
		if errors.Is(err, io.EOF) || err == nil && m.Method == "exit" {
			if s.shutdown {
				return nil
			}
			return &exitError{code: exitFailed}
		}
		if err != nil {
			return err
		}
		if m.Method == "" {
			continue // the response to a request that was never made
		}
		var p lspParams
		reply := lspMessage{ID: m.ID}
		switch err := json.Unmarshal(m.Params, &p); {
		case err != nil && len(m.Params) > 0 && m.Method != "initialize":
			reply.Error = &lspError{lspInvalidParams, "the parameters are not those of the method"}
		case !s.initialized && m.Method != "initialize":
			reply.Error = &lspError{lspNotInitialized, "initialize comes first"}
		default:
			if reply.Result, reply.Error, err = s.handle(m.Method, p); err != nil {
				return err
			}
		}
		if len(m.ID) == 0 {
			continue // a notification has no answer, and one that is not known may be left alone
		}
		if reply.Result == nil && reply.Error == nil {
			reply.Result = json.RawMessage("null")
		}
		if err := writeLSP(s.out, reply); err != nil {
			return err
		}
	}
}

func (s *lspServer) handle(method string, p lspParams) (result any, failed *lspError, err error) {
	name := fileOf(p.TextDocument.URI)
	switch method {
	case "initialize":
		s.initialized = true
		return lspCapabilities(), nil, nil
	case "initialized", "textDocument/didSave":
	case "shutdown":
		s.shutdown = true
	case "textDocument/didOpen":
		s.opts.Texts[name] = []byte(p.TextDocument.Text)
		return nil, nil, s.check(name)
	case "textDocument/didChange":
		if n := len(p.ContentChanges); n > 0 {
			s.opts.Texts[name] = []byte(p.ContentChanges[n-1].Text)
		}
		return nil, nil, s.check(name)
	case "textDocument/didClose":
		delete(s.opts.Texts, name)
		return nil, nil, s.closed(name)
	case "textDocument/hover":
		return s.hover(name, p.Position), nil, nil
	case "textDocument/completion":
		return s.complete(name, p.Position), nil, nil
	case "textDocument/formatting":
		return s.format(name), nil, nil
	default:
		return nil, &lspError{lspMethodNotFound, "iggysink does not serve " + method}, nil
	}
	return nil, nil, nil
}

func lspCapabilities() any {
	return map[string]any{
		"capabilities": map[string]any{
			"textDocumentSync":           map[string]any{"openClose": true, "change": 1}, // whole texts
			"hoverProvider":              true,
			"completionProvider":         map[string]any{},
			"documentFormattingProvider": true,
		},
		"serverInfo": map[string]any{"name": "iggysink"},
	}
}

// fileOf returns the name of the file that a URI stands for. A document that has no file is known by its URI.
func fileOf(uri string) string {
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Scheme != "file" {
		return uri
	}
	return filepath.FromSlash(parsed.Path)
}

func uriOf(name string) string {
	if !filepath.IsAbs(name) {
		return name
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String()
}

// configurationOf returns the configuration that a file belongs to.
func (s *lspServer) configurationOf(name string) string {
	for _, path := range s.paths {
		if path == name || path == filepath.Dir(name) {
			return path
		}
	}
	return name
}

// check publishes what is found in the configuration of a file, and takes back what is no longer found.
func (s *lspServer) check(name string) error {
	configuration := s.configurationOf(name)
	result, found := hclconfig.Load([]string{configuration}, s.opts)
	files := map[string][]lspDiagnostic{name: {}}
	for _, file := range s.published[configuration] {
		files[file] = []lspDiagnostic{}
	}
	for _, d := range found {
		file := d.Range.Filename
		if file == "" {
			file = name // about no place, such as a --var: it is shown where the user is
		}
		files[file] = append(files[file], lspDiagnosticOf(d, result.Files[file]))
	}
	s.published[configuration] = nil
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if len(files[file]) > 0 {
			s.published[configuration] = append(s.published[configuration], file)
		}
		if err := s.publish(file, files[file]); err != nil {
			return err
		}
	}
	return nil
}

// closed takes back the findings of a document by itself; a configuration is checked as it is on the disk.
func (s *lspServer) closed(name string) error {
	if s.configurationOf(name) != name || slices.Contains(s.paths, name) {
		return s.check(name)
	}
	delete(s.published, name)
	return s.publish(name, []lspDiagnostic{})
}

func (s *lspServer) publish(name string, found []lspDiagnostic) error {
	params, err := json.Marshal(map[string]any{"uri": uriOf(name), "diagnostics": found})
	if err != nil {
		return err
	}
	return writeLSP(s.out, lspMessage{Method: "textDocument/publishDiagnostics", Params: params})
}

func lspDiagnosticOf(d hclconfig.Diagnostic, text []byte) lspDiagnostic {
	out := lspDiagnostic{Severity: 1, Code: d.Rule, Source: "iggysink", Message: d.Summary}
	if d.Severity == hclconfig.Warning {
		out.Severity = 2
	}
	if d.Detail != "" {
		out.Message += "\n" + d.Detail
	}
	if d.Range.Start.Line > 0 {
		out.Range = lspRange{
			lspPosition{d.Range.Start.Line - 1, findings.UTF16Column(text, d.Range.Start.Byte) - 1},
			lspPosition{d.Range.End.Line - 1, findings.UTF16Column(text, d.Range.End.Byte) - 1},
		}
	}
	return out
}

// native returns the text of an open document, unless it is JSON, which has no places to speak about.
func (s *lspServer) native(name string) ([]byte, bool) {
	text, open := s.opts.Texts[name]
	return text, open && !strings.HasSuffix(name, ".json")
}

func (s *lspServer) hover(name string, at lspPosition) any {
	text, ok := s.native(name)
	if !ok {
		return nil
	}
	t, found := s.topics.topicAt(cursorAt(text, offsetOf(text, at)))
	if !found {
		return nil
	}
	var out bytes.Buffer
	t.explain(&out)
	return lspHover{lspMarkup{"plaintext", out.String()}}
}

func (s *lspServer) format(name string) any {
	text, ok := s.native(name)
	if !ok {
		return nil
	}
	formatted, found := hclconfig.Format(name, text)
	if found.HasErrors() || bytes.Equal(formatted, text) {
		return []lspEdit{} // what is wrong has been published
	}
	end := lspPosition{bytes.Count(text, []byte("\n")), findings.UTF16Column(text, len(text)) - 1}
	return []lspEdit{{lspRange{lspPosition{}, end}, string(formatted)}}
}

// The kinds of completions: a property, a struct and a member of an enumeration.
const (
	lspProperty = 10
	lspStruct   = 22
	lspMember   = 20
)

// complete offers what may stand at a place: behind = the values of the attribute, otherwise the attributes of the block
// that are not set, and the blocks.
func (s *lspServer) complete(name string, at lspPosition) any {
	items := []lspItem{}
	text, ok := s.native(name)
	if !ok {
		return items
	}
	c := cursorAt(text, offsetOf(text, at))
	if c.value {
		if t, found := s.topics.topicAt(c); found && t.attribute != nil {
			return append(items, valueItems(t)...)
		}
		return items
	}
	for _, t := range s.topics {
		last := len(t.path) - 1
		if c.inner || t.about != "" || !slices.Equal(t.path[:last], c.path) || slices.Contains(c.set, t.path[last]) && t.path[last] != c.name {
			continue
		}
		item := lspItem{Label: t.path[last], Kind: lspProperty, Detail: schemaAt(t.path).words(), Documentation: t.doc()}
		item.InsertText = item.Label + " = "
		if t.isBlock() {
			item.Kind, item.Detail = lspStruct, "block"
			item.InsertText = item.Label + strings.Repeat(` ""`, len(t.block.Labels)) + " {\n}"
		}
		items = append(items, item)
	}
	return items
}

func valueItems(t topic) (items []lspItem) {
	for _, value := range t.attribute.Enum {
		items = append(items, lspItem{Label: hclconfig.Literal(value), Kind: lspMember})
	}
	if words := schemaAt(t.path).words(); words == "true or false" {
		items = append(items, lspItem{Label: "true", Kind: lspMember}, lspItem{Label: "false", Kind: lspMember})
	}
	if t.attribute.Sensitive {
		items = append(items, lspItem{Label: fmt.Sprintf("env(%q)", strings.ToUpper(t.attribute.Name)), Kind: lspMember})
	}
	return items
}
