package schemagen

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
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

// checkFolder type-checks what is generated for a package of this module together with what is written by hand there, as it
// will be. A mistake in what is written by hand is not its concern: whoever renames something there has to be able to go on.
func checkFolder(dir, folder string, out map[string][]byte) error {
	files := make(map[string][]byte)
	for name, source := range out {
		if rest, inside := strings.CutPrefix(name, folder+"/"); inside && source != nil && !strings.Contains(rest, "/") {
			files[name] = source
		}
	}
	generated := maps.Clone(files)
	names, err := handwritten(filepath.Join(dir, filepath.FromSlash(folder)))
	if err != nil || len(names) == 0 { // without the code around it nothing can be said
		return err
	}
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files[folder+"/"+filepath.Base(name)] = source
	}
	if err := typeCheck(files, generated); err != nil {
		return fmt.Errorf("what was generated for %s does not compile with the code around it, and nothing was written: %w", folder, err)
	}
	return nil
}

// typeCheck type-checks a package before it is written, and returns the first mistake in one of the files to judge. The
// standard library is not looked at, since a machine without Go has none; everything that the package itself declares is.
func typeCheck(files, judged map[string][]byte) error {
	positions := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file, err := parser.ParseFile(positions, name, files[name], parser.SkipObjectResolution)
		if err != nil && judged[name] != nil {
			return err
		}
		if file == nil || file.Name == nil {
			continue
		}
		parsed = append(parsed, file)
	}
	var found error
	config := types.Config{Importer: noImports{}, Error: func(err error) {
		var fault types.Error
		if found != nil || !errors.As(err, &fault) || strings.HasPrefix(fault.Msg, "could not import") ||
			strings.HasPrefix(fault.Msg, "undefined: time.") {
			return
		}
		if place := positions.Position(fault.Pos); judged[place.Filename] != nil {
			found = fmt.Errorf("%s: %s", place, fault.Msg)
		}
	}}
	_, _ = config.Check(parsed[0].Name.Name, positions, parsed, nil) // every error was handed to Error
	return found
}

// noImports imports nothing: go/types then takes whatever a package is asked for as there. It only knows what durations are,
// because the generated code compares them with numbers.
type noImports struct{}

// Import implements types.Importer.
func (noImports) Import(path string) (*types.Package, error) {
	if path != "time" {
		return nil, errors.ErrUnsupported
	}
	p := types.NewPackage(path, "time")
	name := types.NewTypeName(token.NoPos, p, "Duration", nil)
	types.NewNamed(name, types.Typ[types.Int64], nil)
	p.Scope().Insert(name)
	p.MarkComplete()
	return p, nil
}
