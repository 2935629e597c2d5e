package schemagen

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// declared returns the names that Go files declare at their top, as far as the files can be read: what is reserved comes
// from the code, so that no list of it is ever behind.
func declared(sources ...[]byte) map[string]bool {
	names := make(map[string]bool)
	for _, source := range sources {
		file, _ := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution) // what cannot be read declares nothing
		if file == nil {
			continue
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					names[d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					declare(spec, names)
				}
			}
		}
	}
	return names
}

func declare(spec ast.Spec, names map[string]bool) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		names[s.Name.Name] = true
	case *ast.ValueSpec:
		for _, name := range s.Names {
			names[name.Name] = true
		}
	}
}

// goNames returns what a definition declares in Go, besides the constants of an enum.
func (s *schema) goNames() []string {
	return []string{s.name, "decode" + s.name, "Default" + s.name, "Parse" + s.name, s.name + "Values"}
}

// typeCheck type-checks a package before it is written. The standard library is not looked at, since a machine without Go
// has none; everything that the package itself declares is.
func typeCheck(files map[string][]byte) error {
	positions := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file, err := parser.ParseFile(positions, name, files[name], parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		parsed = append(parsed, file)
	}
	var found error
	config := types.Config{Importer: noImports{}, Error: func(err error) {
		var fault types.Error
		if found == nil && errors.As(err, &fault) && !strings.HasPrefix(fault.Msg, "could not import") {
			found = fmt.Errorf("%s: %s", positions.Position(fault.Pos), fault.Msg)
		}
	}}
	_, _ = config.Check(parsed[0].Name.Name, positions, parsed, nil) // every error was handed to Error
	return found
}

// noImports imports nothing. go/types then takes whatever a package is asked for as there.
type noImports struct{}

// Import implements types.Importer.
func (noImports) Import(string) (*types.Package, error) { return nil, errors.ErrUnsupported }
