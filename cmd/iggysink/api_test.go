package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
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

// publicPackages are those that others may import.
var publicPackages = []string{"schema", "gen/schemagen", "sinkhttp", "hclconfig", "hclconfig/language"}

// What others can compile against, in a file: a change of it is seen in a review. Write it anew with
// go test ./cmd/iggysink -run TestPublicAPI -update.
func TestPublicAPI(t *testing.T) {
	load := exportData(t)
	packages := make([]*types.Package, len(publicPackages))
	for i, name := range publicPackages {
		var err error
		packages[i], err = load.Import("iggysink/" + name)
		require.NoError(t, err)
	}
	aliases := aliasesOf(packages)
	var lines []string
	for i, pkg := range packages {
		lines = append(lines, exported(publicPackages[i], pkg, aliases)...)
	}
	got := strings.Join(lines, "\n") + "\n"
	golden := filepath.Join("testdata", "api.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "the public API has changed; if that is meant, run this test with -update")
}

// Whoever imports a package must be able to name what its functions take and return: a type of an internal package appears
// in the API only under an alias.
func TestPublicAPINamesNoInternalType(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "api.txt"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		assert.NotContains(t, line, "internal/")
	}
}

// exportData imports packages from what the compiler wrote about them.
func exportData(t *testing.T) types.Importer {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Export"}
	for _, name := range publicPackages {
		args = append(args, "./"+name)
	}
	list := exec.CommandContext(t.Context(), "go", args...)
	list.Dir, list.Stderr = root, os.Stderr
	out, err := list.Output()
	require.NoError(t, err)
	files := make(map[string]string)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg struct{ ImportPath, Export string }
		err := d.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		files[pkg.ImportPath] = pkg.Export
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
}

// aliasesOf returns, for types of internal packages, the name that a public one gives them.
func aliasesOf(packages []*types.Package) map[string]string {
	aliases := make(map[string]string)
	for _, pkg := range packages {
		for _, n := range pkg.Scope().Names() {
			object, isType := pkg.Scope().Lookup(n).(*types.TypeName)
			if !isType || !object.Exported() {
				continue
			}
			for t := object.Type(); ; {
				alias, isAlias := t.(*types.Alias)
				if !isAlias {
					if named, isNamed := t.(*types.Named); isNamed && object.IsAlias() {
						aliases[types.TypeString(named, nil)] = pkg.Path() + "." + n
					}
					break
				}
				aliases[types.TypeString(alias, nil)] = pkg.Path() + "." + n
				t = alias.Rhs()
			}
		}
	}
	return aliases
}

// exported returns a line for each constant, variable, function, type, field and method, sorted.
func exported(name string, pkg *types.Package, aliases map[string]string) []string {
	w := apiWriter{pkg: pkg, name: name}
	for _, n := range pkg.Scope().Names() {
		switch object := pkg.Scope().Lookup(n).(type) {
		case *types.Const:
			if object.Exported() {
				w.line("const %s %s = %s", n, w.text(object.Type()), object.Val())
			}
		case *types.TypeName:
			if object.Exported() {
				w.typeName(object)
			}
		default:
			if object.Exported() {
				w.line("%s", types.ObjectString(object, w.qualify))
			}
		}
	}
	for i, line := range w.lines {
		for hidden, public := range aliases {
			line = strings.ReplaceAll(line, hidden, public)
		}
		w.lines[i] = strings.ReplaceAll(line, pkg.Path()+".", "")
	}
	slices.Sort(w.lines)
	return slices.Compact(w.lines)
}

// apiWriter writes the lines of one package.
type apiWriter struct {
	pkg   *types.Package
	name  string
	lines []string
}

func (w *apiWriter) line(format string, args ...any) {
	w.lines = append(w.lines, w.name+": "+fmt.Sprintf(format, args...))
}

// qualify names the package of a type: with its path, unless it is this one.
func (w *apiWriter) qualify(p *types.Package) string {
	if p == w.pkg {
		return ""
	}
	return p.Path()
}

func (w *apiWriter) text(t types.Type) string { return types.TypeString(t, w.qualify) }

func (w *apiWriter) typeName(object *types.TypeName) {
	t := types.Unalias(object.Type())
	switch under := t.Underlying().(type) {
	case *types.Struct:
		w.line("type %s struct", object.Name())
		for f := range under.Fields() {
			if f.Exported() {
				w.line("type %s struct, %s %s", object.Name(), f.Name(), w.text(f.Type()))
			}
		}
	default:
		w.line("type %s %s", object.Name(), w.text(under))
	}
	methods := types.NewMethodSet(types.NewPointer(t))
	for m := range methods.Methods() {
		if m.Obj().Exported() {
			w.line("method (%s) %s%s", object.Name(), m.Obj().Name(), strings.TrimPrefix(w.text(m.Type()), "func"))
		}
	}
}
