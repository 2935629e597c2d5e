package langserver

import (
	"bytes"
	"net/url"
	"path/filepath"
	"unicode/utf8"

	"github.com/apparentlymart/go-textseg/v15/textseg"
	"github.com/hashicorp/hcl/v2"
	"go.lsp.dev/protocol"

	"iggysink/internal/findings"
)

// The protocol counts lines and characters from 0, and characters in UTF-16 code units; HCL counts both from 1, and
// characters in grapheme clusters. Bytes are what they meet at.

// byteAt returns the byte of a position. One behind the end of its line is the end of the line.
func byteAt(text []byte, at protocol.Position) int {
	offset := 0
	for range at.Line {
		i := bytes.IndexByte(text[offset:], '\n')
		if i < 0 {
			return len(text)
		}
		offset += i + 1
	}
	for units := uint32(0); units < at.Character && offset < len(text) && text[offset] != '\n'; {
		r, n := utf8.DecodeRune(text[offset:])
		units++
		if r > 0xffff {
			units++
		}
		offset += n
	}
	return offset
}

// hclPosition returns a position as HCL knows it.
func hclPosition(text []byte, at protocol.Position) hcl.Pos {
	offset := byteAt(text, at)
	before := text[:offset]
	clusters, err := textseg.TokenCount(before[bytes.LastIndexByte(before, '\n')+1:], textseg.ScanGraphemeClusters)
	if err != nil {
		clusters = 0
	}
	return hcl.Pos{Line: bytes.Count(before, []byte("\n")) + 1, Column: clusters + 1, Byte: offset}
}

// rangeOf returns a range of a text as the protocol knows it; the beginning of the text for a range without a place.
func rangeOf(text []byte, rng hcl.Range) protocol.Range {
	if rng.Start.Line == 0 {
		return protocol.Range{}
	}
	at := func(p hcl.Pos) protocol.Position {
		return protocol.Position{Line: uint32(p.Line - 1), Character: uint32(findings.UTF16Column(text, p.Byte) - 1)}
	}
	return protocol.Range{Start: at(rng.Start), End: at(rng.End)}
}

// fileOf returns the name of the file that a URI stands for. A document that has no file yet is known by its URI.
func fileOf(uri protocol.DocumentURI) string {
	parsed, err := url.Parse(string(uri))
	if err != nil || parsed.Scheme != "file" {
		return string(uri)
	}
	return filepath.FromSlash(parsed.Path)
}

func uriOf(name string) protocol.DocumentURI {
	if !filepath.IsAbs(name) {
		return protocol.DocumentURI(name)
	}
	return protocol.DocumentURI((&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String())
}
