package hclconfig

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a message offers in other words than a name that may be meant is a fix as well: taken as it is, the finding is gone.
func TestOffersAreFixes(t *testing.T) {
	const native = `iggy {
  address = "127.0.0.1:8090"
  token   = env("T")
}
sink "a" {
  url     = "https://h.example/x"
  timeout = "5s"
  dead_letter "file" {
    path = "d"
  }
  stream "s" {
    topics         = ["t"]
    consumer_group = "g"
  }
}
`
	const json = `{"iggy": {"address": "127.0.0.1:8090", "token": "${env(\"T\")}"},
 "sink": {"a": {"url": "https://h.example/x", "timeout": "5s", "stream": {"s": {"topics": ["t"], "consumer_group": "g"}}}}}
`
	for _, tt := range []struct{ name, file, old, new, wrong, fixed string }{
		{"a unit", "a.hcl", `"5s"`, `"5x"`, "5x", "5s"},
		{"a word", "a.hcl", `"5s"`, `"5 minutes"`, "5 minutes", "5m"},
		{"a space", "a.hcl", `"5s"`, `"200 ms"`, "200 ms", "200ms"},
		{"a sign", "a.hcl", `"5s"`, `"-5s"`, "-5s", "5s"},
		{"an address without port", "a.hcl", `127.0.0.1:8090`, `127.0.0.1`, "127.0.0.1", "127.0.0.1:8090"},
		{"an address with a scheme", "a.hcl", `127.0.0.1:8090`, `tcp://127.0.0.1:8090`, "tcp://127.0.0.1:8090", "127.0.0.1:8090"},
		{"an environment variable", "a.hcl", `env("T")`, `"${IGGY_TOKEN}"`, "IGGY_TOKEN", `env("IGGY_TOKEN")`},
		{"a list of one", "a.hcl", `["t"]`, `"t"`, `"t"`, `["t"]`},
		{"a kind of dead letter", "a.hcl", `dead_letter "file" {`, `dead_letter {`, "", `"file" `},
		{"a field", "a.hcl", `/x"`, `/{{topic}}"`, "{{topic}}", "${topic}"},
		{"a field, and spaces", "a.hcl", `/x"`, `/{{ topic }}"`, "{{ topic }}", "${topic}"},
		{"a variable in a url", "a.hcl", `/x"`, `/$TENANT"`, "$TENANT", `${env("TENANT")}`},
		{"a unit in JSON", "a.hcl.json", `"5s"`, `"5x"`, "5x", "5s"},
		{"an environment variable in JSON", "a.hcl.json", `env(\"T\")`, `IGGY_TOKEN`, "IGGY_TOKEN", `env(\"IGGY_TOKEN\")`},
		{"a list of one in JSON", "a.hcl.json", `["t"]`, `"t"`, `"t"`, `["t"]`},
		{"a variable in a url in JSON", "a.hcl.json", `/x"`, `/$TENANT"`, "$TENANT", `${env(\"TENANT\")}`},
		{"two ways", "a.hcl", `"5s"`, `5`, "", ""},
		{"a value from elsewhere", "a.hcl", `"5s"`, `join("", ["5", "x"])`, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := native
			if strings.HasSuffix(tt.file, ".json") {
				text = json
			}
			require.Contains(t, text, tt.old)
			offerTaken(t, tt.file, strings.Replace(text, tt.old, tt.new, 1), tt.wrong, tt.fixed)
		})
	}
}

// offerTaken puts what the one fix of a text offers in its place, and finds nothing more.
func offerTaken(t *testing.T, file, text, wrong, fixed string) {
	t.Helper()
	_, found := Load([]string{file}, Options{Unknowns: true, Texts: map[string][]byte{file: []byte(text)}})
	require.NotEmpty(t, found)
	var fixes []*Fix
	for _, d := range found {
		if d.Fix != nil {
			fixes = append(fixes, d.Fix)
		}
	}
	if fixed == "" {
		assert.Empty(t, fixes)
		return
	}
	require.Len(t, fixes, 1, "%v", found)
	at := fixes[0].Range
	assert.Equal(t, wrong, text[at.Start.Byte:at.End.Byte])
	assert.Equal(t, fixed, fixes[0].Text)
	text = text[:at.Start.Byte] + fixes[0].Text + text[at.End.Byte:]
	_, rest := Load([]string{file}, Options{Unknowns: true, Texts: map[string][]byte{file: []byte(text)}})
	assert.Empty(t, rest, text)
}
