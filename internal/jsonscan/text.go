package jsonscan

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// StringEnd returns the index behind the string that begins at i. Of a string that the end of the text cuts off that is
// the end of the text, and whole is false.
func StringEnd(text []byte, i int) (end int, whole bool) {
	for i++; i < len(text); {
		n := bytes.IndexByte(text[i:], '"')
		if n < 0 {
			return len(text), false
		}
		// An odd number of backslashes in front of it makes the quote a part of the string.
		back := 0
		for j := i + n - 1; j >= i && text[j] == '\\'; j-- {
			back++
		}
		i += n + 1
		if back%2 == 0 {
			return i, true
		}
	}
	return len(text), false
}

// NumberEnd returns the index behind what may be a number at i: of digits, signs, points and the letter of an exponent.
func NumberEnd(text []byte, i int) int {
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
		default:
			return i
		}
	}
	return i
}

// AppendText appends the content of a quoted string, its escapes resolved as [AppendUnescaped] does. A string whose escapes
// are wrong is appended as it is spelled.
func AppendText(dst, quoted []byte) []byte {
	if len(quoted) < 2 {
		return dst
	}
	content := quoted[1 : len(quoted)-1]
	if out, ok := AppendUnescaped(dst, content); ok {
		return out
	}
	return append(dst, content...)
}

// AppendUnescaped appends what stands between the quotes of a string and resolves its escapes. As in encoding/json, half of
// a surrogate pair becomes U+FFFD. False if there is something that is no escape.
func AppendUnescaped(dst, content []byte) (out []byte, ok bool) {
	out = dst
	for {
		i := bytes.IndexByte(content, '\\')
		if i < 0 {
			return append(out, content...), true
		}
		if i+1 >= len(content) {
			return dst, false
		}
		out = append(out, content[:i]...)
		escape := content[i+1]
		content = content[i+2:]
		switch escape {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case '"', '\\', '/':
			out = append(out, escape)
		case 'u':
			r, size := hexRune(content)
			if size == 0 {
				return dst, false
			}
			out = utf8.AppendRune(out, r)
			content = content[size:]
		default:
			return dst, false
		}
	}
}

// hexRune reads what stands behind \u, with the other half of a surrogate pair. Size 0: it is no escape.
func hexRune(text []byte) (r rune, size int) {
	r, ok := hex4(text)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if len(text) >= 10 && text[4] == '\\' && text[5] == 'u' {
		if second, ok := hex4(text[6:]); ok {
			if pair := utf16.DecodeRune(r, second); pair != utf8.RuneError {
				return pair, 10
			}
		}
	}
	return utf8.RuneError, 4
}

func hex4(text []byte) (r rune, ok bool) {
	if len(text) < 4 {
		return 0, false
	}
	for _, b := range text[:4] {
		switch {
		case b >= '0' && b <= '9':
			r = r<<4 | rune(b-'0')
		case b|0x20 >= 'a' && b|0x20 <= 'f':
			r = r<<4 | rune(b|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
