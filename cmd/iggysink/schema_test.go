package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

func TestSchemaPrintsSchemasAndExamplesOfThem(t *testing.T) {
	printed := func(args ...string) any {
		t.Helper()
		cmd := newSchemaCommand()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetArgs(args)
		require.NoError(t, cmd.Execute())
		d := json.NewDecoder(&out)
		d.UseNumber()
		var v any
		require.NoError(t, d.Decode(&v))
		return v
	}
	id := func(v any) any { return v.(map[string]any)["$id"] }
	assert.Equal(t, "https://iggysink.example/schema/config.schema.json", id(printed("config")))
	assert.Equal(t, "https://iggysink.example/schema/envelope.schema.json", id(printed("envelope")))
	assert.Equal(t, "https://iggysink.example/schema/config.hcl.schema.json", id(printed("editor")))
	assert.Empty(t, schema.ValidateConfig(printed("config", "--example")))
	assert.Empty(t, schema.ValidateEnvelope(printed("envelope", "--example")))
	assert.Contains(t, printed("editor", "--example"), "sink")
}
