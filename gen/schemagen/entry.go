package schemagen

import "slices"

// Parse reads and checks one schema. The name of its root type is that of the file: Envelope for envelope.schema.json.
// It finds every problem that it can in one run. With a problem the Model is nil.
func Parse(file string, source []byte) (*Model, Problems) {
	return parse(file, "", source, forGo)
}

// ParseNamed is Parse for a file of any name: the Go name of the root type is made of name.
func ParseNamed(file, name string, source []byte) (*Model, Problems) {
	return parse(file, goName(name), source, forGo)
}

// ParseTypeScript is ParseNamed for who wants ReceiverTypeScript and no Go: the names of fields and values may then be any.
func ParseTypeScript(file, name string, source []byte) (*Model, Problems) {
	return parse(file, goName(name), source, forTypeScript)
}

// ParseReceiver is ParseNamed for who wants ReceiverGo: it also finds what ReceiverProblems does. decoder is that of
// ReceiverGo.
func ParseReceiver(file, name string, source, decoder []byte) (*Model, Problems) {
	return parse(file, goName(name), source, func(m *Model) Problems { return append(forGo(m), m.ReceiverProblems(decoder)...) })
}

// forGo and forTypeScript return what a Model may not have beside what check refuses: names that the language has no use for.
func forGo(m *Model) Problems {
	c := checker{}
	c.names(m, true)
	return c.problems
}

func forTypeScript(m *Model) Problems {
	c := checker{}
	c.names(m, false)
	return c.problems
}

// parse reads a schema and gives all that is wrong with it at once: what can be understood of it is checked even if the rest
// cannot. The problems are in the order of the file.
func parse(file, name string, source []byte, more func(*Model) Problems) (*Model, Problems) {
	m, problems := loadModel(file, source)
	if m == nil {
		return nil, problems
	}
	if name != "" {
		m.name, m.root.name = name, name
	}
	if m.foreign { // every keyword might mean something else
		at := m.root.value("$schema")
		return nil, slices.DeleteFunc(problems, func(p Problem) bool { return p.Line != at.line || p.Column != at.col })
	}
	problems = append(problems, check(m)...)
	problems = append(problems, more(m)...)
	if len(problems) > 0 {
		return nil, problems.inOrder()
	}
	return m, nil
}
