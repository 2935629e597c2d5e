package schema

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnknownValue is wrapped by the error of a Parse function of an enum.
var ErrUnknownValue = errors.New("unknown value")

// unknown does not repeat the value: it may have come from a secret.
func unknown(allowed ...string) error {
	return fmt.Errorf("%w: use %s", ErrUnknownValue, strings.Join(allowed, ", "))
}

// hasDuplicates reports whether a list holds a value twice.
func hasDuplicates[T comparable](list []T) bool {
	seen := make(map[T]bool, len(list))
	for _, v := range list {
		if seen[v] {
			return true
		}
		seen[v] = true
	}
	return false
}
