package format

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sample is a text, and whether it has a format.
type sample struct {
	format, text string
	valid        bool
}

// samples reads a table: format, valid or invalid, and a text as JSON, between tabs.
func samples(t testing.TB, file string) (all []sample) {
	t.Helper()
	table, err := os.ReadFile(file)
	require.NoError(t, err)
	for line := range strings.Lines(string(table)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Len(t, fields, 3, line)
		var text string
		require.NoError(t, json.Unmarshal([]byte(fields[2]), &text), line)
		all = append(all, sample{fields[0], text, fields[1] == "valid"})
	}
	return all
}

// Every text that the public suite calls valid or invalid is.
func TestFormatsAgreeWithThePublicSuite(t *testing.T) {
	counted := make(map[string]int)
	for _, s := range samples(t, "testdata/strings.txt") {
		has := Of(s.format)
		if has == nil {
			assert.Equal(t, "unknown", s.format)
			continue
		}
		counted[s.format]++
		assert.Equal(t, s.valid, has(s.text), "%s %q", s.format, s.text)
	}
	for _, name := range Names() {
		if name != "host-name" && name != "ip-address" && name != "uriref" { // other names of what is there
			assert.Greater(t, counted[name], 1, name)
		}
	}
}

func TestMoreTexts(t *testing.T) {
	for format, texts := range map[string][2][]string{
		"uri-template": {{"{/x}", "{?x}", "{#x}", "{v:1000}", "https://api.example/{owner}/{repo}{/path*}{?q,page}"}, {"{=x}", "{x:}", "{", "}"}},
		"uri":          {{"http://[::1]:80/", "a:", "http://h:/"}, {"http://[::1]x", "http://[::1]:8x", "a b:c", "http://h:80:80/", "http://\x00/"}},
		"hostname":     {{"Example.COM"}, {"a b", "exa\x00mple"}},
		"regex":        {{`^(?=a)b{2,3}?\d\/[\b\-]\u0041\u{1F600}\p{L}\x41`, ""}, {"(", ")", "a{3,2}", "*", `\`, "a**", strings.Repeat("(", 9000), "\xff"}},
		"email":        {{}, {"\"a\"b\"@c.d", "a@", `"\`, "é@example.com"}},
	} {
		for i, want := range []bool{true, false} {
			for _, text := range texts[i] {
				assert.Equal(t, want, Of(format)(text), "%s %q", format, text)
			}
		}
	}
	assert.Nil(t, Of("no such format"))
}

// Where v5 judges otherwise, and why these formats are not its own. The guide to the configuration says it too.
func TestWhereJSONSchemaV5JudgesOtherwise(t *testing.T) {
	var differ []string
	for _, s := range samples(t, "testdata/strings.txt") {
		theirs := jsonschema.Formats[s.format]
		if (theirs == nil || theirs(s.text) != s.valid) && s.format != "unknown" {
			if len(differ) == 0 || differ[len(differ)-1] != s.format {
				differ = append(differ, s.format)
			}
		}
	}
	assert.Equal(t, []string{"hostname", "idn-email", "idn-hostname", "ipv4", "iri", "regex", "uri", "uri-reference", "uri-template"}, differ)
	guide, err := os.ReadFile("../../../docs/guide/configuration.md")
	require.NoError(t, err)
	told := strings.Join(differ[:len(differ)-1], ", ") + " and " + differ[len(differ)-1]
	assert.Contains(t, strings.Join(strings.Fields(string(guide)), " "), "The verdicts differ for "+told+":")
}

func FuzzFormatsEnd(f *testing.F) {
	for _, s := range samples(f, "testdata/strings.txt") {
		f.Add(s.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range rows() {
			_ = r.has(text)
		}
	})
}
