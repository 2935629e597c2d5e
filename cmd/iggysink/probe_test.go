package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
	"iggysink/schema"
)

// newerServer answers the probe of the wire as a server of 0.9 does, and any other frame with its protocol.
func newerServer(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			answer := make([]byte, 256)
			for command := byte(8); ; command = 13 {
				if _, err := io.ReadFull(c, make([]byte, 256)); err != nil {
					break
				}
				binary.LittleEndian.PutUint32(answer[48:], 256)
				answer[60], answer[255] = command, 14
				binary.LittleEndian.PutUint32(answer[144:], 11<<10)
				if _, err := c.Write(answer); err != nil || command == 13 {
					break
				}
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

const newerText = `the server at %s is %s; over TCP this build speaks the protocol of Iggy 0.8. transport = "http" in the iggy block reads from it`

// Both places where an operator looks name the server's generation and what to do.
func TestProbeAndReadyzNameTheWire(t *testing.T) {
	address := newerServer(t)
	e := newIngest(t, nil)
	s := &scene{t: t, dir: t.TempDir(), address: address, stream: "shop", inlet: inlet{schema.IggyTransportTCP, address}}
	path := s.config("sink", fmt.Sprintf(plainSink, "orders", e.url(), "")+"admin {\n  address = \"127.0.0.1:0\"\n}\n")
	out, _ := commandIn(t, exitFailed, "", "probe", path)
	assert.Contains(t, out, fmt.Sprintf(newerText, address, "Iggy 0.9 (protocol 0.11.0)"))

	var output syncBuffer
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"run", path}, nil, &output, &output) }()
	admin := "http://" + output.await(t, `health and metrics"[ ,]"?address"?[:=]"?([0-9.:]+)`)
	page := ""
	poll(t, "the page to name the wire", func() bool {
		response, err := http.Get(admin + "/readyz")
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		page = fmt.Sprint(response.StatusCode, " ", string(body))
		return strings.Contains(page, fmt.Sprintf(newerText, address, "Iggy 0.9 or later"))
	})
	assert.True(t, strings.HasPrefix(page, "503 "), page)
	stop()
	<-ended
}

// Over either transport: what is there, what is not, and no message is sent or taken.
func TestProbe(t *testing.T) {
	over(t, func(t *testing.T, in inlet) {
		var posts atomic.Int32
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				posts.Add(1)
			}
			if r.URL.Path == "/ill" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}))
		defer endpoint.Close()
		s := newSceneOver(t, in, iggytest.Unique(t, "probe"), 3, "orders")
		s.publish("orders", 0, "1")
		const sinks = `
sink "well" {
  url                  = "%[1]s/well?key=canary"
  health_check_enabled = true
  health_check_url     = "%[1]s/well"
  stream STREAM {
    topics = ["orders"]
  }
}
sink "ill" {
  url                  = "%[1]s/ill"
  health_check_enabled = true
  stream STREAM {
    topics = ["orders", "missing"]
  }
}
`
		path := s.config("sinks", fmt.Sprintf(sinks, endpoint.URL))
		out, _ := commandIn(t, exitFailed, "", "probe", path, "--format", "json")
		var rows []probeRow
		require.NoError(t, json.Unmarshal([]byte(out), &rows))
		var got []string
		for _, r := range rows {
			got = append(got, fmt.Sprintf("%s %s %s", r.Name, r.Check, r.State))
			assert.NotContains(t, r.Target+r.Detail, "canary")
		}
		order := []string{"protocol", "login"}
		if in.transport == schema.IggyTransportHTTP {
			assert.Contains(t, out, "HTTP")
		}
		assert.Equal(t, []string{
			in.address + " " + order[0] + " ok", in.address + " " + order[1] + " ok", in.address + " topic ok", in.address + " topic failed",
			"well address ok", "well connect ok", "well health ok", "ill address ok", "ill connect ok", "ill health failed",
		}, got)
		assert.Contains(t, out, s.stream+"/missing is not there; a run waits for it")
		assert.Contains(t, out, s.stream+"/orders: 3 partitions")
		text, _ := commandIn(t, exitOK, "", "probe", path, "--sink", "well")
		assert.Contains(t, text, "sink \"well\", "+endpoint.URL+"\n")
		assert.NotContains(t, text, "ill")
		assert.Zero(t, posts.Load(), "no message is sent")
		assert.Contains(t, command(t, exitOK, "offset", "show", path, "--sink", "well"), "0          -", "and none is taken")
	})
}

func TestProbeSaysWhatIsWrong(t *testing.T) {
	s := &scene{t: t, dir: t.TempDir(), address: "127.0.0.1:1", stream: "shop", inlet: inlet{schema.IggyTransportTCP, ""}}
	body := fmt.Sprintf(plainSink, "orders", "http://127.0.0.1:1/", "")
	path := s.config("sink", body)
	out, _ := commandIn(t, exitFailed, "", "probe", path)
	assert.Contains(t, out, "connection refused")
	assert.Contains(t, out, "skipped  login")
	assert.Contains(t, command(t, exitUsage, "probe", path, "--format", "xml"), "--format takes text or json")
	assert.Contains(t, command(t, exitUsage, "probe", path, "--sink", "order"), `did you mean "orders"?`)
	assert.Contains(t, command(t, exitUsage, "probe", filepath.Join(s.dir, "none.hcl")), "none.hcl")

	// A file that cannot be used is a finding of that sink alone; the others are looked at.
	ca := filepath.Join(s.dir, "ca.pem")
	require.NoError(t, os.WriteFile(ca, []byte("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"), 0o600))
	two := s.config("two", fmt.Sprintf(plainSink, "bad", "https://127.0.0.1:1/", "tls {\n  ca_file = \"ca.pem\"\n}")+
		fmt.Sprintf(plainSink, "orders", "http://127.0.0.1:1/", ""))
	out, stderr := commandIn(t, exitFailed, "", "probe", two)
	assert.Contains(t, out+stderr, "ca_file")
}

// Whatever an endpoint answers, what probe prints tells no secret.
func TestNoProbeTellsASecret(t *testing.T) {
	for name, e := range unkindEndpoints() {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv("IGGYSINK_VAR_secret", canary)
			endpoint := httptest.NewServer(e.handler)
			defer endpoint.Close()
			if e.handler == nil {
				endpoint.Close()
			}
			text := fmt.Sprintf(unkindText, secretBroker(t), endpoint.URL, true)
			token := "  auth \"oauth2\" {\n    token_url = \"" + endpoint.URL + "/${var.secret}\"\n    client_id = \"me\"\n    client_secret = var.secret\n  }\n"
			text = strings.Replace(strings.Replace(text, `, Authorization = "Bearer ${var.secret}"`, "", 1), "  max_retries ", token+"  max_retries ", 1)
			writeFile(t, "valid.hcl", text)
			for _, format := range []string{"text", "json"} {
				code, output := captured(t, "probe", "valid.hcl", "--format", format)
				if code == exitUsage || !strings.Contains(output, "credentials") {
					t.Errorf("nothing was probed: exit %d\n%s", code, output)
				}
				if tells(output) {
					t.Errorf("probe tells the secret:\n%s", around(output))
				}
			}
			noCanaryInFiles(t)
		})
	}
}
