package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ExampleValidateConfig() {
	doc := map[string]any{"sink": []any{map[string]any{"name": "orders", "url": "ftp://x", "tiemout": "30s"}}}
	for _, v := range ValidateConfig(doc) {
		fmt.Printf("%s: %s\n", v.Pointer, v.Message())
	}
	// Output:
	// /sink/0: "stream" is required
	// /sink/0/tiemout: "tiemout" is not known here
	// /sink/0/url: must be an absolute http or https URL, with ${stream}, ${topic} and ${partition} in its path or query only
}

const minimal = `{"sink":[{"name":"orders","url":"https://h/","stream":[{"name":"shop","topics":["created"]}]}]}`

// tree decodes a document as hclconfig would build it.
func tree(t *testing.T, source string) any {
	t.Helper()
	doc, err := decodeTree(source)
	require.NoError(t, err)
	return doc
}

// with returns the minimal configuration with one more attribute of its sink.
func with(attribute string) string {
	return strings.Replace(minimal, `"name":"orders",`, `"name":"orders",`+attribute+`,`, 1)
}

func TestEachKeywordIsReportedWhereItIsBroken(t *testing.T) {
	for _, tt := range []struct{ source, want string }{
		{minimal, ""},
		{`null`, `"" type: must be an object`},
		{`{}`, `"" required: "sink" is required`},
		{`{"sink":[]}`, `"/sink" minItems: must have at least 1 element`},
		{`{"sink":{}}`, `"/sink" type: must be a list`},
		{with(`"x/y~z %":1`), `"/sink/0/x~1y~0z %" additionalProperties: "x/y~z %" is not known here`},
		{with(`"method":"POTS %d canary"`), `"/sink/0/method" enum: must be "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE"`},
		{with(`"timeout":"0s"`), `"/sink/0/timeout" format: must be a duration of more than zero, such as "500ms", "30s" or "1d12h"`},
		{with(`"max_retries":-1`), `"/sink/0/max_retries" minimum: must be at least 0`},
		{with(`"max_payload_size_bytes":9223372036854775808`),
			`"/sink/0/max_payload_size_bytes" maximum: must be at most 9223372036854775807`},
		{with(`"max_payload_size_bytes":9223372036854775807`), ""},
		{with(`"max_retries":1e9999999`), `"/sink/0/max_retries" maximum: must be at most 4294967295`},
		{with(`"max_retries":1e-9999999`), `"/sink/0/max_retries" type: must be a whole number`},
		{with(`"max_retries":` + strings.Repeat("9", 1<<20)), `"/sink/0/max_retries" maximum: must be at most 4294967295`},
		{with(`"max_retries":1.5`), `"/sink/0/max_retries" type: must be a whole number`},
		{with(`"max_retries":0e99999`), ""},
		{with(`"retry_backoff_multiplier":2.0`), ""},
		{with(`"headers":{"X-A":"canary","X/B":1}`), `"/sink/0/headers/X~1B" type: must be a string`},
		{with(`"success_status_codes":[]`), `"/sink/0/success_status_codes" minItems: must have at least 1 element`},
		{with(`"retry_status_codes":[500,99,500]`), `"/sink/0/retry_status_codes" uniqueItems: must not hold a value twice
"/sink/0/retry_status_codes/1" minimum: must be at least 200`},
		{with(`"tls":{"cert_file":"c"}`), `"/sink/0/tls" dependentRequired: "key_file" is required where "cert_file" is set`},
		{with(`"ordering_key":"canary"`), `"/sink/0/ordering_key" pattern: must match ^(header:.+|payload:(/[^/]*)+)$, such as "header:customer-id"`},
		{with(`"consumer_group":"x","max_connections":0`), `"/sink/0/consumer_group" additionalProperties: "consumer_group" is not known here
"/sink/0/max_connections" minimum: must be at least 1`},
		{strings.Replace(minimal, "orders", strings.Repeat("n", 129), 1), `"/sink/0/name" maxLength: must have at most 128 characters`},
	} {
		var got []string
		for _, v := range ValidateConfig(tree(t, tt.source)) {
			got = append(got, fmt.Sprintf("%q %s: %s", v.Pointer, v.Keyword, v.Message()))
			assert.NotContains(t, fmt.Sprintf("%+v", v), "canary")
			assert.Equal(t, v.Keyword == "additionalProperties", v.Description == "", "%+v", v)
		}
		assert.Equal(t, tt.want, strings.Join(got, "\n"))
	}
}

func TestEveryMissingAndUnknownNameIsOneViolationInStableOrder(t *testing.T) {
	doc := tree(t, `{"c":1,"a":1,"b":1,"sink":[{},{},{},{},{},{},{},{},{},{},{}]}`)
	first := ValidateConfig(doc)
	require.Len(t, first, 3+11*3)
	assert.Equal(t, "/a", first[0].Pointer)
	assert.Equal(t, "/sink/10", first[len(first)-1].Pointer, "10 comes after 9")
	for range 20 {
		assert.Equal(t, first, ValidateConfig(doc))
	}
}

func TestDescriptionIsThatOfTheProperty(t *testing.T) {
	v := ValidateConfig(tree(t, with(`"method":"x"`)))
	require.Len(t, v, 1)
	assert.Equal(t, "HTTP method of a delivery.", v[0].Description)
	v = ValidateConfig(tree(t, with(`"retry_status_codes":[1]`)))
	require.Len(t, v, 1)
	assert.Contains(t, v[0].Description, "Status codes to retry")
}

func TestEnvelopeHeaderValueIsReportedByItsType(t *testing.T) {
	m := message("null")
	m.Headers = []Header{{Key: []byte("a/b"), Kind: HeaderString, Value: []byte("HEADER")}}
	body, err := NewEnvelopeEncoder(orders, EnvelopeOptions{IncludeMetadata: true, Payload: PayloadFormatJSON}).Append(nil, m)
	require.NoError(t, err)
	require.Contains(t, string(body), `"HEADER"`)
	for header, want := range map[string]string{
		`"text"`: "[]",
		`{"data":"","iggy_header_encoding":"base64","more":1}`: "[]",
		`7`:           "[{/a~1b type}]",
		`{"data":""}`: "[{/a~1b required}]",
		`{"data":1,"iggy_header_encoding":"hex"}`: "[{/a~1b/data type} {/a~1b/iggy_header_encoding const}]",
	} {
		found := places(ValidateEnvelope(tree(t, strings.Replace(string(body), `"HEADER"`, header, 1))))
		for i := range found {
			_, behind, _ := strings.Cut(found[i].Pointer, "/a~1b")
			found[i].Pointer = "/a~1b" + behind
		}
		assert.Equal(t, want, fmt.Sprint(found), header)
	}
}

// place is what both validators must agree on.
type place struct{ Pointer, Keyword string }

func places(list []Violation) []place {
	out := []place{}
	for _, v := range list {
		out = append(out, place{v.Pointer, v.Keyword})
	}
	return out
}

func TestNothingMakesTheValidatorPanic(t *testing.T) {
	for _, v := range []any{math.NaN(), math.Inf(1), json.Number("NaN"), json.Number(""), json.Number("1e9999999999999999999999"),
		json.Number("-1e99999"), make(chan int), nil, []any{nil}, map[string]any{"": nil}} {
		assert.NotEmpty(t, ValidateConfig(v))
		list := ValidateConfig(map[string]any{"sink": []any{map[string]any{"max_retries": v}}})
		at := func(pointer string) bool {
			return slices.ContainsFunc(list, func(v Violation) bool { return v.Pointer == pointer })
		}
		assert.True(t, at("/sink/0/max_retries") || at(""), "%v: %v", v, list)
	}
}
