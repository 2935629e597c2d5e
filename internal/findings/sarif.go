package findings

import (
	"bytes"
	"slices"

	"iggysink/hclconfig"
)

// The parts of SARIF 2.1.0 (OASIS, section 3) that are written. Where a location is unknown there is none.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool     `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID                   string             `json:"id"`
	ShortDescription     sarifText          `json:"shortDescription"`
	FullDescription      sarifText          `json:"fullDescription"`
	Help                 sarifText          `json:"help"`
	DefaultConfiguration sarifConfiguration `json:"defaultConfiguration"`
}

type sarifConfiguration struct {
	Level string `json:"level"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifLocation struct {
	PhysicalLocation sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	ArtifactLocation sarifArtifact `json:"artifactLocation"`
	Region           *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
	EndLine     int `json:"endLine"`
	EndColumn   int `json:"endColumn"` // exclusive
}

// sourceRoot is the name by which viewers know the root of the repository.
const sourceRoot = "%SRCROOT%"

func writeSARIF(out *bytes.Buffer, f Findings, opts Options) error {
	rules := usedRules(f.Diagnostics)
	run := sarifRun{
		Tool: sarifTool{sarifDriver{Name: "iggysink", Version: opts.Version, Rules: []sarifRule{}}},
		// The other kind is unicodeCodePoints; without a word of it viewers differ in what they take.
		ColumnKind: "utf16CodeUnits",
		Results:    []sarifResult{},
	}
	for _, rule := range rules {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID:                   rule.ID,
			ShortDescription:     sarifText{rule.Summary},
			FullDescription:      sarifText{rule.Doc},
			Help:                 sarifText{rule.Doc + "\n\niggysink explain " + rule.ID},
			DefaultConfiguration: sarifConfiguration{string(rule.Severity)},
		})
	}
	for _, d := range f.Diagnostics {
		result := sarifResult{
			RuleID:    d.Rule,
			RuleIndex: slices.IndexFunc(rules, func(r hclconfig.Rule) bool { return r.ID == d.Rule }),
			Level:     string(d.Severity),
			Message:   sarifText{oneLine(message(d))},
		}
		if d.Range.Filename != "" {
			result.Locations = []sarifLocation{{f.sarifPlace(d, opts)}}
		}
		run.Results = append(run.Results, result)
	}
	return encodeJSON(out, sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

func (f Findings) sarifPlace(d hclconfig.Diagnostic, opts Options) sarifPhysical {
	var place sarifPhysical
	uri, inside := opts.uri(d.Range.Filename)
	place.ArtifactLocation.URI = uri
	if inside {
		place.ArtifactLocation.URIBaseID = sourceRoot
	}
	if at := f.region(d.Range); at.startLine > 0 {
		place.Region = &sarifRegion{at.startLine, at.startColumn, at.endLine, at.endColumn}
	}
	return place
}

// usedRules returns the rows of the rules that were broken, in the order of the table.
func usedRules(found hclconfig.Diagnostics) (used []hclconfig.Rule) {
	for _, rule := range hclconfig.Rules() {
		if slices.ContainsFunc(found, func(d hclconfig.Diagnostic) bool { return d.Rule == rule.ID }) {
			used = append(used, rule)
		}
	}
	return used
}
