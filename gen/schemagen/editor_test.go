package schemagen

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// editorSchema compiles the editor's schema of the configuration as an editor would: without our formats.
func editorSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := readModel(t, "config").Editor()
	require.NoError(t, err)
	compiled, err := jsonschema.CompileString("https://example.com/editor.json", string(text))
	require.NoError(t, err)
	return compiled
}

func readModel(t *testing.T, name string) *Model {
	t.Helper()
	source, err := os.ReadFile("../../schema/" + name + ".schema.json")
	require.NoError(t, err)
	m, problems := Parse("schema/"+name+".schema.json", source)
	require.NoError(t, problems.Err())
	return m
}

func jsonTree(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v), text)
	return v
}

func TestEditorKnowsHCLInJSON(t *testing.T) {
	compiled := editorSchema(t)
	text, err := os.ReadFile("../../examples/minimal.hcl.json")
	require.NoError(t, err)
	require.NoError(t, compiled.Validate(jsonTree(t, string(text))))
	sink := func(attributes string) string {
		return `{"sink": {"a": {"url": "https://h", "stream": {"s": {"topics": ["t"]}}` + attributes + `}}}`
	}
	for _, tt := range []struct {
		text string
		ok   bool
	}{
		{`{}`, true}, // another file may have the sinks
		{`{"//": "a comment", "variable": {"x": {"type": "string"}}, "locals": {"a": 1}}`, true},
		{sink(``), true},
		{sink(`, "max_retries": 3, "timeout": "1d12h", "method": "PUT", "enabled": false`), true},
		{sink(`, "max_retries": "${var.n}", "timeout": "${var.t}", "method": "${var.m}", "enabled": "${var.e}"`), true},
		{sink(`, "success_status_codes": "${var.codes}", "retry_status_codes": [500, "${var.code}"], "headers": "${local.h}"`), true},
		{sink(`, "for_each": "${var.tenants}", "dynamic": {"stream": {"for_each": [], "content": {}}}`), true},
		{`{"sink": [{"a": {"stream": {}}}, {"b": [{"dynamic": {"stream": {}}, "url": "${var.u}"}]}]}`, true},
		{`{"sink": {"a": {"url": "https://h"}}}`, false}, // without a stream
		{`{"defaults": {"timeout": "5s"}}`, true},
		{`{"iggy": {"username": "a", "password": "${env(\"P\")}"}}`, true},
		{`{"iggy": {"username": "a"}}`, false},
		{sink(`, "tls": {"cert_file": "a"}`), false},
		{sink(`, "dead_letter": {"file": {"path": "x"}}`), true},
		{sink(`, "signature": {"hmac": {"header": "H", "secret": "${env(\"S\")}", "algorithm": "sha256"}}`), true},
		{sink(`, "signature": [{"hmac": {"header": "H", "secret": "s"}}, {"standard_webhooks": {"secrets": ["s"]}}]`), true},
		{sink(`, "signature": {"hmac": {"header": "H", "secret": "s", "algorithm": "ed25519"}}`), false}, // of another kind
		{sink(`, "signature": {"hmac": {"header": "H", "secret": "s", "key_id": "k"}}`), false},
		{sink(`, "auth": {"oauth2": {"client_id": "a"}}`), false},
		{sink(`, "auth": {"ntlm": {}}`), false},
		{sink(`, "body": {"text": "${message.payload.a}", "list": [1]}, "filter": true`), true},
		{sink(`, "max_retries": -1`), false},
		{sink(`, "max_retries": "three"`), false},
		{sink(`, "timeout": "5"`), false},
		{sink(`, "method": "FETCH"`), false},
		{sink(`, "max_retrys": 3`), false},
		{sink(`, "dead_letter": {"kafka": {"path": "x"}}`), false},
		{sink(`, "dead_letter": {"path": "x"}`), false},
		{`{"sink": {"a": {"stream": {"s": {}}}}}`, false},
		{`{"sink": {"a b": {}}}`, false},
		{`{"sinks": {}}`, false},
	} {
		err := compiled.Validate(jsonTree(t, tt.text))
		assert.Equal(t, tt.ok, err == nil, "%s: %v", tt.text, err)
	}
}

func TestExamplesHoldEverythingAndValidate(t *testing.T) {
	for _, name := range []string{"config", "envelope"} {
		m := readModel(t, name)
		text, err := m.Example()
		require.NoError(t, err)
		n, err := parseJSON(name+".json", text)
		require.NoError(t, err)
		var c checker
		c.instance(m.root, n)
		require.NoError(t, c.problems.Err())
		source, err := os.ReadFile("../../schema/" + name + ".schema.json")
		require.NoError(t, err)
		require.NoError(t, jsonschema.MustCompileString("https://example.com/x.json", string(source)).Validate(jsonTree(t, string(text))))
		branches := make(map[*schema]bool) // an example of oneOf shows one of them
		walk(m, func(s *schema) {
			for _, b := range s.branches {
				branches[b.resolved()] = true
			}
		})
		walk(m, func(s *schema) {
			if branches[s] {
				return
			}
			for _, p := range s.properties {
				assert.Contains(t, string(text), jsonText(p.key)+":", "%s has no %s", name, p.key)
			}
		})
	}
	text, err := readModel(t, "config").EditorExample()
	require.NoError(t, err)
	require.NoError(t, editorSchema(t).Validate(jsonTree(t, string(text))), "%s", text)
	assert.Contains(t, string(text), `"password": "${env(\"PASSWORD\")}"`)
}

func TestExampleOfWhatNoSimpleTextFitsAsksForOne(t *testing.T) {
	source := strings.Replace(base, `, "examples": ["abc"]`, ``, 1)
	source = strings.Replace(source, `^[a-z]+$`, `^z{3}$`, 1)
	m, problems := Parse("base.schema.json", []byte(source))
	require.NoError(t, problems.Err())
	_, err := m.Example()
	assert.EqualError(t, err, "make an example of base.schema.json: base.schema.json:10:13: give the schema an example: no simple text fits it")
}
