package iggyhttp

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// recordedPolls are the answers to polls that real servers gave.
func recordedPolls(tb testing.TB) (bodies [][]byte) {
	tb.Helper()
	for _, version := range []string{"0.8", "0.9"} {
		file, err := os.Open("../iggyserver/testdata/http-" + version + ".jsonl")
		require.NoError(tb, err)
		scanner := bufio.NewScanner(file)
		scanner.Buffer(nil, 8<<20)
		for scanner.Scan() {
			var line struct {
				Path     string
				Note     string
				Status   int
				Response json.RawMessage
			}
			require.NoError(tb, json.Unmarshal(scanner.Bytes(), &line))
			isPoll := strings.Contains(line.Path, "/messages") && line.Status == 200
			if isPoll && !strings.Contains(string(line.Response), "(1336 characters)") {
				bodies = append(bodies, line.Response)
			}
		}
		require.NoError(tb, file.Close())
	}
	return bodies
}

// fast decodes without the help of encoding/json.
func fast(body []byte) (polled, bool) {
	s := scanner{b: body}
	a := polled{messages: []schema.Message{}}
	s.answer(&a)
	return a, !s.odd && s.space() == len(body)
}

func TestRecordedPollsNeedNoHelp(t *testing.T) {
	bodies := recordedPolls(t)
	require.Greater(t, len(bodies), 40)
	for _, body := range bodies {
		got, fine := fast(body)
		require.True(t, fine, "%s", body)
		want, err := decodeSlowly(body)
		require.NoError(t, err)
		require.Equal(t, plainly(want), plainly(got), "%s", body)
	}
}

// plainly makes empty and missing slices the same.
func plainly(a polled) polled {
	for i := range a.messages {
		m := &a.messages[i]
		if len(m.Payload) == 0 {
			m.Payload = nil
		}
		for j := range m.Headers {
			if h := &m.Headers[j]; len(h.Value) == 0 {
				h.Value = nil
			}
			if h := &m.Headers[j]; len(h.Key) == 0 {
				h.Key = nil
			}
		}
		if len(m.Headers) == 0 {
			m.Headers = nil
		}
	}
	return a
}

const oneMessage = `{"header":{"checksum":18446744073709551615,"id":340282366920938463463374607431768211455,"offset":7,` +
	`"timestamp":1,"origin_timestamp":2,"user_headers_length":0,"payload_length":3,"reserved":0},"payload":"YWJj","user_headers":`

func answerOf(messages ...string) string {
	return `{"partition_id":1,"current_offset":9,"count":1,"messages":[` + strings.Join(messages, ",") + `]}`
}

func TestNumbersAreExact(t *testing.T) {
	a, err := decodePolled([]byte(answerOf(oneMessage+`[]}`)), 1)
	require.NoError(t, err)
	m := a.messages[0]
	assert.Equal(t, uint64(18446744073709551615), m.Checksum)
	assert.Equal(t, schema.MessageID([]byte(strings.Repeat("\xff", 16))), m.ID)
	assert.Equal(t, []any{uint32(1), uint64(9), "abc"}, []any{a.partition, a.current, string(m.Payload)})
}

func TestWhatALaterVersionAddsIsReadOver(t *testing.T) {
	body := `{"context":{"incarnation":18446744073709551615,"x":[true,null,-1.5e+3,"text"]},` + answerOf(oneMessage + `[],"more":{}}`)[1:]
	a, fine := fast([]byte(body))
	require.True(t, fine)
	assert.Len(t, a.messages, 1)
}

// What is odd and fine is read by encoding/json; what is wrong is an error in both.
func TestOddAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		body  string
		fails bool
	}{
		"white space":                   {" { \"partition_id\" : 1 ,\n\"messages\" : [ ] , \"current_offset\" : 0 } ", false},
		"an escape in a key":            {strings.Replace(answerOf(), "partition_id", `partition\u005fid`, 1), false},
		"another case":                  {strings.Replace(answerOf(), "partition_id", "Partition_ID", 1), false},
		"an escape in base64":           {answerOf(strings.Replace(oneMessage, "YWJj", `YWJ\u006a`, 1) + `[]}`), false},
		"no headers":                    {answerOf(strings.TrimSuffix(oneMessage, `,"user_headers":`) + `}`), false},
		"headers that are null":         {answerOf(oneMessage + `null}`), false},
		"a field is missing":            {strings.Replace(answerOf(), `"current_offset":9,`, "", 1), true},
		"an offset is missing":          {answerOf(strings.Replace(oneMessage, `"offset":7,`, "", 1) + `[]}`), true},
		"the payload is missing":        {answerOf(strings.Replace(oneMessage, `"payload":"YWJj",`, "", 1) + `[]}`), true},
		"a number is too large":         {answerOf(strings.Replace(oneMessage, `:7,`, `:18446744073709551616,`, 1) + `[]}`), true},
		"an id is too large":            {answerOf(strings.Replace(oneMessage, `211455,`, `211456,`, 1) + `[]}`), true},
		"a fraction":                    {answerOf(strings.Replace(oneMessage, `:7,`, `:7.5,`, 1) + `[]}`), true},
		"a negative number":             {answerOf(strings.Replace(oneMessage, `:7,`, `:-7,`, 1) + `[]}`), true},
		"a number with a zero":          {answerOf(strings.Replace(oneMessage, `:7,`, `:07,`, 1) + `[]}`), true},
		"no base64":                     {answerOf(strings.Replace(oneMessage, "YWJj", "YW!j", 1) + `[]}`), true},
		"base64 is cut":                 {answerOf(strings.Replace(oneMessage, "YWJj", "YWJ", 1) + `[]}`), true},
		"cut":                           {answerOf(oneMessage + `[]}`)[:200], true},
		"more behind it":                {answerOf() + "x", true},
		"empty":                         {"", true},
		"a list":                        {"[]", true},
		"an error of a proxy":           {"<html>", true},
		"brackets without end":          {strings.Repeat("[", 100000), true},
		"an unknown field that is deep": {strings.Replace(answerOf(), `"count":1`, `"x":`+strings.Repeat("[", 100)+strings.Repeat("]", 100), 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decodePolled([]byte(c.body), 1)
			if c.fails {
				assert.ErrorIs(t, err, errMalformed)
			} else {
				assert.NoError(t, err)
			}
		})
	}
}

func TestHeadersThatTheServerCouldNotReadLeaveTheMessage(t *testing.T) {
	for name, headers := range map[string]string{
		"raw bytes":      `"YwUAAABhYmM="`,
		"unknown kind":   `[{"key":{"kind":"string","value":"aw=="},"value":{"kind":"uint256","value":"AQ=="}}]`,
		"size of a bool": `[{"key":{"kind":"bool","value":"AQI="},"value":{"kind":"string","value":"AQ=="}}]`,
	} {
		t.Run(name, func(t *testing.T) {
			a, err := decodePolled([]byte(answerOf(oneMessage+headers+`}`)), 1)
			require.NoError(t, err)
			assert.Equal(t, 1, a.broken)
			assert.Empty(t, a.messages[0].Headers)
			assert.Equal(t, "abc", string(a.messages[0].Payload))
		})
	}
}

// Keys are unique as they print, as over TCP; the last of two counts, at the place of the first.
func TestHeaderKeysAreUnique(t *testing.T) {
	entry := func(kind, key, value string) string {
		return `{"key":{"kind":"` + kind + `","value":"` + key + `"},"value":{"kind":"string","value":"` + value + `"}}`
	}
	a, err := decodePolled([]byte(answerOf(oneMessage+`[`+entry("string", "Nw==", "YQ==")+`,`+entry("string", "eA==", "Yg==")+`,`+
		entry("uint8", "Bw==", "Yw==")+`]}`)), 1)
	require.NoError(t, err)
	require.Len(t, a.messages[0].Headers, 2)
	assert.Equal(t, []string{"7", "c"}, []string{string(a.messages[0].Headers[0].Key), string(a.messages[0].Headers[0].Value)})
}

// No message of an answer can reach into another by an append, and none holds the answer itself.
func TestMessagesDoNotTouchEachOther(t *testing.T) {
	body := []byte(answerOf(oneMessage+`[]}`, oneMessage+`[]}`))
	a, err := decodePolled(body, 2)
	require.NoError(t, err)
	_ = append(a.messages[0].Payload, "overwrites"...)
	clear(body)
	assert.Equal(t, "abc", string(a.messages[1].Payload))
}

// Whatever the fast way reads, encoding/json reads the same.
func FuzzScanner(f *testing.F) {
	for _, body := range recordedPolls(f) {
		f.Add(body)
	}
	f.Add([]byte(answerOf(oneMessage + `[]}`)))
	f.Add([]byte(`{"partition_id":1,"current_offset":0,"messages":[],"x":[-0.5e-7,{"y":"z"},true,false,null]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, fine := fast(body)
		if !fine {
			return
		}
		want, err := decodeSlowly(body)
		require.NoError(t, err)
		require.Equal(t, plainly(want), plainly(got))
	})
}

// BenchmarkDecode decodes an answer of 1000 messages of 200 bytes.
func BenchmarkDecode(b *testing.B) {
	one := strings.Replace(oneMessage, "YWJj", strings.Repeat("YWJj", 67), 1) + `[]}`
	many := make([]string, 1000)
	for i := range many {
		many[i] = one
	}
	body := []byte(answerOf(many...))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodePolled(body, 1000); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/message")
}
