package schemagen

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
)

// instanceMaker makes random instances of a schema: near its bounds, in every spelling, and now and then wrong. It makes
// no empty name, whose pointer jsonschema gets wrong.
type instanceMaker struct {
	r     *rand.Rand
	wrong int // one value in so many is of any kind; 0 for none
}

func (m *instanceMaker) oneIn(n int) bool { return n > 0 && m.r.IntN(n) == 0 }

func (m *instanceMaker) value(s *schema) any {
	if m.oneIn(m.wrong) {
		return m.anything()
	}
	t := s.resolved()
	switch t.kind {
	case "string":
		return m.text(t)
	case "integer", "number":
		return m.number(t)
	case "boolean":
		return m.oneIn(2)
	case "array":
		list := make([]any, 0)
		for range m.r.IntN(4) {
			list = append(list, m.value(t.items))
		}
		return list
	case "union":
		return m.value(t.branches[m.r.IntN(len(t.branches))])
	}
	o := make(map[string]any)
	if t.values != nil {
		for range m.r.IntN(3) {
			o[pick(m.r, "a", "/", "~1", "%41", "ключ")] = m.value(t.values)
		}
		return o
	}
	for _, f := range t.properties {
		if t.requires(f.key) && !m.oneIn(m.wrong) || m.oneIn(2) {
			o[f.key] = m.value(f.schema)
		}
	}
	if m.oneIn(m.wrong) {
		o[pick(m.r, "more", "A", "a/b")] = m.anything()
	}
	return o
}

func (m *instanceMaker) anything() any {
	return pick[any](m.r, nil, true, "", "a", "5s", "kind", json.Number("0"), json.Number("1.0"), json.Number("-1.5"), json.Number("1e3"),
		json.Number("-1e-400"), []any{}, []any{nil, "a", json.Number("1"), json.Number("1.0")}, map[string]any{},
		map[string]any{"a": nil, "kind": "two"}, map[string]any{"kind": json.Number("1")})
}

func (m *instanceMaker) text(t *schema) string {
	if value, only := t.only(); only && !m.oneIn(8) {
		return value
	}
	if len(t.enum) > 0 && !m.oneIn(8) {
		return pick(m.r, t.enum...).text
	}
	switch {
	case strings.HasPrefix(t.format, "go-duration"):
		return pick(m.r, "0s", "5s", "1d", "60s", "1m", "-1s", "", "x")
	case t.format == "host-port":
		return pick(m.r, "h:1", "[::1]:0", "h", "")
	case strings.HasPrefix(t.format, "http"):
		return pick(m.r, "https://h/p", "http://h/${topic}", "http://h/${x}", "ftp://h", "", "${")
	}
	return pick(m.r, "", "a", "ab", "abc", "aaaa", "é", "éé", `"`, "`", `\`, "%d", "\u0000", "💡", "\n")
}

// number gives values around the bounds. A number without a bound keeps to that of the Go type, which is documented.
func (m *instanceMaker) number(t *schema) json.Number {
	list := []string{"0", "-0", "0.0", "1", "1.0", "7", "10e-1", "2e0", "100", "1.5", "-5.0", "-6", "9007199254740993"}
	if t.kind == "number" {
		return json.Number(pick(m.r, append(list, "0.1", "-1.5", "2.5", "1e10", "2.5000001", "1e300")...))
	}
	if t.minimum != "" {
		list = append(list, t.minimum, "-1", "-9223372036854775809", "-1e30")
	}
	if t.maximum != "" {
		list = append(list, t.maximum, t.maximum+".0", t.maximum+"e0", t.maximum+"0", "18446744073709551616", "1e400")
	}
	return json.Number(pick(m.r, list...))
}
