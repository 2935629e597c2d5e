package finding

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Every summary in the sources of HCL's parsers has a row: one that a newer version brings is seen here and not by users,
// who would be told that the text cannot be understood.
func TestEverySummaryOfHCLHasARow(t *testing.T) {
	seen := 0
	for path, files := range map[string][]string{
		"github.com/hashicorp/hcl/v2/hclsyntax": {"parser", "token", "scan", "peeker"},
		"github.com/hashicorp/hcl/v2/json":      {"parser", "public"},
	} {
		dir, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseDir(token.NewFileSet(), strings.TrimSpace(string(dir)), func(f fs.FileInfo) bool { //nolint:staticcheck // build tags are of no interest
			for _, begin := range files {
				if strings.HasPrefix(f.Name(), begin) && !strings.HasSuffix(f.Name(), "_test.go") {
					return true
				}
			}
			return false
		}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parsed {
			ast.Inspect(p, func(n ast.Node) bool {
				for _, summary := range summaries(n) {
					seen++
					if _, known := syntaxRow(strings.ReplaceAll(summary, "%s", "endif")); !known && !elsewhere(summary) {
						t.Errorf("%s: no row for %q", path, summary)
					}
				}
				return true
			})
		}
	}
	if seen < 60 {
		t.Errorf("only %d summaries were found", seen)
	}
}

// elsewhere reports whether a summary is not one of the syntax of a text.
func elsewhere(summary string) bool {
	return summary == "Attribute redefined" || strings.HasPrefix(summary, "Failed to ") || summary == ""
}

// summaries returns what a node sets as the summary of a diagnostic.
func summaries(n ast.Node) (all []string) {
	var value ast.Expr
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if key, isName := n.Key.(*ast.Ident); isName && key.Name == "Summary" {
			value = n.Value
		}
	case *ast.AssignStmt:
		if name, isName := n.Lhs[0].(*ast.Ident); isName && name.Name == "summary" {
			value = n.Rhs[0]
		}
	}
	if value == nil {
		return nil
	}
	ast.Inspect(value, func(n ast.Node) bool {
		if literal, isLiteral := n.(*ast.BasicLit); isLiteral && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				all = append(all, text)
			}
		}
		return true
	})
	return all
}
