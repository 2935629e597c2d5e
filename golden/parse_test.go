package golden

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

const good = `A case.
-- options --
batch_mode nd_json
schema text
-- message 0 --
id 0x0123456789abcdef0123456789abcdef
offset 1
timestamp 2
origin_timestamp 3
checksum 4
header "a b" int16 -2
header k raw 00ff
payload quoted "x\n"
-- message 1 --
id 1
offset 2
timestamp 2
origin_timestamp 3
checksum 4
payload base64 /w==
-- request 0 --
content_type application/x-ndjson
messages 0
line one
text two
-- rejected --
1 payload
`

func TestParseReadsWhatIsWritten(t *testing.T) {
	v, err := Parse("good", []byte(good))
	require.NoError(t, err)
	require.Equal(t, "A case.", v.Doc)
	require.Equal(t, schema.BatchModeNDJSON, v.Options.BatchMode)
	require.True(t, v.Options.IncludeMetadata, "the default of the configuration")
	require.Equal(t, schema.MessageID{0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01,
		0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01}, v.Messages[0].ID)
	require.Equal(t, []schema.Header{
		{Key: []byte("a b"), Kind: schema.HeaderInt16, Value: []byte{0xfe, 0xff}},
		{Key: []byte("k"), Kind: schema.HeaderRaw, Value: []byte{0, 0xff}},
	}, v.Messages[0].Headers)
	require.Equal(t, "x\n", string(v.Messages[0].Payload))
	require.Equal(t, []byte{0xff}, v.Messages[1].Payload)
	require.Equal(t, "one\ntwo", string(v.Requests[0].Body))
	require.Equal(t, []Rejected{{Message: 1, Why: WhyPayload}}, v.Rejected)
}

// What a vector gets wrong is an error that says where, never a default.
func TestParseIsStrict(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"no description", "A case.\n", "", "must begin with a sentence"},
		{"no options", "-- options --\nbatch_mode nd_json\nschema text\n", "", `must not come before "options"`},
		{"nothing else", good[len("A case.\n"):], "", `no section "options"`},
		{"unknown section", "-- rejected --", "-- refused --", `section "refused": unknown section`},
		{"section without a name", "-- rejected --", "-- --", "a section has no name"},
		{"wrong number", "-- message 1 --", "-- message 2 --", "wrong number"},
		{"number where none belongs", "-- rejected --", "-- rejected 0 --", "wrong number"},
		{"repeated section", "-- rejected --\n", "-- rejected --\n1 payload\n-- rejected --\n", "out of order or repeated"},
		{"section out of order", "-- request 0 --", "-- options --\n-- request 0 --", "out of order"},
		{"unknown option", "schema text", "schema text\nzip true", "line 3: zip: unknown key"},
		{"missing option", "schema text\n", "", "schema is missing"},
		{"repeated option", "schema text", "schema text\nschema json", "line 3: schema is repeated"},
		{"bad option", "nd_json", "lines", "line 1: batch_mode"},
		{"bad boolean", "schema text", "schema text\ninclude_metadata 1", "want true or false"},
		{"empty line", "schema text\n", "schema text\n\n", "unknown key"},
		{"unknown field", "offset 1", "offset 1\nkey x", "unknown key"},
		{"missing field", "checksum 4\nheader", "header", "checksum is missing"},
		{"id too large", "id 0x0", "id 0xf0", "does not fit into 128 bits"},
		{"header kind", "int16", "int17", "not a kind of header"},
		{"header range", "int16 -2", "int16 32768", "does not fit into 16 bits"},
		{"repeated header", "header k raw 00ff", `header "a b" raw 00`, "names are unique"},
		{"unclosed name", `"a b"`, `"a b`, "name:"},
		{"bytes kind", "base64 /w==", "rot13 /w==", "unknown key or kind of bytes"},
		{"bad base64", "/w==", "/x==", "illegal base64"},
		{"no content type", "content_type application/x-ndjson\n", "", "content_type is missing"},
		{"no body", "line one\ntext two\n", "", "the body is missing"},
		{"message that is not there", "messages 0", "messages 7", "not the number of a message"},
		{"no fate", "-- rejected --\n1 payload\n", "", "message 1 is neither sent nor rejected"},
		{"two fates", "messages 0", "messages 0 1", "message 1 is sent as well as rejected"},
		{"unknown reason", "1 payload", "1 mood", "want payload or size"},
		{"empty rejected", "1 payload\n", "", "it is empty"},
		{"unknown answer", "-- request 0 --", "-- answers --\n99\n-- request 0 --", "not a status code"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Contains(t, good, tt.old, "the test changes nothing")
			_, err := Parse("case", []byte(strings.Replace(good, tt.old, tt.new, 1)))
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "case:")
		})
	}
}

// An empty corpus would let every reader of it pass, and a file that is no vector would be read by none.
func TestCorpusHasNothingButVectors(t *testing.T) {
	_, err := read(fstest.MapFS{"vectors": {Mode: 0o755 | 1<<31}})
	require.ErrorContains(t, err, "empty")
	_, err = read(fstest.MapFS{"vectors/a.txtar": {Data: []byte(good)}, "vectors/notes.md": {}})
	require.ErrorContains(t, err, "notes.md in the corpus is not a vector")
	_, err = read(fstest.MapFS{"vectors/more/a.txtar": {Data: []byte(good)}})
	require.ErrorContains(t, err, "more in the corpus is not a vector")
	_, err = read(fstest.MapFS{})
	require.Error(t, err)
}

// Every value that a person can write for each kind of header, at its limits.
func TestIntegersAreLittleEndian(t *testing.T) {
	for _, tt := range []struct {
		text   string
		bits   int
		signed bool
		want   []byte
	}{
		{"-1", 16, true, []byte{0xff, 0xff}},
		{"-32768", 16, true, []byte{0x00, 0x80}},
		{"258", 32, false, []byte{2, 1, 0, 0}},
		{"0xff", 8, false, []byte{0xff}},
	} {
		got, err := parseInteger(tt.text, tt.bits, tt.signed)
		require.NoError(t, err)
		require.Equal(t, tt.want, got, tt.text)
	}
	_, err := parseInteger("-129", 8, true)
	require.Error(t, err)
}

// Whatever the file, Parse does not panic, and what it accepts survives being written and read again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(strings.Replace(good, "line one", `quoted "\x00\xff"`, 1)))
	f.Add([]byte(strings.Replace(good, "-- request 0 --", "-- answers --\n503 Retry-After: 1\n-- request 0 --", 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse("fuzz", data)
		if err != nil {
			return
		}
		again, err := Parse("fuzz", v.Update(v.Requests, v.Rejected))
		require.NoError(t, err)
		require.Equal(t, v.Messages, again.Messages)
		require.Equal(t, v.Requests, again.Requests)
		require.Equal(t, v.Rejected, again.Rejected)
	})
}
