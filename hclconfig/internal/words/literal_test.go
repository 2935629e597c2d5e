package words

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// What Literal writes is what HCL reads.
func TestLiteralReadsBack(t *testing.T) {
	for _, text := range []string{
		`"plain"`, `"with \"quotes\" and \n"`, `"${no template} %{neither}"`, `12`, `-0.5`, `true`, `null`, `[]`, `{}`,
		`[1, "a", [true]]`, `{"X-Key": "v", "a b": {"c": [2]}}`,
	} {
		var value any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		written := Literal(value)
		expr, diags := hclsyntax.ParseExpression([]byte(written), "", hcl.InitialPos)
		if diags.HasErrors() {
			t.Errorf("%s: %v", written, diags)
			continue
		}
		back, diags := expr.Value(nil)
		if diags.HasErrors() {
			t.Errorf("%s: %v", written, diags)
			continue
		}
		if want := ctyOf(t, value); !back.RawEquals(want) {
			t.Errorf("%s is %#v, not %#v", written, back, want)
		}
	}
}

func ctyOf(t *testing.T, value any) cty.Value {
	t.Helper()
	switch v := value.(type) {
	case string:
		return cty.StringVal(v)
	case bool:
		return cty.BoolVal(v)
	case json.Number:
		number, err := cty.ParseNumberVal(v.String())
		if err != nil {
			t.Fatal(err)
		}
		return number
	case []any:
		elements := make([]cty.Value, len(v))
		for i, e := range v {
			elements[i] = ctyOf(t, e)
		}
		return cty.TupleVal(elements)
	case map[string]any:
		elements := map[string]cty.Value{}
		for key, e := range v {
			elements[key] = ctyOf(t, e)
		}
		return cty.ObjectVal(elements)
	}
	return cty.NullVal(cty.DynamicPseudoType)
}
