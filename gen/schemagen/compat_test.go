package schemagen

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var updateVectors = flag.Bool("update", false, "rewrite the expected findings of testdata/diff")

// Each vector is named after the rule that it shows, and says in both directions all that Compare finds.
func TestCompareFollowsItsVectors(t *testing.T) {
	for _, file := range vectors(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			require.Len(t, archive.Files, 4)
			before, after := parsed(t, "old.json", archive.Files[0].Data), parsed(t, "new.json", archive.Files[1].Data)
			for i, direction := range []Direction{Backward, Forward} {
				want := &archive.Files[2+i]
				require.Equal(t, string(direction), want.Name)
				got := listChanges(Compare(before, after, direction))
				if *updateVectors {
					want.Data = []byte(got)
				}
				assert.Equal(t, string(want.Data), got, direction)
			}
			if *updateVectors {
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
			}
		})
	}
}

func TestEachRuleHasAVector(t *testing.T) {
	var ids, shown []string
	for _, r := range Rules() {
		ids = append(ids, r.ID)
	}
	for _, file := range vectors(t) {
		id := strings.TrimSuffix(filepath.Base(file), ".txtar")
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for i, direction := range []Direction{Backward, Forward} {
			j := slices.Index(ids, id)
			require.GreaterOrEqual(t, j, 0, "%s is named after no rule", file)
			assert.Contains(t, string(archive.Files[2+i].Data), fmt.Sprintf("%s %s ", Rules()[j].Severity(direction), id), file)
		}
		shown = append(shown, id)
	}
	assert.ElementsMatch(t, ids, shown)
}

func vectors(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "diff", "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func parsed(t *testing.T, file string, source []byte) *Model {
	t.Helper()
	m, problems := ParseNamed(file, "thing", source)
	require.Empty(t, problems, "%s", source)
	return m
}

func listChanges(changes []Change) string {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%s %s %s: %s\n", c.Severity, c.Rule, c.Pointer, c.Message)
	}
	return b.String()
}

// A branch of oneOf is compared with the one that has its constant, wherever that stands.
func TestCompareFindsTheBranchThatIsMeant(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("testdata", "receiver.schema.json"))
	require.NoError(t, err)
	before := parsed(t, "old.json", source)
	for _, tt := range []struct{ old, new, want string }{
		{`{ "$ref": "#/$defs/circle" }, { "$ref": "#/$defs/square" }`, `{ "$ref": "#/$defs/square" }, { "$ref": "#/$defs/circle" }`, ""},
		{`"const": "circle"`, `"const": "triangle"`, `breaking branch-removed /$defs/shape/oneOf/0: circle will not do any more
info branch-added /$defs/shape/oneOf/0: circle will do as well
`},
		{`"maximum": 9 }
      }`, `"maximum": 8 }
      }`, "breaking maximum-lowered /$defs/circle/properties/radius/maximum: maximum was 9 and is 8\n"},
	} {
		require.Equal(t, 1, strings.Count(string(source), tt.old), tt.old)
		after := parsed(t, "new.json", []byte(strings.Replace(string(source), tt.old, tt.new, 1)))
		assert.Equal(t, tt.want, listChanges(Compare(before, after, Backward)), tt.new)
	}
}
