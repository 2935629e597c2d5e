package relay

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"iggysink/schema"
)

func TestOrderingKey(t *testing.T) {
	headers := []schema.Header{
		{Key: []byte("tenant"), Kind: schema.HeaderString, Value: []byte("acme")},
		{Key: []byte("n"), Kind: schema.HeaderUint8, Value: []byte{7}},
	}
	for _, tt := range []struct{ name, key, payload, want string }{
		{"header", "header:tenant", "", "acme"},
		{"header of another kind", "header:n", "", "\x07"},
		{"header that is not there", "header:Tenant", "", "none"},
		{"member", "payload:/a", `{"b": 1, "a": "x"}`, `"x"`},
		{"nested", "payload:/a/b", `{"a": {"c": {"b": 1}, "b": 2}}`, `2`},
		{"behind brackets in a string", "payload:/b", `{"a": "}\"]{", "b": [1, {"c": "]"}]}`, `[1, {"c": "]"}]`},
		{"element", "payload:/a/1", `{"a": [ 1 , true ]}`, `true`},
		{"element beyond the end", "payload:/a/2", `{"a": [1, 2]}`, "none"},
		{"element of an empty array", "payload:/0", `[]`, "none"},
		{"leading zero", "payload:/00", `[1]`, "none"},
		{"whole payload", "payload:", ` 12 `, `12`},
		{"escaped pointer", "payload:/a~1b/c~0d", `{"a/b": {"c~d": null}}`, `null`},
		{"escaped name", "payload:/é", `{"\u00e9": 1}`, `1`},
		{"one spelling of a string", "payload:/a", `{"a": "\u0078\/"}`, `"x/"`},
		{"empty name", "payload:/", `{"": 3}`, `3`},
		{"scalar instead of an object", "payload:/a/b", `{"a": 1}`, "none"},
		{"no value", "payload:/a", `{"a": }`, "none"},
		{"cut off", "payload:/a", `{"a": "x`, "none"},
		{"cut off in a nested value", "payload:/b", `{"a": {"x": [1, "`, "none"},
		{"empty", "payload:/a", ``, "none"},
		{"not a key", "offset", `{"a": 1}`, "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := parseOrderingKey(tt.key)
			v, ok := k.value(&schema.Message{Headers: headers, Payload: []byte(tt.payload)})
			got := "none"
			if ok {
				got = string(v)
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestMessagesOfOneKeyShareALaneAndThoseWithoutOneToo(t *testing.T) {
	k := parseOrderingKey("payload:/id")
	lanes := map[int]bool{}
	for i := range 200 {
		a := k.lane(&schema.Message{Payload: []byte(`{"id":"` + strconv.Itoa(i) + `"}`)}, 8)
		b := k.lane(&schema.Message{Payload: []byte(`{"x": 1, "id" : "` + strconv.Itoa(i) + `"}`)}, 8)
		assert.Equal(t, a, b)
		lanes[a] = true
	}
	assert.Greater(t, len(lanes), 4, "keys spread over the lanes")
	assert.Equal(t, 0, k.lane(&schema.Message{Payload: []byte(`{}`)}, 8))
}

func TestOrderingKeyFindsWhatAParserFinds(t *testing.T) {
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		scalars := []*rapid.Generator[any]{
			rapid.String().AsAny(), rapid.Int32().AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil),
		}
		if depth > 0 {
			scalars = append(scalars, rapid.SliceOfN(value(depth-1), 0, 4).AsAny(),
				rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "ü", `"`, ""}), value(depth-1), 0, 4).AsAny())
		}
		return rapid.OneOf(scalars...)
	}
	rapid.Check(t, func(t *rapid.T) {
		doc := map[string]any{"x": value(2).Draw(t, "x"), "y": value(2).Draw(t, "y")}
		payload, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		k := parseOrderingKey("payload:/y")
		got, ok := k.value(&schema.Message{Payload: payload})
		if !ok {
			t.Fatalf("no key in %s", payload)
		}
		want, err := json.Marshal(doc["y"])
		if err != nil {
			t.Fatal(err)
		}
		if s := string(unescape(want)); s != string(got) {
			t.Fatalf("got %s, want %s", got, s)
		}
	})
}

func FuzzOrderingKeyNeverPanics(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"\""}]}`))
	k := parseOrderingKey("payload:/a/1/b")
	f.Fuzz(func(t *testing.T, payload []byte) {
		if n := k.lane(&schema.Message{Payload: payload}, 3); n < 0 || n > 2 {
			t.Fatalf("lane %d", n)
		}
	})
}

func BenchmarkOrderingKey(b *testing.B) {
	m := &schema.Message{Payload: []byte(`{"a":{"x":[1,2,3]},"text":"hello world","tenant":{"id":"acme"}}`)}
	k := parseOrderingKey("payload:/tenant/id")
	b.ReportAllocs()
	for b.Loop() {
		k.lane(m, 8)
	}
}
