package iggyserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A stranger may not make the server keep what it sends: before a login a request is short, whatever its command.
func TestBeforeALoginARequestIsShort(t *testing.T) {
	s := startAt(t, newClock())
	for _, code := range []uint32{CodeLoginUser, CodeSendMessages, CodeGetTopic, 9999} {
		w := dial(t, s)
		_, err := w.conn.Write(put32(put32(nil, maxOpenFrame+5), code))
		require.NoError(t, err)
		status, _ := w.receive()
		assert.EqualValues(t, invalidCommand, status)
		_, err = w.conn.Read(make([]byte, 1))
		require.Error(t, err, "the connection has ended, and nothing was read of the request")
	}
}

// silent begins a session on a server without a listener, in virtual time.
func silent(t *testing.T) (client net.Conn) {
	t.Helper()
	s := newServer(Options{})
	client, server := net.Pipe()
	s.begin(server)
	t.Cleanup(func() {
		_ = client.Close()
		s.endSessions(true)
	})
	return client
}

func TestALoginHasHalfAMinute(t *testing.T) {
	ends := func(t *testing.T, client net.Conn) time.Duration {
		t.Helper()
		begin := time.Now()
		_, err := io.Copy(io.Discard, client)
		require.NoError(t, err)
		return time.Since(begin)
	}
	synctest.Test(t, func(t *testing.T) {
		assert.Equal(t, loginTimeout, ends(t, silent(t)), "of a client that says nothing")
	})
	synctest.Test(t, func(t *testing.T) {
		client := silent(t)
		var dripping sync.WaitGroup
		defer dripping.Wait()
		dripping.Go(func() { // ends with the connection
			_, err := client.Write(put32(put32(nil, 104), CodeLoginUser))
			for err == nil {
				time.Sleep(time.Second)
				_, err = client.Write([]byte{1})
			}
		})
		assert.Equal(t, loginTimeout, ends(t, client), "of one that drips")
	})
	synctest.Test(t, func(t *testing.T) {
		w := &wire{t, silent(t)}
		for range 29 {
			w.send(CodePing, nil)
			status, _ := w.receive()
			require.Zero(t, status)
			time.Sleep(time.Second)
		}
		assert.Equal(t, time.Second, ends(t, w.conn), "of one that pings and does not log in")
	})
	synctest.Test(t, func(t *testing.T) {
		w := &wire{t, silent(t)}
		w.send(CodeLoginUser, append([]byte("\x04iggy\x04iggy"), make([]byte, 8)...))
		status, _ := w.receive()
		require.Zero(t, status)
		time.Sleep(time.Hour)
		w.send(CodePing, nil)
		status, _ = w.receive()
		assert.Zero(t, status, "after a login there is no such bound")
	})
}

func TestAFloodOfSilentConnectionsKeepsNobodyOut(t *testing.T) {
	s := startAt(t, newClock())
	known := dial(t, s)
	login := func(w *wire) {
		w.send(CodeLoginUser, append([]byte("\x04iggy\x04iggy"), make([]byte, 8)...))
		status, _ := w.receive()
		require.Zero(t, status)
	}
	login(known)
	silent := make([]*wire, 3*maxStrangers)
	for i := range silent {
		silent[i] = dial(t, s)
		silent[i].send(CodePing, nil)
		_, _ = silent[i].receive()
	}
	s.mu.Lock()
	assert.LessOrEqual(t, len(s.sessions), maxStrangers+2, "the last one may have not ended yet")
	s.mu.Unlock()
	_, err := silent[0].conn.Read(make([]byte, 1))
	require.Error(t, err, "the oldest went first")
	known.send(CodePing, nil)
	status, _ := known.receive()
	assert.Zero(t, status)
	login(dial(t, s))
	login(silent[len(silent)-1])
}

func TestWhatClientsCreateHasABound(t *testing.T) {
	const most = 50
	s, err := Start(Options{MaxItems: most, HTTPAddress: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	w := dial(t, s)
	ask := func(code uint32, payload []byte) status {
		w.send(code, payload)
		got, _ := w.receive()
		return status(got)
	}
	name := func(i int) []byte { return putName(nil, fmt.Sprint("n", i)) }
	ident := func(i int) []byte { return append([]byte{2}, name(i)...) }
	require.Equal(t, ok, ask(CodeLoginUser, append([]byte("\x04iggy\x04iggy"), make([]byte, 8)...)))
	topic := func(i int, partitions uint32) []byte {
		b := append(put32(ident(0), partitions), 1)
		return append(append(put64(put64(b, 0), 0), 1), name(i)...)
	}
	require.Equal(t, ok, ask(CodeCreateStream, name(0)))
	require.Equal(t, ok, ask(CodeCreateTopic, topic(0, 10)))
	here := slices.Concat(ident(0), ident(0))
	creations := map[string]func(i int) status{
		"streams":    func(i int) status { return ask(CodeCreateStream, name(i)) },
		"topics":     func(i int) status { return ask(CodeCreateTopic, topic(i, 1)) },
		"partitions": func(int) status { return ask(CodeCreatePartitions, put32(slices.Clone(here), 1)) },
		"groups":     func(i int) status { return ask(CodeCreateGroup, slices.Concat(here, name(i))) },
	}
	for what, create := range creations {
		made, last := 0, ok
		for i := 1; i < 2*most && last == ok; i++ {
			if last = create(i); last == ok {
				made++
			}
		}
		assert.Equal(t, topicFull, last, what)
		s.mu.Lock()
		assert.LessOrEqual(t, s.state.items(), most, what)
		s.mu.Unlock()
		for i := 1; i <= made; i++ { // and what is deleted makes room again
			switch what {
			case "streams":
				require.Equal(t, ok, ask(CodeDeleteStream, ident(i)))
			case "topics":
				require.Equal(t, ok, ask(CodeDeleteTopic, slices.Concat(ident(0), ident(i))))
			case "partitions":
				require.Equal(t, ok, ask(CodeDeletePartitions, put32(slices.Clone(here), 1)))
			case "groups":
				require.Equal(t, ok, ask(CodeDeleteGroup, slices.Concat(here, ident(i))))
			}
		}
		s.mu.Lock()
		assert.Equal(t, 12, s.state.items(), what)
		s.mu.Unlock()
	}
}

func TestTheServerSpeaksTLS(t *testing.T) {
	secure, roots := selfSigned(t)
	s, err := Start(Options{TLS: secure, HTTPAddress: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	client := &tls.Config{RootCAs: roots, ServerName: "broker.test", MinVersion: tls.VersionTLS12}
	conn, err := tls.Dial("tcp", s.Addr(), client)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	w := &wire{t, conn}
	w.send(CodePing, nil)
	status, _ := w.receive()
	assert.Zero(t, status)

	transport := &http.Transport{TLSClientConfig: client}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get("https://" + s.HTTPAddr() + "/ping")
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.Equal(t, http.StatusOK, response.StatusCode)

	require.NoError(t, s.Restart(RestartOptions{}))
	status, _ = w.receive()
	assert.EqualValues(t, disconnected, status, "the goodbye goes through TLS too")

	open := dial(t, s)
	open.send(CodePing, nil)
	head := make([]byte, 1)
	_, err = open.conn.Read(head)
	assert.True(t, err != nil || head[0] != 0, "clear text is not answered as if it were a request")
}

// selfSigned is a server's configuration for broker.test, and who trusts it.
func selfSigned(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"broker.test"}, NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, roots
}
