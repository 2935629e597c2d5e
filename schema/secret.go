package schema

import "fmt"

// Secret is text that must not appear in any output: a password, a token, a header value. Every way of printing or
// marshalling it gives the mask; only Reveal gives the text.
type Secret struct{ text string }

// SecretMask is what a Secret prints as.
const SecretMask = "(sensitive)"

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text: text} }

// Reveal returns the text itself, to be sent and never to be printed.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether the text is empty.
func (s Secret) IsZero() bool { return s.text == "" }

// String implements fmt.Stringer with the mask; an empty secret prints as nothing.
func (s Secret) String() string {
	if s.text == "" {
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
	s.text = string(b)
	return nil
}
