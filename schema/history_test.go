package schema_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/semver"

	"iggysink/schema"
)

func TestReleasesAreOrderedAndWhole(t *testing.T) {
	releases, err := schema.Releases()
	require.NoError(t, err)
	require.NotEmpty(t, releases)
	for i, r := range releases {
		require.True(t, semver.IsValid(r.Version), r.Version)
		if i > 0 {
			require.Negative(t, semver.Compare(releases[i-1].Version, r.Version))
		}
		require.True(t, json.Valid(r.Config))
		require.True(t, json.Valid(r.Envelope))
	}
}
