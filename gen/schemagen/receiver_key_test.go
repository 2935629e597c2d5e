package schemagen

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	contract "iggysink/schema"
)

// keyProgram prints the key of the envelope in its argument, and whether a map finds it by the key of a second reading.
const keyProgram = `package main

import (
	"fmt"
	"os"

	"receiver/generated"
)

func main() {
	first, violations := generated.DecodeEnvelope([]byte(os.Args[1]))
	again, _ := generated.DecodeEnvelope([]byte(os.Args[1]))
	_, known := map[generated.Key]bool{first.Key(): true}[again.Key()]
	fmt.Printf("%+v %v %v", first.Key(), known, violations)
}
`

// keyEnvelope is a schema with its parts everywhere but where the envelope of iggysink has them.
const keyEnvelope = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://example.com/envelope.schema.json",
  "description": "An envelope.",
  "type": "object",
  "required": ["nr", "from", "body"],
  "properties": {
    "nr": {"description": "Offset.", "type": "integer", "minimum": 0, "maximum": 18446744073709551615, "x-source": "offset"},
    "from": {"description": "Where.", "$ref": "#/$defs/from"},
    "body": {"description": "Payload.", "x-source": "payload"}
  },
  "$defs": {
    "from": {
      "description": "A place.",
      "type": "object",
      "required": ["place", "lane"],
      "properties": {
        "place": {"description": "Names.", "$ref": "#/$defs/place"},
        "lane": {"description": "Partition.", "type": "integer", "x-source": "partition"}
      }
    },
    "place": {
      "description": "A pair of names.",
      "type": "object",
      "required": ["river", "subject"],
      "properties": {
        "river": {"description": "Stream.", "type": "string", "x-source": "stream"},
        "subject": {"description": "Topic.", "$ref": "#/$defs/subject", "x-source": "topic"}
      }
    },
    "subject": {"description": "A topic that we know.", "type": "string", "enum": ["created", "deleted"]}
  }
}`

// keyOf returns what a receiver's package has for Key; empty if it has none.
func keyOf(t *testing.T, source string) string {
	t.Helper()
	m, problems := Parse("envelope.schema.json", []byte(source))
	require.Empty(t, problems)
	files, err := m.ReceiverGo("generated", contract.DecoderSource())
	require.NoError(t, err)
	return regexp.MustCompile(`(?s)// Key names .*?func \(v \*Envelope\) Key\(\) Key \{.*?\n\}\n`).FindString(string(files["envelope_gen.go"]))
}

// A key is built by what fills the properties: their names and places do not matter.
func TestReceiverKeyIsFoundBySource(t *testing.T) {
	m, problems := Parse("envelope.schema.json", []byte(keyEnvelope))
	require.Empty(t, problems)
	files, err := m.ReceiverGo("generated", contract.DecoderSource())
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "generated"), 0o700))
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "generated", name), content, 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module receiver\n\ngo 1.24\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(keyProgram), 0o600))
	command := exec.CommandContext(t.Context(), "go", "run", ".",
		`{"nr":18446744073709551615,"from":{"place":{"river":"shop","subject":"created"},"lane":3},"body":1}`)
	command.Dir = dir
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, "{Stream:shop Topic:created Partition:3 Offset:18446744073709551615} true []", string(out))
}

// A part that is not always there is none of the key. Without the offset there is no key: it would take different
// messages for one.
func TestReceiverKeyHasWhatIsAlwaysThere(t *testing.T) {
	whole := keyOf(t, keyEnvelope)
	assert.Contains(t, whole, "\tPartition ")
	assert.NotContains(t, whole, "Use it only")
	const lane, sometimes = `"x-source": "partition"`, `, "x-when": "include_checksum"`
	for _, tt := range []struct {
		name  string
		edits []string
		lacks string // a field; empty if there is no key
		says  string
	}{
		{"no partition", []string{lane, `"x-source": "checksum"`}, "Partition", "of one partition, which the envelope does not always tell."},
		{"a partition at times", []string{`, "lane"]`, `]`, lane, lane + sometimes}, "Partition", "of one partition, which"},
		{"a place at times", []string{`"from", "body"]`, `"body"]`, `"#/$defs/from"`, `"#/$defs/from"` + sometimes}, "Stream",
			"of one stream and one topic and one partition, which"},
		{"no offset", []string{`"x-source": "offset"`, `"x-source": "timestamp"`}, "", ""},
		{"an offset at times", []string{`"x-source": "offset"`, `"x-source": "timestamp"`, `, "lane"]`, `]`,
			lane, `"x-source": "offset"` + sometimes}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changed := keyEnvelope
			for i := 0; i < len(tt.edits); i += 2 {
				require.Equal(t, 1, strings.Count(changed, tt.edits[i]), tt.edits[i])
				changed = strings.Replace(changed, tt.edits[i], tt.edits[i+1], 1)
			}
			got := keyOf(t, changed)
			if tt.lacks == "" {
				assert.Empty(t, got)
				return
			}
			assert.Contains(t, strings.ReplaceAll(got, "\n// ", " "), tt.says)
			assert.NotContains(t, got, "\t"+tt.lacks)
			assert.Contains(t, got, "\tOffset ")
		})
	}
}

// What has the name of the key's type or method is refused only where there is a key.
func TestReceiverKeyNeedsItsName(t *testing.T) {
	for _, old := range []string{"body", "subject"} { // a property of the root, and a definition
		changed := strings.ReplaceAll(keyEnvelope, old, "key")
		m, problems := Parse("envelope.schema.json", []byte(changed))
		require.Empty(t, problems)
		found := m.ReceiverProblems(decoderSource(t))
		require.Len(t, found, 1)
		assert.Equal(t, "the Go name Key is taken: add x-go-name", found[0].Message)

		m, problems = Parse("envelope.schema.json", []byte(strings.Replace(changed, `"x-source": "offset"`, `"x-source": "timestamp"`, 1)))
		require.Empty(t, problems)
		assert.Empty(t, m.ReceiverProblems(decoderSource(t)))
	}
}
