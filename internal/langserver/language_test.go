package langserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	hcllang "github.com/hashicorp/hcl-lang/schema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig"
	"iggysink/hclconfig/language"
)

// What is offered is accepted, and whatever there is will be offered.
func TestTheLanguageIsThatOfLoad(t *testing.T) {
	var text strings.Builder
	offered := newGrammar().body
	write(&text, "", offered)
	_, found := hclconfig.Load([]string{"a.hcl"}, hclconfig.Options{Unknowns: true,
		Texts: map[string][]byte{"a.hcl": []byte(text.String())}})
	require.NotEmpty(t, found)
	for _, d := range found {
		assert.NotContains(t, []string{"syntax", "unknown-attribute", "unknown-block", "block-labels"}, d.Rule, "%s: %s in\n%s", d.Range, d.Summary, &text)
	}
	require.NoError(t, offered.Validate())
	compare(t, "", language.ConfigBlock(), offered)
	for name, block := range offered.Blocks {
		assert.NotEmpty(t, block.Description.Value, name)
	}
}

// write writes a body with everything that may be in it.
func write(text *strings.Builder, indent string, body *hcllang.BodySchema) {
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		fmt.Fprintf(text, "%s%s = null\n", indent, name)
	}
	if body.AnyAttribute != nil {
		fmt.Fprintf(text, "%sx = null\n", indent)
	}
	if body.Extensions != nil && body.Extensions.ForEach {
		fmt.Fprintf(text, "%sfor_each = { b = 1 }\n", indent)
	}
	if body.Extensions != nil && body.Extensions.DynamicBlocks {
		fmt.Fprintf(text, "%sdynamic \"tls\" {\n%s  for_each = []\n%s  iterator = x\n%s  content {\n%s  }\n%s}\n",
			indent, indent, indent, indent, indent, indent)
	}
	for _, name := range slices.Sorted(maps.Keys(body.Blocks)) {
		block := body.Blocks[name]
		fmt.Fprintf(text, "%s%s%s {\n", indent, name, strings.Repeat(` "file"`, len(block.Labels)))
		write(text, indent+"  ", block.Body)
		fmt.Fprintf(text, "%s}\n", indent)
	}
}

// compare finds every block and attribute of the configuration among what is offered.
func compare(t *testing.T, path string, want *language.Block, offered *hcllang.BodySchema) {
	t.Helper()
	for _, a := range want.Attributes {
		name := path + a.Name
		got := offered.Attributes[a.Name]
		if !assert.NotNil(t, got, name) {
			continue
		}
		assert.Equal(t, a.Sensitive, got.IsSensitive, name)
		assert.Equal(t, a.Required, got.IsRequired, name)
		assert.NotEmpty(t, got.Description.Value, name)
		for _, word := range a.Enum {
			assert.Contains(t, got.Constraint, hcllang.LiteralValue{Value: cty.StringVal(word)}, name)
		}
	}
	for _, b := range want.Blocks {
		got := offered.Blocks[b.Name]
		if assert.NotNil(t, got, path+b.Name) {
			assert.Len(t, got.Labels, len(b.Labels), path+b.Name)
			assert.NotEmpty(t, got.Description.Value, path+b.Name)
			compare(t, path+b.Name+".", b, got.Body)
		}
	}
}
