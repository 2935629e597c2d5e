package jsonscan

import (
	"strconv"
	"strings"
)

// Pointer is a JSON Pointer (RFC 6901): its reference tokens, without their escapes.
type Pointer []string

// ParsePointer reads a pointer, which is empty or begins with a slash. What stands before its first slash counts for
// nothing.
func ParsePointer(text string) Pointer {
	tokens := strings.Split(text, "/")[1:]
	for i, token := range tokens {
		tokens[i] = UnescapeToken(token)
	}
	return tokens
}

// UnescapeToken returns what a reference token of a pointer stands for.
func UnescapeToken(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}

// Find returns the text of the value that the pointer names. A token is an index in an array, in digits without a leading
// zero, and a name in an object.
func (p Pointer) Find(text []byte) ([]byte, bool) {
	value := Trim(text)
	if len(p) == 0 {
		value = value[:End(value, 0)]
	}
	for _, token := range p {
		step := Step{Name: token}
		if len(value) > 0 && value[0] == '[' {
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || strconv.Itoa(i) != token {
				return nil, false
			}
			step = Step{Index: i, IsIndex: true}
		}
		var ok bool
		if value, ok = enter(value, step); !ok {
			return nil, false
		}
	}
	return value, len(value) > 0
}
