package jsonscan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ExampleFind() {
	value, ok := Find([]byte(`{"order": {"id": 1.10, "tags": ["a", "b"]}}`), []Step{{Name: "order"}, {Name: "tags"}, {Index: 1, IsIndex: true}})
	fmt.Println(string(value), ok)
	// Output: "b" true
}

func TestFind(t *testing.T) {
	text := []byte(" {\"a\": {\"b\\\"\": [1, {\"c\":\"x]}\\\\\"}, [ ] ,null]}, \"n\" : -1.50e+3 , \"\\u0061\" : 7, \"\": true} \n")
	for _, tt := range []struct {
		path []Step
		want string // "" is not found
	}{
		{[]Step{{Name: "n"}}, "-1.50e+3"},
		{[]Step{{Name: "a"}}, "7"}, // the last of two, however it is escaped
		{[]Step{{Name: ""}}, "true"},
		{[]Step{{Name: "missing"}}, ""},
		{[]Step{{Name: "n"}, {Name: "x"}}, ""},
		{[]Step{{Index: 0, IsIndex: true}}, ""},
		{nil, string(bytes.TrimSpace(text))},
	} {
		value, ok := Find(text, tt.path)
		assert.Equal(t, tt.want, string(value))
		assert.Equal(t, tt.want != "", ok)
	}
	for i, want := range []string{"1", `{"c":"x]}\\"}`, "[ ]", "null", ""} {
		value, _ := Find([]byte(`[1, {"c":"x]}\\"}, [ ] ,null]`), []Step{{Index: i, IsIndex: true}})
		assert.Equal(t, want, string(value))
	}
}

func TestAppendText(t *testing.T) {
	for quoted, want := range map[string]string{`""`: "", `"a\n\u00e9\"\\"`: "a\né\"\\", `"\ud800"`: "\uFFFD", `"é"`: "é", `"`: ""} {
		assert.Equal(t, "x"+want, string(AppendText([]byte("x"), []byte(quoted))))
	}
}

// Whatever encoding/json decodes is found at the same place with the same value; other text ends, and stays inside.
func FuzzFind(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":"\\\""}]}`, `[]`, `{"a":`, `["`, `{"a"}`, `[,]`, `{"\u0000":[{}]}`, "\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want any
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if decoder.Decode(&want) != nil || !json.Valid(text) || !utf8.Valid(text) {
			_, _ = Find(text, []Step{{Name: "a"}, {Index: 1, IsIndex: true}})
			return
		}
		compare(t, text, nil, want)
	})
}

func compare(t *testing.T, text []byte, path []Step, want any) {
	t.Helper()
	value, ok := Find(text, path)
	require.True(t, ok, "%v", path)
	switch want := want.(type) {
	case map[string]any:
		for name, member := range want {
			compare(t, value, []Step{{Name: name}}, member)
		}
		_, ok := Find(value, []Step{{Name: "no such member " + strconv.Itoa(len(want))}})
		require.False(t, ok)
	case []any:
		for i, element := range want {
			compare(t, value, []Step{{Index: i, IsIndex: true}}, element)
		}
		_, ok := Find(value, []Step{{Index: len(want), IsIndex: true}})
		require.False(t, ok)
	case string:
		require.Equal(t, want, string(AppendText(nil, value)))
	default:
		got, err := json.Marshal(want)
		require.NoError(t, err)
		require.Equal(t, string(got), string(value))
	}
}
