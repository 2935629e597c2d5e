package hclconfig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"

	"iggysink/schema"
)

// twin writes a native file in JSON: blocks and attributes as HCL's JSON syntax has them, lists and maps as arrays and
// objects, plain text and numbers as they are, and every other expression as "${...}".
func twin(t *testing.T, name string, text []byte) []byte {
	t.Helper()
	file, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	require.False(t, diags.HasErrors(), diags)
	out, err := json.MarshalIndent(twinBody(t, "", file.Body.(*hclsyntax.Body), text), "", "  ")
	require.NoError(t, err)
	return out
}

// twinBody writes the content of a block of a type.
func twinBody(t *testing.T, in string, body *hclsyntax.Body, text []byte) map[string]any {
	object := make(map[string]any)
	for name, a := range body.Attributes {
		object[name] = twinValue(t, a.Expr, text)
		if in == "variable" && name == "type" || in == "dynamic" && name == "iterator" { // words, which JSON writes as text
			object[name] = string(a.Expr.Range().SliceBytes(text))
		}
	}
	for _, b := range body.Blocks {
		var inner any = twinBody(t, b.Type, b.Body, text)
		for _, label := range slices.Backward(b.Labels) {
			inner = map[string]any{label: inner}
		}
		list, _ := object[b.Type].([]any)
		object[b.Type] = append(list, inner)
	}
	return object
}

func twinValue(t *testing.T, expr hclsyntax.Expression, text []byte) any {
	switch e := expr.(type) {
	case *hclsyntax.TupleConsExpr:
		list := []any{}
		for _, inner := range e.Exprs {
			list = append(list, twinValue(t, inner, text))
		}
		return list
	case *hclsyntax.ObjectConsExpr:
		object := make(map[string]any)
		for _, item := range e.Items {
			key, diags := item.KeyExpr.Value(nil)
			if diags.HasErrors() {
				return "${" + string(e.Range().SliceBytes(text)) + "}"
			}
			object[escaped(key.AsString())] = twinValue(t, item.ValueExpr, text)
		}
		return object
	}
	_, isLiteral := expr.(*hclsyntax.LiteralValueExpr)
	template, isText := expr.(*hclsyntax.TemplateExpr)
	if v, diags := expr.Value(nil); !diags.HasErrors() && (isLiteral || isText && template.IsStringLiteral()) {
		switch {
		case v.IsNull():
			return nil
		case v.Type() == cty.String:
			return escaped(v.AsString())
		case v.Type() == cty.Bool:
			return v.True()
		case v.Type() == cty.Number:
			return json.Number(v.AsBigFloat().Text('g', -1))
		}
	}
	return "${" + string(expr.Range().SliceBytes(text)) + "}"
}

// escaped writes plain text so that it is no template.
func escaped(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "${", "$${"), "%{", "%%{")
}

// placesIn are what differs between two files that say the same.
var placesIn = regexp.MustCompile(`[\w./-]+\.hcl(\.json)?:\d+:\d+|line \d+`)

// said lists findings without their places.
func said(found Diagnostics) []string {
	var all []string
	for _, d := range found {
		all = append(all, fmt.Sprintf("%s [%s] %s: %s", d.Severity, d.Rule, d.Summary, placesIn.ReplaceAllString(d.Detail, "FILE")))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// headerIn is the type of a block before its label.
var headerIn = regexp.MustCompile(`^\w+ "`)

// pointedAt lists what stands at the place of each finding, without what the two syntaxes write differently: quotes,
// escapes, the signs of a template, space, and the type of a block before its label.
func pointedAt(result *Result, found Diagnostics) []string {
	var all []string
	for _, d := range found {
		text := result.Files[d.Range.Filename]
		if !d.Range.CanSliceBytes(text) {
			continue
		}
		there := strings.NewReplacer(`"`, "", `\`, "", "${", "", "}", "", "{", "", " ", "", "\n", "", ":", "=").Replace(
			headerIn.ReplaceAllString(string(d.Range.SliceBytes(text)), ""))
		letters := []byte(strings.ToLower(there))
		slices.Sort(letters) // a map may be in another order
		all = append(all, fmt.Sprintf("%s at %s", d.Rule, letters))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func compareTwins(t *testing.T, files map[string][]byte, opts Options) {
	t.Helper()
	load := func(asJSON bool) (*Result, Diagnostics) {
		mine := make(map[string]string)
		for name, text := range files {
			if asJSON && strings.HasSuffix(name, ".hcl") && !strings.Contains(name, "/") && !strings.HasSuffix(name, ".vars.hcl") {
				name, text = name+".json", twin(t, name, text)
			}
			mine[name] = string(text)
		}
		write(t, mine)
		return Load([]string{"."}, opts)
	}
	native, foundNative := load(false)
	inJSON, foundJSON := load(true)
	if diff := cmp.Diff(said(foundNative), said(foundJSON)); diff != "" {
		t.Errorf("findings: -native +JSON\n%s", diff)
	}
	if diff := cmp.Diff(pointedAt(native, foundNative), pointedAt(inJSON, foundJSON)); diff != "" {
		t.Errorf("what findings point at: -native +JSON\n%s", diff)
	}
	require.Empty(t, cmp.Diff(native.Needs, inJSON.Needs))
	if diff := cmp.Diff(native.Config, inJSON.Config, cmp.Comparer(func(a, b schema.Secret) bool { return a.Reveal() == b.Reveal() }),
		cmp.Comparer(func(a, b schema.Template) bool { return a.Source() == b.Source() })); diff != "" {
		t.Errorf("configuration: -native +JSON\n%s", diff)
	}
}

// Every example says the same in JSON, with and without what it needs.
func TestExamplesHaveATwin(t *testing.T) {
	paths, err := filepath.Glob("../examples/*.hcl")
	require.NoError(t, err)
	recipes, err := filepath.Glob("../examples/recipes/*.hcl")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	require.NotEmpty(t, recipes)
	paths = append(paths, recipes...)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		t.Run(filepath.Base(path), func(t *testing.T) {
			// In JSON the comment would be a property, in a place that the twin does not keep.
			text = regexp.MustCompile(`.*iggysink:ignore.*`).ReplaceAll(text, nil)
			files := map[string][]byte{filepath.Base(path): text}
			compareTwins(t, files, Options{Env: environment(nil), Unknowns: true, LeaveFiles: true})
			full := Options{LeaveFiles: true, Env: func(name string) (string, bool) {
				if strings.HasPrefix(name, "WEBHOOK_SECRET") {
					return "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true
				}
				return "http://placeholder.example.com/", !strings.HasPrefix(name, "IGGYSINK_VAR_")
			}}
			compareTwins(t, files, full)
			result, found := Load([]string{"."}, full)
			require.NotNil(t, result.Config, inWords(result, found))
		})
	}
}

// So does every vector that parses: what is wrong in one syntax is wrong in the other.
func TestVectorsHaveATwin(t *testing.T) {
	different := map[string]string{
		"deep":   "the guard counts brackets of the text",
		"ignore": "comments are properties in JSON", "ignore_unknown": "comments are properties in JSON",
		"keys":          "a map of the twin is made without them",
		"work":          "TestHostileExpressions has what takes long, in both",
		"labels":        "labels that are missing, and blocks that are attributes",
		"case_no_label": "in JSON what follows from it has no label either", "case_two_labels": "a label too many is a block in JSON",
		"case_count": "in JSON a text may name what is not there in another order",
		"syntax":     "syntax", "numbers": "syntax", "partial": "syntax", "partial_defaults": "syntax",
	}
	for _, v := range vectors(t) {
		name := strings.TrimSuffix(filepath.Base(v.path), ".txtar")
		if different[name] != "" || bytes.Contains(v.archive.Files[len(v.archive.Files)-1].Data, []byte("[syntax]")) || name == "case_cr_only" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			files := make(map[string][]byte)
			for _, f := range v.archive.Files {
				if f.Name != "want" {
					files[f.Name] = f.Data
				}
			}
			v.opts.LeaveFiles = true // a file of the configuration has another name there
			compareTwins(t, files, v.opts)
		})
	}
}
