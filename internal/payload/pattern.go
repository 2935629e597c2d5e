package payload

import (
	"errors"
	"regexp/syntax"
	"strings"
)

// translate writes what ECMA-262 has and RE2 spells otherwise: \uXXXX, \cX and the escaped slash.
func translate(expression string) string {
	var b strings.Builder
	for i := 0; i < len(expression); i++ {
		if expression[i] != '\\' || i+1 == len(expression) {
			b.WriteByte(expression[i])
			continue
		}
		i++
		rest := expression[i:]
		switch {
		case len(rest) >= 5 && rest[0] == 'u' && isHex(rest[1:5]):
			b.WriteString(`\x{` + rest[1:5] + `}`)
			i += 4
		case strings.HasPrefix(rest, "u{") && strings.IndexByte(rest, '}') > 0:
			end := strings.IndexByte(rest, '}')
			b.WriteString(`\x{` + rest[2:end] + `}`)
			i += end
		case rest[0] == '/':
			b.WriteByte('/')
		default:
			b.WriteString(expression[i-1 : i+1])
		}
	}
	return b.String()
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }

// patternFault says why a pattern does not compile.
func patternFault(expression string, err error) string {
	for _, around := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		if strings.Contains(expression, around) {
			return "the pattern uses lookaround, " + around + ", which RE2 does not have: say it with a second pattern in allOf, or with not"
		}
	}
	var fault *syntax.Error
	if !errors.As(err, &fault) {
		return "the pattern does not compile"
	}
	switch fault.Code {
	case syntax.ErrInvalidEscape:
		if len(fault.Expr) > 1 && fault.Expr[1] >= '1' && fault.Expr[1] <= '9' || strings.HasPrefix(fault.Expr, `\k`) {
			return "the pattern uses a back reference, " + fault.Expr + ", which RE2 does not have"
		}
		return "the pattern has an escape that RE2 does not have: " + fault.Expr
	case syntax.ErrInvalidRepeatSize:
		return "the pattern repeats something more often than RE2 allows, 1000 times: " + fault.Expr
	case syntax.ErrLarge:
		return "the pattern is too large: repetitions of repetitions make it so"
	}
	return "the pattern does not compile: " + fault.Code.String() + " in " + fault.Expr
}
