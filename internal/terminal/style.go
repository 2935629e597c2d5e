package terminal

// Style puts ANSI colours around pieces of text, or nothing if it is false.
type Style bool

// The SGR parameters of what is coloured.
const (
	Bold       = "1"
	BoldRed    = "1;31"
	BoldYellow = "1;33"
	Cyan       = "36"
	Faint      = "2"
)

// Paint returns text in a colour.
func (s Style) Paint(sgr, text string) string {
	if !bool(s) || text == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}
