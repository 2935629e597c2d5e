package words

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Literal writes a JSON value as HCL does, on one line.
func Literal(value any) string {
	switch v := value.(type) {
	case string:
		return string(hclwrite.TokensForValue(cty.StringVal(v)).Bytes())
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	case []any:
		elements := make([]string, len(v))
		for i, e := range v {
			elements[i] = Literal(e)
		}
		return "[" + strings.Join(elements, ", ") + "]"
	case map[string]any:
		var pairs []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, Literal(key)+" = "+Literal(v[key]))
		}
		if len(pairs) == 0 {
			return "{}"
		}
		return "{ " + strings.Join(pairs, ", ") + " }"
	}
	return "null"
}
