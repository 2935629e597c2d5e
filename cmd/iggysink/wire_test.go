package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver"
)

// selfSigned writes a certificate for broker.test and its key.
func selfSigned(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"broker.test"}, NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	return write("tls.crt", "CERTIFICATE", der), write("tls.key", "PRIVATE KEY", raw)
}

func TestSendSpeaksTLSToABrokerThatDoes(t *testing.T) {
	certFile, keyFile := selfSigned(t)
	ctx, stop := context.WithCancel(t.Context())
	var stdout, stderr syncBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{
			"broker", "--address", "127.0.0.1:0", "--http-address", "127.0.0.1:0", "--tls-cert", certFile, "--tls-key", keyFile,
		}, nil, &stdout, &stderr)
	}()
	defer func() {
		stop()
		assert.Equal(t, exitOK, <-ended, &stderr)
	}()
	addresses := map[string]string{"tcp": stdout.await(t, `ready (\S+)`)}
	addresses["http"] = stdout.await(t, `http (\S+)`)
	send := func(transport string, flags ...string) (int, string) {
		var stderr syncBuffer
		code := run(t.Context(), append([]string{
			"send", "shop", "created", "--create", "--server", addresses[transport], "--transport", transport,
		}, flags...), strings.NewReader("{}\n"), io.Discard, &stderr)
		return code, fmt.Sprint(&stderr)
	}
	for _, transport := range []string{"tcp", "http"} {
		t.Run(transport, func(t *testing.T) {
			code, out := send(transport, "--ca-file", certFile, "--server-name", "broker.test")
			assert.Equal(t, exitOK, code, out)
			assert.Contains(t, out, "sent 1 message")
			code, out = send(transport, "--ca-file", certFile)
			assert.NotEqual(t, exitOK, code, "the certificate is not for 127.0.0.1")
			assert.Contains(t, out, "127.0.0.1")
			code, out = send(transport, "--tls", "--server-name", "broker.test")
			assert.NotEqual(t, exitOK, code, "no authority of the system signed it")
			assert.Contains(t, out, "certificate")
			code, _ = send(transport)
			assert.NotEqual(t, exitOK, code, "the broker answers no clear text")
		})
	}
}

func TestSendTakesATokenOverTLS(t *testing.T) {
	certFile, keyFile := selfSigned(t)
	secure, err := serverTLS(certFile, keyFile)
	require.NoError(t, err)
	server, err := iggyserver.Start(iggyserver.Options{TLS: secure, Token: "the-token-of-tests", HTTPAddress: "127.0.0.1:0"})
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Close()) }()
	for transport, address := range map[string]string{"tcp": server.Addr(), "http": server.HTTPAddr()} {
		for token, want := range map[string]int{"the-token-of-tests": exitOK, "another": exitUsage} {
			var stderr syncBuffer
			code := run(t.Context(), []string{
				"send", "shop", "created", "--create", "--server", address, "--transport", transport,
				"--ca-file", certFile, "--server-name", "broker.test", "--token", token,
			}, strings.NewReader("{}\n"), io.Discard, &stderr)
			assert.Equal(t, want, code, &stderr)
			assert.NotContains(t, fmt.Sprint(&stderr), "the-token")
		}
	}
}

func TestABrokerSaysWhichFileIsWrong(t *testing.T) {
	certFile, _ := selfSigned(t)
	for want, args := range map[string][]string{
		"no-such.key":       {"--tls-cert", certFile, "--tls-key", "no-such.key"},
		"rather than a key": {"--tls-cert", certFile, "--tls-key", certFile},
		"tls-key":           {"--tls-cert", certFile},
	} {
		var stderr syncBuffer
		assert.NotEqual(t, exitOK, run(t.Context(), append([]string{"broker", "--address", "127.0.0.1:0"}, args...), nil, io.Discard, &stderr))
		assert.Contains(t, fmt.Sprint(&stderr), want)
	}
}

// newerWire answers each connection as a server of 0.9 does, and keeps what the clients sent.
type newerWire struct {
	listener net.Listener
	serving  sync.WaitGroup
	mu       sync.Mutex
	seen     [][]byte
}

func startNewerWire(t *testing.T, secure *tls.Config) *newerWire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	if secure != nil {
		listener = tls.NewListener(listener, secure)
	}
	n := &newerWire{listener: listener}
	n.serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			n.serving.Go(func() { n.answer(conn) })
		}
	})
	return n
}

func (n *newerWire) answer(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	pong := make([]byte, 256)
	binary.LittleEndian.PutUint32(pong[48:], 256)
	pong[60] = 8
	probe := make([]byte, 256)
	if _, err := io.ReadFull(conn, probe); err != nil {
		return
	}
	if _, err := conn.Write(pong); err != nil {
		return
	}
	rest, _ := io.ReadAll(conn)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen = append(n.seen, slices.Concat(probe, rest))
}

const newerConfig = `
iggy {
  address  = %q
  username = "iggy"
  password = "iggy"
  %s
}
admin {
  address = "127.0.0.1:0"
}
sink "orders" {
  url = "http://127.0.0.1:1/orders"
  stream "shop" {
    topics         = ["created"]
    consumer_group = "orders"
  }
}
`

// A server of another wire is named by /readyz with the words of the error. With IGGYSINK_TEST_SERVER_TCP09 a real one answers.
func TestReadinessNamesAServerOfANewerWire(t *testing.T) {
	certFile, keyFile := selfSigned(t)
	secure, err := serverTLS(certFile, keyFile)
	require.NoError(t, err)
	servers := map[string]struct{ address, tls string }{}
	for name, config := range map[string]*tls.Config{"plain": nil, "TLS": secure} {
		fake := startNewerWire(t, config)
		tlsBlock := ""
		if config != nil {
			tlsBlock = fmt.Sprintf("tls {\n ca_file = %q\n server_name = \"broker.test\"\n}", filepath.Base(certFile))
		}
		servers[name] = struct{ address, tls string }{fake.listener.Addr().String(), tlsBlock}
		t.Cleanup(func() {
			require.NoError(t, fake.listener.Close())
			fake.serving.Wait()
			require.NotEmpty(t, fake.seen)
			for _, bytes := range fake.seen {
				assert.Len(t, bytes, 256, "the probe and no login")
			}
		})
	}
	if address := os.Getenv("IGGYSINK_TEST_SERVER_TCP09"); address != "" {
		servers["real"] = struct{ address, tls string }{address, ""}
	}
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(filepath.Dir(certFile), name+".hcl")
			config := fmt.Sprintf(newerConfig, server.address, server.tls)
			require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
			want := "the server at " + server.address + " is Iggy 0.9 or later; over TCP this build speaks the protocol of " +
				`Iggy 0.8. transport = "http" in the iggy block reads from it`

			ctx, stop := context.WithCancel(t.Context())
			var stderr syncBuffer
			ended := make(chan int, 1)
			go func() { ended <- run(ctx, []string{"run", path}, nil, io.Discard, &stderr) }()
			admin := "http://" + stderr.await(t, `msg="health and metrics" address=(\S+)`)
			awaitPage(t, admin+"/readyz", `(?s)^503 sink "orders": .*`+regexp.QuoteMeta(want))
			stop()
			<-ended

			var once bytes.Buffer
			assert.NotEqual(t, exitOK, run(t.Context(), []string{"run", "--once", path}, nil, io.Discard, &once))
			assert.Contains(t, once.String(), strings.ReplaceAll(want, `"`, `\"`))
		})
	}
}
