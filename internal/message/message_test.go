package message

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"

	"iggysink/schema"
)

// sample is the message of most tests.
func sample() *schema.Message {
	return &schema.Message{
		ID: schema.MessageID{0: 1, 15: 0xab}, Offset: 18446744073709551615, Timestamp: 1710064800000000,
		Headers: []schema.Header{
			{Key: []byte("tenant"), Kind: schema.HeaderString, Value: []byte("a/b")},
			{Key: []byte("n"), Kind: schema.HeaderUint8, Value: []byte{7}},
			{Key: []byte("raw"), Kind: schema.HeaderRaw, Value: []byte{0, 1}},
		},
		Payload: []byte(` {"id": 1.10, "big": 123456789012345678901234567890, "name": "Ada \"x\" \u00e9", "tags": ["x","y"], "deep": {"a": {"b": null}}, "on": true, "e": 1e3} `),
	}
}

func scope(m *schema.Message, format schema.PayloadFormat) *Scope {
	s := &Scope{}
	s.Reset(schema.Partition{Stream: "shop", Topic: "cre ated", ID: 3}, format, m)
	return s
}

// source is the text form of what a user wrote; var.NAME is constant.
func source(t testing.TB, text string) (string, error) {
	t.Helper()
	e, diags := hclsyntax.ParseExpression([]byte(text), "test.hcl", hcl.InitialPos)
	require.False(t, diags.HasErrors(), diags.Error())
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{"var": cty.ObjectVal(map[string]cty.Value{
		"base": cty.StringVal(`https://h/${x}"`), "n": cty.NumberIntVal(10), "secret": cty.StringVal("canary").Mark("secret"),
		"list": cty.TupleVal([]cty.Value{cty.StringVal("p"), cty.StringVal("q")}), "unknown": cty.UnknownVal(cty.String),
	})}}
	s, ok, err := Source(e, Names{
		Constant: func(root string) bool { return root == "var" },
		Value: func(e hclsyntax.Expression) (cty.Value, bool, bool) {
			v, diags := e.Value(ctx)
			return v, v.IsMarked(), !diags.HasErrors()
		},
	})
	if err == nil && !ok {
		return "", &Error{"unknown"}
	}
	return s, err
}

func compile(t testing.TB, text string) *Program {
	t.Helper()
	s, err := source(t, text)
	require.NoError(t, err, text)
	template, err := schema.ParseTemplate(s)
	require.NoError(t, err, s)
	p, err := Compile(template)
	require.NoError(t, err, s)
	return p
}

func TestText(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`"id ${message.id}"`, "id ab000000000000000000000000000001"},
		{`message.offset`, "18446744073709551615"},
		{`"a${"$"}${message.headers.n}$"`, "a$7$"},
		{`"${message.timestamp}"`, "1710064800000000"},
		{`"${stream}/${message.topic}/${partition}/${message.partition}"`, "shop/cre ated/3/3"},
		{`message.headers["tenant"]`, "a/b"},
		{`"${message.headers.n}-${message.headers["raw"]}"`, "7-AAE="},
		{`"${message.payload.id} ${message.payload.e}"`, "1.10 1e3"}, // numbers keep their text
		{`"${message.payload.big}"`, "123456789012345678901234567890"},
		{`"${message.payload.name}"`, `Ada "x" é`},
		{`"${message.payload.tags[1]}${message.payload.on}"`, "ytrue"},
		{`upper(message.payload.name)`, `ADA "X" É`},
		{`"${upper("n ${message.payload.id}")} ${"${message.payload.e}"}"`, "N 1.10 1e3"},
		{`message.payload.id + 1`, "2.1"},
		{`message.payload.e >= 1000 ? "big" : "small"`, "big"},
		{`join(",", [for t in message.payload.tags : "${t}${var.n}"])`, "x10,y10"},
		{`join(",", message.payload.tags[*])`, "x,y"},
		{`join(",", [for k, v in {a = message.offset} : k if v != 1])`, "a"},
		{`lookup(message.headers, "none", "other")`, "other"},
		{`try(message.payload.none.more, message.headers["none"], "other")`, "other"},
		{`coalesce(message.payload.deep.a.b, "other")`, "other"},
		{`"${var.base}${message.payload.on ? var.list[0] : "%%{if true}"}"`, `https://h/${x}"p`},
		{`"%{if message.payload.on}yes %{else}no%{endif}%{for t in message.payload.tags}<${t}>%{endfor}"`, "yes <x><y>"},
		{`jsonencode({ text = "order ${message.payload.id}", n = message.payload.id, all = message.payload.deep })`,
			`{"all":{"a":{"b":null}},"n":1.10,"text":"order 1.10"}`},
		{`"${message.payload[var.n == 10 ? "id" : "none"]}"`, "1.10"},
		{`!message.payload.on`, "false"},
		{`-message.payload.id`, "-1.1"},
		{`(message.payload.tags)[0]`, "x"},
		{`sha256(message.raw)`, ""},
	} {
		got, err := compile(t, tt.text).AppendText([]byte("> "), scope(sample(), schema.PayloadFormatJSON), nil)
		require.NoError(t, err, tt.text)
		if tt.want != "" {
			assert.Equal(t, "> "+tt.want, string(got), tt.text)
		}
	}
}

func TestNoValueIsAnErrorThatNamesTheReference(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`message.headers["none"]`, `message.headers["none"] is missing`},
		{`"x${message.payload.none.more}"`, "message.payload.none.more is missing"},
		{`message.payload.tags[2]`, "message.payload.tags[2] is missing"},
		{`message.payload.deep.a.b`, "message.payload.deep.a.b is null"},
		{`message.payload.deep`, "message.payload.deep is an object or a list, which is not text; jsonencode() makes text of it"},
		{`upper(message.payload.none)`, "message.payload.none is missing"},
		{`upper(message.headers["none"])`, `message.headers["none"] is missing`},
		{`upper(message.payload.deep.a.b)`, "the function upper failed"},
		{`message.payload.deep.a.b.c + 1`, "a value is null"},
		{`message.payload[var.secret]`, "a value is missing"},
		{`"${message.headers[var.secret]}"`, "a value is missing"},
		{`tonumber(message.payload.name)`, "the function tonumber failed"},
		{`[message.id]`, "the value is a list, which is not text; jsonencode() makes text of it"},
	} {
		_, err := compile(t, tt.text).AppendText(nil, scope(sample(), schema.PayloadFormatJSON), nil)
		var reason *Error
		require.ErrorAs(t, err, &reason, tt.text)
		assert.Equal(t, tt.want, reason.Reason, tt.text)
	}
}

func TestPayloads(t *testing.T) {
	p := compile(t, `"<${message.payload}>"`)
	for _, tt := range []struct {
		format        schema.PayloadFormat
		payload, want string
	}{
		{schema.PayloadFormatText, "a b", "<a b>"},
		{schema.PayloadFormatText, "\xff", "the payload is not UTF-8"},
		{schema.PayloadFormatJSON, `"a b"`, "<a b>"},
		{schema.PayloadFormatJSON, ` -0.0 `, "<-0.0>"},
		{schema.PayloadFormatJSON, `{`, "the payload is not JSON"},
		{schema.PayloadFormatJSON, ``, "the payload is not JSON"},
		{schema.PayloadFormatRaw, `x`, "message.payload needs a stream with schema json or text; message.raw is the payload in base64"},
	} {
		got, err := p.AppendText(nil, scope(&schema.Message{Payload: []byte(tt.payload)}, tt.format), nil)
		if err != nil {
			got = []byte(err.Error())
		}
		assert.Equal(t, tt.want, string(got), tt.payload)
	}
}

// What needs only headers or metadata never looks at the payload.
func TestHeadersAloneDoNotReadThePayload(t *testing.T) {
	m := sample()
	m.Payload = []byte("{not json")
	for _, text := range []string{`"${message.headers["tenant"]}${message.id}"`, `upper("${message.headers["tenant"]}${message.raw}")`} {
		p := compile(t, text)
		assert.False(t, p.ReadsPayload())
		_, err := p.AppendText(nil, scope(m, schema.PayloadFormatJSON), nil)
		assert.NoError(t, err)
	}
	assert.True(t, compile(t, `upper(message.payload.id)`).ReadsPayload())
}

func TestBody(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		isJSON     bool
	}{
		{`{ "z" = message.payload.id, a = [message.payload.big, null, "é\n", message.payload.deep], (message.id) = true }`,
			`{"a":[123456789012345678901234567890,null,"é\n",{"a":{"b":null}}],"ab000000000000000000000000000001":true,"z":1.10}`, true},
		{`message.payload.deep`, `{"a": {"b": null}}`, true}, // as it was sent
		{`message.payload.name`, `Ada "x" é`, false},
		{`message.payload.id`, `1.10`, true},
		{`jsonencode(message.payload.tags)`, `["x","y"]`, false},
		{`"text ${message.offset}"`, `text 18446744073709551615`, false},
		{`message.offset`, `18446744073709551615`, true},
	} {
		got, isJSON, err := compile(t, tt.text).AppendBody(nil, scope(sample(), schema.PayloadFormatJSON))
		require.NoError(t, err, tt.text)
		assert.Equal(t, tt.want, string(got))
		assert.Equal(t, tt.isJSON, isJSON, tt.text)
	}
}

func TestBool(t *testing.T) {
	for text, want := range map[string]string{
		`message.payload.e > 10`: "true", `message.headers["tenant"] == "x"`: "false", `message.payload.on`: "true",
		`message.payload.name`: "the value is not true or false", `upper(message.id)`: "the value is a string and not true or false",
		`message.payload.none > 1`: "message.payload.none is missing", `message.payload.deep.a.b`: "message.payload.deep.a.b is null",
	} {
		got, err := compile(t, text).Bool(scope(sample(), schema.PayloadFormatJSON))
		if err != nil {
			assert.Equal(t, want, err.Error(), text)
		} else {
			assert.Equal(t, want, map[bool]string{true: "true", false: "false"}[got], text)
		}
	}
}

// One value has one text, however it is written: two configurations that say the same are then the same.
func TestSourceHasOneTextForAValue(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`{ b = message.id, a = 1 }`, `${{"a" = 1, "b" = message.id, }}`},
		{`{ "b" = (message.id), ("a") = 1 }`, `${{"a" = 1, "b" = message.id, }}`},
		{`{ "b" : "${message.id}", a : (1) }`, `${{"a" = 1, "b" = message.id, }}`},
		{`{ 5 = message.id, a = message.id, a = 2 }`, `${{"a" = message.id, "a" = 2, (5) = message.id, }}`}, // the last counts
		{`{ (message.id) = 1, a = 2 }`, `${{(message.id) = 1, "a" = 2, }}`},
		{`{ (var.secret) = message.id }`, `${{("canary") = message.id, }}`}, // no plain name
		{`(message.payload.l[*].a)[0]`, `${(message.payload.l[*].a)[0]}`},   // not the element of each
		{`((message.payload.n)) + (1)`, `${(message.payload.n + 1)}`},
		{`(message.payload.n > 1 ? message.id : "x").y`, `${((message.payload.n > 1) ? message.id : "x").y}`},
	} {
		got, err := source(t, tt.text)
		require.NoError(t, err, tt.text)
		require.Equal(t, tt.want, got, tt.text)
		compile(t, tt.text)
	}
}

func TestSourceRefusesWhatCannotDependOnAMessage(t *testing.T) {
	for text, want := range map[string]string{
		`env(message.id)`:                "env() is evaluated at the start, before there is a message. Its arguments cannot depend on one.",
		`upper("${topic}${message.id}")`: "Here it is message.topic; ${topic} can stand in plain text only.",
		`message`:                        "Message alone is not a value; use one of headers, id, offset, partition, payload, raw, stream, timestamp, topic.",
		`message.body`:                   "Message has no body; it has headers, id, offset, partition, payload, raw, stream, timestamp, topic.",
		`"${message.id}${var.list}"`:     "This is not text. jsonencode() makes text of any value.",
		`"${message.id}${var.unknown}"`:  "unknown",
	} {
		_, err := source(t, text)
		require.Error(t, err, text)
		assert.Equal(t, want, err.Error())
	}
}

// An expression that costs too much for its message fails, whatever it is made of.
func TestCostsAreBounded(t *testing.T) {
	m := &schema.Message{Payload: []byte("[" + strings.TrimSuffix(strings.Repeat("1,", 2000), ",") + "]")}
	for _, text := range []string{
		`[for a in message.payload : [for b in message.payload : [for c in message.payload : a]]]`,
		`length([for a in message.payload : join(jsonencode(message.payload), [for b in message.payload : "${b}"])])`,
		`replace(jsonencode(message.payload), "1", jsonencode(message.payload))`,
		`setproduct(message.payload, message.payload, message.payload)`,
		`regex("(a|b|c){200}", join("", [for a in message.payload : jsonencode(message.payload)]))`,
	} {
		_, _, err := compile(t, text).AppendBody(nil, scope(m, schema.PayloadFormatJSON))
		var reason *Error
		require.ErrorAs(t, err, &reason, text)
		assert.Contains(t, []string{errCost.Reason, "the function replace failed", "the function setproduct failed"}, reason.Reason, text)
	}
}

func TestHostileNumbersAndNestingAreRefused(t *testing.T) {
	for payload, want := range map[string]string{
		`{"n": 1e9999999}`:                        "the payload has a number of more than 300 digits",
		`{"n": ` + strings.Repeat("9", 301) + `}`: "the payload has a number of more than 300 digits",
		`{"n": ` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`: "the payload nests more than 256 levels deep",
		`{"n": "1e9999999"}`: "the expression failed: number out of range",
	} {
		_, err := compile(t, `"${message.payload.n + 1}"`).AppendText(nil, scope(&schema.Message{Payload: []byte(payload)}, schema.PayloadFormatJSON), nil)
		require.Error(t, err, payload)
		assert.Equal(t, want, err.Error())
	}
	digits := strings.Repeat("9", 400)
	got, err := compile(t, `"${message.payload.n}"`).AppendText(nil, scope(&schema.Message{Payload: []byte(`{"n":` + digits + `}`)}, schema.PayloadFormatJSON), nil)
	require.NoError(t, err)
	assert.Equal(t, digits, string(got), "what is only copied may be as long as it likes")
}

func TestURLConfinesValues(t *testing.T) {
	p := compile(t, `"https://h/t/${message.headers["v"]}/o?q=${message.headers["v"]}"`)
	for value, want := range map[string]string{
		"a/b": "https://h/t/a%2Fb/o?q=a%2Fb", "../x": "https://h/t/..%2Fx/o?q=..%2Fx", "?#&=": "https://h/t/%3F%23%26%3D/o?q=%3F%23%26%3D",
		"..": "a path segment would be . or .., which servers resolve", ".": "a path segment would be . or .., which servers resolve",
		"": "a value is empty, where the url needs text", "%2e%2e": "https://h/t/%252e%252e/o?q=%252e%252e",
		"a\r\nb\x00": "https://h/t/a%0D%0Ab%00/o?q=a%0D%0Ab%00", "ü\u202e": "https://h/t/%C3%BC%E2%80%AE/o?q=%C3%BC%E2%80%AE",
	} {
		m := &schema.Message{Headers: []schema.Header{{Key: []byte("v"), Kind: schema.HeaderString, Value: []byte(value)}}}
		got, err := p.AppendURL(nil, scope(m, schema.PayloadFormatJSON))
		if err != nil {
			got = []byte(err.Error())
		}
		assert.Equal(t, want, string(got), "%q", value)
	}
	two := compile(t, `"https://h/${message.headers["v"]}${message.headers["v"]}"`)
	m := &schema.Message{Headers: []schema.Header{{Key: []byte("v"), Kind: schema.HeaderString, Value: []byte(".")}}}
	_, err := two.AppendURL(nil, scope(m, schema.PayloadFormatJSON))
	assert.Error(t, err, "two values of one dot each")
}

func TestHeaderRefusesControlCharacters(t *testing.T) {
	p := compile(t, `"v=${message.headers["v"]}"`)
	for value, ok := range map[string]bool{"a b\tc": true, "a\r\nX: y": false, "a\x00": false, "\x7f": false, "é": true} {
		m := &schema.Message{Headers: []schema.Header{{Key: []byte("v"), Kind: schema.HeaderString, Value: []byte(value)}}}
		_, err := p.AppendHeader(nil, scope(m, schema.PayloadFormatJSON))
		assert.Equal(t, ok, err == nil, "%q", value)
	}
}

func TestReferencesAllocateNothing(t *testing.T) {
	p := compile(t, `"https://h/${message.headers["tenant"]}/${message.payload.tags[1]}/${message.offset}"`)
	s, m := scope(sample(), schema.PayloadFormatJSON), sample()
	dst := make([]byte, 0, 256)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		s.Reset(s.partition, s.format, m)
		_, _ = p.AppendURL(dst, s)
	}))
}

func BenchmarkURL(b *testing.B) {
	for name, text := range map[string]string{
		"references": `"https://h/${message.headers["tenant"]}/${message.payload.id}"`,
		"hcl":        `"https://h/${lower(message.headers["tenant"])}/${message.payload.id}"`,
	} {
		b.Run(name, func(b *testing.B) {
			p, m, s := compile(b, text), sample(), &Scope{}
			dst := make([]byte, 0, 256)
			b.ReportAllocs()
			for b.Loop() {
				s.Reset(schema.Partition{}, schema.PayloadFormatJSON, m)
				if _, err := p.AppendURL(dst, s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
