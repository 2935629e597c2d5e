package hclconfig

import (
	"iggysink/hclconfig/internal/finding"
)

// Diagnostic is one finding. Its texts are ours, they hold no value that is sensitive, and its snippet is masked: it may
// be printed anywhere.
type Diagnostic = finding.Diagnostic //nolint:errname // it is a finding first

// Fix is what a finding asks whether it is meant.
type Fix = finding.Fix

// Diagnostics are findings, sorted by file and position when Load or Format returns them.
type Diagnostics = finding.Diagnostics //nolint:errname // they are findings first

// Severity says whether a finding stops the configuration from being used.
type Severity = finding.Severity

// The severities, as they are written in JSON. A warning is about what can hardly be meant. A note is about what is right,
// and worth knowing: it fails nothing, and those who print findings for people leave it out unless they are asked.
const (
	Error   = finding.Error
	Warning = finding.Warning
	Note    = finding.Note
)

// Snippet is one source line with everything replaced that may be secret.
type Snippet = finding.Snippet
