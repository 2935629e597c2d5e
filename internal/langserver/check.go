package langserver

import (
	"maps"
	"path/filepath"
	"slices"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"iggysink/hclconfig"
	"iggysink/hclconfig/language"
)

// configurationOf returns the configuration that a file belongs to.
func (s *server) configurationOf(name string) string {
	for _, path := range s.opts.Paths {
		if path == name || path == filepath.Dir(name) {
			return path
		}
	}
	return name
}

// isDue notes that the configuration of a file is to be checked. The values of variables are none by themselves.
func (s *server) isDue(name string) {
	configuration := s.configurationOf(name)
	if !slices.Contains(s.due, configuration) && !language.IsVariables(configuration) {
		s.due = append(s.due, configuration)
	}
}

func (s *server) checkDue() error {
	due := s.due
	s.due = nil
	for _, configuration := range due {
		if err := s.check(configuration); err != nil {
			return err
		}
	}
	return nil
}

// check publishes what is found in a configuration, also that nothing is, and takes back what is no longer found.
func (s *server) check(configuration string) error {
	result, found := hclconfig.Load([]string{configuration}, s.opts.Load)
	s.files[configuration] = result.Files
	s.forget()
	files := make(map[string][]protocol.Diagnostic)
	for name := range s.opts.Load.Texts {
		if s.configurationOf(name) == configuration {
			files[name] = []protocol.Diagnostic{}
		}
	}
	for _, name := range s.published[configuration] {
		files[name] = []protocol.Diagnostic{}
	}
	for name := range files {
		delete(s.fixes, name)
	}
	for _, d := range found {
		for _, name := range s.shownIn(d, files) {
			shown := diagnosticOf(d, result.Files[name])
			files[name] = append(files[name], shown)
			s.offer(name, shown, d.Fix, result.Files[name])
		}
	}
	s.published[configuration] = nil
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if len(files[name]) > 0 {
			s.published[configuration] = append(s.published[configuration], name)
		}
		if err := s.publish(name, files[name]); err != nil {
			return err
		}
	}
	return nil
}

// shownIn returns the files that a finding is shown in. One about no place in a file, such as a --var, is shown wherever
// the user may be.
func (s *server) shownIn(d hclconfig.Diagnostic, files map[string][]protocol.Diagnostic) []string {
	if d.Range.Filename != "" {
		return []string{d.Range.Filename}
	}
	return slices.Sorted(maps.Keys(files))
}

// closed takes back the findings of a document by itself; a configuration is checked as it is on the disk.
func (s *server) closed(name string) error {
	configuration := s.configurationOf(name)
	if slices.Contains(s.opts.Paths, configuration) {
		s.isDue(name)
		return nil
	}
	s.due = slices.DeleteFunc(s.due, func(c string) bool { return c == configuration })
	delete(s.files, configuration)
	s.forget()
	for _, file := range s.published[configuration] {
		if err := s.publish(file, nil); err != nil {
			return err
		}
	}
	delete(s.published, configuration)
	return nil
}

func (s *server) publish(name string, found []protocol.Diagnostic) error {
	if found == nil {
		found = []protocol.Diagnostic{} // null is not what the protocol asks for
	}
	m, err := jsonrpc2.NewNotification(protocol.MethodTextDocumentPublishDiagnostics,
		&protocol.PublishDiagnosticsParams{URI: uriOf(name), Diagnostics: found})
	if err != nil {
		return err
	}
	return writeMessage(s.out, m)
}

func diagnosticOf(d hclconfig.Diagnostic, text []byte) protocol.Diagnostic {
	out := protocol.Diagnostic{Range: rangeOf(text, d.Range), Severity: protocol.DiagnosticSeverityError, Code: d.Rule,
		Source: "iggysink", Message: d.Summary}
	switch d.Severity {
	case hclconfig.Warning:
		out.Severity = protocol.DiagnosticSeverityWarning
	case hclconfig.Note:
		out.Severity = protocol.DiagnosticSeverityHint
	}
	if d.Detail != "" {
		out.Message += "\n" + d.Detail
	}
	return out
}
