// Package finding is what is wrong with a configuration, in words.
//
//	diagnostics.go  findings as a user gets them; rules.go the ids of all of them, with their severity, words and reasons
//	text.go         findings as text
//	fix.go          what an editor may put in the place of a name
//	report.go       collects them, each once, and says which sinks one is about
//	place.go        where the values stand that findings are about
//	syntax.go       what the parsers of HCL found, in our own words; translate.go what evaluating did
//	suggest.go      which name may be meant; placeholder.go what other languages fill in
//
// No text of HCL or cty is ever shown: it may quote what stands there, which may be a secret.
package finding

import (
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"iggysink/hclconfig/internal/mask"
)

// Severity says whether a finding stops the configuration from being used.
type Severity string

// The severities, as they are written in JSON. A warning is about what can hardly be meant. A note is about what is right,
// and worth knowing: it fails nothing, and those who print findings for people leave it out unless they are asked.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Diagnostic is one finding. Its texts are ours, they hold no value that is sensitive, and its snippet is masked: it may
// be printed anywhere.
type Diagnostic struct { //nolint:errname // it is a finding first
	Severity Severity
	Rule     string // stable id, a row of Rules
	Summary  string // what is wrong: no capital, no full stop
	Detail   string // sentences that say why, and what to do; may be empty
	// Range is where. Its Filename is empty if the finding is about no place in a file, such as a --var.
	Range   hcl.Range
	Snippet *Snippet // the first source line of Range, nil without a readable one
	Fix     *Fix     // what Detail asks whether it is meant, nil where there is nothing that can be put in its place

	meant meaning
}

// Snippet is one source line with everything replaced that may be secret.
type Snippet = mask.Snippet

// Diagnostics are findings, sorted by file and position when Load or Format returns them.
type Diagnostics []Diagnostic //nolint:errname // they are findings first

// HasErrors reports whether one of them is an error.
func (d Diagnostics) HasErrors() bool { return d.Count(Error) > 0 }

// Count returns how many have that severity.
func (d Diagnostics) Count(s Severity) int {
	n := 0
	for i := range d {
		if d[i].Severity == s {
			n++
		}
	}
	return n
}

// WithoutNotes returns the errors and the warnings.
func (d Diagnostics) WithoutNotes() Diagnostics {
	return slices.DeleteFunc(slices.Clone(d), func(one Diagnostic) bool { return one.Severity == Note })
}

// Sorted orders by file and position and drops repetitions: several files may tell of one undeclared name.
func (d Diagnostics) Sorted() Diagnostics {
	slices.SortStableFunc(d, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Range.Filename, b.Range.Filename), cmp.Compare(a.Range.Start.Byte, b.Range.Start.Byte),
			cmp.Compare(a.Range.End.Byte, b.Range.End.Byte), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Summary, b.Summary),
			cmp.Compare(a.Detail, b.Detail))
	})
	return slices.CompactFunc(d, func(a, b Diagnostic) bool {
		return a.Range == b.Range && a.Rule == b.Rule && a.Summary == b.Summary && a.Detail == b.Detail
	})
}
