package iggyserver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// recordedHTTP is one line of testdata/http-*.jsonl: one exchange with the HTTP API of a real server.
type recordedHTTP struct {
	Scenario, Note, Method, Path, Auth string
	Request, Response                  json.RawMessage
	Status                             int
	ContentType                        string `json:"content_type"`
	Headers                            map[string]string
}

// replayHTTP is the replay of one file.
type replayHTTP struct {
	t       *testing.T
	clock   *clock
	server  *Server
	tokens  map[string]string
	pat     string
	skipped int
}

// notModelled are exchanges about what the in-process server does not have: other users and their rights, statistics,
// segments.
func notModelled(line *recordedHTTP) bool {
	switch {
	case line.Scenario == "gap":
		return line.Method != http.MethodPost // the topic takes a number
	case line.Scenario == "rights", line.Scenario == "limits":
		return true
	case line.Path == "/stats", strings.HasPrefix(line.Path, "/users/iggy"), line.Method == http.MethodOptions:
		return true
	case line.Scenario == "poll" && strings.Contains(line.Note, "sent over TCP"):
		return true
	}
	return false
}

func TestReplaysWhatRealServersAnsweredOverHTTP(t *testing.T) {
	for _, version := range []string{"0.8", "0.9"} {
		t.Run(version, func(t *testing.T) {
			file, err := os.Open("testdata/http-" + version + ".jsonl")
			require.NoError(t, err)
			defer func() { require.NoError(t, file.Close()) }()
			clock := newClock()
			server, err := Start(Options{Now: clock.Now, HTTPAddress: "127.0.0.1:0", NewerHTTP: version == "0.9"})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, server.Close()) })
			r := &replayHTTP{t: t, clock: clock, server: server, tokens: map[string]string{}}
			scanner, n := bufio.NewScanner(file), 0
			scanner.Buffer(nil, 8<<20)
			for ; scanner.Scan(); n++ {
				var line recordedHTTP
				require.NoError(t, json.Unmarshal(scanner.Bytes(), &line))
				r.play(n+1, &line)
			}
			require.NoError(t, scanner.Err())
			require.Greater(t, n, 180)
			require.Less(t, r.skipped, 40)
		})
	}
}

// play sends one request and compares the answer.
func (r *replayHTTP) play(n int, line *recordedHTTP) {
	if notModelled(line) {
		r.skipped++
		return
	}
	r.happen(line)
	status, kind, header, body := r.send(line)
	where := fmt.Sprintf("line %d: %s: %s %s (%s)", n, line.Scenario, line.Method, line.Path, line.Note)
	require.Equal(r.t, line.Status, status, "%s\n%s", where, body)
	require.Equal(r.t, line.ContentType, kind, where)
	for name, value := range line.Headers {
		if name != "allow" { // the real one forgets methods of other routes with the path
			require.Equal(r.t, value, header.Get(name), "%s: %s", where, name)
		}
	}
	if kind != "application/json" {
		return // texts of a framework
	}
	var want, got any
	require.NoError(r.t, decodeNumbers(line.Response, &want), where)
	require.NoError(r.t, decodeNumbers(body, &got), where)
	r.learn(line, got)
	require.Empty(r.t, cmp.Diff(maskHTTP(want), maskHTTP(got)), where)
}

// happen does what the note says that happened to the server before.
func (r *replayHTTP) happen(line *recordedHTTP) {
	switch {
	case strings.HasPrefix(line.Note, "after SIGTERM"):
		require.NoError(r.t, r.server.Restart(RestartOptions{}))
	case strings.HasPrefix(line.Note, "after a SIGKILL"):
		require.NoError(r.t, r.server.Restart(RestartOptions{Kill: true, LoseTail: 10}))
	case strings.HasPrefix(line.Note, "an expired token"):
		r.clock.advance(tokenLife + time.Second)
	case line.Status == http.StatusGatewayTimeout:
		r.server.Inject(Fault{Kind: Refuse, Code: CodePollMessages, HTTP: line.Status})
	}
}

// send makes the request with the token that the line names.
func (r *replayHTTP) send(line *recordedHTTP) (status int, kind string, header http.Header, answer []byte) {
	text := string(line.Request)
	if strings.HasPrefix(text, `"`) {
		require.NoError(r.t, json.Unmarshal(line.Request, &text))
	}
	shown := r.tokens["token"]
	if strings.Contains(line.Note, "again") && line.Path == "/users/refresh-token" {
		shown = r.tokens["refreshed"]
	}
	text = strings.NewReplacer("<jwt>", shown, "<pat>", r.pat).Replace(text)
	if line.Path == "/users/refresh-token" {
		r.tokens["refreshed"] = shown
	}
	request, err := http.NewRequest(line.Method, "http://"+r.server.HTTPAddr()+line.Path, strings.NewReader(text))
	require.NoError(r.t, err)
	if len(line.Request) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	if strings.Contains(line.Note, "another content type") {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	switch line.Auth {
	case "none":
	case "garbage":
		request.Header.Set("Authorization", "Bearer garbage")
	case `token, scheme "bearer"`:
		request.Header.Set("Authorization", "bearer "+r.tokens["token"])
	case "pat":
		request.Header.Set("Authorization", "Bearer "+r.pat)
	default:
		token, known := r.tokens[line.Auth]
		if !known {
			token = r.tokens["token"]
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	require.NoError(r.t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(response.Body)
	require.NoError(r.t, err)
	return response.StatusCode, response.Header.Get("Content-Type"), response.Header, answer
}

// learn keeps tokens. The second one that a personal access token gave is logged out later.
func (r *replayHTTP) learn(line *recordedHTTP, got any) {
	fields, _ := got.(map[string]any)
	if line.Path == "/personal-access-tokens" && line.Method == http.MethodPost && line.Status == http.StatusOK {
		r.pat, _ = fields["token"].(string)
	}
	access, _ := fields["access_token"].(map[string]any)
	token, _ := access["token"].(string)
	switch {
	case token == "":
	case line.Path == "/personal-access-tokens/login":
		r.tokens["second token"], r.tokens["logged out"] = token, token
	default:
		r.tokens["token"] = token
	}
}

func decodeNumbers(raw []byte, to *any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(to)
}

// maskHTTP blanks what differs from run to run and between a real server and this one.
func maskHTTP(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = maskHTTP(v[i])
		}
	case map[string]any:
		for name, value := range v {
			switch name {
			case "checksum", "timestamp", "origin_timestamp", "created_at", "expiry", "expiry_at", "size", "segments_count", "token",
				"reason", "field", "tcp", "http", "quic", "websocket", "message_expiry", "max_topic_size", "stream_id", "topic_id":
				v[name] = "masked"
			case "options":
				delete(v, name)
			case "id":
				if text := fmt.Sprint(value); len(text) > 10 {
					v[name] = "masked" // one that the server chose, or a UUID
				}
			default:
				v[name] = maskHTTP(value)
			}
		}
	}
	return v
}
