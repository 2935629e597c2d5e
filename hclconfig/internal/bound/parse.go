package bound

import (
	"strings"

	hcljson "github.com/hashicorp/hcl/v2/json"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
)

// Parse returns the body of a file that Guard lets through, or why it has none.
func Parse(f *mask.File) (hcl.Body, finding.Diagnostics) {
	if found := Guard(f); len(found) > 0 {
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
			if r.Full(finding.Error) || finding.Shadowed(d, diags) {
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
