package hclconfig

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A finding that asks whether another name is meant carries that name, and where it goes. Whoever takes it has one mistake
// less.
func TestDidYouMeanCarriesItsReplacement(t *testing.T) {
	const sink = `iggy {
  token = env("T")
}
variable "endpoint" { default = "http://h/" }
sink "a" {
  url = var.endpoint
  stream "s" {
    topics         = ["t"]
    consumer_group = "g"
  }
}
`
	for _, tt := range []struct {
		name, file, old, new, wrong, fixed string
	}{
		{"an attribute", "a.hcl", `url =`, `urll =`, "urll", "url"},
		{"a block", "a.hcl", `stream "s"`, `steam "s"`, "steam", "stream"},
		{"a value of an enum", "a.hcl", `url =`, "method = \"POTS\"\n  url =", "POTS", "POST"},
		{"behind other letters", "a.hcl", `url =`, "/* 👩‍👩‍👧 é */ methd = \"POST\"\n  url =", "methd", "method"},
		{"a variable", "a.hcl", `var.endpoint`, `var.endpiont`, "endpiont", "endpoint"},
		{"a variable in text", "a.hcl", `var.endpoint`, `"${var.endpiont}x"`, "endpiont", "endpoint"},
		{"a function", "a.hcl", `var.endpoint`, `lowr(var.endpoint)`, "lowr", "lower"},
		{"a rule", "a.hcl", "  stream \"s\" {\n    topics         = [\"t\"]\n    consumer_group = \"g\"",
			"  # iggysink:ignore default-grup the server names it\n  stream \"s\" {\n    topics         = [\"t\"]", "default-grup", "default-group"},
		{"an attribute of an object", "a.hcl", `var.endpoint`, `{ first = "http://h/" }.frst`, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(sink, tt.old, tt.new, 1)
			_, found := Load([]string{tt.file}, Options{Unknowns: true, Texts: map[string][]byte{tt.file: []byte(text)}})
			require.NotEmpty(t, found)
			var fixes []*Fix
			for _, d := range found {
				if d.Fix != nil {
					assert.Contains(t, d.Detail, `Did you mean "`+d.Fix.Text+`"?`)
					fixes = append(fixes, d.Fix)
				}
			}
			if tt.wrong == "" {
				assert.Empty(t, fixes)
				return
			}
			require.Len(t, fixes, 1, "%v", found)
			at := fixes[0].Range
			assert.Equal(t, tt.wrong, text[at.Start.Byte:at.End.Byte])
			assert.Equal(t, tt.fixed, fixes[0].Text)
			text = text[:at.Start.Byte] + fixes[0].Text + text[at.End.Byte:]
			_, rest := Load([]string{tt.file}, Options{Unknowns: true, Texts: map[string][]byte{tt.file: []byte(text)}})
			for _, d := range rest {
				assert.Nil(t, d.Fix, "%v", d)
			}
			assert.Less(t, rest.Count(Error)+rest.Count(Warning), found.Count(Error)+found.Count(Warning), "%v", rest)
		})
	}
}

// A name that stands already is no way out, and one that cannot be written without quotes is none either.
func TestNoReplacementWhereItWouldNotDo(t *testing.T) {
	const text = `sink "a" {
  url  = "http://h/"
  urll = "http://h/"
  stream "s" {
    topics         = ["t"]
    consumer_group = "g"
  }
}
`
	_, found := Load([]string{"a.hcl"}, Options{Unknowns: true, Texts: map[string][]byte{"a.hcl": []byte(text)}})
	require.NotEmpty(t, found)
	for _, d := range found {
		assert.Nil(t, d.Fix, "%v", d)
	}
}

// JSON has its names in quotes.
func TestDidYouMeanInJSON(t *testing.T) {
	const text = `{"sink": {"a": {"url": "http://h/", "methd": "POST", "stream": {"s": {"topics": ["t"], "consumer_group": "g"}}}}}`
	_, found := Load([]string{"a.hcl.json"}, Options{Unknowns: true, Texts: map[string][]byte{"a.hcl.json": []byte(text)}})
	i := slices.IndexFunc(found, func(d Diagnostic) bool { return d.Rule == "unknown-attribute" })
	require.NotNil(t, found[i].Fix, "%v", found)
	at := found[i].Fix.Range
	assert.Equal(t, "methd", text[at.Start.Byte:at.End.Byte])
	assert.Equal(t, "method", found[i].Fix.Text)
}
