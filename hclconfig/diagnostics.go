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

// The severities, as they are written in JSON.
const (
	Error   = finding.Error
	Warning = finding.Warning
)

// Snippet is one source line with everything replaced that may be secret.
type Snippet = finding.Snippet
