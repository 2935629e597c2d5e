package hclconfig

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty/function"
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

// Function is a function of the language, to be documented and not to be called.
type Function struct {
	Name string
	Doc  string
	Spec function.Function
}

// Functions returns the functions of the language, sorted by name.
func Functions() []Function {
	specs := (&loader{}).functions("")
	all := []Function{
		{Name: "base64decode", Doc: "The UTF-8 text that a base64 text stands for."},
		{Name: "base64encode", Doc: "A text in base64."},
		{Name: "can", Doc: "Whether an expression can be evaluated."},
		{Name: "coalesce", Doc: "The first of its arguments that is not null."},
		{Name: "concat", Doc: "The elements of several lists, in one list."},
		{Name: "contains", Doc: "Whether a list or a set has a value among its elements."},
		{Name: "distinct", Doc: "A list without its repetitions."},
		{Name: "env", Doc: "The value of an environment variable, or otherwise where that is not set: set but empty counts as set. " +
			"It is sensitive: it appears in no output."},
		{Name: "file", Doc: "The text of a file of at most 1 MiB, by its path from the folder of the configuration. It is sensitive: " +
			"it appears in no output. A path outside of the folder needs --allow-files."},
		{Name: "flatten", Doc: "The elements of lists in lists, in one list."},
		{Name: "format", Doc: "A text with values in it: %s a text, %d an integer, %q in quotes, %v any value."},
		{Name: "join", Doc: "The elements of a list, as one text with a separator between them."},
		{Name: "jsondecode", Doc: "The value that a JSON text stands for."},
		{Name: "jsonencode", Doc: "A value as JSON text."},
		{Name: "keys", Doc: "The keys of a map, sorted."},
		{Name: "length", Doc: "How many elements a list, a set or a map has, or characters a text."},
		{Name: "lookup", Doc: "The element of a map by its key, or the default where there is none."},
		{Name: "lower", Doc: "A text in lower case."},
		{Name: "max", Doc: "The largest of its arguments."},
		{Name: "merge", Doc: "Several maps in one. Of two elements with one key the later wins."},
		{Name: "min", Doc: "The smallest of its arguments."},
		{Name: "regex", Doc: "What a regular expression finds first in a text: the text, or its groups."},
		{Name: "replace", Doc: "A text in which every occurrence of one text is another."},
		{Name: "split", Doc: "The pieces of a text between separators, as a list."},
		{Name: "toset", Doc: "A list as a set, as for_each of a sink wants it."},
		{Name: "trimspace", Doc: "A text without the white space at its ends."},
		{Name: "try", Doc: "The first of its arguments that can be evaluated."},
		{Name: "upper", Doc: "A text in upper case."},
		{Name: "values", Doc: "The elements of a map, sorted by their keys."},
	}
	for i := range all {
		all[i].Spec = specs[all[i].Name]
	}
	return all
}
