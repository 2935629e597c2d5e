package schemagen

import (
	"os"
	"testing"
)

// BenchmarkGenerate makes everything from both schemas: Go, Markdown and the editor's schema.
func BenchmarkGenerate(b *testing.B) {
	sources := make(map[string][]byte)
	for _, name := range []string{"schema/config.schema.json", "schema/envelope.schema.json"} {
		source, err := os.ReadFile("../../" + name)
		if err != nil {
			b.Fatal(err)
		}
		sources[name] = source
	}
	for b.Loop() {
		for name, source := range sources {
			m, problems := Parse(name, source)
			if err := problems.Err(); err != nil {
				b.Fatal(err)
			}
			if _, err := m.Go(); err != nil {
				b.Fatal(err)
			}
			if _, err := m.Editor(); err != nil {
				b.Fatal(err)
			}
			if m.Markdown() == "" {
				b.Fatal("no reference")
			}
		}
	}
}
