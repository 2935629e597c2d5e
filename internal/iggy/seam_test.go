package iggy

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wire08 are the files that know the SDK or the wire of 0.8: what a newer SDK replaces.
var wire08 = []string{
	"probe.go", "identify.go", "link.go", "wire.go", "commands.go", "produce.go", "decode.go", "status.go", "sharing.go",
}

// theSeam is all that the other files use of these.
var theSeam = []string{
	"link", "connect", "close", "topicState", "groupSize", "createGroup", "join", "leave", "stored", "store", "forget", "poll", "peek",
	"ping",
	"membership", "newMembership", "look", "evenOut", // a member's share of its group
	"createStream", "createTopic", "send", // for Client
	"errTooLarge", "isHopeless", "isNoGroup", "isNotFound", "isNotOwned", "isNotTaken", "ErrNotFound", "WireError",
}

// This is what docs/design/moving-to-a-newer-sdk.md promises: the SDK and the rules of 0.8 stay behind one seam.
func TestTheSDKStaysBehindTheSeam(t *testing.T) {
	positions := token.NewFileSet()
	files, info := checked(t, positions)
	const sdk = "github.com/apache/iggy/"
	used, knows := map[string]bool{}, 0
	for name, file := range files {
		behind := slices.Contains(wire08, name)
		for _, spec := range file.Imports {
			if strings.Contains(spec.Path.Value, sdk) {
				knows++
				assert.True(t, behind, "%s imports the SDK", name)
			}
		}
		if behind {
			continue
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if expr, isExpr := node.(ast.Expr); isExpr && info.TypeOf(expr) != nil {
				text := types.TypeString(info.TypeOf(expr), nil)
				assert.NotContains(t, text, sdk, "%s has a value of the SDK", name)
			}
			word, isWord := node.(*ast.Ident)
			if !isWord || info.Uses[word] == nil || info.Uses[word].Pkg() == nil || info.Uses[word].Pkg().Name() != "iggy" {
				return true
			}
			if home := filepath.Base(positions.Position(info.Uses[word].Pos()).Filename); slices.Contains(wire08, home) {
				used[word.Name] = true
			}
			return true
		})
	}
	assert.GreaterOrEqual(t, knows, 4, "the check sees the imports")
	for name := range used {
		assert.Contains(t, theSeam, name, "used above the seam")
	}
	for _, name := range theSeam {
		assert.True(t, used[name], "%s is no part of the seam any more", name)
	}
}

// checked parses this package without its tests and finds out the type of every expression.
func checked(t *testing.T, positions *token.FileSet) (map[string]*ast.File, *types.Info) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", ".")
	out, err := list.Output()
	require.NoError(t, err)
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		exports[path] = file
	}
	paths, err := filepath.Glob("*.go")
	require.NoError(t, err)
	files, parsed := map[string]*ast.File{}, []*ast.File(nil)
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(positions, path, nil, 0)
		require.NoError(t, err)
		files[path], parsed = file, append(parsed, file)
	}
	for _, name := range wire08 {
		require.Contains(t, files, name)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(positions, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	_, err = config.Check("iggy", positions, parsed, info)
	require.NoError(t, err)
	return files, info
}
