package schema

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Both validators must say the same: the generated one of a Go value, and jsonschema of the tree that stands for it.

func TestValidatorsAgreeOnConfigs(t *testing.T) { rapid.Check(t, agreeOnConfigs) }

func FuzzValidatorsAgreeOnConfigs(f *testing.F) { f.Fuzz(rapid.MakeFuzz(agreeOnConfigs)) }

func agreeOnConfigs(t *rapid.T) {
	c := validConfig()
	mutations := rapid.IntRange(0, 6).Draw(t, "mutations")
	for range mutations {
		mutate(t, reflect.ValueOf(&c).Elem())
	}
	doc := plainTree(reflect.ValueOf(c))
	want, got := ValidateConfig(doc), c.Validate()
	for i := range want {
		want[i].Description, want[i].Example = "", ""
	}
	require.Equal(t, want, got, "%v", doc)
	if mutations == 0 {
		require.Empty(t, got)
	}
}

// validConfig has every block.
func validConfig() Config {
	template, err := ParseTemplate("https://h/${topic}")
	if err != nil {
		panic(err)
	}
	sink, stream, iggy, breaker := DefaultSink(), DefaultStream(), DefaultIggy(), DefaultCircuitBreaker()
	stream.Name, stream.Topics = "shop", []string{"created"}
	iggy.TLS = &IggyTLS{CAFile: "ca.pem"}
	sink.Name, sink.URL, sink.Streams = "orders", template, []Stream{stream, stream}
	sink.DeadLetter = &DeadLetter{Type: DeadLetterTypeFile, Path: "dead"}
	tls, network := DefaultTLS(), DefaultNetwork()
	tls.CertFile, tls.KeyFile = "c", "k"
	sink.TLS, sink.Network, sink.CircuitBreaker = &tls, &network, &breaker
	oauth2 := DefaultAuthOauth2()
	oauth2.TokenURL, oauth2.ClientID, oauth2.ClientSecret = NewSecret("https://login.example.com/token"), "me", NewSecret("s")
	sink.Auth = &Auth{Oauth2: &oauth2}
	message, keyed := DefaultSignatureHTTPMessage(), DefaultSignatureHmac()
	message.KeyID, message.Algorithm, message.Key = "k1", SignatureAlgorithmHmacSha256, NewSecret("a2V5")
	keyed.Header, keyed.Secret = "X-Signature", NewSecret("s")
	sink.Signature = []Signature{
		{StandardWebhooks: &SignatureStandardWebhooks{Type: "standard_webhooks", Secrets: []Secret{NewSecret("whsec_x")}}},
		{HTTPMessage: &message}, {Hmac: &keyed},
	}
	return Config{Iggy: &iggy, Admin: &Admin{Address: "127.0.0.1:0"}, Sinks: []Sink{sink, sink}}
}

func TestValidConfigIsValid(t *testing.T) {
	c := validConfig()
	assert.Empty(t, c.Validate())
	assert.Empty(t, ValidateConfig(plainTree(reflect.ValueOf(c))))
}

// mutate changes one value inside v.
func mutate(t *rapid.T, v reflect.Value) {
	texts := []string{"", "x", "a b", "/", "héader:", "header:x", "payload:/a", "127.0.0.1:1", ":1", "https://h/", "https://h",
		"ftp://h", strings.Repeat("é", 128), strings.Repeat("é", 129), strings.Repeat("x", 256), "POST", "file", "\n", "~1/~0"}
	text := func() string { return rapid.SampledFrom(texts).Draw(t, "text") }
	switch x := v.Addr().Interface().(type) {
	case *Secret:
		*x = NewSecret(text())
	case *Template:
		if template, err := ParseTemplate(text()); err == nil {
			*x = template
		}
	case *Duration:
		*x = rapid.SampledFrom([]Duration{math.MinInt64, -1, 0, 1, Duration(time.Hour), math.MaxInt64}).Draw(t, "duration")
	case *float64:
		*x = rapid.SampledFrom([]float64{-1, 0, 0.999, 1, 2.5, 1000, 1000.5, math.MaxFloat64}).Draw(t, "float")
	default:
		mutateKind(t, v, text)
	}
}

func mutateKind(t *rapid.T, v reflect.Value, text func() string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text())
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int:
		v.SetInt(rapid.SampledFrom([]int64{math.MinInt64, -1, 0, 1, 199, 200, 599, 600, 1024, 1025, 65535, 65536, 1000000, 1000001,
			1<<32 - 1, 1 << 32, math.MaxInt64}).Draw(t, "int"))
	case reflect.Pointer:
		if v.IsNil() || rapid.Bool().Draw(t, "remove") {
			v.Set(reflect.New(v.Type().Elem()))
		}
		if rapid.Bool().Draw(t, "inside") {
			mutate(t, v.Elem())
		} else if rapid.Bool().Draw(t, "remove") {
			v.SetZero()
		}
	case reflect.Struct:
		mutate(t, v.Field(rapid.IntRange(0, v.NumField()-1).Draw(t, "field")))
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		value := reflect.New(v.Type().Elem()).Elem()
		mutate(t, value)
		m.SetMapIndex(reflect.ValueOf(text()), value)
		v.Set(m)
	case reflect.Slice:
		v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, 0), v)) // not the array of another sink
		switch op := rapid.IntRange(0, 3).Draw(t, "operation"); {
		case op == 0:
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		case op == 1 && v.Type().Elem().Kind() != reflect.Int: // what has a default is never nil
			v.SetZero()
		case op == 2 || v.Len() == 0:
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		default:
			mutate(t, v.Index(rapid.IntRange(0, v.Len()-1).Draw(t, "index")))
		}
	}
}

// plainTree is the document that decodes to v: with secrets in clear, and without what counts as absent.
func plainTree(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case Secret:
		return x.Reveal()
	case Template:
		return x.Source()
	case Duration:
		return x.String()
	}
	switch v.Kind() {
	case reflect.Pointer:
		return plainTree(v.Elem())
	case reflect.Struct:
		out := make(map[string]any)
		if v.NumField() > 0 && v.Type().Field(0).Tag == "" { // a oneOf: the value of its branch
			for _, branch := range v.Fields() {
				if !branch.IsNil() {
					return plainTree(branch)
				}
			}
			return out
		}
		for i := range v.NumField() {
			name, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			f := v.Field(i)
			isNil := f.Kind() == reflect.Slice && f.IsNil() && f.Type().Elem().Kind() != reflect.Int
			if isZero := f.IsZero(); !isNil && (option != "omitzero" || !isZero) {
				out[name] = plainTree(f)
			}
		}
		return out
	case reflect.Slice:
		out := make([]any, 0, v.Len())
		for i := range v.Len() {
			out = append(out, plainTree(v.Index(i)))
		}
		return out
	case reflect.Map:
		out := make(map[string]any)
		for key, e := range v.Seq2() {
			out[key.String()] = plainTree(e)
		}
		return out
	case reflect.Int, reflect.Float64:
		number, err := json.Marshal(v.Interface())
		if err != nil {
			panic(err)
		}
		return json.Number(number)
	case reflect.String:
		return v.String()
	}
	return v.Interface()
}

func TestValidatorsAgreeOnEnvelopes(t *testing.T) {
	m := message(`{"a":[1,{"b":null}]}`)
	m.Headers = everyKind()
	e := NewEnvelopeEncoder(orders, EnvelopeOptions{IncludeMetadata: true, IncludeChecksum: true, IncludeOriginTimestamp: true,
		Payload: PayloadFormatJSON})
	body, err := e.Append(nil, m)
	require.NoError(t, err)
	var broken, valid int
	rapid.Check(t, func(t *rapid.T) {
		doc, err := decodeTree(string(body))
		require.NoError(t, err)
		for range rapid.IntRange(0, 2).Draw(t, "mutations") {
			mutateTree(t, doc)
		}
		text, err := json.Marshal(doc)
		require.NoError(t, err)
		want := ValidateEnvelope(doc)
		decoded, got := DecodeEnvelope(text)
		require.Equal(t, places(want), places(got), "%s", text)
		err = json.Unmarshal(text, new(Envelope))
		require.Equal(t, len(want) > 0, err != nil || decoded.Validate() != nil, "%s", text)
		broken += min(1, len(got))
		valid += 1 - min(1, len(got))
	})
	assert.True(t, broken > 0 && valid > 0, "%d broken, %d valid", broken, valid)
}

// mutateTree changes, adds or removes a member of an object somewhere inside doc.
func mutateTree(t *rapid.T, doc any) {
	object, isObject := doc.(map[string]any)
	if !isObject {
		return
	}
	names := append(slices.Sorted(maps.Keys(object)), "more")
	name := rapid.SampledFrom(names).Draw(t, "name")
	switch rapid.IntRange(0, 4).Draw(t, "operation") {
	case 0:
		delete(object, name)
	case 1:
		object[name] = rapid.SampledFrom([]any{nil, "", "x", "hex", json.Number("1e3"), json.Number("-1"), json.Number("0"), json.Number("1.5"),
			json.Number("4294967296"), json.Number("18446744073709551615"), json.Number("18446744073709551616"), true, []any{},
			map[string]any{}, map[string]any{"data": "", "iggy_header_encoding": "hex"}}).Draw(t, "value")
	default:
		mutateTree(t, object[name])
	}
}

// What a reader decodes into the Go type and writes again has the same numbers, digit by digit.
func TestEnvelopeDecodesExactly(t *testing.T) {
	m := message(`1.0`)
	m.Offset, m.Timestamp, m.Checksum, m.OriginTimestamp = math.MaxUint64, 1<<53+1, 9007199254740993, 0
	m.Headers = everyKind()
	body, err := NewEnvelopeEncoder(orders, EnvelopeOptions{IncludeMetadata: true, IncludeChecksum: true,
		IncludeOriginTimestamp: true, Payload: PayloadFormatJSON}).Append(nil, m)
	require.NoError(t, err)
	e, found := DecodeEnvelope(body)
	require.Empty(t, found)
	assert.Empty(t, e.Validate())
	again, err := json.Marshal(e)
	require.NoError(t, err)
	assert.Equal(t, tree(t, string(body)), tree(t, string(again)))
	assert.Contains(t, string(again), "18446744073709551615")
}
