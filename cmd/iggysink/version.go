package main

import (
	"fmt"
	"io"
	"regexp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// sdkModule is the Iggy SDK's module path, as the build information lists it.
const sdkModule = "github.com/apache/iggy/foreign/go"

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit, and the Go and SDK versions",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				info = &debug.BuildInfo{}
			}
			return printVersion(cmd.OutOrStdout(), info)
		},
	}
}

// pseudoVersion is a version that Go makes of a commit without a tag.
var pseudoVersion = regexp.MustCompile(`[-.]\d{14}-([0-9a-f]{12})(?:\+|$)`)

// printVersion prints what the build knows of itself. go test and -buildvcs=false leave the commit out.
func printVersion(w io.Writer, info *debug.BuildInfo) error {
	version, commit, modified, sdk := info.Main.Version, "unknown", "", "unknown"
	if m := pseudoVersion.FindStringSubmatch(version); m != nil { // of a build by go install, which has no stamp
		commit = m[1]
	}
	when := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.time":
			when = " " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = " (modified)"
		}
	}
	if version == "" || version == "(devel)" && commit != "unknown" {
		version = "(devel)"
		if commit != "unknown" {
			version = "devel-" + commit[:min(len(commit), 12)]
		}
	}
	for _, dep := range info.Deps {
		if dep.Path == sdkModule {
			sdk = dep.Version
		}
	}
	_, err := fmt.Fprintf(w, "iggysink %s\ncommit   %s%s%s\ngo       %s %s/%s\niggy sdk %s\n",
		version, commit, when, modified, runtime.Version(), runtime.GOOS, runtime.GOARCH, sdk)
	return err
}
