package bound

import (
	"errors"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"iggysink/internal/function"
)

// ErrNumber is what ConvertTo fails with for a text that would become a huge number.
var ErrNumber = errors.New("number out of range")

// ConvertTo converts a value, unless a text would become a number that is too large.
func ConvertTo(v cty.Value, want cty.Type) (cty.Value, error) {
	if !function.Countable(v, want) {
		return cty.NilVal, ErrNumber
	}
	return convert.Convert(v, want)
}

// DefaultsFit reports whether the numbers in the defaults of optional attributes are bounded: they may come from text.
func DefaultsFit(d *typeexpr.Defaults) bool {
	for _, v := range d.DefaultValues {
		if !function.NumbersFit(v) {
			return false
		}
	}
	for _, inner := range d.Children {
		if !DefaultsFit(inner) {
			return false
		}
	}
	return true
}
