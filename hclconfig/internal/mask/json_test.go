package mask

import (
	"strings"
	"testing"
)

// What is hidden in a template of a JSON string is what would be hidden in the native syntax, escapes or not.
func TestTemplatesInJSON(t *testing.T) {
	for text, want := range map[string]string{
		`plain`:                          `#`,
		`${var.a}`:                       `${var.a}`,
		`http://h/${var.a}/${topic}?k=v`: `#${var.a}#${topic}#`,
		`${secret}`:                      `${#}`,
		`${env(\"A\", \"b\")}`:           `${env(\"A\", \"#\")}`,
		`\n\"é🚀\"${local.a}\t`:           `#${local.a}#`,
		`${upper(\"é\")}${var.b}`:        `${upper(\"#\")}${var.b}`,
		`%{ if var.a }x%{ endif }`:       `%{ if var.a }#%{ endif }`,
		`$${var.a}`:                      `#`,
		`${var.a + 5}`:                   `${var.a + #}`,
		`${var.a`:                        `#`, // it does not parse
		`\u0024{var.a}${var.b}`:          `#`, // written so that nobody sees what it is
	} {
		line := `"` + text + `"`
		var b strings.Builder
		at := 0
		for _, h := range jsonTokens([]byte(line)) {
			b.WriteString(line[at:h.start])
			if !strings.HasSuffix(b.String(), "#") {
				b.WriteString("#")
			}
			at = h.end
		}
		if got := b.String() + line[at:]; got != `"`+want+`"` {
			t.Errorf("%s shows %s, not %s", line, got, want)
		}
	}
}
