package schema

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/mod/semver"
)

//go:embed history/v*/*.schema.json
var history embed.FS

// Release is a released version of the contract.
type Release struct {
	Version  string // as a tag: v0.1.0
	Config   []byte // config.schema.json as it was
	Envelope []byte // envelope.schema.json as it was
}

// Releases returns the released schemas, the oldest first. An error means that the build's own files are damaged.
func Releases() ([]Release, error) {
	folders, err := fs.ReadDir(history, "history")
	if err != nil {
		return nil, fmt.Errorf("list the released schemas: %w", err)
	}
	var releases []Release
	for _, folder := range folders {
		r := Release{Version: folder.Name()}
		if r.Config, err = history.ReadFile(path.Join("history", r.Version, "config.schema.json")); err != nil {
			return nil, fmt.Errorf("read the schema of a release: %w", err)
		}
		if r.Envelope, err = history.ReadFile(path.Join("history", r.Version, "envelope.schema.json")); err != nil {
			return nil, fmt.Errorf("read the schema of a release: %w", err)
		}
		releases = append(releases, r)
	}
	// By number: as text v0.10.0 comes before v0.9.0.
	slices.SortFunc(releases, func(a, b Release) int { return semver.Compare(a.Version, b.Version) })
	return releases, nil
}
