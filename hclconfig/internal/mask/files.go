package mask

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Files are all files that were read, by name: those of a configuration and those of values.
type Files map[string]*File

// Of returns the file that a range is in, or nil.
func (all Files) Of(rng hcl.Range) *File { return all[rng.Filename] }

// TextAt returns what is at a range as it was written, without the quotes of JSON.
func (all Files) TextAt(rng hcl.Range) string {
	if f := all.Of(rng); f != nil && rng.CanSliceBytes(f.Text) {
		return strings.Trim(string(rng.SliceBytes(f.Text)), `"`)
	}
	return ""
}

// Exact is File.Exact for a range of any file.
func (all Files) Exact(rng hcl.Range) hcl.Range {
	if f := all.Of(rng); f != nil {
		return f.Exact(rng)
	}
	return rng
}
