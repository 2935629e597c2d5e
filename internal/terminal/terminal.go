// Package terminal makes text of somebody else fit to be printed, on a terminal or into the log of a job. It must not steer
// whoever reads it: no control characters, no text that runs backwards, no line that a runner takes for a command.
package terminal

import (
	"strings"
	"unicode"
)

// Printable replaces control characters, and marks that turn the direction of text around: a configuration of somebody
// else must not steer the terminal, or show another order of things than there is. It also breaks up what GitHub Actions
// takes for a command of an old form wherever in a line it stands.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ReplaceAll(text, "##[", "## ["))
}

// NoCommand puts prefix before a line that GitHub Actions would take for a command: it looks for them in all that a job
// prints, whatever the format, behind white space too.
func NoCommand(prefix, line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "::") {
		return prefix + line
	}
	return line
}

// OneLine is Printable text whose line breaks are spaces.
func OneLine(text string) string {
	return Printable(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), " "))
}
