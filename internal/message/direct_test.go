package message

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// shapes are bodies that are written directly, wholly or in part, and some that are not.
func shapes() []string {
	return []string{
		`{ a = message.payload, b = message.id, c = 1, d = "x", e = null, f = true, g = 1.50 }`,
		`jsonencode(message.payload)`,
		`jsonencode({ index = { _id = "${message.topic}-${message.partition}-${message.offset}" } })`,
		`{ l = [message.payload.n, [message.payload.s], {}], m = message.headers["tenant"], r = message.raw }`,
		`{ t = "a ${message.payload.n} b ${message.payload.s}", j = jsonencode({ a = message.payload.s }) }`,
		`"${jsonencode(message.payload.s)}\n${message.timestamp}"`,
		`{ t = floor(message.timestamp / 1000), u = message.timestamp / 1000000, v = upper(message.payload.s) }`,
		`{ a = message.payload.l[0], b = message.payload.l[*].x, c = [for e in message.payload.l : e.x], d = (message.payload.l[*].x)[1] }`,
		`{ a = message.payload.n > 1 ? "big" : "small", b = -message.payload.n, c = !(message.payload.n == 2), d = message.payload["n"] }`,
		`{ a = try(message.payload.none, "default"), b = coalesce(message.payload.s, "x"), c = merge(message.payload, { z = 1 }) }`,
		`{ "a b" = message.payload.s, ("k") = 1, (var.secret) = 2 }`,
		`{ (message.payload.s) = 1 }`,
		`{ a = message.payload.none }`, `{ a = "${message.payload.none}" }`, `{ a = message.payload.nil }`, `{ a = "${message.payload.nil}!" }`,
		`{ a = "${message.payload}!" }`, `[message.payload, message.payload]`, `{ a = 1, a = message.payload.n }`,
		`{ a = tostring(message.partition), b = "${message.payload.s}" }`, `[[[message.payload.n]]]`, `join("\n", [jsonencode(message.payload), "x"])`,
		`join("\n", [jsonencode({ a = message.payload.n }), jsonencode(message.payload), "${message.id} x"])`, `join(", ", [message.payload.s])`,
		`join(message.payload.s, ["${message.id}!", "${message.topic}!"])`,
	}
}

// payloads are hostile in part.
func payloads() []string {
	return []string{
		`{"n":1.10,"s":"é \"\\ \n x","nil":null,"l":[{"x":1},{"x":"2"}]}`,
		"{ \"n\" : 123456789012345678901234567890 ,\r\n\t\"s\" : \" a  b \" , \"nil\":null, \"l\" : [ {\"x\": [ ]} , {\"x\":{ }} ] }",
		`{"n":true,"s":"","nil":null,"l":[{"x":null},{"x":null}]}`, `{"s":1}`, `{}`, `[1, 2]`, `"text  with spaces"`, `12`, `null`, `{`, ``,
		`{"n":2,"s":"\u00e9\u0022","nil":null,"l":[{"x":"\\"},{"x":"\\\""}]}`, `{"n":1e3,"s":"${x}%{y}","nil":null,"l":[{"x":0},{"x":-0.0}]}`,
	}
}

// What is written directly is the value that HCL has, and where one of the two has none the other has none.
func TestDirectIsWhatHCLSays(t *testing.T) {
	direct, both := 0, 0
	for _, shape := range shapes() {
		fast, slow := compile(t, shape), compile(t, shape)
		for i := range slow.parts {
			if slow.parts[i].direct != nil {
				direct++
			}
			slow.parts[i].direct = nil
		}
		for _, format := range []schema.PayloadFormat{schema.PayloadFormatJSON, schema.PayloadFormatText} {
			for _, payload := range payloads() {
				m := sample()
				m.Payload = []byte(payload)
				got, isJSON, err := fast.AppendBody(nil, scope(m, format))
				want, wantJSON, wantErr := slow.AppendBody(nil, scope(m, format))
				require.Equal(t, wantErr == nil, err == nil, "%s\n%s\n%v\n%v", shape, payload, wantErr, err)
				if err != nil {
					continue
				}
				both++
				assert.Equal(t, wantJSON, isJSON, shape)
				assert.NotContains(t, strings.ReplaceAll(string(got), "\n\"x\"", ""), "\r", "%s\n%s", shape, payload)
				assert.Equal(t, canonical(t, want), canonical(t, got), "%s\n%s", shape, payload)
			}
		}
	}
	assert.Greater(t, direct, 12)
	assert.Greater(t, both, 100)
}

// canonical is text whose JSON, as a whole or in lines, has the names of objects in order.
func canonical(t *testing.T, text []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		lines := strings.Split(string(text), "\n")
		for i := range lines {
			if len(lines) > 1 {
				lines[i] = canonical(t, []byte(lines[i]))
			}
		}
		return strings.Join(lines, "\n")
	}
	if s, isText := v.(string); isText {
		return canonical(t, []byte(s))
	}
	out, err := json.Marshal(nested(t, v))
	require.NoError(t, err)
	return string(out)
}

// nested makes JSON in texts canonical, too.
func nested(t *testing.T, v any) any {
	t.Helper()
	switch v := v.(type) {
	case string:
		return canonical(t, []byte(v))
	case map[string]any:
		for name := range v {
			v[name] = nested(t, v[name])
		}
	case []any:
		for i := range v {
			v[i] = nested(t, v[i])
		}
	}
	return v
}

// A payload keeps the order of its members and the spelling of its values; the space between them goes.
func TestDirectKeepsThePayloadAsItWasSent(t *testing.T) {
	m := sample()
	m.Payload = []byte("{ \"z\" : 1.10 , \"a\" : \"\\u00e9 \\\\\\\" \" ,\r\n \"a2\" : [ 1 , { } ] }")
	got, _, err := compile(t, `{ event = message.payload, a = 1 }`).AppendBody(nil, scope(m, schema.PayloadFormatJSON))
	require.NoError(t, err)
	assert.Equal(t, `{"a":1,"event":{"z":1.10,"a":"\u00e9 \\\" ","a2":[1,{}]}}`, string(got))
}

// A body that repeats the payload is bounded, as one is that HCL makes.
func TestDirectIsBounded(t *testing.T) {
	m := sample()
	m.Payload = []byte(`"` + strings.Repeat("x", 1<<20) + `"`)
	_, _, err := compile(t, `[`+strings.Repeat("message.payload, ", 40)+`]`).AppendBody(nil, scope(m, schema.PayloadFormatJSON))
	assert.Equal(t, errCost, err)
}

func BenchmarkBody(b *testing.B) {
	for name, text := range map[string]string{
		"direct": `{ topic = message.topic, text = "order ${message.payload.id}", event = message.payload }`,
		"hcl":    `merge({ topic = message.topic, text = "order ${message.payload.id}" }, { event = message.payload })`,
	} {
		b.Run(name, func(b *testing.B) {
			p, s, m := compile(b, text), &Scope{}, sample()
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				s.Reset(schema.Partition{Stream: "shop", Topic: "created"}, schema.PayloadFormatJSON, m)
				var err error
				if out, _, err = p.AppendBody(out[:0], s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
