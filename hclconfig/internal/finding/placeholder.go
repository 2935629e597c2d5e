package finding

import (
	"regexp"
	"strings"
)

// Placeholder is a piece of text that stands for something in another language, and for itself in ours.
type Placeholder struct {
	Written string // such as {{topic}}
	Meant   string // such as ${topic}; the same where it is only that the text comes from where nothing is filled in
}

// placeholder matches what other languages write for a field: {{topic}}, {{ .Topic }}, {topic}, $TOPIC, $(topic), :topic,
// <topic>, %topic%, #{topic}. Each alternative has the name in a group of its own.
var placeholder = func() *regexp.Regexp {
	const field = `(?i:((?:stream|topic|partition)(?:_?(?:name|id))?|message\.[a-z_]+))`
	return regexp.MustCompile(strings.Join([]string{
		`\$\{\s*` + field + `\s*\}`, `\{\{-?\s*[.$]?` + field + `\s*-?\}\}`, `[#%]\{\s*` + field + `\s*\}`,
		`\{\s*` + field + `\s*\}`, `\$\(\s*` + field + `\s*\)`,
		`\$` + field + `\b`, `<` + field + `>`, `%` + field + `%`, `/:` + field + `\b`, `\$([A-Z][A-Z0-9_]{2,63})\b`,
	}, "|"))
}()

// Placeholders returns those in a text, each once.
func Placeholders(text string) (all []Placeholder) {
	seen := make(map[string]bool)
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		name := strings.Join(m[1:], "") // one of the groups has it
		written := strings.TrimPrefix(m[0], "/")
		if seen[written] {
			continue
		}
		seen[written] = true
		all = append(all, Placeholder{written, "${" + fieldOf(name) + "}"})
	}
	return all
}

// fieldOf returns the field, or the environment variable, that a name stands for.
func fieldOf(name string) string {
	lower := strings.ToLower(name)
	for _, field := range []string{"stream", "topic", "partition"} {
		if strings.HasPrefix(lower, field) {
			return field
		}
	}
	if strings.HasPrefix(lower, "message.") {
		return lower
	}
	return `env("` + name + `")`
}
