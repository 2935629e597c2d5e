package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a page for operators quotes, of the log or of /readyz, is what the program says: people search for it.
func TestWhatDocumentsQuoteIsSaid(t *testing.T) {
	var said []string
	for _, e := range collectLogEvents(t) {
		said = append(said, e.message)
	}
	for _, folder := range []string{"internal/admin", "internal/relay", "sinkhttp"} {
		said = append(said, literalsOf(t, folder)...)
	}
	code := regexp.MustCompile("(?ms)^ *```.*?\n *```$|`[^`\n]*`")
	quote := regexp.MustCompile(`"([a-z][^"\n]* [^"\n]*)"`)
	quotes := 0
	for _, page := range []string{"runbook", "what-happens-when", "operating"} {
		text := code.ReplaceAllString(readFile(t, "docs/guide/"+page+".md"), "")
		for _, match := range quote.FindAllStringSubmatch(text, -1) {
			quotes++
			if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, match[1]) }) {
				t.Errorf("docs/guide/%s.md quotes %q, which the program does not say", page, match[1])
			}
		}
	}
	if quotes < 7 {
		t.Errorf("the pages quote %d texts: fewer than they did", quotes)
	}
}

// literalsOf returns the texts in the code of a package.
func literalsOf(t *testing.T, folder string) (texts []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*.go"))
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if literal, is := n.(*ast.BasicLit); is && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				texts = append(texts, text)
			}
			return true
		})
	}
	return texts
}
