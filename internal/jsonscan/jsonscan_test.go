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

func TestPointer(t *testing.T) {
	text := []byte(" {\"a/b\": {\"c~d\": [10, {\"\\u00e9\": null}]}, \"\": 3, \"0\": \"x\"} ")
	for pointer, want := range map[string]string{
		"":               string(bytes.TrimSpace(text)),
		"/":              "3",
		"/0":             `"x"`, // a name in an object
		"/a~1b/c~0d/0":   "10",
		"/a~1b/c~0d/00":  "",
		"/a~1b/c~0d/-":   "",
		"/a~1b/c~0d/+1":  "",
		"/a~1b/c~0d/2":   "",
		"/a~1b/c~0d/1/é": "null",
		"/0/0":           "",
		"/~01":           "",
	} {
		value, ok := ParsePointer(pointer).Find(text)
		assert.Equal(t, want, string(value), pointer)
		assert.Equal(t, want != "", ok, pointer)
	}
	value, ok := ParsePointer("/~01").Find([]byte(`{"~1": 2}`))
	assert.True(t, ok)
	assert.Equal(t, "2", string(value))
}

func TestWhatTheEndCutsOffIsNotFound(t *testing.T) {
	for _, text := range []string{``, ` `, `"x`, `"x\"`, `[1`, `{"a":"x"`, `{"a":[`, `]`, `,`} {
		_, ok := ParsePointer("").Find([]byte(text))
		assert.False(t, ok, "%s", text)
	}
	for _, text := range []string{`{"a":"x`, `{"a":"x\"`, `{"a":[1`, `{"a":{"b":1`, `{"a":`, `{"a"`, `{"b":[1,"`} {
		_, ok := ParsePointer("/a").Find([]byte(text))
		assert.False(t, ok, "%s", text)
		_, ok = Find([]byte(text), []Step{{Name: "a"}})
		assert.False(t, ok, "%s", text)
	}
}

func TestWrongEscapesStayAsTheyAreSpelled(t *testing.T) {
	for _, quoted := range []string{`"\x"`, `"\u12"`, `"\u12g4"`, `"a\"`} {
		assert.Equal(t, quoted[1:len(quoted)-1], string(AppendText(nil, []byte(quoted))))
		_, ok := AppendUnescaped(nil, []byte(quoted[1:len(quoted)-1]))
		assert.False(t, ok)
	}
}
