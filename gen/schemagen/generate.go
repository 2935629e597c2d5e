package schemagen

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// referenceFolder is where the pages go that are made of the schemas.
const referenceFolder = "docs/reference"

// Generate brings the generated files of the module in dir up to date. With check it writes nothing and returns an
// error that names the files that are stale. With a schema at fault it writes nothing, and the error shows every
// problem in its line.
func Generate(dir string, check bool) error {
	want, err := outputs(dir)
	if err != nil {
		return err
	}
	var stale []error
	for _, name := range slices.Sorted(maps.Keys(want)) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		have, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		switch {
		case want[name] == nil && check:
			stale = append(stale, fmt.Errorf("%s is generated from nothing: go generate ./... removes it", name))
		case want[name] == nil:
			err = os.Remove(file)
		case err == nil && bytes.Equal(have, want[name]):
		case check:
			stale = append(stale, fmt.Errorf("%s is stale: go generate ./... renews it", name))
		default:
			if err = os.MkdirAll(filepath.Dir(file), 0o755); err == nil {
				err = os.WriteFile(file, want[name], 0o644)
			}
		}
		if err != nil && !check {
			return err
		}
	}
	return errors.Join(stale...)
}

// outputs returns every file to write by its slash-separated name; nil for one to remove.
func outputs(dir string) (map[string][]byte, error) {
	out := make(map[string][]byte)
	var models []*Model
	var problems Problems
	for _, file := range []string{"schema/config.schema.json", "schema/envelope.schema.json"} {
		source, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			return nil, err
		}
		m, found := Parse(file, source)
		problems = append(problems, found...) // of both schemas in one run
		models = append(models, m)
	}
	if len(problems) == 0 {
		written, err := writtenByHand(filepath.Join(dir, "schema"))
		if err != nil {
			return nil, err
		}
		problems = shared(models, declared(written...))
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if err := orphans(dir, out); err != nil {
		return nil, err
	}
	for _, m := range models {
		files, err := m.Go()
		if err != nil {
			return nil, err
		}
		maps.Copy(out, files)
	}
	for _, folder := range []string{"schema", wordsFolder} {
		if err := checkFolder(dir, folder, out); err != nil {
			return nil, err
		}
	}
	if err := receiver(dir, models[1], out); err != nil {
		return nil, err
	}
	references(models, out)
	return out, nil
}

// shared refuses what cannot be in one Go package: types of one name in two schemas, or of a name that the package schema
// has already.
func shared(models []*Model, reserved map[string]bool) Problems {
	var r reader
	names := make(map[string]position)
	for _, m := range models {
		for _, s := range m.types() {
			if at, taken := names[s.name]; taken {
				r.fail(s.at, "the Go name %s is taken by %s: add x-go-name", s.name, at)
			}
			for _, name := range s.goNames() {
				if reserved[name] {
					r.fail(s.at, "the Go name %s is one of the package schema: add x-go-name", name)
					break
				}
			}
			names[s.name] = s.at
		}
	}
	return r.problems
}

// writtenByHand returns the Go files of a folder that nobody generates, without tests.
func writtenByHand(folder string) (sources [][]byte, err error) {
	files, err := handwritten(folder)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return sources, nil
}

// handwritten returns the names of those files.
func handwritten(folder string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	return slices.DeleteFunc(files, func(file string) bool {
		return strings.HasSuffix(file, "_gen.go") || strings.HasSuffix(file, "_test.go")
	}), err
}

// orphans notes for removal every file of schema and of the tables that an earlier run has written.
func orphans(dir string, out map[string][]byte) error {
	if err := generatedFiles(dir, wordsFolder, header, out); err != nil {
		return err
	}
	return generatedFiles(dir, "schema", header, out)
}

// generatedFiles notes for removal every Go file of a folder that begins with a generated header. What is generated again
// takes its place.
func generatedFiles(dir, folder, header string, out map[string][]byte) error {
	files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(folder), "*_gen.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(source, []byte(header)) {
			out[folder+"/"+filepath.Base(file)] = nil
		}
	}
	return nil
}

// receiver adds the package of the example receiver, where there is one.
func receiver(dir string, envelope *Model, out map[string][]byte) error {
	switch _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(receiverFolder))); {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if err := generatedFiles(dir, receiverFolder+"/envelope", ReceiverHeader, out); err != nil {
		return err
	}
	decoder, err := os.ReadFile(filepath.Join(dir, "schema", "decoding.go"))
	if err != nil {
		return err
	}
	files, err := receiverExample(envelope, decoder)
	if err != nil {
		return err
	}
	maps.Copy(out, files)
	return nil
}

// references adds the reference page of each schema.
func references(models []*Model, out map[string][]byte) {
	for _, m := range models {
		name := "envelope"
		if m.configures() {
			name = "configuration"
		}
		out[referenceFolder+"/"+name+".md"] = []byte(m.Markdown())
	}
}
