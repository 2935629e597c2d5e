package network

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// tunnels is an http proxy that knows CONNECT only and remembers what it was asked for.
type tunnels struct {
	mu    sync.Mutex
	asked []string
	auth  string
	all   sync.WaitGroup
}

func (p *tunnels) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked, p.auth = append(p.asked, r.Method+" "+r.RequestURI), r.Header.Get("Proxy-Authorization")
	p.mu.Unlock()
	target, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", r.RequestURI)
	if r.Method != http.MethodConnect || err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	p.all.Go(func() { _, _ = io.Copy(target, client); _ = target.Close() })
	p.all.Go(func() { _, _ = io.Copy(client, target); _ = client.Close() })
}

func echoes(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := io.WriteString(c, "hello")
	require.NoError(t, err)
	b := make([]byte, 5)
	_, err = io.ReadFull(c, b)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(b))
	require.NoError(t, c.Close())
}

func TestAnHTTPProxyMakesATunnel(t *testing.T) {
	address, _ := accepting(t)
	p := &tunnels{}
	p.all.Add(1) // a WaitGroup that is waited for must not begin to count
	server := httptest.NewServer(p)
	t.Cleanup(func() { server.Close(); p.all.Done(); p.all.Wait() })
	proxy := strings.Replace(server.URL, "http://", "http://user:pa%24s@", 1)
	d := dialerOf(t, schema.Network{Proxy: schema.NewSecret(proxy)})
	c, err := d.through(t.Context(), "https", address)
	require.NoError(t, err)
	echoes(t, c)
	assert.Equal(t, []string{"CONNECT " + address}, p.asked)
	assert.Equal(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("user:pa$s")), p.auth)
}

func TestAProxyThatMakesNoConnection(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n": "the proxy answered 407",
		"HTTP/1.1 502 Bad Gateway\r\n\r\ncanary":                                  "the proxy answered 502",
		"canary\r\n\r\n":                                                          "the proxy's answer is not HTTP",
		"HTTP/1.1 200 OK\r\n\r\ncanary":                                           "the proxy's answer is not HTTP",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 1<<20):                     "the proxy's answer is not HTTP\nunexpected EOF",
	} {
		client, server := net.Pipe()
		var served sync.WaitGroup
		served.Go(func() {
			_, _ = http.ReadRequest(bufio.NewReader(server))
			_, _ = io.WriteString(server, answer)
			_ = server.Close()
		})
		d := dialerOf(t, schema.Network{Proxy: schema.NewSecret("http://proxy.test")})
		d.dial = func(context.Context, string, string) (net.Conn, error) { return client, nil }
		_, err := d.through(t.Context(), "https", "endpoint.test:443")
		require.Error(t, err)
		assert.Equal(t, want, err.Error())
		_ = client.Close()
		served.Wait()
	}
}

func TestTheProxysOwnAddressIsJudged(t *testing.T) {
	for _, proxy := range []string{"http://127.0.0.1:3128", "https://127.0.0.1:3128", "socks5://127.0.0.1:1080"} {
		d := dialerOf(t, schema.Network{Deny: []string{"loopback"}, Proxy: schema.NewSecret(proxy)})
		for _, dial := range []DialFunc{d.Plain, d.Encrypted} {
			_, err := dial(t.Context(), "tcp", "endpoint.test:443")
			var refused *RefusedError
			require.ErrorAs(t, err, &refused, proxy)
			assert.Equal(t, "127.0.0.1", refused.Target)
		}
	}
}

func TestTheEndpointsNameIsJudgedBehindAProxy(t *testing.T) {
	for _, proxy := range []string{"http://proxy.test", "socks5://proxy.test"} {
		d := dialerOf(t, schema.Network{Deny: []string{"metadata"}, Proxy: schema.NewSecret(proxy)})
		d.dial = func(context.Context, string, string) (net.Conn, error) { panic("nothing is sent") }
		for _, host := range []string{"169.254.169.254:443", "2852039166:443", "[::ffff:a9fe:a9fe]:443", "metadata.google.internal:443"} {
			_, err := d.Encrypted(t.Context(), "tcp", host)
			var refused *RefusedError
			require.ErrorAs(t, err, &refused, host)
		}
	}
	d := dialerOf(t, schema.Network{Deny: []string{"metadata"}, Proxy: schema.NewSecret("http://proxy.test")})
	_, err := d.ForTransport(&http.Request{URL: &url.URL{Scheme: "http", Host: "169.254.169.254"}})
	assert.Error(t, err)
}

func TestTheEnvironmentIsReadWhereItIsAskedFor(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://plain.test:3128")
	t.Setenv("HTTPS_PROXY", "http://secure.test:3128")
	t.Setenv("NO_PROXY", "direct.test")
	var dialled []string
	d := dialerOf(t, schema.Network{Proxy: schema.NewSecret("environment")})
	d.dial = func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return nil, io.EOF
	}
	for _, address := range []string{"endpoint.test:443", "direct.test:443", "127.0.0.1:443"} {
		_, err := d.Encrypted(t.Context(), "tcp", address)
		assert.Error(t, err)
	}
	assert.Equal(t, []string{"secure.test:3128", "direct.test:443", "127.0.0.1:443"}, dialled)
	u, err := d.ForTransport(&http.Request{URL: &url.URL{Scheme: "http", Host: "endpoint.test"}})
	require.NoError(t, err)
	assert.Equal(t, "plain.test:3128", u.Host)
	u, err = d.ForTransport(&http.Request{URL: &url.URL{Scheme: "http", Host: "direct.test"}})
	require.NoError(t, err)
	assert.Nil(t, u)
}

// socks5 serves one connection: with a password, and a target that is a name.
func socks5(t *testing.T, target string) (address string, asked chan string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	asked = make(chan string, 1)
	var all sync.WaitGroup
	all.Go(func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		b := make([]byte, 300)
		read := func(n int) []byte { _, _ = io.ReadFull(c, b[:n]); return b[:n] }
		methods := int(read(2)[1])
		read(methods)
		_, _ = c.Write([]byte{5, 2})
		user := string(read(int(read(2)[1])))
		password := string(read(int(read(1)[0])))
		_, _ = c.Write([]byte{1, 0})
		read(4)
		name := string(read(int(read(1)[0])))
		port := read(2)
		asked <- fmt.Sprintf("%s %s %s:%d", user, password, name, int(port[0])<<8|int(port[1]))
		_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		upstream, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", target)
		if err != nil {
			return
		}
		all.Go(func() { _, _ = io.Copy(upstream, c); _ = upstream.Close() })
		_, _ = io.Copy(c, upstream)
		_ = c.Close()
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return l.Addr().String(), asked
}

func TestASOCKS5ProxyResolvesTheName(t *testing.T) {
	target, _ := accepting(t)
	address, asked := socks5(t, target)
	d := dialerOf(t, schema.Network{Proxy: schema.NewSecret("socks5://u:p@" + address)})
	c, err := d.Plain(t.Context(), "tcp", "endpoint.test:8080")
	require.NoError(t, err)
	echoes(t, c)
	assert.Equal(t, "u p endpoint.test:8080", <-asked)
}

func TestAUnixSocketTakesThePlaceOfTheHost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	require.NoError(t, err)
	var all sync.WaitGroup
	all.Go(func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	cfg := schema.DefaultSink()
	cfg.Network = &schema.Network{UnixSocket: path, Deny: []string{"loopback"}}
	d, err := New(&cfg, slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
	c, err := d.Plain(t.Context(), "tcp", "does-not-exist.invalid:80")
	require.NoError(t, err)
	echoes(t, c)
}
