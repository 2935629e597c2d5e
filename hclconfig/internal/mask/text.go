package mask

import "strconv"

// Printable returns a text of the user in a form that can go to a terminal. It has a bound: a name may be as long as a file.
func Printable(text string) string {
	quoted := strconv.Quote(ShortenTo(500, text))
	return quoted[1 : len(quoted)-1]
}

// Shorten cuts a value that would fill the screen.
func Shorten(s string) string { return ShortenTo(40, s) }

// ShortenTo cuts a text behind so many characters.
func ShortenTo(most int, s string) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}
