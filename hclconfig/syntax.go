package hclconfig

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/mask"
)

// Syntax returns what HCL's parser understands of a native file: all of it, or of a file that is being typed what stands
// around the mistake. It is nil for JSON, and for what Load would not let HCL parse.
func Syntax(name string, text []byte) *hcl.File {
	f := mask.New(name, text)
	if strings.HasSuffix(name, ".json") || len(text) > MaxFileSize || bound.Guard(f).HasErrors() {
		return nil
	}
	file, _ := hclsyntax.ParseConfig(text, name, hcl.InitialPos) // Load tells what is wrong
	return file
}
