package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

// The version says which commit it is of, from whatever the build left: a tag, a stamp, or both in one.
func TestVersionNamesTheCommit(t *testing.T) {
	stamp := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"},
			{Key: "vcs.time", Value: "2026-11-29T08:00:00Z"}, {Key: "vcs.modified", Value: modified}}
	}
	for _, tt := range []struct {
		name, version string
		settings      []debug.BuildSetting
		want          string
	}{
		{"a release", "v0.2.0", nil, "iggysink v0.2.0\ncommit   unknown\n"},
		{"a tag of a working copy", "v0.2.0", stamp("false"),
			"iggysink v0.2.0\ncommit   0123456789abcdef0123456789abcdef01234567 2026-11-29T08:00:00Z\n"},
		{"no tag", "(devel)", stamp("true"),
			"iggysink devel-0123456789ab\ncommit   0123456789abcdef0123456789abcdef01234567 2026-11-29T08:00:00Z (modified)\n"},
		{"nothing but the stamp", "", stamp("false"),
			"iggysink devel-0123456789ab\ncommit   0123456789abcdef0123456789abcdef01234567 2026-11-29T08:00:00Z\n"},
		{"a commit that go install took", "v0.2.1-0.20261129080000-0123456789ab", nil,
			"iggysink v0.2.1-0.20261129080000-0123456789ab\ncommit   0123456789ab\n"},
		{"a changed working copy", "v0.0.0-20261129080000-0123456789ab+dirty", nil,
			"iggysink v0.0.0-20261129080000-0123456789ab+dirty\ncommit   0123456789ab\n"},
		{"nothing", "", nil, "iggysink (devel)\ncommit   unknown\n"},
	} {
		var out strings.Builder
		info := &debug.BuildInfo{Main: debug.Module{Version: tt.version}, Settings: tt.settings}
		if err := printVersion(&out, info); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(out.String(), tt.want) {
			t.Errorf("%s: %q, not %q", tt.name, out.String(), tt.want)
		}
	}
}
