package schema

import (
	"fmt"
	"unique"
)

// Secret is text that must not appear in any output: a password, a token, a header value. Every way of printing or
// marshalling it gives the mask; only Reveal gives the text. Secrets compare with ==.
type Secret struct {
	// fmt does not call Format on what sits in an unexported field of a caller's struct and prints its parts instead.
	// A handle's only part is an address, so that even then the text stays in.
	text unique.Handle[string]
}

// SecretMask is what a Secret prints as.
const SecretMask = "(sensitive)"

// NewSecret wraps text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: unique.Make(text)}
}

// Reveal returns the text itself, to be sent and never to be printed.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.text.Value()
}

// IsZero reports whether the text is empty.
func (s Secret) IsZero() bool { return s == Secret{} }

// Equal reports whether both have the same text.
func (s Secret) Equal(other Secret) bool { return s == other }

// String implements fmt.Stringer with the mask; an empty secret prints as nothing.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return SecretMask
}

// Format implements fmt.Formatter, so that no verb, %#v and %x included, reaches the text.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText gives the mask: encoding/json and slog print a Secret through it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the text as it is.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = NewSecret(string(b))
	return nil
}
