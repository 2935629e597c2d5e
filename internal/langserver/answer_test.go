package langserver

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.lsp.dev/protocol"

	"iggysink/examples"
)

// around is a configuration with a place for one piece of text in its sink.
const around = `variable "endpoint" {
  type        = string
  description = "where to"
}

variable "tenants" {
  type = map(string)
}

locals {
  common = { "X-Tenant" = "acme" }
}

sink "a" {
  for_each = var.tenants
  url      = "${var.endpoint}/${topic}"
  @
  stream "s" {
    topics = ["t"]
  }
}
`

func TestCompletion(t *testing.T) {
	for _, tt := range []struct {
		at      string   // what stands in the sink, with | for the cursor
		offers  []string // among others, in this order
		without []string
	}{
		{at: "|", offers: []string{"batch_mode", "circuit_breaker", "dead_letter", "dynamic", "stream"}, without: []string{"url", "topics", "for_each", "sink"}},
		{at: "re|", offers: []string{"reject_status_codes", "retry_delay", "retry_jitter"}, without: []string{"batch_mode", "tls", "for_each"}},
		{at: "batch_mode = |", offers: []string{"individual", "nd_json", "json_array", "raw", "var.endpoint"}},
		{at: "batch_mode = \"|\"", offers: []string{"individual", "nd_json", "json_array", "raw"}, without: []string{"var.endpoint"}},
		{at: "batch_mode = \"n|", offers: []string{"nd_json"}},
		{at: "enabled = |", offers: []string{"false", "true"}},
		{at: "headers = local.|", offers: []string{"local.common"}, without: []string{"var.tenants"}},
		{at: "content_type = \"${var.|}\"", offers: []string{"var.endpoint"}, without: []string{"local.common"}},
		{at: "content_type = each.|", offers: []string{"each.key", "each.value"}},
		{at: "content_type = e|", offers: []string{"each.key", "env"}, without: []string{"file"}},
		{at: "content_type = \"${|}\"", offers: []string{"each.key", "upper"}, without: []string{"topic"}},
		{at: "content_type = upper(|)", offers: []string{"var.endpoint", "env"}},
		{at: "dead_letter \"|\" {\n}", offers: []string{"file"}},
		{at: "dead_letter \"file\" {\n|\n}", offers: []string{"path"}, without: []string{"url", "dynamic"}},
		{at: "tls {\n|\n}", offers: []string{"ca_file", "server_name"}},
		{at: "dynamic \"|\" {\n}", offers: []string{"circuit_breaker", "dead_letter", "stream", "tls"}},
		{at: "dynamic \"stream\" {\n|\n}", offers: []string{"content", "for_each", "iterator", "labels"}},
		{at: "dynamic \"stream\" {\ncontent {\n|\n}\n}", offers: []string{"batch_length", "topics"}},
		{at: "# any |"},
		{at: "// any | word"},
		{at: "/* any | */"},
		{at: "content_type = \"any |\""},
		{at: "# iggysink:ignore |", offers: []string{"literal-secret", "default-group"}, without: []string{"invalid-duration"}},
		{at: "# iggysink:ignore literal-|", offers: []string{"literal-secret"}, without: []string{"default-group"}},
		{at: "# iggysink:ignore literal-secret be|"},
	} {
		t.Run(tt.at, func(t *testing.T) {
			labels := completed(t, strings.Replace(around, "@", tt.at, 1))
			var among []string
			for _, label := range labels {
				if slices.Contains(tt.offers, label) {
					among = append(among, label)
				}
			}
			assert.Equal(t, tt.offers, among, "of %v", labels)
			for _, label := range tt.without {
				assert.NotContains(t, labels, label)
			}
			if tt.offers == nil {
				assert.Empty(t, labels)
			}
		})
	}
	assert.Subset(t, completed(t, "|"), []string{"admin", "defaults", "iggy", "locals", "sink", "variable"})
	assert.NotContains(t, completed(t, "admin {\n}\n|"), "admin", "there is one")
	assert.Subset(t, completed(t, "defaults {\n|\n}"), []string{"timeout", "tls", "dynamic"})
	assert.NotContains(t, completed(t, "defaults {\n|\n}"), "stream")
	assert.Subset(t, completed(t, "variable \"a\" {\n|\n}"), []string{"default", "description", "sensitive", "type", "validation"})
	assert.Subset(t, completed(t, strings.Replace(around, "/${topic}", "/${|}", 1)), []string{"partition", "stream", "topic", "var.endpoint"})
}

func completed(t *testing.T, text string) (labels []string) {
	t.Helper()
	text, place := marked(t, "/a.hcl", text)
	s := serving(t, text)
	got, err := s.completion(&protocol.CompletionParams{TextDocumentPositionParams: place})
	require.NoError(t, err)
	for _, item := range got.(*protocol.CompletionList).Items {
		labels = append(labels, item.Label)
		assert.LessOrEqual(t, item.TextEdit.Range.Start.Character, place.Position.Character, "an edit holds the cursor")
		assert.Equal(t, place.Position.Line, item.TextEdit.Range.Start.Line)
	}
	return labels
}

// serving returns a server that has one document open.
func serving(t *testing.T, text string) *server {
	t.Helper()
	s, err := newServer(&bytes.Buffer{}, Options{})
	require.NoError(t, err)
	s.client.markdown = true
	s.changed("/a.hcl", text)
	return s
}

// What is completed is a text that an editor can take over, with places to fill in where it knows them.
func TestACompletionIsAnEdit(t *testing.T) {
	text, place := marked(t, "/a.hcl", "# 🚀\nsink \"a\" {\n  /* 🚀 */ dead_l|\n}\n")
	s := serving(t, text)
	edit := func() protocol.CompletionItem {
		got, err := s.completion(&protocol.CompletionParams{TextDocumentPositionParams: place})
		require.NoError(t, err)
		items := got.(*protocol.CompletionList).Items
		require.Len(t, items, 1)
		return items[0]
	}
	plain := edit()
	assert.Equal(t, protocol.Range{Start: protocol.Position{Line: 2, Character: 11}, End: protocol.Position{Line: 2, Character: 17}}, plain.TextEdit.Range)
	assert.Equal(t, "dead_letter", plain.TextEdit.NewText)
	assert.Equal(t, protocol.InsertTextFormatPlainText, plain.InsertTextFormat)
	s.client.snippets = true
	assert.Equal(t, "dead_letter \"${1}\" {\n  ${2}\n}", edit().TextEdit.NewText)
	assert.Equal(t, protocol.InsertTextFormatSnippet, edit().InsertTextFormat)
}

func TestHover(t *testing.T) {
	for _, tt := range []struct{ at, says string }{
		{"retry_|delay = \"5s\"", "**retry_delay** _optional, string_\n\n"},
		{"retry_|delay = \"5s\"", "Type: duration\n\nDefault: `\"1s\"`"},
		{"batch_m|ode = \"raw\"", "`nd_json`"},
		{"dead_l|etter \"file\" {\n}", "**dead_letter** _Block"},
		{"dead_letter \"f|ile\" {\n}", "Kind of dead-letter store"},
		{"headers = loc|al.common", "`local.common`"},
		{"content_type = \"${var.end|point}\"", "`var.endpoint`"},
		{"content_type = up|per(\"x\")", "`upper(TEXT)`\n\nTEXT in upper case."},
		{"content_type = e|nv(\"X\")", "sensitive: it appears in no output"},
		{"batch_mode = \"r|aw\"", "raw: the payload's own bytes"}, // and not its type alone
		{"max_retries = 1|5", "Number of retries after the first attempt"},
		{"dyn|amic \"tls\" {\n}", "**dynamic** _Block_"},
		{"ret|ry_delay = \"5x\"\n nonsense", "**retry_delay**"}, // in a file that does not parse
		{"|", ""},
		{"nos|uch = 1", ""},
	} {
		text, place := marked(t, "/a.hcl", strings.Replace(around, "@", tt.at, 1))
		got, err := serving(t, text).hover(&protocol.HoverParams{TextDocumentPositionParams: place})
		require.NoError(t, err)
		if tt.says == "" {
			assert.Nil(t, got, tt.at)
			continue
		}
		require.IsType(t, &protocol.Hover{}, got, tt.at)
		assert.Contains(t, got.(*protocol.Hover).Contents.Value, tt.says, tt.at)
	}
	text, place := marked(t, "/a.hcl", strings.Replace(around, "/${topic}", "/${to|pic}", 1))
	got, err := serving(t, text).hover(&protocol.HoverParams{TextDocumentPositionParams: place})
	require.NoError(t, err)
	require.IsType(t, &protocol.Hover{}, got)
	assert.Contains(t, got.(*protocol.Hover).Contents.Value, "filled in once per partition")
}

// An editor that shows no markup gets none.
func TestHoverInPlainText(t *testing.T) {
	for at, says := range map[string]string{
		"batch_m|ode = \"raw\"":      "batch_mode (optional, string)\n\n",
		"content_type = e|nv(\"X\")": "env(name string, …otherwise string) string\n",
		"headers = loc|al.common":    "\n(object)",
	} {
		text, place := marked(t, "/a.hcl", strings.Replace(around, "@", at, 1))
		s := serving(t, text)
		s.client.markdown = false
		got, err := s.hover(&protocol.HoverParams{TextDocumentPositionParams: place})
		require.NoError(t, err)
		contents := got.(*protocol.Hover).Contents
		assert.Equal(t, protocol.PlainText, contents.Kind)
		assert.NotContains(t, contents.Value, "`")
		assert.NotContains(t, contents.Value, "terraform")
		assert.Contains(t, contents.Value, says)
	}
}

func TestSignature(t *testing.T) {
	text, place := marked(t, "/a.hcl", strings.Replace(around, "@", "content_type = env(\"A\", |\"x\")", 1))
	got, err := serving(t, text).signature(&protocol.SignatureHelpParams{TextDocumentPositionParams: place})
	require.NoError(t, err)
	require.IsType(t, &protocol.SignatureHelp{}, got)
	help := got.(*protocol.SignatureHelp)
	assert.Equal(t, "env(name string, …otherwise string) string", help.Signatures[0].Label)
	assert.EqualValues(t, 1, help.ActiveParameter)
	text, place = marked(t, "/a.hcl", strings.Replace(around, "@", "|", 1))
	got, err = serving(t, text).signature(&protocol.SignatureHelpParams{TextDocumentPositionParams: place})
	require.NoError(t, err)
	assert.Nil(t, got)
}

// What is defined in another file of the configuration is found there.
func TestDefinition(t *testing.T) {
	dir := t.TempDir()
	variables, sinks := filepath.Join(dir, "variables.hcl"), filepath.Join(dir, "sinks.hcl")
	e := start(t, Options{Paths: []string{dir}})
	e.initialize()
	e.open(variables, "# 🚀\nvariable \"endpoint\" {\n  default = \"http://127.0.0.1:1\"\n}\n")
	text, place := marked(t, sinks, "sink \"a\" {\n  url = var.end|point\n  stream \"s\" {\n    topics = [\"t\"]\n  }\n}\n")
	e.open(sinks, text)
	e.found(sinks)
	var places []protocol.Location
	e.ask(protocol.MethodTextDocumentDefinition, place, &places)
	assert.Equal(t, []protocol.Location{{URI: uriOf(variables), Range: protocol.Range{
		Start: protocol.Position{Line: 1}, End: protocol.Position{Line: 1, Character: 19}}}}, places)
	place.Position.Line = 0
	e.ask(protocol.MethodTextDocumentDefinition, place, &places)
	assert.Empty(t, places)
	assert.NoError(t, e.end())
}

func TestSymbols(t *testing.T) {
	got, err := serving(t, strings.Replace(around, "@", "", 1)).symbols(&protocol.DocumentSymbolParams{TextDocument: documentOf("/a.hcl")})
	require.NoError(t, err)
	var names []string
	for _, s := range got.([]protocol.DocumentSymbol) {
		names = append(names, s.Name)
	}
	assert.Equal(t, []string{`variable "endpoint"`, `variable "tenants"`, "locals", `sink "a"`}, names)
}

// JSON has its findings here; the rest it has from the schema of `schema editor`.
func TestJSONHasFindingsOnly(t *testing.T) {
	e := open(t, "/a.hcl.json", `{"sink": {"a": {"url": 1}}}`)
	assert.NotEmpty(t, e.found("/a.hcl.json"))
	var list protocol.CompletionList
	e.ask(protocol.MethodTextDocumentCompletion, placeBehind("/a.hcl.json", "{"), &list)
	assert.Empty(t, list.Items)
	assert.NoError(t, e.end())
}

// An editor asks at any place, of a text that is never finished. Between the = and the true hcl-lang panics.
func TestAnyPlaceCanBeAskedAbout(t *testing.T) {
	text, err := examples.Files.ReadFile("orders.hcl")
	require.NoError(t, err)
	asked := 0
	for at := 0; at <= len(text); at += 11 {
		for _, part := range []string{string(text), string(text[:at])} {
			asked += askAll(t, part, at)
		}
	}
	assert.Positive(t, asked)
	askAll(t, "sink \"a\" {\n  enabled = true\n}\n", len("sink \"a\" {\n  enabled ="))
}

// askAll asks everything about one place, and returns how much there was to say.
func askAll(t *testing.T, text string, at int) (answers int) {
	t.Helper()
	s := serving(t, text)
	place := placeBehind("/a.hcl", text[:min(at, len(text))])
	for _, ask := range []func() (any, error){
		func() (any, error) { return s.hover(&protocol.HoverParams{TextDocumentPositionParams: place}) },
		func() (any, error) {
			return s.completion(&protocol.CompletionParams{TextDocumentPositionParams: place})
		},
		func() (any, error) {
			return s.signature(&protocol.SignatureHelpParams{TextDocumentPositionParams: place})
		},
		func() (any, error) {
			return s.definition(&protocol.DefinitionParams{TextDocumentPositionParams: place})
		},
		func() (any, error) {
			return s.symbols(&protocol.DocumentSymbolParams{TextDocument: place.TextDocument})
		},
	} {
		answer, err := ask()
		require.NoError(t, err)
		if answer != nil {
			answers++
		}
	}
	return answers
}

func FuzzAsk(f *testing.F) {
	f.Add(sessionText, 40)
	f.Add(strings.Replace(around, "@", "content_type = \"${upper(", 1), 300)
	f.Fuzz(func(t *testing.T, text string, at int) {
		if at < 0 || at > len(text) {
			return
		}
		askAll(t, text, at)
	})
}
