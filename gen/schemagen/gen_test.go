package schemagen

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/base.schema.json
var base string

func TestGeneratedFilesAreFresh(t *testing.T) {
	require.NoError(t, Generate("../..", true))
}

func TestBaseIsAccepted(t *testing.T) {
	_, problems := Parse("base.schema.json", []byte(base))
	require.Empty(t, problems)
}

// TestSchemaErrorsSayWhere replaces a piece of the base schema and expects one error at the place of the fault.
func TestSchemaErrorsSayWhere(t *testing.T) {
	item := "{\n      \"description\": \"An item.\""
	for _, tt := range []struct{ old, new, at, want string }{
		{`"minimum": 1`, `"minimum": 1, "multipleOf": 2`, `"multipleOf"`, `the keyword "multipleOf" is not supported`},
		{`"minimum": 1`, `"minimum": 7, "minimum": 2`, `"minimum": 2`, `the name "minimum" occurs twice`},
		{`"minimum": 1,`, `"minimum": 1;`, `; "maximum"`, `not JSON: invalid character ';' after object key:value pair`},
		{`"minimum": 1`, `"minimum": "1"`, `"1"`, `this must be of type number`},
		{`"default": 3`, `"default": 10`, `10 }`, `10 is above the maximum of 9`},
		{`"default": 3`, `"default": 0`, `0 }`, `0 is below the minimum of 1`},
		{`"default": 3`, `"default": 2.5`, `2.5`, `2.5 is not an integer`},
		{`"default": 3`, `"default": "3"`, `"3"`, `this must be of type number`},
		{`"default": "5s"`, `"default": "5"`, `"5"`, `"5" does not have the format go-duration`},
		{`"go-duration"`, `"go-span"`, `"go-span"`, `the format "go-span" is not one of`},
		{`"default": [1, 2]`, `"default": [4, 4]`, `4] }`, `the list holds this twice`},
		{`"default": "one"`, `"default": "three"`, `"three"`, `"three" is not a value of the enum`},
		{`"abc"`, `"ABC"`, `"ABC"`, `"ABC" does not match the pattern`},
		{`"^[a-z]+$"`, `"^[a-z"`, `"^[a-z"`, `the pattern does not compile`},
		{`#/$defs/mode`, `#/$defs/mood`, `"#/$defs/mood"`, `$ref to #/$defs/mood, which is not there`},
		{`#/$defs/mode`, `other.json`, `"other.json"`, `$ref must begin with #/$defs/`},
		{`"uno": "one"`, `"uno": "three"`, `"three"`, `"three" is not a value of the enum`},
		{`"two", "uno"]`, `"two", "uno", "two"]`, `"two"]`, `"two" occurs twice`},
		{`"two", "uno"]`, `"two", "uno", "TWO"]`, `"TWO"`, `the Go name ModeTwo is taken by base.schema.json:18:75`},
		{`["name", "item"]`, `["name", "itme"]`, `"itme"`, `there is no property "itme"`},
		{`["name", "item"]`, `["item"]`, `"name"],`, `the label name must be required`},
		{`"description": "Wait.", `, ``, `"wait"`, `the property wait has no description`},
		{`"An item."`, `"Holds a key."`, "{\n      \"description\": \"Holds", `the description of a definition must begin with A, An`},
		{`"count": {`, `"WAIT": {`, `"WAIT"`, `the Go name Wait is taken by`},
		{`"count": {`, `"1": {`, `"1"`, `"1" is not an exported Go name`},
		{`"x-go-type": "Secret"`, `"x-go-type": "chan"`, `"chan"`, `"chan" is not one of Secret, Template, uint32`},
		{`"items": { "type": "integer" }`, `"minItems": 1`, `{ "description": "Codes."`, `an array needs items`},
		{`"minLength": 1`, `"minimum": 2`, `"minimum": 2`, `minimum means nothing beside type string`},
		{`"key": {`, `"me": { "description": "Me.", "$ref": "#/$defs/item" }, "key": {`, item, `#/$defs/item contains itself`},
		{`{ "$ref": "#/$defs/item" }`, `{ "type": "string" }`, item, `#/$defs/item is never used`},
		{`draft/2020-12/schema`, `draft-07`, `"https://json-schema.org/draft-07"`, `$schema must be draft 2020-12`},
		{`"https://example.com/base`, `"base`, `"base.`, `$id must be absolute`},
		{`"minLength": 1`, `"enum": ["one", "two"]`, `"enum": ["one", "two"], "x-go`, `an enum must be a member of $defs`},
		{`"minimum": 1`, `"title": "x"`, `"title"`, `title belongs at the root`},
		{`"default": 3`, `"oneOf": []`, `"oneOf"`, `oneOf cannot be used together with another of type, $ref and oneOf`},

		{`"An item."`, "\"An item.\xff\"", "\xff", `not UTF-8`},
		{`"description": "Its name.", "type"`, `"description": "Its name.", "x-source": "topic", "type"`, `"wait"`,
			`wait needs an x-source that is one of id, offset, timestamp, origin_timestamp, checksum, stream, topic, partition`},
	} {
		require.Equal(t, 1, strings.Count(base, tt.old), tt.old)
		source := strings.Replace(base, tt.old, tt.new, 1)
		before, _, found := strings.Cut(source, tt.at)
		require.True(t, found, tt.at)
		lines := strings.Split(before, "\n")
		want := fmt.Sprintf("base.schema.json:%d:%d: %s", len(lines), len(lines[len(lines)-1])+1, tt.want)
		_, problems := Parse("base.schema.json", []byte(source))
		assert.Contains(t, problems.String(), want, tt.new)
	}
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	source := strings.NewReplacer(`"default": 3`, `"default": 10`, `"default": "one"`, `"default": "x"`).Replace(base)
	_, problems := Parse("base.schema.json", []byte(source))
	assert.Len(t, problems, 2)
}

func TestEnvelopeRules(t *testing.T) {
	const file = "../../schema/envelope.schema.json"
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, tt := range []struct{ old, new, want string }{
		{`"x-source": "offset"`, `"x-source": "offsett"`, `iggy_offset needs an x-source that is one of`},
		{`"x-source": "offset"`, `"x-source": "topic"`, `x-source topic gives a value of type string`},
		{`"x-source": "offset"`, `"x-path": false`, `iggy_offset needs an x-source that is one of id, offset, timestamp, origin_timestamp, ` +
			`checksum, stream, topic, partition, headers, payload, header:NAME for one user header, or const:TEXT`},
		{`"x-source": "topic"`, `"x-source": "header:"`, `iggy_topic needs an x-source that is one of`},
		{`"x-source": "topic"`, `"x-source": "header:t"`, `iggy_topic must be neither required nor have an x-when`},
		{`"x-source": "offset"`, `"x-source": "header:o"`, `x-source header:o gives a value of type string`},
		{`"x-source": "id"`, `"x-source": "header:id"`, `iggy_id must be any text: nothing checks what a producer writes in a header`},
		{`"x-source": "id"`, `"x-source": "const:x"`, `"x" does not match the pattern`},
		{`"const": "base64"`, `"type": "string"`, `iggy_headers must be a oneOf of a string and an object of two strings`},
		{`"x-when": "include_checksum"`, `"x-when": "always"`, `x-when must be one of include_checksum`},
		{`"iggy_id", "iggy_offset"`, `"iggy_offset"`, `iggy_id must be either required or have an x-when`},
		{`"x-source": "id"`, `"x-source": "id", "x-when": "has_headers"`, `iggy_id must be either required or have an x-when`},
	} {
		require.Equal(t, 1, bytes.Count(source, []byte(tt.old)), tt.old)
		_, problems := Parse(file, bytes.Replace(source, []byte(tt.old), []byte(tt.new), 1))
		assert.Contains(t, problems.String(), tt.want)
	}
}

func TestOutputIsTheSameEveryTime(t *testing.T) {
	first := output(t, base)
	for range 20 {
		assert.Equal(t, first, output(t, base))
	}
	for name, source := range first {
		assert.True(t, strings.HasPrefix(source, "// Code generated by gen from base.schema.json. DO NOT EDIT.\n\n"), name)
	}
}

func output(t *testing.T, source string) map[string]string {
	t.Helper()
	d, problems := Parse("base.schema.json", []byte(source))
	require.Empty(t, problems)
	files, err := d.Go()
	require.NoError(t, err)
	out := map[string]string{"markdown": header + "base.schema.json. DO NOT EDIT.\n\n" + d.Markdown()}
	for name, text := range files {
		out[name] = string(text)
	}
	return out
}

func TestHostileTextStaysText(t *testing.T) {
	hostile := `*/ } //go:embed x\n//go:build ignore\nfunc init() { panic(1) } \u2028 \u0000 ` + "`" + `\"+\" %s %d \\ | <b>`
	source := strings.Replace(base, `"An item."`, `"An item. `+hostile+`"`, 1)
	source = strings.Replace(source, `"Count."`, `"`+hostile+`"`, 1)
	source = strings.Replace(source, `"default": "5s"`, `"default": "5s", "examples": ["1s"]`, 1)
	source = strings.Replace(source, `"two", "uno"]`, `"two", "uno", "`+strings.NewReplacer(`\n`, ``, `\u0000`, ``).Replace(hostile)+`"]`, 1)
	for name, text := range output(t, source) {
		if name == "markdown" {
			assert.NotContains(t, regexp.MustCompile("`[^`\n]*`").ReplaceAllString(text, ""), "<b>")
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		require.NoError(t, err)
		assert.NotContains(t, text, "\n//go:")
		for _, d := range file.Decls {
			if f, isFunc := d.(*ast.FuncDecl); isFunc {
				assert.NotEqual(t, "init", f.Name.Name)
			}
		}
	}
}

// module returns a folder with the two schemas.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "schema"), 0o755))
	for _, name := range []string{"config", "envelope"} {
		source, err := os.ReadFile("../../schema/" + name + ".schema.json")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "schema", name+".schema.json"), source, 0o644))
	}
	return dir
}

// run is Generate as the program shows it.
func run(dir string, check bool) (code int, message string) {
	if err := Generate(dir, check); err != nil {
		return 1, err.Error()
	}
	return 0, ""
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
}

func TestGenerateWritesRemovesAndThenHasNothingToDo(t *testing.T) {
	dir := module(t)
	write(t, dir, "schema/old_gen.go", header+"schema/old.schema.json. DO NOT EDIT.\n")
	write(t, dir, "schema/foreign_gen.go", "// Code generated by something else. DO NOT EDIT.\n")

	code, message := run(dir, true)
	require.Equal(t, 1, code, message)
	assert.Contains(t, message, "schema/config_gen.go is stale")
	assert.Contains(t, message, "schema/old_gen.go is generated from nothing")
	assert.Contains(t, message, "docs/reference/configuration.md is stale")
	assert.NoFileExists(t, filepath.Join(dir, "schema", "config_gen.go"), "a check writes nothing")

	code, message = run(dir, false)
	require.Equal(t, 0, code, message)
	code, message = run(dir, true)
	require.Equal(t, 0, code, message)
	assert.NoFileExists(t, filepath.Join(dir, "schema", "old_gen.go"))
	assert.FileExists(t, filepath.Join(dir, "schema", "foreign_gen.go"))

	for _, name := range []string{"schema/config_gen.go", "schema/config_enums_gen.go", "schema/config_validate_gen.go",
		"schema/envelope_gen.go", "schema/envelope_validate_gen.go", "schema/envelope_append_gen.go", wordsFolder + "/config_table_gen.go"} {
		have, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		want, err := os.ReadFile(filepath.Join("..", "..", name))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(have), name)
	}
	for name, row := range map[string]string{
		"configuration": "| `max_retries` | integer, 0 to 4294967295 | `3` |",
		"envelope":      "| `metadata.iggy_checksum` | integer, from 0 | `include_checksum` |",
	} {
		text, err := os.ReadFile(filepath.Join(dir, "docs", "reference", name+".md"))
		require.NoError(t, err)
		assert.Contains(t, string(text), row)
	}
}

func TestBrokenSchemaChangesNothing(t *testing.T) {
	dir := module(t)
	write(t, dir, "schema/config.schema.json", strings.Replace(base, `"default": 3`, `"default": 10`, 1))
	code, message := run(dir, false)
	require.Equal(t, 1, code, message)
	assert.Contains(t, message, "Error: 10 is above the maximum of 9\n  schema/config.schema.json:12:99\n")
	assert.NoFileExists(t, filepath.Join(dir, "schema", "envelope_gen.go"))
}

func TestGoNames(t *testing.T) {
	for name, want := range map[string]string{
		"max_retries": "MaxRetries", "ca_file": "CAFile", "url": "URL", "nd_json": "NDJSON", "POST": "Post", "iggy_id": "IggyID",
		"tls_danger_accept_invalid_certs": "TLSDangerAcceptInvalidCerts", "flat-buffer": "FlatBuffer", "": "",
	} {
		assert.Equal(t, want, goName(name))
	}
}

func TestFormatsOfDefaults(t *testing.T) {
	yes := map[string][]string{"go-duration": {"0s", "5ms", "1d12h", "2d"}, "go-duration-positive": {"1s"}, "host-port": {"h:1", "[::1]:0"},
		"http-url": {"https://h/p"}, "http-url-template": {"http://h/${topic}"},
		"template": {"", "text", "$5", "${message.payload}"}, "header-name": {"Idempotency-Key"}, "json-pointer": {"", "/a/0/~1"},
		"date-time": {"2026-11-24T10:17:55.25Z"}, "uuid": {"2f1e0c3a-9d7b-4b6e-8a51-0C9F3C1D2E4F"}, "uri": {"urn:a:b"}}
	no := map[string][]string{"go-duration": {"", "5", "-1s", "d"}, "go-duration-positive": {"0s", "0d"}, "host-port": {"h", ":1", "h:x"},
		"http-url": {"h", "ftp://h", "http://"}, "http-url-template": {"http://h/${x}", "${topic}"}, "other": {"x"},
		"template": {"${message.payload", "${topic"}, "header-name": {"", "a b", "a:"}, "json-pointer": {"a", "/~2"},
		"date-time": {"2026-11-24"}, "uuid": {"2f1e0c3a"}, "uri": {"/a", "a b:c"}}
	assert.ElementsMatch(t, formatNames(), slices.Sorted(maps.Keys(yes)))
	for format, list := range yes {
		for _, s := range list {
			assert.True(t, hasFormat(format, s), "%s %q", format, s)
		}
	}
	for format, list := range no {
		for _, s := range list {
			assert.False(t, hasFormat(format, s), "%s %q", format, s)
		}
	}
}

func TestUnreadableInput(t *testing.T) {
	for _, source := range []string{"", "[]", "1", "{", "{}{}", strings.Repeat("[", 100) + strings.Repeat("]", 100), `{"$defs":{"a":1}}`} {
		_, problems := Parse("x.schema.json", []byte(source))
		assert.NotEmpty(t, problems, source)
	}
}
