package findings

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"iggysink/internal/terminal"

	tfjson "github.com/hashicorp/terraform-json"

	"iggysink/hclconfig"
)

// Whoever reads what terraform validates reads this.
func TestJSONIsWhatTerraformsOwnLibraryReads(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.name(), func(t *testing.T) {
			f := v.load(t)
			var got tfjson.ValidateOutput
			if err := json.Unmarshal(write(t, "json", f), &got); err != nil {
				t.Fatal(err)
			}
			if err := got.Validate(); err != nil {
				t.Error(err)
			}
			if got.Valid == f.Diagnostics.HasErrors() || got.ErrorCount != f.Diagnostics.Count(hclconfig.Error) ||
				got.WarningCount != f.Diagnostics.Count(hclconfig.Warning) || len(got.Diagnostics) != len(f.Diagnostics) {
				t.Errorf("valid %v, %d errors, %d warnings, %d diagnostics of %d",
					got.Valid, got.ErrorCount, got.WarningCount, len(got.Diagnostics), len(f.Diagnostics))
			}
			for i, d := range got.Diagnostics {
				want := f.Diagnostics[i]
				if string(d.Severity) != string(want.Severity) || d.Summary != want.Summary || d.Detail != want.Detail {
					t.Errorf("diagnostic %d: %+v is not %+v", i, d, want)
				}
				if d.Range != nil && (d.Range.Start.Byte != want.Range.Start.Byte || d.Range.Start.Column != want.Range.Start.Column) {
					t.Errorf("diagnostic %d: %+v is not at %v", i, d.Range, want.Range)
				}
				if s := d.Snippet; s != nil && s.Code[s.HighlightStartOffset:s.HighlightEndOffset] != marked(want) {
					t.Errorf("diagnostic %d: %q is not the place", i, s.Code[s.HighlightStartOffset:s.HighlightEndOffset])
				}
			}
		})
	}
}

// What is more than terraform prints is the rule and the needs, and nothing else is other than there: a strict reader tells.
func TestJSONHasNothingButTheRuleAndTheNeedsBeside(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.name(), func(t *testing.T) {
			var report map[string]any
			if err := json.Unmarshal(write(t, "json", v.load(t)), &report); err != nil {
				t.Fatal(err)
			}
			delete(report, "needs")
			for _, d := range report["diagnostics"].([]any) {
				delete(d.(map[string]any), "rule")
			}
			text, err := json.Marshal(report)
			if err != nil {
				t.Fatal(err)
			}
			strict := json.NewDecoder(bytes.NewReader(text))
			strict.DisallowUnknownFields()
			if err := strict.Decode(new(tfjson.ValidateOutput)); err != nil {
				t.Error(err)
			}
		})
	}
}

func marked(d hclconfig.Diagnostic) string { return d.Snippet.Code[d.Snippet.Start:d.Snippet.End] }

// command is a workflow command as the runner of GitHub Actions takes it apart.
var command = regexp.MustCompile(`^::(error|warning|notice) ([^:]*)::(.*)$`)

func unescape(text string) string {
	return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(text)
}

func TestGitHubCommandsSayWhatWasFound(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.name(), func(t *testing.T) {
			f := v.load(t)
			text := string(write(t, "github", f))
			for _, need := range f.Needs { // the log tells of them, no annotation
				text = strings.Replace(text, needOf(need)+"\n", "", 1)
			}
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			shown := f.Diagnostics
			if !f.Notes {
				shown = shown.WithoutNotes()
			}
			if len(shown) == 0 && lines[0] == "" {
				return
			}
			if len(lines) != len(shown) {
				t.Fatalf("%d lines for %d findings", len(lines), len(shown))
			}
			for i, line := range lines {
				sameAsCommand(t, f, shown[i], line)
			}
		})
	}
}

func sameAsCommand(t *testing.T, f Findings, d hclconfig.Diagnostic, line string) {
	t.Helper()
	parts := command.FindStringSubmatch(line)
	name := map[hclconfig.Severity]string{hclconfig.Error: "error", hclconfig.Warning: "warning", hclconfig.Note: "notice"}[d.Severity]
	if len(parts) != 4 || parts[1] != name || unescape(parts[3]) != terminal.OneLine(d.Message()) {
		t.Fatalf("%q is no command that says %q", line, d.Message())
	}
	properties := map[string]string{}
	for pair := range strings.SplitSeq(parts[2], ",") {
		name, value, _ := strings.Cut(pair, "=")
		properties[name] = unescape(value)
	}
	if properties["title"] != d.Rule || properties["file"] != filepath.ToSlash(d.Range.Filename) {
		t.Errorf("%v is not about %s in %s", properties, d.Rule, d.Range.Filename)
	}
	column, err := strconv.Atoi(properties["col"])
	if hasColumn := d.Range.Start.Line > 0 && d.Range.Start.Line == d.Range.End.Line; hasColumn != (err == nil) {
		t.Errorf("%v has a column, or lacks it", properties)
	}
	if err == nil {
		end, err := strconv.Atoi(properties["endColumn"])
		if err != nil {
			t.Fatal(err)
		}
		got := cutUTF16(f.Files[d.Range.Filename], region{d.Range.Start.Line, column, d.Range.Start.Line, end})
		if want := string(d.Range.SliceBytes(f.Files[d.Range.Filename])); got != want {
			t.Errorf("it shows %q, not %q", got, want)
		}
	}
}

// GitHub drops what is above ten of a severity without a word.
func TestGitHubCapsAndCounts(t *testing.T) {
	for _, tt := range []struct {
		errors, warnings int
		want             string // of the notice
	}{
		{10, 10, ""},
		{11, 3, "11 errors and 3 warnings."},
		{1, 25, "1 error and 25 warnings."},
	} {
		t.Run(fmt.Sprint(tt.errors, tt.warnings), func(t *testing.T) {
			var f Findings
			for i := range tt.errors + tt.warnings {
				d := hclconfig.Diagnostic{Severity: hclconfig.Error, Rule: "syntax", Summary: fmt.Sprintf("finding %d ##[error]", i)}
				if i >= tt.errors {
					d.Severity = hclconfig.Warning
				}
				f.Diagnostics = append(f.Diagnostics, d)
			}
			text := string(write(t, "github", f))
			for severity, n := range map[string]int{"error": tt.errors, "warning": tt.warnings} {
				if got := strings.Count(text, "::"+severity+" "); got != min(n, 10) {
					t.Errorf("%d commands for %d findings of severity %s", got, n, severity)
				}
			}
			for i := range tt.errors + tt.warnings {
				if !strings.Contains(text, fmt.Sprintf("finding %d ", i)) {
					t.Errorf("finding %d is lost", i)
				}
			}
			_, notice, found := strings.Cut(text, "::notice title=iggysink::")
			if found != (tt.want != "") || !strings.HasPrefix(notice, tt.want) {
				t.Errorf("the count is %q, not %q", notice, tt.want)
			}
			for line := range strings.Lines(text) {
				if !strings.HasPrefix(line, "::") && strings.Contains(line, "##[") {
					t.Errorf("a line of the log holds a command of the old form: %s", line)
				}
			}
		})
	}
}

func TestJUnitHasASuiteForEachFile(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.name(), func(t *testing.T) {
			f := v.load(t)
			var got junitReport
			if err := xml.Unmarshal(write(t, "junit", f), &got); err != nil {
				t.Fatal(err)
			}
			files := map[string]bool{}
			for name := range f.Files {
				files[name] = true
			}
			for _, d := range f.Diagnostics {
				files[d.Range.Filename] = true
			}
			failures, suites := 0, map[string]bool{}
			for _, suite := range got.Suites {
				suites[suite.Name] = true
				own := 0
				for _, c := range suite.Cases {
					if c.Failure != nil {
						own++
					}
				}
				if suite.Tests != len(suite.Cases) || suite.Tests == 0 || suite.Failures != own {
					t.Errorf("suite %s counts wrong: %+v", suite.Name, suite)
				}
				failures += own
			}
			if len(suites) != len(files) || failures != f.Diagnostics.Count(hclconfig.Error) || got.Failures != failures {
				t.Errorf("%d suites of %d files, %d failures", len(suites), len(files), failures)
			}
		})
	}
}

func TestPathsStartAtTheWorkspace(t *testing.T) {
	top := t.TempDir()
	t.Chdir(top)
	d := hclconfig.Diagnostic{Severity: hclconfig.Error, Rule: "syntax", Summary: "s", Range: hcl.Range{Filename: "a b.hcl"}}
	outside := d
	outside.Range.Filename = filepath.Join(filepath.Dir(top), "elsewhere.hcl")
	f := Findings{Diagnostics: hclconfig.Diagnostics{d, outside}}
	var out bytes.Buffer
	if err := Write(&out, "sarif", f, Options{Workspace: filepath.Dir(top)}); err != nil {
		t.Fatal(err)
	}
	if err := Write(&out, "github", f, Options{Workspace: top}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"uri": "` + filepath.Base(top) + `/a%20b.hcl"`, `"uri": "elsewhere.hcl"`,
		"::error file=a b.hcl,title", "::error file=" + filepath.ToSlash(outside.Range.Filename) + ",title",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %s in\n%s", want, out.String())
		}
	}
	if uri, inside := (Options{Workspace: top}).uri(outside.Range.Filename); inside || !strings.HasPrefix(uri, "file:///") {
		t.Errorf("a file outside of the workspace is %s", uri)
	}
}

func TestAnUnknownFormatIsAnError(t *testing.T) {
	err := Write(new(bytes.Buffer), "yaml", Findings{}, Options{})
	if want := `there is no format "yaml": it is one of text, json, github, sarif, junit, line`; err == nil || err.Error() != want {
		t.Error(cmp.Diff(want, fmt.Sprint(err)))
	}
}
