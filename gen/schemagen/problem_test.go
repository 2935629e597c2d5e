package schemagen

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProblemShowsTheTokenInItsLine(t *testing.T) {
	for _, tt := range []struct{ old, new, want string }{
		{`"minimum": 1`, `"minimum": 1, "multipleOf": 2`, `Error: the keyword "multipleOf" is not supported
  base.schema.json:12:74
  12 | ...{ "description": "Count.", "type": "integer", "minimum": 1, "multipleOf": 2, "maximum": 9, "default": 3 },
     |                                                                ^^^^^^^^^^^^
`},
		{`"An item."`, `"An ïtem.", "öbject": 1`, `Error: the keyword "öbject" is not supported
  base.schema.json:20:35
  20 |       "description": "An ïtem.", "öbject": 1,
     |                                  ^^^^^^^^
`},
		{"\"default\": 3 },\n", "\"default\":\t\"3\" },\r\n", `Error: this must be of type number
  base.schema.json:12:99
  12 | ..., "type": "integer", "minimum": 1, "maximum": 9, "default": "3" },
     |                                                                ^^^
`},
	} {
		require.Equal(t, 1, strings.Count(base, tt.old), tt.old)
		_, problems := Parse("base.schema.json", []byte(strings.Replace(base, tt.old, tt.new, 1)))
		require.NotEmpty(t, problems)
		assert.Equal(t, tt.want, problems[0].Text())
	}
}

func TestProblemInALongLineShowsItsSurroundings(t *testing.T) {
	source := strings.Replace(base, `"Count."`, `"`+strings.Repeat("long ", 200)+`", "wrong": "`+strings.Repeat("x", 300)+`"`, 1)
	_, problems := Parse("base.schema.json", []byte(source))
	require.Len(t, problems, 1)
	for line := range strings.Lines(problems[0].Text()) {
		assert.Less(t, len(line), 250)
	}
	assert.Contains(t, problems[0].Text(), `long ", "wrong": "xxx`)
	assert.EqualError(t, problems.Err(), strings.TrimSuffix(problems[0].Text(), "\n"))
}
