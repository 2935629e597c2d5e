package schemagen

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unusual is what the configuration does not have yet, so that the first use of it does not find a generator that writes
// what does not compile.
const unusual = `
"odd_int": { "description": "Odd.", "type": "integer", "minimum": 1, "maximum": 5 },
"odd_open": { "description": "Odd.", "type": "integer" },
"odd_big": { "description": "Odd.", "type": "integer", "minimum": 0, "maximum": 18446744073709551615, "default": 18446744073709551615 },
"odd_u32": { "description": "Odd.", "type": "integer", "minimum": 2, "maximum": 4294967295, "x-go-type": "uint32", "default": 3 },
"odd_bool": { "description": "Odd.", "type": "boolean" },
"odd_float": { "description": "Odd.", "type": "number", "minimum": -0.5, "maximum": 2.5e10 },
"odd_texts": { "description": "Odd.", "type": "array", "minItems": 2, "uniqueItems": true,
  "items": { "type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[` + "`" + `\"a]" } },
"odd_map": { "description": "Odd.", "type": "object", "additionalProperties": { "type": "integer", "minimum": 0 }, "default": { "a\"": 1 } },
"odd_modes": { "description": "Odd.", "type": "array", "items": { "$ref": "#/$defs/method" }, "default": ["GET"] },
"odd_spans": { "description": "Odd.", "type": "array", "items": { "type": "string", "format": "go-duration-positive" }, "default": ["1s"] },
"odd_secret": { "description": "Odd.", "type": "string", "x-go-type": "Secret", "default": "\"x\\" },
"odd_template": { "description": "Odd.", "type": "string", "format": "http-url-template", "x-go-type": "Template" },
"odd_union": { "description": "Odd.", "$ref": "#/$defs/odd" },
"odd_required": { "description": "Odd.", "type": "boolean" },
`

const unusualDefinition = `"odd": { "description": "An odd one.", "oneOf": [
  { "type": "string", "minLength": 3 }, { "$ref": "#/$defs/odd_object" } ] },
"odd_object": { "description": "An odd object.", "type": "object", "required": ["count", "inner"], "properties": {
  "count": { "description": "Odd.", "type": "integer", "minimum": 0 },
  "inner": { "description": "Odd.", "$ref": "#/$defs/circuit_breaker" } } },
`

// TestUnusualSchemasCompile builds the package schema with a richer configuration in place of its generated files.
func TestUnusualSchemasCompile(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "schema", "config.schema.json"))
	require.NoError(t, err)
	text := strings.Replace(string(source), `"enabled": {`, strings.TrimSpace(unusual)+`"enabled": {`, 1)
	text = strings.Replace(text, `"required": ["name", "url", "stream"]`, `"required": ["name", "url", "stream", "odd_required"]`, 1)
	text = strings.Replace(text, `"status_codes": {`, unusualDefinition+`"status_codes": {`, 1)
	d, problems := Parse("schema/config.schema.json", []byte(text))
	require.Empty(t, problems)
	files, err := d.Go()
	require.NoError(t, err)

	dir := t.TempDir()
	replace := make(map[string]string)
	for name, content := range files {
		replaced, err := filepath.Abs(filepath.Join("..", "..", name))
		require.NoError(t, err)
		replace[replaced] = filepath.Join(dir, filepath.Base(name))
		require.NoError(t, os.WriteFile(replace[replaced], content, 0o600))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))

	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "./schema", "./"+wordsFolder)
	build.Dir = "../.."
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(files["schema/config_gen.go"]), "OddInt *int `json:\"odd_int,omitzero\"`")
}
