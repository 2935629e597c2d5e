package findings

import (
	"bytes"
	"net/url"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// UTF16Column is the column of a byte, from 1, in UTF-16 code units. HCL's own column counts grapheme clusters: on a line
// with emoji or combining marks it is another number.
func UTF16Column(text []byte, at int) int {
	at = min(at, len(text))
	return 1 + utf16Units(text[bytes.LastIndexByte(text[:at], '\n')+1:at])
}

func utf16Units(text []byte) (units int) {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		units++
		if r > 0xffff { // a surrogate pair
			units++
		}
		text = text[n:]
	}
	return units
}

// region is a range as github and sarif count it, the end exclusive. It is zero for a file as a whole.
type region struct{ startLine, startColumn, endLine, endColumn int }

// cursor is the last place whose column was counted. Findings come in order: with it a file that stands on one line is
// counted through once, and not again for each of them.
type cursor struct {
	file       string
	at, column int
}

func (f Findings) region(rng hcl.Range, last *cursor) region {
	if rng.Start.Line == 0 {
		return region{}
	}
	text, known := f.Files[rng.Filename]
	if !known {
		return region{rng.Start.Line, rng.Start.Column, rng.End.Line, rng.End.Column}
	}
	start := min(rng.Start.Byte, len(text))
	var column int
	if last.file == rng.Filename && last.at <= start && bytes.IndexByte(text[last.at:start], '\n') < 0 {
		column = last.column + utf16Units(text[last.at:start])
	} else {
		column = UTF16Column(text, start)
	}
	*last = cursor{rng.Filename, start, column}
	end := min(max(rng.End.Byte, start), len(text))
	if bytes.IndexByte(text[start:end], '\n') < 0 {
		return region{rng.Start.Line, column, rng.End.Line, column + utf16Units(text[start:end])}
	}
	return region{rng.Start.Line, column, rng.End.Line, UTF16Column(text, end)}
}

// relative returns the slash-separated path of a file from the workspace, or its absolute path if it is elsewhere.
func (o Options) relative(name string) (path string, inside bool) {
	absolute, err := filepath.Abs(name)
	if err != nil {
		return filepath.ToSlash(name), !filepath.IsAbs(name)
	}
	folder, err := filepath.Abs(o.Workspace)
	if err != nil {
		return filepath.ToSlash(absolute), false
	}
	if path, inside = below(folder, absolute); inside {
		return path, true
	}
	// The workspace may be known by a name that goes through a link, the working directory by its own, or the reverse.
	if path, inside = below(resolved(folder), resolved(absolute)); inside {
		return path, true
	}
	return filepath.ToSlash(absolute), false
}

func below(folder, name string) (string, bool) {
	path, err := filepath.Rel(folder, name)
	if err != nil || path == ".." || strings.HasPrefix(path, ".."+string(filepath.Separator)) {
		return "", false
	}
	return filepath.ToSlash(path), true
}

// resolved follows the links of a path, or those of its folder: a file from stdin need not exist.
func resolved(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	if folder, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(folder, filepath.Base(path))
	}
	return path
}

// uri returns the reference by which sarif names a file: relative, or a file: URL of one outside of the workspace.
func (o Options) uri(name string) (uri string, inside bool) {
	path, inside := o.relative(name)
	if inside {
		return (&url.URL{Path: path}).String(), true
	}
	if !strings.HasPrefix(path, "/") { // a drive letter
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String(), false
}
