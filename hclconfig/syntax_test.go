package hclconfig

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryFunctionIsDocumented(t *testing.T) {
	var names []string
	for _, f := range Functions() {
		names = append(names, f.Name)
		assert.Regexp(t, `^[A-Z].*\.$`, f.Doc, f.Name)
	}
	assert.Equal(t, slices.Sorted(maps.Keys((&loader{}).functions(""))), names)
}

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
		"a.hcl.json": "{}", "large.hcl": strings.Repeat(" ", MaxFileSize+1), "number.hcl": "a = 1e9999999\n",
		"deep.hcl": "a = " + strings.Repeat("[", 1000), "nul.hcl": "a = \"\x00\"\n",
	} {
		assert.Nil(t, Syntax(name, []byte(text)), name)
	}
}
