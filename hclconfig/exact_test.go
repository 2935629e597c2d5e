package hclconfig

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/hclconfig/internal/bound"
)

// A finding in the text of a JSON string points at what it is about, whatever escapes and characters stand before it.
func TestFindingsInEscapedText(t *testing.T) {
	for _, before := range []string{``, `plain`, `\"`, `\\`, `\n`, `\n\n\"`, `\t\u0041`, `\u00e9`, `é`, `👩‍👩‍👧`, `\ud83d\ude00`, `\ud83d`, `\ud83dx`, `\/`, `e\u0301`} {
		for _, wrong := range []string{"var.nope", "upper(1, 2)", "local.nope", `env(\"UNSET\")`} {
			for _, indent := range []string{"", "\n      ", "\n  \"//\": \"\\\"👩‍👩‍👧\", "} {
				text := `{"iggy": {"token": "${env(\"T\")}"}, "sink": {"a": {"stream": {"s": {"topics": ["t"], "consumer_group": "g"}},` +
					indent + `"url": "http://127.0.0.1/?q=` + before + `${` + wrong + `}"}}}`
				require.True(t, json.Valid([]byte(text)), text)
				write(t, map[string]string{"a.hcl.json": text})
				result, found := Load([]string{"a.hcl.json"}, Options{Env: environment(map[string]string{"T": "x"})})
				require.Len(t, found, 1, inWords(result, found))
				rng := found[0].Range
				got := string(rng.SliceBytes([]byte(text)))
				require.NotEmpty(t, got)
				require.Contains(t, wrong, got, text)
				require.Equal(t, bound.RangeAt("a.hcl.json", []byte(text), rng.Start.Byte, rng.End.Byte), rng, "line and column")
			}
		}
	}
}
