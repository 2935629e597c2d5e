package language

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/hclconfig/internal/bound"
)

// An editor asks while somebody types: what stands around the mistake must be there.
func TestSyntaxOfAnUnfinishedFile(t *testing.T) {
	file := Syntax("a.hcl", []byte("sink \"a\" {\n  url = \"http://h\"\n  ret\n}\n\nadmin {\n"))
	require.NotNil(t, file)
	body, native := file.Body.(*hclsyntax.Body)
	require.True(t, native)
	require.Len(t, body.Blocks, 2)
	assert.Contains(t, body.Blocks[0].Body.Attributes, "url")
}

func TestSyntaxRefusesWhatHCLMustNotParse(t *testing.T) {
	for name, text := range map[string]string{
		"a.hcl.json": "{}", "large.hcl": strings.Repeat(" ", bound.MaxFileSize+1), "number.hcl": "a = 1e9999999\n",
		"deep.hcl": "a = " + strings.Repeat("[", 1000), "nul.hcl": "a = \"\x00\"\n",
	} {
		assert.Nil(t, Syntax(name, []byte(text)), name)
	}
}

// The language is shown as hclconfig reads it.
func TestTheLanguageIsShown(t *testing.T) {
	assert.Equal(t, []string{"iggy", "admin", "sink"}, []string{ConfigBlock().Blocks[0].Name, ConfigBlock().Blocks[1].Name, ConfigBlock().Blocks[2].Name})
	assert.Equal(t, "variable", Words()[0].Name)
	assert.Equal(t, []string{"stream", "topic", "partition"}, TemplateFields())
	assert.Equal(t, "unreadable-file", Rules()[0].ID)
	assert.Equal(t, "headers", Closest("header", []string{"headers", "url"}))
	for _, f := range Functions() {
		assert.NotEmpty(t, f.Doc, f.Name)
	}
	assert.Equal(t, `{ "a" = ["x", true] }`, Literal(map[string]any{"a": []any{"x", true}}))
	assert.True(t, IsVariables("a.vars.hcl") && !IsVariables("a.hcl"))
}
