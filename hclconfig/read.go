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
	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"

	hcljson "github.com/hashicorp/hcl/v2/json"
)

// MaxFileSize is how many bytes a configuration file may have.
const MaxFileSize = 2 << 20

// maxValueSize is how many bytes file() reads, and how much text a local or a variable may hold.
const maxValueSize = 1 << 20

// read finds and reads all files. A file that is named twice, or once and through its folder, is read once.
func (l *loader) read(paths []string) {
	seen := make(map[string]bool)
	for _, path := range paths {
		for _, name := range l.expand(path) {
			if key := canonical(name); !seen[key] {
				seen[key] = true
				l.readFile(name)
			}
		}
	}
	if len(paths) == 0 {
		l.broken = true
		l.At(hcl.Range{}, "no-configuration", "", "Name a file or a folder.")
	}
}

// canonical returns a name by which the same file is known again.
func canonical(name string) string {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	if abs, err := filepath.Abs(name); err == nil {
		name = abs
	}
	return name
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
	if !info.IsDir() && IsVariables(path) {
		l.broken = true
		l.At(fileRange(path), "no-configuration", "a file of values is no configuration",
			"Name it with --var-file, behind the configuration whose variables it sets.")
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
		case IsVariables(e.Name()) && !strings.HasPrefix(e.Name(), "."):
			values = append(values, name)
		}
	}
	for name := range l.opts.Texts {
		switch base := filepath.Base(name); {
		case filepath.Dir(name) != filepath.Clean(path), slices.Contains(names, name), slices.Contains(values, name):
		case isConfiguration(base):
			names = append(names, name)
		case IsVariables(base) && !strings.HasPrefix(base, "."):
			values = append(values, name)
		}
	}
	slices.Sort(values)
	l.beside = append(l.beside, values...)
	if len(names) == 0 {
		l.broken = true
		l.At(fileRange(path), "no-configuration", "", "The folder holds no *.hcl or *.hcl.json file.")
	}
	slices.Sort(names)
	return names
}

func isConfiguration(name string) bool {
	return !strings.HasPrefix(name, ".") && !IsVariables(name) &&
		(strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json"))
}

// IsVariables reports whether a file, by its name, gives variables their values rather than being configuration.
func IsVariables(name string) bool {
	return strings.HasSuffix(name, ".vars.hcl") || strings.HasSuffix(name, ".vars.hcl.json")
}

// isAutomatic reports whether a file holds values of variables that apply whichever others are named.
func isAutomatic(name string) bool {
	return strings.HasSuffix(name, ".auto.vars.hcl") || strings.HasSuffix(name, ".auto.vars.hcl.json")
}

func fileRange(name string) hcl.Range { return hcl.Range{Filename: name} }

func (l *loader) unreadable(path string, err error) {
	l.broken = true
	l.At(fileRange(path), "unreadable-file", "", bound.Because(err))
}

// textOf returns a configuration file, or a file of variables.
func (l *loader) textOf(name string) ([]byte, error) {
	text, given := l.opts.Texts[name]
	switch {
	case !given:
		return bound.ReadFile(name, MaxFileSize)
	case len(text) > MaxFileSize:
		return nil, bound.ErrTooLarge
	}
	return text, nil
}

func (l *loader) readFile(name string) {
	text, err := l.textOf(name)
	if err != nil {
		l.notRead(name, err)
		return
	}
	f := mask.New(name, text)
	l.files[name], l.sources = f, append(l.sources, f)
}

// notRead tells why a file could not be read.
func (l *loader) notRead(name string, err error) {
	if !errors.Is(err, bound.ErrTooLarge) {
		l.unreadable(name, err)
		return
	}
	l.broken = true
	l.At(fileRange(name), "file-too-large", "", fmt.Sprintf("At most %d MiB.", MaxFileSize>>20))
}

// parse parses every file that the guard lets through.
func (l *loader) parse() {
	for _, f := range l.sources {
		body, found := parseSource(f)
		if found.HasErrors() {
			l.Found = append(l.Found, found...)
			l.Partial = true
			// Its defaults would be those of the sinks in other files: without them these mean something else.
			l.broken = l.broken || bytes.Contains(f.Text, []byte("defaults"))
			continue
		}
		f.Body = body
		if native, isNative := body.(*hclsyntax.Body); isNative {
			l.charge(native)
		}
	}
}

// parseSource returns the body of a file, or why it has none.
func parseSource(f *mask.File) (hcl.Body, Diagnostics) {
	if found := bound.Guard(f); len(found) > 0 {
		return nil, found
	}
	var file *hcl.File
	var diags hcl.Diagnostics
	if f.JSON {
		file, diags = hcljson.Parse(f.Text, f.Name)
		diags = finding.FirstMistake(diags)
	} else {
		file, diags = hclsyntax.ParseConfig(f.Text, f.Name, hcl.InitialPos)
	}
	if diags.HasErrors() {
		var r finding.Report
		for _, d := range diags {
			if r.Full(Error) || finding.Shadowed(d, diags) {
				continue
			}
			if finding.IsUnquoted(d, f.Text) {
				r.At(finding.Subject(d), "syntax", "text stands in double quotes", `Such as "5s" or "https://example.com/".`)
				continue
			}
			r.Syntax(d)
			if strings.Contains(d.Summary, "nterminated") || strings.Contains(d.Summary, "multi-line string") {
				break // from here on text and quotes have changed places
			}
		}
		r.More()
		return nil, r.Found
	}
	return file.Body, nil
}
