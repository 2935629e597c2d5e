package hclconfig

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"iggysink/hclconfig/internal/bound"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// listOf says how one value is written where a list is expected. It shows the value if that is not secret and short.
func (l *loader) listOf(value cty.Value, table *words.Attribute) string {
	if !table.Type.IsListType() {
		return l.scalarOf(value, table)
	}
	plain, marks := value.Unmark()
	if !plain.IsKnown() || plain.IsNull() || !plain.Type().IsPrimitiveType() {
		return ""
	}
	if list := listed(plain, table); list != "" && len(marks) == 0 && !table.Sensitive {
		l.OfferSource(words.Literal(jsonOf(plain)), list)
		return fmt.Sprintf("Did you mean %s?", list)
	}
	element, err := bound.ConvertTo(plain, table.Type.ElementType())
	if err != nil {
		return ""
	}
	if text, err := bound.ConvertTo(element, cty.String); err != nil || len(marks) > 0 || table.Sensitive ||
		text.AsString() != mask.Shorten(text.AsString()) {
		return "One value stands in brackets too: [...]."
	}
	written := words.Literal(jsonOf(plain))
	meant := "[" + words.Literal(jsonOf(element)) + "]"
	l.OfferSource(written, meant)
	return fmt.Sprintf("Did you mean %s?", meant)
}

// listed returns the list that a text with commas is meant as, or nothing.
func listed(value cty.Value, table *words.Attribute) string {
	if value.Type() != cty.String || !strings.Contains(value.AsString(), ",") || len(value.AsString()) > 40 {
		return ""
	}
	var elements []string
	for part := range strings.SplitSeq(value.AsString(), ",") {
		element, err := bound.ConvertTo(cty.StringVal(strings.TrimSpace(part)), table.Type.ElementType())
		if err != nil {
			return ""
		}
		elements = append(elements, words.Literal(jsonOf(element)))
	}
	return "[" + strings.Join(elements, ", ") + "]"
}

// size is a number of bytes with a unit.
var size = regexp.MustCompile(`^\s*([0-9]{1,6})\s*([kKmMgG])([iI]?)[bB]?\s*$`)

// scalarOf says what a text is meant as where a number, or true or false, is expected.
func (l *loader) scalarOf(value cty.Value, table *words.Attribute) string {
	plain, marks := value.Unmark()
	if len(marks) > 0 || table.Sensitive || !plain.IsKnown() || plain.IsNull() || plain.Type() != cty.String {
		return ""
	}
	text, meant := plain.AsString(), ""
	m := size.FindStringSubmatch(text)
	switch {
	case table.Type == cty.Bool:
		meant = map[string]string{"yes": "true", "on": "true", "no": "false", "off": "false"}[strings.ToLower(text)]
	case table.Type == cty.Number && m != nil && strings.HasSuffix(table.Name, "_bytes"):
		n, _ := strconv.Atoi(m[1]) // at most six digits
		factor := map[bool]int{true: 1024, false: 1000}[m[3] != ""]
		for range strings.Index("kmg", strings.ToLower(m[2])) + 1 {
			n *= factor
		}
		meant = strconv.Itoa(n)
	}
	if meant == "" {
		return ""
	}
	l.OfferSource(words.Literal(text), meant)
	return fmt.Sprintf("Did you mean %s?", meant)
}

// codeClass is a class of status codes, such as 2xx or 4XX.
var codeClass = regexp.MustCompile(`^\s*([1-5])[xX][xX]\s*$`)

// codesOf says how a class of status codes is written where each code is one number.
func (l *loader) codesOf(value cty.Value, table *words.Attribute) string {
	plain, marks := value.Unmark()
	if len(marks) > 0 || table.Sensitive || !plain.IsKnown() || plain.IsNull() || plain.Type() != cty.String {
		return ""
	}
	m := codeClass.FindStringSubmatch(plain.AsString())
	switch {
	case m == nil || !strings.HasSuffix(table.Name, "_codes"):
		return ""
	case table.Name == "success_status_codes" && m[1] == "2":
		return "Name each code, such as [200, 201, 202, 204], which is the default."
	}
	return fmt.Sprintf("Name each code, such as %s00, or all of them: range(%s00, %d00).", m[1], m[1], m[1][0]-'0'+1)
}

// jsonOf is a text, a number, or true or false as JSON has it.
func jsonOf(v cty.Value) any {
	switch v.Type() {
	case cty.Number:
		return plainNumber(v.AsBigFloat())
	case cty.Bool:
		return v.True()
	}
	return v.AsString()
}
