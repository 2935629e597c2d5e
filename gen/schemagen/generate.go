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

// Generate brings the generated files of the module in dir up to date. With check it writes nothing and returns an
// error that names the files that are stale. With a schema at fault it writes nothing, and the error shows every
// problem in its line.
func Generate(dir string, check bool) error {
	want, err := outputs(dir, check)
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
func outputs(dir string, strict bool) (map[string][]byte, error) {
	out := make(map[string][]byte)
	var models []*Model
	var problems Problems
	for _, file := range []string{"schema/config.schema.json", "schema/envelope.schema.json"} {
		source, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			return nil, err
		}
		m, found := Parse(file, source)
		problems = append(problems, found...)
		models = append(models, m)
	}
	if len(problems) == 0 {
		problems = shared(models)
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
	if err := receiver(dir, models[1], out); err != nil {
		return nil, err
	}
	if err := langserver(dir, models[0], out); err != nil {
		return nil, err
	}
	return out, readme(dir, models, strict, out)
}

// shared refuses what cannot be in one Go package: types of one name in two schemas, or of a name that the package schema
// has already.
func shared(models []*Model) Problems {
	var r reader
	names := make(map[string]position)
	for _, m := range models {
		for _, s := range m.types() {
			if at, taken := names[s.name]; taken {
				r.fail(s.at, "the Go name %s is taken by %s: add x-go-name", s.name, at)
			}
			if slices.Contains(reserved(), s.name) || slices.Contains(helpers(), "decode"+s.name) {
				r.fail(s.at, "the Go name %s is one of the package schema: add x-go-name", s.name)
			}
			names[s.name] = s.at
		}
	}
	return r.problems
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

// readme replaces the tables between the markers of README.md, where there is one.
func readme(dir string, models []*Model, strict bool, out map[string][]byte) error {
	source, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text := string(source)
	for _, m := range models {
		name := strings.ToLower(m.name)
		begin, end := "<!-- gen:"+name+" -->\n", "<!-- /gen:"+name+" -->"
		before, rest, found := strings.Cut(text, begin)
		_, after, ended := strings.Cut(rest, end)
		switch {
		case found && ended:
			text = before + begin + "\n" + m.Markdown() + "\n" + end + after
		case strict:
			return fmt.Errorf("README.md has no lines %s and %s for the reference of %s", strings.TrimSpace(begin), end, m.file)
		}
	}
	out["README.md"] = []byte(text)
	return nil
}
