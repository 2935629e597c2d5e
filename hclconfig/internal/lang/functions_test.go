package lang

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"iggysink/hclconfig/internal/bound"
)

func TestEveryFunctionIsDocumented(t *testing.T) {
	var names []string
	for _, f := range Functions() {
		names = append(names, f.Name)
		assert.Regexp(t, `^[A-Z].*\.$`, f.Doc, f.Name)
	}
	assert.Equal(t, slices.Sorted(maps.Keys((&Scope{Budget: bound.NewBudget()}).functions(""))), names)
}
