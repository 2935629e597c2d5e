package findings

import (
	"bytes"
	"fmt"
	"strings"

	"iggysink/hclconfig"
	"iggysink/internal/terminal"
)

// githubLimit is how many annotations of one severity GitHub keeps of a step. What is above it vanishes without a word,
// so it is told otherwise here.
const githubLimit = 10

// writeGitHub writes workflow commands: ::error file=,line=,endLine=,col=,endColumn=,title=::message. Findings above the
// limit are plain lines of the log, and an annotation tells how many there are.
func writeGitHub(out *bytes.Buffer, f Findings, opts Options) error {
	shown := map[hclconfig.Severity]int{}
	var rest hclconfig.Diagnostics
	var last cursor
	for _, d := range f.shown() {
		if shown[d.Severity]++; shown[d.Severity] > githubLimit {
			rest = append(rest, d)
			continue
		}
		fmt.Fprintf(out, "::%s %s::%s\n", githubCommand(d.Severity), f.githubProperties(d, opts, &last),
			githubText(terminal.OneLine(d.Message())))
	}
	for _, need := range f.Needs { // for the log: nothing is wrong with them
		out.WriteString(needOf(need) + "\n")
	}
	if reason := f.WarningsAlone(); reason != "" {
		fmt.Fprintf(out, "::error title=iggysink::%s\n", githubText(reason+"."))
	}
	if len(rest) == 0 {
		return nil
	}
	for _, d := range rest {
		out.WriteString("not annotated: " + d.String() + "\n") // the runner looks for commands at the start of a line
	}
	fmt.Fprintf(out, "::notice title=iggysink::%s\n", githubText(fmt.Sprintf(
		"%s and %s. GitHub shows %d of each; the log of this step has the others.",
		plural(f.Diagnostics.Count(hclconfig.Error), "error"), plural(f.Diagnostics.Count(hclconfig.Warning), "warning"),
		githubLimit)))
	return nil
}

// githubCommand is the workflow command of a severity.
func githubCommand(s hclconfig.Severity) string {
	if s == hclconfig.Note {
		return "notice"
	}
	return string(s)
}

// githubProperties leaves out the columns of a range over several lines: they cannot be shown, and are an error there.
func (f Findings) githubProperties(d hclconfig.Diagnostic, opts Options, last *cursor) string {
	var list []string
	add := func(name, value string) { list = append(list, name+"="+githubProperty(value)) }
	if d.Range.Filename != "" {
		path, _ := opts.relative(d.Range.Filename)
		add("file", path)
	}
	if at := f.region(d.Range, last); at.startLine > 0 {
		add("line", fmt.Sprint(at.startLine))
		add("endLine", fmt.Sprint(at.endLine))
		if at.startLine == at.endLine {
			add("col", fmt.Sprint(at.startColumn))
			add("endColumn", fmt.Sprint(at.endColumn))
		}
	}
	add("title", d.Rule)
	return strings.Join(list, ",")
}

// githubText escapes what ends a command's message. Per cent comes first in both: it begins an escape.
func githubText(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func githubProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}
