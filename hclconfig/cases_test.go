package hclconfig

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Small inputs that went wrong for people: each is a vector, which says what is right of it and says it once. The list is
// here so that one that gets lost is missed.
func TestEveryCaseIsAVector(t *testing.T) {
	cases := map[string]string{ // what the one finding has in it; nothing: there is none
		"missing_eq": `"=" is missing`, "eqeq": "a comparison is ==", "trailing_comma_attr": "unexpected comma",
		"nbsp_indent": "U+00A0 NO-BREAK SPACE", "zwsp": "U+200B ZERO WIDTH SPACE", "bom": "",
		"no_label": `sink "NAME" {`, "two_labels": "A sink block has one label", "json_no_label": `{"sink": {"NAME":`,
		"plus_concat": `"${a}${b}"`, "map_value_unquoted": "quotes", "tmpl_escaped_quote_in_tmpl": `write " as it is`,
		"cr_only": "CR alone", "heredoc_unterminated": "EOT", "dur_min": `Try "5m".`, "dur_words": `Try "30s".`,
		"url_no_scheme": "Its scheme is missing", "url_trailing_space": "a space", "url_port": "99999", "addr_noport": "The port is missing",
		"addr_scheme": "has no scheme", "map_key_version": `"X-Api_7.2_b" = VALUE`, "map_key_space": `"X Api" = VALUE`,
		"unclosed_index": "] is missing", "ternary_missing": "the second value of a condition is missing", "var_bare": `"var.endpoint"`,
		"tmpl_url_env": `env("TENANT")`, "count": "for_each", "json_tmpl_bad": "the ${ in this string is not closed",
	}
	for name, want := range cases {
		archive, err := txtar.ParseFile(filepath.Join("testdata", "case_"+name+".txtar"))
		require.NoError(t, err)
		i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
		require.GreaterOrEqual(t, i, 0, name)
		text := string(archive.Files[i].Data)
		findings := strings.Count(text, "Error: ") + strings.Count(text, "Warning: ")
		assert.Equal(t, map[bool]int{true: 1}[want != ""], findings, "%s:\n%s", name, text)
		assert.Contains(t, text, want, name)
		assert.NotContains(t, text, ".hcl:1:1\n", "%s: a place was lost", name)
	}
	walked, err := filepath.Glob("testdata/case_*.txtar")
	require.NoError(t, err)
	assert.Len(t, walked, len(cases))
	for folder, names := range map[string][]string{
		"../internal/payload/testdata/schemas": {"comments", "own_metaschema", "pattern_pcre", "ref_deep", "ref_file", "trailing_comma"},
		"../gen/schemagen/testdata/cases":      {"gen_datetime", "gen_enum_tz", "gen_nullable", "gen_old_ref"},
	} {
		for _, name := range names {
			_, err := os.Stat(filepath.Join(folder, name+".schema.json"))
			assert.NoError(t, err)
		}
	}
}
