package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// commandIn is command with text on stdin.
func commandIn(t *testing.T, code int, stdin string, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	require.Equal(t, code, run(t.Context(), args, strings.NewReader(stdin), &out, &errs), "%v\n%s%s", args, &out, &errs)
	return out.String(), errs.String()
}

// counted is a listener that counts the connections made to it.
func counted(t *testing.T) (address string, count func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var mu sync.Mutex
	n := 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			n++
			mu.Unlock()
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String(), func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// Nobody is asked for anything: not the endpoint, its health check or proxy, not the token endpoint, not Iggy.
func TestRenderMakesNoConnection(t *testing.T) {
	address, count := counted(t)
	path := filepath.Join(t.TempDir(), "sink.hcl")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `
iggy {
  address  = %[1]q
  username = "iggy"
  password = "iggy"
}
sink "orders" {
  url                  = "http://%[1]s/in"
  health_check_enabled = true
  auth "oauth2" {
    token_url     = "http://%[1]s/token"
    client_id     = "me"
    client_secret = "hushhush"
  }
  network {
    proxy = "http://%[1]s"
  }
  stream "shop" {
    topics = ["created"]
  }
}
`, address), 0o600))
	for _, more := range []string{"--payloads", "--curl"} {
		out, _ := commandIn(t, exitOK, `{"id":1}`, "render", path, "--sink", "orders", more)
		assert.Contains(t, out, "an access token, which only the token endpoint can tell")
	}
	assert.Zero(t, count())
}

func TestRevealNeedsATerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sink.hcl")
	require.NoError(t, os.WriteFile(path, []byte("sink"), 0o600))
	t.Setenv("CI", "")
	_, errs := commandIn(t, exitUsage, "1", "render", path, "--sink", "a", "--reveal")
	assert.Contains(t, errs, "--reveal shows secrets on a terminal only, and stdout is none")
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	assert.ErrorContains(t, mayReveal(file), "terminal only")
	require.NoError(t, file.Close())
	terminal, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a device that shows characters, to nobody
	require.NoError(t, err)
	defer func() { require.NoError(t, terminal.Close()) }()
	require.NoError(t, mayReveal(terminal))
	t.Setenv("CI", "true")
	assert.ErrorContains(t, mayReveal(terminal), "does not work where CI is set")
}

// hostileMessages hold what a shell, a terminal and a runner of CI would act on.
func hostileMessages() []string {
	return []string{
		`it's "quoted" $HOME $(touch canary) ` + "`touch canary` \\n %s %d", "@file", "-n", "-", "line\nbreak\n", "tab\tCR\rLF\n", "\x1b[31mred\x1b]0;title\x07",
		"\x00\x01\xff\xfe binary %s \\", "::add-mask::x\n##[group]", "für \u202e öffnen", "", " ", strings.Repeat("long'%\\", 20_000), "\n\n\n", "a\\", "'",
	}
}

// The command lines of --curl make the requests that the sink makes, byte by byte.
func TestCurlMakesTheRequestsOfTheSink(t *testing.T) { //nolint:funlen // a table and what it is held against
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("there is no curl")
	}
	type arrived struct {
		method, uri, host, body string
		header                  http.Header
	}
	var mu sync.Mutex
	var got []arrived
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, arrived{r.Method, r.RequestURI, r.Host, string(body), r.Header})
	}))
	defer server.Close()
	take := func() []arrived {
		mu.Lock()
		defer mu.Unlock()
		all := got
		got = nil
		return all
	}
	for name, configure := range map[string]func(*schema.Sink){
		"plain": nil,
		"headers": func(s *schema.Sink) {
			s.Headers = map[string]schema.Template{
				"X-Quote": schema.Literal(`it's "x" $HOME %s \`), "X-Empty": schema.Literal(""), "X-Umlaut": schema.Literal("ü \u202e"),
				"SOAPAction": schema.Literal("@x"), "Accept": schema.Literal("text/html"), "user-agent": schema.Literal("mine"), "Host": schema.Literal("other.example"),
			}
			s.Auth = &schema.Auth{Basic: &schema.AuthBasic{Type: "basic", Username: "u", Password: schema.NewSecret("p'$x")}}
		},
		"url": func(s *schema.Sink) {
			s.URL, _ = schema.ParseTemplate(server.URL + `/a/[1-3]/{x,y}/%2e%2e%2f/ü?q=${message.offset}&r='"$(x)&s=[a]`)
		},
		"put and gzip": func(s *schema.Sink) {
			s.Method = schema.MethodPut
			s.Compression = &schema.Compression{Algorithm: schema.CompressionAlgorithmGzip, Level: schema.CompressionLevelDefault}
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := schema.DefaultSink()
			cfg.Name, cfg.BatchMode = "orders", schema.BatchModeRaw
			cfg.URL, err = schema.ParseTemplate(server.URL + "/in")
			require.NoError(t, err)
			if configure != nil {
				configure(&cfg)
			}
			engine, err := sinkhttp.New(&cfg, sinkhttp.Options{})
			require.NoError(t, err)
			defer engine.Close()
			b := sinkhttp.Batch{Partition: schema.Partition{Stream: "shop", Topic: "created"}, Schema: schema.PayloadFormatRaw}
			for i, text := range hostileMessages() {
				b.Messages = append(b.Messages, schema.Message{Offset: uint64(i), Payload: []byte(text)})
			}
			for _, o := range engine.Deliver(t.Context(), b) {
				require.Equal(t, sinkhttp.Accepted, o.Kind, "%v", o)
			}
			want := take()
			requests, outcomes := engine.Render(b)
			require.Empty(t, outcomes)
			var script bytes.Buffer
			p := &requestPrinter{out: &script, sink: &cfg, curl: true}
			for i := range requests {
				require.NoError(t, p.print(&event{request: &requests[i], lines: []int{i}, at: b.Partition}))
			}
			for _, c := range []byte{0x1b, 0, '\r', 7} {
				assert.NotContains(t, script.String(), string(c), "what is printed steers no terminal")
			}
			assert.NotContains(t, script.String(), "\n::")
			shell := exec.CommandContext(t.Context(), "sh", "-eu")
			shell.Dir = t.TempDir()
			shell.Env = []string{"PATH=" + filepath.Dir(curl) + ":/bin:/usr/bin", "HOME=" + shell.Dir}
			shell.Stdin = &script
			out, err := shell.CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.NoFileExists(t, filepath.Join(shell.Dir, "canary"))
			arrivals := take()
			require.Len(t, arrivals, len(want))
			for i := range want {
				assert.Equal(t, want[i], arrivals[i], "message %d", i)
			}
		})
	}
}

// What is printed can be looked at on a terminal and in the log of a job.
func TestRenderedTextSteersNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sink.hcl")
	require.NoError(t, os.WriteFile(path, []byte("iggy {\n  username = \"iggy\"\n  password = env(\"P\", \"x\")\n}\nsink \"orders\" {\n"+
		"  url = \"https://api.example.com/$${topic}\"\n  batch_mode = \"raw\"\n  stream \"shop\" {\n    topics = [\"created\"]\n    schema = \"raw\"\n  }\n}\n"), 0o600))
	var in strings.Builder
	for _, m := range hostileMessages() {
		fmt.Fprintf(&in, "{\"payload_base64\": %q}\n", base64Of(m))
	}
	for _, more := range []string{"--sink=orders", "--curl"} {
		out, _ := commandIn(t, exitOK, in.String(), "render", path, "--sink", "orders", more)
		for line := range strings.SplitSeq(out, "\n") {
			assert.True(t, isShowable(line), "%q", line)
		}
	}
}

func TestMessageLines(t *testing.T) { //nolint:funlen // a table and what it is held against
	sink := schema.DefaultSink()
	sink.Name = "orders"
	sink.Streams = []schema.Stream{schema.DefaultStream(), schema.DefaultStream()}
	sink.Streams[0].Name, sink.Streams[0].Topics = "shop", []string{"created", "paid"}
	sink.Streams[1].Name, sink.Streams[1].Topics = "crm", []string{"paid"}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	read := func(text string) ([]rendered, error) {
		return (&messageReader{sink: &sink, now: now}).read(strings.NewReader(text))
	}
	all, err := read(`{"id": 1}` + "\r\n\n" + `[1]` + "\n" +
		`{"payload": {"id": 1}, "topic": "paid", "stream": "crm", "partition": 2, "offset": 9, "id": "0000000000000000000000000000000a",` +
		` "timestamp": 5, "origin_timestamp": 4, "checksum": 3, "headers": {"b": true, "a": "x", "n": 1, "f": 1.5}}` + "\n" +
		`{"payload": "text", "stream": "crm", "partition": 2}` + "\n" + `{"payload_base64": "AAH/"}`)
	require.NoError(t, err)
	require.Len(t, all, 5)
	assert.Equal(t, []int{1, 3, 4, 5, 6}, []int{all[0].line, all[1].line, all[2].line, all[3].line, all[4].line})
	assert.Equal(t, `{"id": 1}`, string(all[0].m.Payload))
	assert.Equal(t, schema.Partition{Stream: "shop", Topic: "created"}, all[0].at)
	assert.Equal(t, uint64(now.UnixMicro()), all[0].m.Timestamp)
	assert.Equal(t, uint64(1), all[1].m.Offset)
	third := all[2]
	assert.Equal(t, schema.Partition{Stream: "crm", Topic: "paid", ID: 2}, third.at)
	assert.Equal(t, schema.Message{
		ID: schema.MessageID{10}, Offset: 9, Timestamp: 5, OriginTimestamp: 4, Checksum: 3, Payload: []byte(`{"id": 1}`),
		Headers: []schema.Header{
			{Key: []byte("a"), Kind: schema.HeaderString, Value: []byte("x")}, {Key: []byte("b"), Kind: schema.HeaderBool, Value: []byte{1}},
			{Key: []byte("f"), Kind: schema.HeaderFloat64, Value: []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x3f}},
			{Key: []byte("n"), Kind: schema.HeaderInt64, Value: []byte{1, 0, 0, 0, 0, 0, 0, 0}},
		},
	}, third.m)
	assert.Equal(t, "text", string(all[3].m.Payload))
	assert.Equal(t, uint64(10), all[3].m.Offset, "one more than the last of its partition")
	assert.Equal(t, []byte{0, 1, 0xff}, all[4].m.Payload)

	// A dead letter, as it is written.
	all, err = read(`{"time":"2026-03-10T09:20:00Z","sink":"other","stream":"shop","topic":"created","partition":1,"offset":42,` +
		`"id":"00000000000000000000000000000001","kind":"rejected","reason":"x","response_body":"y","status":422,"attempts":1,"timestamp":2,` +
		`"origin_timestamp":1,"checksum":12345,"schema":"json","headers":[{"key":"source","kind":2,"value":"shop"},{"key_base64":"/w==","kind":1,"value_base64":"AA=="}],` +
		`"payload":"{\"id\":7}"}`)
	require.NoError(t, err)
	assert.Equal(t, `{"id":7}`, string(all[0].m.Payload))
	assert.Equal(t, []schema.Header{
		{Key: []byte("source"), Kind: schema.HeaderString, Value: []byte("shop")}, {Key: []byte{0xff}, Kind: schema.HeaderRaw, Value: []byte{0}},
	}, all[0].m.Headers)

	for text, want := range map[string]string{
		"":                                     "there are no messages",
		" \n\n":                                "there are no messages",
		"1\n" + `{"payload": 1, "header": {}}`: `line 2: a message has no property "header"; did you mean "headers"?`,
		`{"payload": 1, "zzzzzz": {}}`:         `line 1: a message has no property "zzzzzz"; if the whole line is the payload, add --payloads`,
		`{"payload": 1, "payload_base64": "AA=="}`:                                 "exclude each other",
		`{"payload_base64": "?"}`:                                                  "payload_base64 is not base64",
		`{"payload": 1, "partition": -1}`:                                          "partition: a number -1 is no uint32",
		`{"payload": 1, "partition": "x"}`:                                         "partition: a string is no uint32",
		`{"payload": 1, "offset": 18446744073709551616}`:                           "offset: a number 18446744073709551616 is no uint64",
		`{"payload": 1, "id": "abc"}`:                                              "id: it has 32 hexadecimal digits",
		`{"payload": 1, "id": "zz000000000000000000000000000001"}`:                 "id: it has 32 hexadecimal digits",
		`{"payload": 1, "topic": "nosuch"}`:                                        `the sink does not read topic "nosuch" of stream ""; it reads shop/created, shop/paid, crm/paid`,
		`{"payload": 1, "headers": 7}`:                                             "headers: they are an object",
		`{"payload": 1, "headers": {"a": []}}`:                                     `headers: "a" is no text`,
		`{"payload": 1, "headers": [{"kind": 2, "value": "x"}]}`:                   "headers: an element has no key",
		`{"payload": 1, "headers": [{"key": "x", "kind": 99}]}`:                    "a kind that Iggy does not have",
		`{"payload": 1, "headers": [{"key": "x", "kind": 1, "value_base64":"?"}]}`: "is not base64",
		strings.Repeat("x", maxLineBytes+100_000):                                  "line 1: a line is longer than",
		strings.Repeat("1\n", maxRendered+1):                                       "line 100001: too much to render",
	} {
		_, err := read(text)
		assert.ErrorContains(t, err, want, "%.80s", text)
	}
	forced, err := (&messageReader{sink: &sink, now: now, payloads: true}).read(strings.NewReader(`{"payload": 1, "x": 2}`))
	require.NoError(t, err)
	assert.Equal(t, `{"payload": 1, "x": 2}`, string(forced[0].m.Payload))
}

// Any line is read or refused.
func FuzzMessageLine(f *testing.F) {
	for _, seed := range []string{`{"payload": 1}`, `{"payload":"x","headers":{"a":1}}`, `{"payload":null}`, `{"payload_base64":null}`, "[", `{"payload":"\ud800"}`} {
		f.Add(seed)
	}
	sink := schema.DefaultSink()
	sink.Streams = []schema.Stream{schema.DefaultStream()}
	sink.Streams[0].Name, sink.Streams[0].Topics = "shop", []string{"created"}
	f.Fuzz(func(t *testing.T, line string) {
		all, err := (&messageReader{sink: &sink}).read(strings.NewReader(line))
		if (err == nil) != (len(all) > 0) {
			t.Errorf("%d messages and %v", len(all), err)
		}
	})
}

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
