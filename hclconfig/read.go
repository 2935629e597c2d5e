package hclconfig

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/lang"
	"iggysink/hclconfig/internal/mask"
	"iggysink/internal/boundedfile"
)

// MaxFileSize is how many bytes a configuration file may have.
const MaxFileSize = bound.MaxFileSize

// read finds and reads all files. A file that is named twice, or once and through its folder, is read once.
func (l *loader) read(paths []string) {
	seen := make(map[string]bool)
	for _, path := range paths {
		for _, name := range l.expand(path) {
			if key := bound.Canonical(name); !seen[key] {
				seen[key] = true
				if l.scope.Budget.Exceeded {
					return
				}
				if f := l.open(name); f != nil {
					l.sources = append(l.sources, f)
				}
			}
		}
	}
	if len(paths) == 0 {
		l.broken = true
		l.At(hcl.Range{}, "no-configuration", "", "Name a file or a folder.")
	}
	if len(l.sources) == 0 { // otherwise they are values for what others hold
		for _, path := range l.valuesOnly {
			l.noConfiguration(path)
		}
	}
}

func (l *loader) noConfiguration(folder string) {
	l.broken = true
	l.At(fileRange(folder), "no-configuration", "", "The folder holds no *.hcl or *.hcl.json file.")
}

// expand returns the file that path names, or the configuration files of that folder, sorted. Folders are not followed
// down: a link to a parent cannot loop.
func (l *loader) expand(path string) []string {
	if _, given := l.opts.Texts[path]; given {
		return []string{path}
	}
	info, err := os.Stat(path)
	if err != nil {
		l.unreadable(path, err)
		return nil
	}
	if !info.IsDir() && lang.IsVariables(path) {
		l.broken = true
		l.At(fileRange(path), "no-configuration", "a file of values is not a configuration",
			"Name it with --var-file, after the configuration whose variables it sets.")
		return nil
	}
	if !info.IsDir() {
		return []string{path}
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		l.unreadable(path, err)
		return nil
	}
	var names, values []string
	for _, e := range entries {
		switch name := filepath.Join(path, e.Name()); {
		case isConfiguration(e.Name()):
			names = append(names, name)
		case lang.IsVariables(e.Name()) && !strings.HasPrefix(e.Name(), "."):
			values = append(values, name)
		}
	}
	for name := range l.opts.Texts {
		switch base := filepath.Base(name); {
		case filepath.Dir(name) != filepath.Clean(path), slices.Contains(names, name), slices.Contains(values, name):
		case isConfiguration(base):
			names = append(names, name)
		case lang.IsVariables(base) && !strings.HasPrefix(base, "."):
			values = append(values, name)
		}
	}
	slices.Sort(values)
	l.beside = append(l.beside, values...)
	switch {
	case len(names) > 0:
	case len(values) > 0:
		l.valuesOnly = append(l.valuesOnly, path)
	default:
		l.noConfiguration(path)
	}
	slices.Sort(names)
	return names
}

func isConfiguration(name string) bool {
	return !strings.HasPrefix(name, ".") && !lang.IsVariables(name) &&
		(strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json"))
}

func fileRange(name string) hcl.Range { return hcl.Range{Filename: name} }

func (l *loader) unreadable(path string, err error) {
	l.broken = true
	l.At(fileRange(path), "unreadable-file", "", bound.Because(err))
}

// open reads a configuration file, or a file of variables, if the load has room for it. It returns nil if not, which it
// tells.
func (l *loader) open(name string) *mask.File {
	text, given := l.opts.Texts[name]
	var err error
	switch {
	case !given:
		text, err = boundedfile.Read(name, MaxFileSize)
	case len(text) > MaxFileSize:
		err = boundedfile.ErrTooLarge
	}
	switch {
	case errors.Is(err, boundedfile.ErrTooLarge):
		l.broken = true
		l.At(fileRange(name), "file-too-large", "", fmt.Sprintf("At most %d MiB.", MaxFileSize>>20))
		return nil
	case err != nil:
		l.unreadable(name, err)
		return nil
	}
	if summary, detail := l.scope.Budget.Admit(len(text)); summary != "" {
		l.broken = true
		l.At(fileRange(name), "file-too-large", summary, detail)
		return nil
	}
	f := mask.New(name, text)
	l.files[name] = f
	return f
}

// parse parses every file that the guard lets through.
func (l *loader) parse() {
	for _, f := range l.sources {
		if l.scope.Budget.Exceeded { // nothing is said about the rest
			l.broken = true
			return
		}
		body, found := bound.Parse(f, &l.scope.Budget.Quota)
		if found.HasErrors() {
			l.Found = append(l.Found, found...)
			l.Partial = true
			// Its defaults would be those of the sinks in other files: without them these mean something else.
			l.broken = l.broken || bytes.Contains(f.Text, []byte("defaults"))
			continue
		}
		f.Body = body
		if native, isNative := body.(*hclsyntax.Body); isNative {
			l.scope.Charge(native)
		}
	}
}
