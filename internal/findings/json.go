package findings

import (
	"bytes"
	"encoding/json"

	"github.com/hashicorp/hcl/v2"

	"iggysink/hclconfig"
)

// jsonReport is the JSON form, a superset of what `terraform validate -json` prints.
type jsonReport struct {
	FormatVersion string        `json:"format_version"`
	Valid         bool          `json:"valid"`
	ErrorCount    int           `json:"error_count"`
	WarningCount  int           `json:"warning_count"`
	NoteCount     int           `json:"note_count"`
	Diagnostics   []jsonFinding `json:"diagnostics"`
	Needs         []jsonNeed    `json:"needs"`
	FailedBy      string        `json:"failed_by,omitempty"` // why a valid configuration fails the run
}

// jsonNeed is a name that has to be there before the configuration can run.
type jsonNeed struct {
	Kind string `json:"kind"` // env, variable or file
	Name string `json:"name"`
}

type jsonFinding struct {
	Severity string       `json:"severity"`
	Rule     string       `json:"rule"`
	Summary  string       `json:"summary"`
	Detail   string       `json:"detail"`
	Range    *jsonRange   `json:"range,omitempty"`
	Snippet  *jsonSnippet `json:"snippet,omitempty"`
	Fix      *jsonFix     `json:"fix,omitempty"`
}

// jsonFix is what the detail asks whether it is meant.
type jsonFix struct {
	Range jsonRange `json:"range"` // what to replace
	Text  string    `json:"text"`
}

// jsonRange counts lines and columns from 1 and bytes from 0; the end is exclusive.
type jsonRange struct {
	Filename string       `json:"filename"`
	Start    jsonPosition `json:"start"`
	End      jsonPosition `json:"end"`
}

type jsonPosition struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

type jsonSnippet struct {
	Context              *string    `json:"context"`
	Code                 string     `json:"code"`
	StartLine            int        `json:"start_line"`
	HighlightStartOffset int        `json:"highlight_start_offset"` // bytes of code
	HighlightEndOffset   int        `json:"highlight_end_offset"`
	Values               []struct{} `json:"values"` // always empty: a value may be a secret
}

func writeJSON(out *bytes.Buffer, f Findings, _ Options) error {
	report := jsonReport{
		FormatVersion: "1.0",
		Valid:         !f.Diagnostics.HasErrors(),
		ErrorCount:    f.Diagnostics.Count(hclconfig.Error),
		WarningCount:  f.Diagnostics.Count(hclconfig.Warning),
		NoteCount:     f.Diagnostics.Count(hclconfig.Note),
		Diagnostics:   []jsonFinding{}, // whoever loops over the lists finds them
		Needs:         []jsonNeed{},
		FailedBy:      f.WarningsAlone(),
	}
	for _, need := range f.Needs {
		report.Needs = append(report.Needs, jsonNeed{Kind: need.Kind, Name: need.Name})
	}
	for _, d := range f.Diagnostics {
		report.Diagnostics = append(report.Diagnostics, newJSONFinding(d))
	}
	return encodeJSON(out, report)
}

func newJSONFinding(d hclconfig.Diagnostic) jsonFinding {
	r := jsonFinding{Severity: string(d.Severity), Rule: d.Rule, Summary: d.Summary, Detail: d.Detail}
	if d.Range.Filename != "" {
		at := newJSONRange(d.Range)
		r.Range = &at
	}
	if d.Fix != nil {
		r.Fix = &jsonFix{newJSONRange(d.Fix.Range), d.Fix.Text}
	}
	if s := d.Snippet; s != nil {
		r.Snippet = &jsonSnippet{
			Code: s.Code, StartLine: s.Line, HighlightStartOffset: s.Start, HighlightEndOffset: s.End, Values: []struct{}{},
		}
		if s.Context != "" {
			r.Snippet.Context = &s.Context
		}
	}
	return r
}

func newJSONRange(rng hcl.Range) jsonRange {
	return jsonRange{
		Filename: rng.Filename,
		Start:    jsonPosition{rng.Start.Line, rng.Start.Column, rng.Start.Byte},
		End:      jsonPosition{rng.End.Line, rng.End.Column, rng.End.Byte},
	}
}

// encodeJSON writes < and > as they are: they stand in messages, and nobody embeds the report in HTML.
func encodeJSON(out *bytes.Buffer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
