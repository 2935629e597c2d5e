package hclconfig

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// MaxFileSize is how many bytes a configuration file may have.
const MaxFileSize = maxFileSize

// Syntax returns what HCL's parser understands of a native file: all of it, or of a file that is being typed what stands
// around the mistake. It is nil for JSON, and for what Load would not let HCL parse.
func Syntax(name string, text []byte) *hcl.File {
	f := &source{name: name, text: text}
	if strings.HasSuffix(name, ".json") || len(text) > maxFileSize || guard(f).HasErrors() {
		return nil
	}
	file, _ := hclsyntax.ParseConfig(text, name, hcl.InitialPos) // Load tells what is wrong
	return file
}

// IsVariables reports whether a file, by its name, gives variables their values rather than being configuration.
func IsVariables(name string) bool {
	return strings.HasSuffix(name, ".vars.hcl") || strings.HasSuffix(name, ".vars.hcl.json")
}

// TemplateFields returns the names that a template may use next to those of the configuration.
func TemplateFields() []string { return fields() }
