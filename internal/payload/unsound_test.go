package payload

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnUnsoundSchemaHasLineColumnAndCause(t *testing.T) {
	for source, want := range map[string]string{
		``:                             "line 1, column 1: it is empty",
		`{`:                            "line 1, column 2: the text ends before its JSON does",
		`{} {}`:                        "line 1, column 4: it is not JSON: there is text after its end",
		"{\n 'a': 1":                   "line 2, column 2: a string in JSON needs double quotes",
		`{"é": 1 "b": 2}`:              "line 1, column 9: a comma is missing in front of this",
		`{"type": object}`:             "line 1, column 10: it is not JSON: write names and strings in double quotes; the only other words are true, false and null",
		"{\"title\": \"a\nb\"}":        "line 1, column 13: a text ends in its line: a line break in it is \\n",
		`{"minimum": +1}`:              "line 1, column 13: it is not JSON: there may be no '+' here",
		"\xff\xfe{\x00}\x00":           "line 1, column 1: it is in UTF-16: JSON is in UTF-8",
		`[]`:                           "line 1, column 1: a JSON Schema is an object, true or false",
		`{"items": {"not": 1}}`:        "line 1, column 19: not has to be a schema: an object, true or false",
		`{"type": "strin"}`:            `line 1, column 10: "strin" is not a type: did you mean "string"? The types are object, array, string, number, integer, boolean, null`,
		`{"type": ["string", "date"]}`: "line 1, column 10: type has to be a type's name or a list of them",
		`{"properties": {"a": {"minLength": -1}}}`:                           "line 1, column 36: minLength has to be an integer from 0",
		`{"properties": {"a": {"required": true}}}`:                          "line 1, column 35: required is a list of names: write it beside properties, in the object that contains them",
		`{"exclusiveMinimum": true, "minimum": 1}`:                           "line 1, column 22: exclusiveMinimum is a number since draft 6, the bound itself: write it instead of minimum",
		`{"pattern": "("}`:                                                   "line 1, column 13: the pattern does not compile: missing closing ) in (",
		`{"pattern": "(a)\\1"}`:                                              `line 1, column 13: the pattern uses a back reference, \1, which RE2 does not have`,
		`{"pattern": "((a{100}){100}){10}"}`:                                 "line 1, column 13: the pattern repeats something more often than RE2 allows, 1000 times: {100}",
		`{"patternProperties": {"(?!a)": {}}}`:                               "line 1, column 24: the pattern uses lookaround, (?!, which RE2 does not have: say it with a second pattern in allOf, or with not",
		`{"$ref": "#/$defs/a"}`:                                              `line 1, column 10: the $ref "#/$defs/a" leads to nothing: "$defs" is not there`,
		`{"$ref": "#/$defs/ordr", "$defs": {"order": {}}}`:                   `line 1, column 10: the $ref "#/$defs/ordr" leads to nothing: "ordr" is not there: did you mean "order"?`,
		`{"$ref": "other.json"}`:                                             `line 1, column 10: the $ref "other.json" leads out of the schema: this document has to hold what it refers to, in $defs`,
		`{"$ref": "file:///etc/passwd"}`:                                     `line 1, column 10: the $ref "file:///etc/passwd" leads out of the schema: this document has to hold what it refers to, in $defs`,
		`{"$ref": "http://127.0.0.1/x"}`:                                     `line 1, column 10: the $ref "http://127.0.0.1/x" leads out of the schema: this document has to hold what it refers to, in $defs`,
		`{"$ref": "#"}`:                                                      "line 1, column 1: a $ref leads back to itself",
		`{"anyOf": [{"$ref": "#/anyOf/1"}, {"not": {"$ref": "#/anyOf/0"}}]}`: "line 1, column 12: a $ref leads back to itself",
		`{"items": {"maximum": 1e999999999}}`:                                "line 1, column 23: the number is out of range",
	} {
		_, err := Compile([]byte(source))
		assert.EqualError(t, err, want, source)
	}
}

// The files that people have written by mistake.
func TestRecordedMistakes(t *testing.T) {
	for name, want := range map[string]string{
		"comments":       "line 2, column 3: JSON has no comments: use $comment, or take it out",
		"trailing_comma": "line 3, column 20: unexpected comma: nothing follows it",
		"own_metaschema": `line 1, column 12: this $schema is not known: "http://registry.example/self-desc/1-0-0#". Those of drafts 4, 6, 7, 2019-09 and 2020-12 are; without a $schema it is draft 2020-12`,
		"pattern_pcre":   "line 1, column 72: the pattern uses lookaround, (?=, which RE2 does not have: say it with a second pattern in allOf, or with not",
		"ref_file":       `line 1, column 10: the $ref "common.json#/$defs/Order" leads out of the schema: this document has to hold what it refers to, in $defs`,
		"ref_deep":       `line 1, column 91: the $ref "#/definitions/Line" leads to nothing: "definitions" is not there`,
	} {
		_, err := Load(filepath.Join("testdata", "schemas", name+".schema.json"))
		assert.EqualError(t, err, want, name)
	}
}

func TestAByteOrderMarkMeansNothing(t *testing.T) {
	_, err := Compile([]byte("\xef\xbb\xbf{\"type\": \"object\"}"))
	require.NoError(t, err)
	_, err = Compile([]byte("\xef\xbb\xbf{\"type\": \"objct\"}"))
	assert.ErrorContains(t, err, "line 1, column 10: ")
}

func TestDoubts(t *testing.T) {
	for source, want := range map[string]string{
		`{}`:                    "",
		`true`:                  "",
		order:                   "",
		`{"title": "anything"}`: "1:1 the schema asserts nothing, and takes any payload",
		`{"openapi": "3.1.0", "components": {"schemas": {"Order": {"type": "object"}}}}`:                 `1:2 this is an OpenAPI document, which asserts nothing about a payload: refer to a schema in it, as in "$ref": "#/components/schemas/Order"`,
		`{"$defs": {"order": {"type": "object"}}}`:                                                       `1:2 the schema only defines things and asserts nothing: refer to a schema in it, as in "$ref": "#/$defs/order"`,
		`{"id": 7, "customer": {"name": "Zoë"}}`:                                                         "1:1 none of its words is a keyword: this looks like a message and not like the schema of one, and takes any payload",
		`{"type": "object", "requierd": ["a"], "properties": {"a": {"minLenght": 1, "x-minLength": 2}}}`: `1:20 "requierd" is not a keyword and asserts nothing: did you mean "required"? / 1:60 "minLenght" is not a keyword and asserts nothing: did you mean "minLength"?`,
		`{"$schema": "http://json-schema.org/draft-04/schema#", "const": 1}`:                             "1:1 the schema asserts nothing, and takes any payload / 1:56 const means nothing in draft 4: name another draft in $schema, or say it otherwise",
		`{"type": "object", "nullable": true, "example": 1}`:                                             `1:20 nullable is of OpenAPI 3.0 and asserts nothing: say "type": ["string", "null"]`,
	} {
		s, err := Compile([]byte(source))
		require.NoError(t, err)
		var got []string
		for _, d := range s.Doubts() {
			got = append(got, fmt.Sprintf("%d:%d %s", d.Line, d.Column, d.Text))
		}
		assert.Equal(t, want, strings.Join(got, " / "), source)
	}
}

// Nothing is read but a regular file, and a FIFO is not waited for.
func TestLoadLooksBeforeItOpens(t *testing.T) {
	for _, name := range []string{"/dev/zero", "/dev/null", t.TempDir()} {
		if _, err := os.Stat(name); err == nil {
			_, err := Load(name)
			assert.EqualError(t, err, "it is not a regular file", name)
		}
	}
}
