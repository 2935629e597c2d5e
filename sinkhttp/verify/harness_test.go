package verify

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/hclconfig"
	"iggysink/schema"
	"iggysink/sinkhttp"
)

// options are what a test gives to a sink beside its text.
type options struct {
	env  map[string]string // for env()
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// newSink makes a sink of the attributes and blocks of its block, as the program does.
func newSink(t testing.TB, attributes string, o options) *sinkhttp.Sink {
	t.Helper()
	text := "iggy {\n  username = \"iggy\"\n  password = env(\"IGGY\")\n}\nsink \"verify\" {\n" + attributes +
		"\n  stream \"shop\" {\n    topics         = [\"created\"]\n    consumer_group = \"verify\"\n  }\n}\n"
	loaded, findings := hclconfig.Load([]string{"verify.hcl"}, hclconfig.Options{
		Texts:      map[string][]byte{"verify.hcl": []byte(text)},
		AllowFiles: []string{os.TempDir()},
		Env: func(name string) (string, bool) {
			if name == "IGGY" {
				return "iggy", true
			}
			value, set := o.env[name]
			return value, set
		},
	})
	require.NotNil(t, loaded.Config, "%v\n%s", findings, text)
	s, err := sinkhttp.New(&loaded.Config.Sinks[0], sinkhttp.Options{Dial: o.dial})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// batch is a run of JSON messages of one partition.
func batch(partition uint32, payloads ...string) sinkhttp.Batch {
	b := sinkhttp.Batch{Partition: schema.Partition{Stream: "shop", Topic: "created", ID: partition}, Schema: schema.PayloadFormatJSON}
	for i, p := range payloads {
		b.Messages = append(b.Messages, schema.Message{
			ID: schema.MessageID{byte(i + 1)}, Offset: uint64(i), Timestamp: 1710064800123456, Payload: []byte(p),
			Headers: []schema.Header{{Key: []byte("tenant"), Kind: schema.HeaderString, Value: []byte("ac me/ü")}},
		})
	}
	return b
}

// accepted delivers and asks that all of it is accepted.
func accepted(t testing.TB, s *sinkhttp.Sink, b sinkhttp.Batch) {
	t.Helper()
	for _, o := range s.Deliver(t.Context(), b) {
		require.Equal(t, sinkhttp.Accepted, o.Kind, "%v %s", o, o.ResponseBody)
	}
}

// request is one request as the server read it.
type request struct {
	*http.Request

	body []byte
}

// again is the request to read once more, as a handler gets it.
func (r request) again() *http.Request {
	c := r.Clone(context.Background())
	c.Body = io.NopCloser(bytes.NewReader(r.body))
	return c
}

// endpoint is a server of net/http that keeps its requests.
type endpoint struct {
	url string
	ca  string // path of its certificate; empty without TLS

	mu  sync.Mutex
	got []request
}

// serve starts an endpoint. answer is asked for each request, with how many there were before it; nil answers 200.
func serve(t testing.TB, setup func(*httptest.Server), answer func(w http.ResponseWriter, r request, before int)) *endpoint {
	t.Helper()
	e := &endpoint{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		e.mu.Lock()
		before := len(e.got)
		got := request{r, body}
		e.got = append(e.got, got)
		e.mu.Unlock()
		if answer != nil {
			answer(w, got, before)
		}
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	if setup == nil {
		server.Start()
	} else {
		setup(server)
		server.StartTLS()
		e.ca = filepath.ToSlash(filepath.Join(t.TempDir(), "ca.pem"))
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		require.NoError(t, os.WriteFile(e.ca, text, 0o600))
	}
	e.url = server.URL
	t.Cleanup(server.Close)
	return e
}

// requests are all that came.
func (e *endpoint) requests() []request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]request(nil), e.got...)
}

// large is a JSON payload that is worth to be compressed.
func large() string { return fmt.Sprintf(`{"text": %q}`, strings.Repeat("all work and no play ", 200)) }

// count is how many requests came.
func (e *endpoint) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.got)
}
