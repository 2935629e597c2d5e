package mask

import "github.com/zclconf/go-cty/cty"

// Mark is what a value carries through every expression.
type Mark string

// The marks.
const (
	Sensitive Mark = "sensitive" // from env(), file() or a sensitive variable: never printed
	External  Mark = "external"  // from outside the configuration: no literal in it
	Pending   Mark = "pending"   // of a variable that has no value yet, and that is not declared as sensitive
)

// Outside marks a value that came from outside and must not be printed.
func Outside(v cty.Value) cty.Value { return v.Mark(Sensitive).Mark(External) }
