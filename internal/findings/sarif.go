package findings

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"iggysink/hclconfig"
	"iggysink/hclconfig/language"
	"iggysink/internal/terminal"
)

// The parts of SARIF 2.1.0 (OASIS, section 3) that are written. There is no automationDetails.id: it would make two jobs
// of one workflow replace each other's results.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool            `json:"tool"`
	BaseIDs    map[string]sarifBase `json:"originalUriBaseIds"`
	ColumnKind string               `json:"columnKind"`
	// Invocations say why the run failed where no result does.
	Invocations []sarifInvocation `json:"invocations,omitempty"`
	Results     []sarifResult     `json:"results"`
}

type sarifInvocation struct {
	ExecutionSuccessful bool   `json:"executionSuccessful"`
	ExitCode            int    `json:"exitCode"`
	ExitCodeDescription string `json:"exitCodeDescription"`
}

// sarifBase says what uris are relative to. It has no uri of its own: the folder is another one on each machine.
type sarifBase struct {
	Description sarifText `json:"description"`
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
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Fixes        []sarifFix        `json:"fixes,omitempty"`
}

type sarifFix struct {
	Description     sarifText     `json:"description"`
	ArtifactChanges []sarifChange `json:"artifactChanges"`
}

type sarifChange struct {
	ArtifactLocation sarifArtifact      `json:"artifactLocation"`
	Replacements     []sarifReplacement `json:"replacements"`
}

type sarifReplacement struct {
	DeletedRegion   sarifRegion `json:"deletedRegion"`
	InsertedContent sarifText   `json:"insertedContent"`
}

type sarifLocation struct {
	PhysicalLocation sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	ArtifactLocation sarifArtifact `json:"artifactLocation"`
	Region           sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndLine     int `json:"endLine,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"` // exclusive
}

// sourceRoot is the name by which viewers know the root of the repository.
const sourceRoot = "%SRCROOT%"

func writeSARIF(out *bytes.Buffer, f Findings, opts Options) error {
	rules := usedRules(f.Diagnostics)
	run := sarifRun{
		Tool: sarifTool{sarifDriver{Name: "iggysink", Version: opts.Version, Rules: []sarifRule{}}},
		// The other kind is unicodeCodePoints; without a word of it viewers differ in what they take.
		ColumnKind: "utf16CodeUnits",
		BaseIDs:    map[string]sarifBase{sourceRoot: {sarifText{"the root of the repository, or the working directory"}}},
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
	if reason := f.WarningsAlone(); reason != "" {
		run.Invocations = []sarifInvocation{{ExecutionSuccessful: true, ExitCode: 1, ExitCodeDescription: reason}}
	}
	hashes := make(map[string][]string)
	prints, last := make(map[string]int), cursor{}
	for _, d := range f.Diagnostics {
		place := f.sarifPlace(d, opts, &last)
		prints := map[string]string{fingerprintName: fingerprint(d, place.ArtifactLocation.URI, prints)}
		if hash := f.lineHash(d, hashes); hash != "" {
			prints[lineHashName] = hash
		}
		run.Results = append(run.Results, sarifResult{
			RuleID:       d.Rule,
			RuleIndex:    slices.IndexFunc(rules, func(r language.Rule) bool { return r.ID == d.Rule }),
			Level:        string(d.Severity),
			Message:      sarifText{noLink(terminal.OneLine(d.Message()))},
			Locations:    []sarifLocation{{place}},
			Fingerprints: prints,
			Fixes:        f.sarifFixes(d, place.ArtifactLocation),
		})
	}
	return encodeJSON(out, sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

// sarifPlace returns where a finding is. One that is about no file, such as a --var, is at the start of the first: GitHub
// refuses a whole report for one result without a location.
func (f Findings) sarifPlace(d hclconfig.Diagnostic, opts Options, last *cursor) sarifPhysical {
	name := d.Range.Filename
	if files := slices.Sorted(maps.Keys(f.Files)); name == "" && len(files) > 0 {
		name = files[0]
	}
	var place sarifPhysical
	uri, inside := opts.uri(name)
	place.ArtifactLocation.URI = uri
	if inside {
		place.ArtifactLocation.URIBaseID = sourceRoot
	}
	place.Region.StartLine = 1
	if at := f.region(d.Range, last); at.startLine > 0 {
		place.Region = sarifRegion{at.startLine, at.startColumn, at.endLine, at.endColumn}
	}
	return place
}

// sarifFixes returns what a viewer may offer to put in the place of a name.
func (f Findings) sarifFixes(d hclconfig.Diagnostic, file sarifArtifact) []sarifFix {
	if d.Fix == nil {
		return nil
	}
	at := f.region(d.Fix.Range, new(cursor))
	if at.startLine == 0 {
		return nil
	}
	return []sarifFix{{sarifText{"Change to " + noLink(terminal.OneLine(d.Fix.Text))}, []sarifChange{{file, []sarifReplacement{{
		sarifRegion{at.startLine, at.startColumn, at.endLine, at.endColumn}, sarifText{d.Fix.Text},
	}}}}}}
}

// fingerprintName has a version: another way to make fingerprints makes other ones.
const fingerprintName = "iggysinkFinding/v1"

// fingerprint is the same for a finding that has moved to another line, so that viewers do not take it for a new one. It
// is made of the masked line. seen counts those that are the same otherwise.
func fingerprint(d hclconfig.Diagnostic, uri string, seen map[string]int) string {
	code := ""
	if d.Snippet != nil {
		code = strings.TrimSpace(d.Snippet.Code)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{d.Rule, uri, code, d.Summary}, "\x00")))
	print := hex.EncodeToString(sum[:16])
	seen[print]++
	return fmt.Sprintf("%s:%d", print, seen[print])
}

// noLink keeps a viewer from making a link of [text](destination), which a configuration may hold.
func noLink(text string) string { return strings.ReplaceAll(text, "](", "] (") }

// usedRules returns the rows of the rules that were broken, in the order of the table.
func usedRules(found hclconfig.Diagnostics) (used []language.Rule) {
	for _, rule := range language.Rules() {
		if slices.ContainsFunc(found, func(d hclconfig.Diagnostic) bool { return d.Rule == rule.ID }) {
			used = append(used, rule)
		}
	}
	return used
}
