package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iggysink/examples"
)

// lspClient is a scripted editor: it says all it has to say, and then reads what came back. The server answers one message
// after the other, so that nothing depends on time.
type lspClient struct {
	t   *testing.T
	in  bytes.Buffer
	ids int
}

func newLSPClient(t *testing.T) *lspClient {
	t.Helper()
	c := &lspClient{t: t}
	c.request("initialize", map[string]any{"capabilities": map[string]any{}, "processId": nil})
	c.notify("initialized", map[string]any{})
	return c
}

func (c *lspClient) message(m map[string]any) {
	c.t.Helper()
	m["jsonrpc"] = "2.0"
	body, err := json.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	c.raw("Content-Length: " + jsonOf(c.t, len(body)) + "\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n" + string(body))
}

func (c *lspClient) raw(text string) { c.in.WriteString(text) }

func (c *lspClient) notify(method string, params any) {
	c.t.Helper()
	c.message(map[string]any{"method": method, "params": params})
}

// request returns the number of the request.
func (c *lspClient) request(method string, params any) int {
	c.t.Helper()
	c.ids++
	c.message(map[string]any{"id": c.ids, "method": method, "params": params})
	return c.ids
}

func (c *lspClient) open(name, text string) {
	c.t.Helper()
	c.notify("textDocument/didOpen", map[string]any{
		"textDocument": map[string]any{"uri": uriOf(name), "languageId": "hcl", "version": 1, "text": text},
	})
}

func (c *lspClient) change(name, text string) {
	c.t.Helper()
	c.notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": uriOf(name), "version": 2},
		"contentChanges": []any{map[string]any{"text": text}},
	})
}

// at asks for something at the place of a mark in a text that is open.
func (c *lspClient) at(method, name, text, mark string) int {
	c.t.Helper()
	i := strings.Index(text, mark)
	if i < 0 {
		c.t.Fatalf("there is no %q in the text", mark)
	}
	before := text[:i]
	line := strings.Count(before, "\n")
	column := len(utf16Of(before[strings.LastIndexByte(before, '\n')+1:]))
	return c.request(method, map[string]any{
		"textDocument": map[string]any{"uri": uriOf(name)},
		"position":     map[string]any{"line": line, "character": column},
	})
}

// lspReply is what a session brought: the responses by number, and the findings of each file, the last ones last.
type lspReply struct {
	responses map[int]lspMessage
	published map[string][][]lspDiagnostic
	text      string
	code      int
}

// end says goodbye and runs the session.
func (c *lspClient) end(args ...string) lspReply {
	c.t.Helper()
	c.request("shutdown", nil)
	c.notify("exit", nil)
	return c.run(args...)
}

func (c *lspClient) run(args ...string) lspReply {
	c.t.Helper()
	var out, errs bytes.Buffer
	r := lspReply{responses: map[int]lspMessage{}, published: map[string][][]lspDiagnostic{}}
	r.code = run(c.t.Context(), append([]string{"lsp"}, args...), &c.in, &out, &errs)
	r.text = out.String() + errs.String()
	for in := bufio.NewReader(&out); ; {
		m, err := readLSP(in)
		if errors.Is(err, io.EOF) {
			return r
		}
		if err != nil {
			c.t.Fatal(err)
		}
		if m.Method == "" {
			var id int
			if err := json.Unmarshal(m.ID, &id); err != nil {
				c.t.Fatal(err)
			}
			r.responses[id] = m
			continue
		}
		var p struct {
			URI         string
			Diagnostics []lspDiagnostic
		}
		if err := json.Unmarshal(m.Params, &p); err != nil || m.Method != "textDocument/publishDiagnostics" {
			c.t.Fatalf("%s: %v", m.Method, err)
		}
		r.published[fileOf(p.URI)] = append(r.published[fileOf(p.URI)], p.Diagnostics)
	}
}

// into decodes the result of a response.
func (r lspReply) into(t *testing.T, id int, v any) {
	t.Helper()
	m, found := r.responses[id]
	if !found || m.Error != nil {
		t.Fatalf("request %d: %+v", id, m.Error)
	}
	if err := json.Unmarshal([]byte(jsonOf(t, m.Result)), v); err != nil {
		t.Fatal(err)
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const lspText = `iggy {
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

func TestLSPSession(t *testing.T) {
	name := filepath.Join(t.TempDir(), "new file.hcl") // it need not be on the disk
	c := newLSPClient(t)
	c.open(name, lspText)
	hover := c.at("textDocument/hover", name, lspText, "_delay")
	nothing := c.at("textDocument/hover", name, lspText, "}\n\nsink")
	values := c.at("textDocument/completion", name, lspText, "  \"raw\"")
	names := c.at("textDocument/completion", name, lspText, "\n  }\n}")
	format := c.request("textDocument/formatting", map[string]any{"textDocument": map[string]any{"uri": uriOf(name)}})
	c.change(name, strings.Replace(lspText, "5x", "5s", 1))
	r := c.end()
	if r.code != exitOK {
		t.Fatalf("exit %d: %s", r.code, r.text)
	}
	want := [][]lspDiagnostic{
		{{Range: lspRange{lspPosition{7, 31}, lspPosition{7, 35}}, Severity: 1, Code: "invalid-duration", Source: "iggysink",
			Message: "invalid duration\n" + `"x" is not a unit (ms, s, m, h, d). Try "5s".`}},
		{},
	}
	if diff := cmp.Diff(want, r.published[name]); diff != "" {
		t.Error(diff)
	}
	var h lspHover
	if r.into(t, hover, &h); !strings.HasPrefix(h.Contents.Value, "sink.retry_delay\n") || !strings.Contains(h.Contents.Value, `"1s"`) {
		t.Errorf("the hover is %+v", h)
	}
	if result := r.responses[nothing].Result; result != nil {
		t.Errorf("a brace has the hover %v", result)
	}
	if got, want := labels(t, r, values), []string{`"individual"`, `"nd_json"`, `"json_array"`, `"raw"`, `"ndjson"`}; !slices.Equal(got, want) {
		t.Errorf("the values are %v, not %v", got, want)
	}
	got := labels(t, r, names)
	if !slices.Contains(got, "batch_length") || slices.Contains(got, "topics") || slices.Contains(got, "retry_delay") {
		t.Errorf("the names are %v", got)
	}
	var edits []lspEdit
	if r.into(t, format, &edits); len(edits) != 1 || !strings.Contains(edits[0].NewText, "\n  batch_mode          = \"raw\"\n") ||
		edits[0].Range != (lspRange{lspPosition{}, lspPosition{strings.Count(lspText, "\n"), 0}}) {
		t.Errorf("the layout is %+v", edits)
	}
}

func labels(t *testing.T, r lspReply, id int) (all []string) {
	t.Helper()
	var items []lspItem
	r.into(t, id, &items)
	for _, item := range items {
		all = append(all, item.Label)
	}
	return all
}

// The files of a folder are one configuration: what one of them breaks shows in the other, as it is in the editor.
func TestLSPChecksAWholeConfiguration(t *testing.T) {
	dir := t.TempDir()
	iggy, orders := filepath.Join(dir, "iggy.hcl"), filepath.Join(dir, "orders.hcl")
	parts := strings.SplitAfterN(strings.Replace(lspText, "5x", "5s", 1), "}\n", 2)
	for name, text := range map[string]string{iggy: parts[0], orders: parts[1]} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := newLSPClient(t)
	c.open(iggy, parts[0])
	c.change(iggy, parts[0]+strings.Replace(parts[1], "\nsink", "sink", 1)) // the same sink twice
	c.notify("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": uriOf(iggy)}})
	r := c.end(dir)
	var rules [][]string
	for _, published := range r.published[orders] {
		list := []string{}
		for _, d := range published {
			list = append(list, d.Code)
		}
		rules = append(rules, list)
	}
	if len(rules) != 2 || !slices.Contains(rules[0], "duplicate-sink") || len(rules[1]) != 0 {
		t.Errorf("findings of orders.hcl: %v\n%s", rules, r.text)
	}
}

func TestLSPErrors(t *testing.T) {
	t.Run("an unknown method", func(t *testing.T) {
		c := newLSPClient(t)
		id := c.request("workspace/nosuch", nil)
		if r := c.end(); r.responses[id].Error == nil || r.responses[id].Error.Code != lspMethodNotFound || r.code != exitOK {
			t.Errorf("%+v", r)
		}
	})
	t.Run("before initialize", func(t *testing.T) {
		c := &lspClient{t: t}
		id := c.request("textDocument/hover", map[string]any{})
		if r := c.run(); r.responses[id].Error == nil || r.responses[id].Error.Code != lspNotInitialized || r.code != exitFailed {
			t.Errorf("%+v", r)
		}
	})
	t.Run("other parameters", func(t *testing.T) {
		c := newLSPClient(t)
		id := c.request("textDocument/hover", []int{1})
		if r := c.end(); r.responses[id].Error == nil || r.responses[id].Error.Code != lspInvalidParams {
			t.Errorf("%+v", r)
		}
	})
	for _, text := range []string{
		"hello\r\n\r\n", "Content-Length: -1\r\n\r\n", "Content-Length: 99999999999\r\n\r\n{}", "Content-Length: 5\r\n\r\n{}", "Content-Length: 1\r\n\r\n[",
		strings.Repeat("X: y\r\n", 100), strings.Repeat("x", 10000),
	} {
		c := &lspClient{t: t}
		c.raw(text)
		if r := c.run(); r.code != exitUsage {
			t.Errorf("%q: exit %d", text, r.code)
		}
	}
}

func TestLSPTellsNoSecret(t *testing.T) {
	for _, b := range breakages() {
		secret := `"` + canary + `"`
		if b.secret != nil {
			secret = b.secret(secret)
		}
		text := secretText("password", secret)
		if b.text != nil {
			text = b.text(text)
		}
		c := newLSPClient(t)
		c.open(filepath.Join(t.TempDir(), "a.hcl"), text)
		if r := c.end(); strings.Contains(r.text, canary) {
			t.Errorf("%s: %s", b.name, around(r.text))
		}
	}
}

// An editor asks at any place, in a text that is never finished.
func TestTheCursorIsFoundEverywhere(t *testing.T) {
	text, err := examples.Files.ReadFile("orders.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at <= len(text); at += 7 {
		for _, part := range [][]byte{text, text[:at]} {
			cursorAt(part, at)
		}
	}
}
