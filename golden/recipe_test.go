package golden

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const transcript = `A case.
-- environment --
TOKEN a b
-- message 0 --
id 1
offset 2
timestamp 3
origin_timestamp 3
checksum 4
payload text {"n":1}
-- request 0 --
at 0s
POST https://h/x
A: 1
B: 2
B: 3

line {"n":1}
-- answer 0 --
429 Too Many Requests
Retry-After: 1

text later
-- outcomes --
0 accepted
`

// A transcript that is written again is the same text.
func TestTranscriptsAreWrittenAsTheyAreRead(t *testing.T) {
	r, err := ParseRecipe("good", []byte(transcript))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"TOKEN": "a b"}, r.Environment)
	require.Equal(t, `{"n":1}`, string(r.Messages[0].Payload))
	require.Equal(t, transcript, r.Transcript([]Exchange{{
		Method: "POST", URL: "https://h/x", Header: http.Header{"B": {"2", "3"}, "A": {"1"}}, Body: []byte("{\"n\":1}\n"),
		Status: 429, Answer: http.Header{"Retry-After": {"1"}}, AnswerBody: []byte("later"),
	}}, []string{"0 accepted"}))
	require.Equal(t, transcript, r.Text())
}

func TestTranscriptsAreReadStrictly(t *testing.T) {
	for _, change := range [][2]string{
		{"A case.\n", ""}, {"-- message 0 --", "-- message 1 --"}, {"-- outcomes --", "-- outcome --"}, {"offset 2\n", ""},
		{"checksum 4", "sum 4"}, {"-- environment --", "-- env --"},
	} {
		text := strings.Replace(transcript, change[0], change[1], 1)
		require.NotEqual(t, transcript, text)
		_, err := ParseRecipe("bad", []byte(text))
		require.Error(t, err, "%q", change[1])
	}
	all, err := Recipes()
	require.NoError(t, err)
	require.NotEmpty(t, all)
}
