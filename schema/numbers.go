package schema

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// maxNumberLength is how long a number may be, in characters. Exact arithmetic on longer ones, or on exponents such as
// 1e9999999, takes seconds and gigabytes.
const maxNumberLength = 400

// boundNumbers returns a copy of doc with every number replaced whose exact value is too costly: by one that is as far
// beyond every bound, or as close to zero. What is no number at all becomes a string, which fails by its type instead
// of a panic.
func boundNumbers(doc any) any {
	switch v := doc.(type) {
	case json.Number:
		return boundNumber(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return ""
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			out[name] = boundNumbers(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = boundNumbers(e)
		}
		return out
	}
	return doc
}

// boundNumber returns n, or what stands for it.
func boundNumber(n json.Number) any {
	s := n.String()
	if !isNumber(s) {
		return ""
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(s), "e")
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign = "-"
	}
	f, _ := strconv.ParseFloat(s, 64)
	switch {
	case math.IsInf(f, 0):
		return json.Number(sign + "1e400")
	case f == 0 && strings.ContainsAny(mantissa, "123456789"):
		return json.Number(sign + "1e-400")
	case f == 0:
		return json.Number("0")
	case len(s) > maxNumberLength:
		return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
	}
	return n
}

// isNumber reports whether s is a JSON number.
func isNumber(s string) bool {
	t := jsonText{text: []byte(s)}
	return t.number() && t.pos == len(s)
}
