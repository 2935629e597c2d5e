package schemagen

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Old configurations stay valid and deployed readers go on understanding, unless a file next to the released schemas says
// why not.
func TestTodaysSchemasAreCompatibleWithEveryRelease(t *testing.T) {
	releases, err := filepath.Glob("../../schema/history/v*")
	require.NoError(t, err)
	require.NotEmpty(t, releases)
	for _, dir := range releases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			reasons, err := os.ReadFile(filepath.Join(dir, "breaking.txt"))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			var changes []string
			for name, direction := range map[string]Direction{"config": Backward, "envelope": Forward} {
				before, after := released(t, dir, name), released(t, "../../schema", name)
				for _, c := range Compare(before, after, direction) {
					if c.Severity == Breaking {
						changes = append(changes, fmt.Sprintf("%s %s %s", name, c.Rule, c.Pointer))
					}
				}
			}
			assert.Empty(t, unexplained(changes, string(reasons)))
		})
	}
}

func released(t *testing.T, dir, name string) *Model {
	t.Helper()
	file := filepath.Join(dir, name+".schema.json")
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	m, problems := Parse(filepath.ToSlash(file), source)
	require.Empty(t, problems)
	return m
}

// unexplained returns what is wrong with a list of breaking changes and the file that gives the reasons.
func unexplained(changes []string, reasons string) (faults []string) {
	var explained []string
	for line := range strings.Lines(reasons) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 5 {
			faults = append(faults, "no schema, rule, pointer and reason: "+line)
			continue
		}
		change := strings.Join(fields[:3], " ")
		if !slices.Contains(changes, change) {
			faults = append(faults, "explained, but it does not happen: "+change)
		}
		explained = append(explained, change)
	}
	for _, c := range changes {
		if !slices.Contains(explained, c) {
			faults = append(faults, "breaking, with no reason in breaking.txt: "+c)
		}
	}
	return faults
}

func TestABreakingChangeNeedsAReason(t *testing.T) {
	const change = "config required-added /$defs/sink/properties/owner"
	for _, tt := range []struct{ reasons, want string }{
		{change + "   Somebody has to answer.", ""},
		{"# A comment.\n\n" + change + " it helps\n", ""},
		{"", "breaking, with no reason in breaking.txt: " + change},
		{change, "no schema, rule, pointer and reason: " + change},
		{change + " it helps\n" + strings.Replace(change, "owner", "team", 1) + " it helps",
			"explained, but it does not happen: config required-added /$defs/sink/properties/team"},
	} {
		faults := append(unexplained([]string{change}, tt.reasons), "")
		assert.Equal(t, tt.want, faults[0], tt.reasons)
	}
}
