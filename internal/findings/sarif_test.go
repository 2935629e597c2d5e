package findings

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"net/url"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"iggysink/hclconfig"
)

// SARIF is held against the schema that OASIS publishes, which allows no other properties, and every region against the
// source as a viewer cuts it out.
func TestSARIFIsValidAndPointsAtTheSource(t *testing.T) {
	schema := sarifSchema(t)
	regions, fixes := 0, 0
	for _, v := range vectors(t) {
		t.Run(v.name(), func(t *testing.T) {
			f := v.load(t)
			text := write(t, "sarif", f)
			var document any
			if err := json.Unmarshal(text, &document); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(document); err != nil {
				t.Errorf("%#v", err)
			}
			report, err := sarif.FromBytes(text)
			if err != nil {
				t.Fatal(err)
			}
			run := report.Runs[0]
			if len(run.Results) != len(f.Diagnostics) || *run.ColumnKind != "utf16CodeUnits" {
				t.Fatalf("%d results of %d, %s", len(run.Results), len(f.Diagnostics), *run.ColumnKind)
			}
			for i, result := range run.Results {
				d := f.Diagnostics[i]
				if rule := run.Tool.Driver.Rules[result.RuleIndex]; *rule.ID != d.Rule || *result.RuleID != d.Rule {
					t.Errorf("result %d is of %s and %s, not of %s", i, *rule.ID, *result.RuleID, d.Rule)
				}
				want := []string{fingerprintName} // and the line's, where nothing is masked that its hash is made of
				if text := f.Files[d.Range.Filename]; d.Range.Start.Line > 0 && text != nil {
					if shown := shownHashes(d.Range.Filename, text); len(shown) > 0 && shown[d.Range.Start.Line-1] != "" {
						want = append(want, lineHashName)
						if hash := result.PartialFingerprints[lineHashName]; hash != lineHashes(text)[d.Range.Start.Line-1] {
							t.Errorf("result %d has the line hash %q", i, hash)
						}
					}
				}
				if prints := slices.Sorted(maps.Keys(result.PartialFingerprints)); len(result.Locations) != 1 || !slices.Equal(prints, want) {
					t.Fatalf("result %d has %d locations and the fingerprints %q, not %q", i, len(result.Locations), prints, want)
				}
				fixes += sameAsFix(t, f, d, result.Fixes)
				regions += sameAsLocation(t, f, d, result.Locations[0].PhysicalLocation)
			}
		})
	}
	if regions < 5 {
		t.Errorf("only %d regions were compared", regions)
	}
	if fixes < 1 {
		t.Error("no fix was compared")
	}
}

// sameAsFix returns how many fixes it compared: each puts the text of the finding in the place of the name that it is about.
func sameAsFix(t *testing.T, f Findings, d hclconfig.Diagnostic, fixes []*sarif.Fix) int {
	t.Helper()
	if d.Fix == nil {
		if len(fixes) != 0 {
			t.Errorf("there are %d fixes of a finding without one", len(fixes))
		}
		return 0
	}
	change := fixes[0].ArtifactChanges[0]
	replacement := change.Replacements[0]
	at := replacement.DeletedRegion
	got := cutUTF16(f.Files[d.Range.Filename], region{*at.StartLine, *at.StartColumn, *at.EndLine, *at.EndColumn})
	want := string(d.Fix.Range.SliceBytes(f.Files[d.Range.Filename]))
	if len(fixes) != 1 || got != want || *replacement.InsertedContent.Text != d.Fix.Text || path.Base(*change.ArtifactLocation.URI) != path.Base(d.Range.Filename) {
		t.Errorf("%s: %q becomes %q, not %q %q", *change.ArtifactLocation.URI, got, *replacement.InsertedContent.Text, want, d.Fix.Text)
	}
	return 1
}

// sameAsLocation returns how many regions it compared.
func sameAsLocation(t *testing.T, f Findings, d hclconfig.Diagnostic, place *sarif.PhysicalLocation) int {
	t.Helper()
	uri, err := url.Parse(*place.ArtifactLocation.URI)
	if d.Range.Filename == "" && err == nil && f.Files[path.Clean(uri.Path)] != nil {
		return 0 // about no file: it is at the start of one
	}
	if err != nil || uri.IsAbs() || path.Clean(uri.Path) != filepath.ToSlash(d.Range.Filename) {
		t.Errorf("%q is no relative reference to %s: %v", uri, d.Range.Filename, err)
	}
	at := place.Region
	if d.Range.Start.Line == 0 {
		if *at.StartLine != 1 || at.StartColumn != nil {
			t.Errorf("%+v is not the start of a file", at)
		}
		return 0
	}
	got := cutUTF16(f.Files[d.Range.Filename], region{*at.StartLine, *at.StartColumn, *at.EndLine, *at.EndColumn})
	if want := string(d.Range.SliceBytes(f.Files[d.Range.Filename])); got != want {
		t.Errorf("it shows %q, not %q", got, want)
	}
	return 1
}

// cutUTF16 cuts a region out like a program whose texts are UTF-16.
func cutUTF16(text []byte, at region) string {
	var all []uint16
	start, end := 0, 0
	for i, line := range strings.Split(string(text), "\n") {
		if i == at.startLine-1 {
			start = len(all) + at.startColumn - 1
		}
		if i == at.endLine-1 {
			end = len(all) + at.endColumn - 1
		}
		all = append(all, utf16.Encode([]rune(line+"\n"))...)
	}
	return string(utf16.Decode(all[start:end]))
}

// sarifSchema returns the schema of SARIF 2.1.0, as OASIS publishes it. It is a text in the source of the library that
// reads the reports here, and not to be had otherwise.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif")
	dir, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, is := n.(*ast.BasicLit); is && literal.Kind == token.STRING && text == "" {
			if text, err = strconv.Unquote(literal.Value); err != nil {
				t.Fatal(err)
			}
		}
		return true
	})
	compiler := jsonschema.NewCompiler()
	compiler.LoadURL = func(url string) (io.ReadCloser, error) { return nil, fmt.Errorf("%s is not to be fetched", url) }
	compiler.AssertFormat = true
	const id = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	if err := compiler.AddResource(id, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{}}}); err == nil {
		t.Fatal("the schema accepts a run without a tool: it checks nothing")
	}
	return schema
}
