package iggy_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggy"
	"iggysink/internal/iggyserver/iggytest"
	"iggysink/schema"
)

// newer answers the probe as a server of 0.9 does, and sends everything that it reads to seen once the client is gone.
func newer(t *testing.T, secure *tls.Config, answer []byte) (address string, seen chan []byte) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	seen = make(chan []byte, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		if secure != nil {
			conn = tls.Server(conn, secure)
		}
		probe := make([]byte, 256)
		if _, err := io.ReadFull(conn, probe); err != nil {
			return
		}
		_, _ = conn.Write(answer)
		rest, _ := io.ReadAll(conn)
		seen <- slices.Concat(probe, rest)
	}()
	return listener.Addr().String(), seen
}

func pong() []byte {
	b := make([]byte, 256)
	binary.LittleEndian.PutUint32(b[48:], 256)
	b[60] = 8
	return b
}

func TestAServerOfANewerWireIsNamedBeforeAnyLogin(t *testing.T) {
	config, file := certificate(t, "iggy.test")
	for name, secure := range map[string]*tls.Config{"plain": nil, "TLS": config} {
		t.Run(name, func(t *testing.T) {
			address, seen := newer(t, secure, pong())
			server := settings(address)
			if secure != nil {
				server.TLS = &schema.IggyTLS{CAFile: file, ServerName: "iggy.test"}
			}
			_, err := iggy.Connect(t.Context(), server)
			var wrong *iggy.WireError
			require.ErrorAs(t, err, &wrong)
			assert.EqualError(t, err, "the server at "+address+" is Iggy 0.9 or later; over TCP this build speaks the "+
				`protocol of Iggy 0.8. transport = "http" in the iggy block reads from it`)
			assert.Len(t, <-seen, 256, "the probe and nothing else")
		})
	}
}

func TestASourceSaysThatTheServerIsNewer(t *testing.T) {
	w := testWorld(t, 1)
	address, _ := newer(t, nil, pong())
	w.server = settings(address)
	run := w.start(once)
	var wrong *iggy.WireError
	require.ErrorAs(t, run.end(), &wrong)
	assert.Equal(t, wrong.Error(), run.source.Status().Err)
}

// A server that is upgraded drops its connections: what was known of it before counts for nothing.
func TestAfterADropNoLoginGoesToANewerServer(t *testing.T) {
	w, _ := faultyWorld(t, 1)
	network := w.through()
	run := w.start()
	run.until(t, "join", func(r *recorder) bool { return len(r.owned) == 1 })
	address, seen := newer(t, nil, pong())
	network.set(func(p *proxy) { p.target = address })
	network.drop()
	run.logs.await(t, "is Iggy 0.9 or later")
	assert.Len(t, <-seen, 256, "the probe and nothing else")
	assert.Contains(t, run.source.Status().Err, `transport = "http" in the iggy block reads from it`)
	run.until(t, "revocation", func(r *recorder) bool { return len(r.lost) == 1 })
}

func TestAProbeKnowsWhatIsNoIggy(t *testing.T) {
	for want, answer := range map[string][]byte{
		"this is not Iggy's protocol":  make([]byte, 256),
		"a reply of 825110831 bytes: ": []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"it may expect TLS":            nil,
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.CopyN(io.Discard, conn, 256)
			_, _ = conn.Write(answer)
			_ = conn.Close()
		}()
		_, err = iggy.Connect(t.Context(), settings(listener.Addr().String()))
		assert.ErrorContains(t, err, want)
		assert.Equal(t, 1, strings.Count(err.Error(), "ask iggy for its protocol"), "the operation is named once: %v", err)
		require.NoError(t, listener.Close())
	}
}

// With IGGYSINK_TEST_SERVER_TCP09 a real server of 0.9 answers.
func TestARealNewerServerIsNamed(t *testing.T) {
	address := os.Getenv("IGGYSINK_TEST_SERVER_TCP09")
	if address == "" {
		t.Skip("IGGYSINK_TEST_SERVER_TCP09 names no server")
	}
	_, err := iggy.Connect(t.Context(), settings(address))
	var wrong *iggy.WireError
	require.ErrorAs(t, err, &wrong)
}

func TestTheConnectionGoesOnAfterTheProbe(t *testing.T) {
	server := iggytest.Faulty(t)
	client, err := iggy.Connect(t.Context(), settings(server.Addr()))
	require.NoError(t, err)
	require.NoError(t, client.Close())
}

// window is the answer of a server of 0.9 to a protocol that it does not serve, as it was recorded.
func window(newest uint32, reason byte) []byte {
	b := make([]byte, 256)
	binary.LittleEndian.PutUint32(b[48:], 256)
	b[60], b[255] = 13, reason
	binary.LittleEndian.PutUint32(b[144:], newest)
	binary.LittleEndian.PutUint32(b[148:], newest)
	return b
}

// A server of a newer wire is asked for its protocol, without a name or a password.
func TestIdentifyNamesTheGeneration(t *testing.T) {
	for want, answer := range map[string][]byte{
		"is Iggy 0.9 (protocol 0.11.0); over TCP":  window(11<<10, 14),
		"is Iggy 0.10 (protocol 0.12.3); over TCP": window(12<<10|3, 14),
		"is Iggy (protocol 1.0.0); over TCP":       window(1<<20, 14),
		"is Iggy 0.9 or later; over TCP":           window(0, 15),
	} {
		address, seen := newer(t, nil, slices.Concat(pong(), answer))
		server := settings(address)
		server.Username, server.Password = "canary-user", schema.NewSecret("canary-password")
		_, err := iggy.Identify(t.Context(), server)
		var wrong *iggy.WireError
		require.ErrorAs(t, err, &wrong)
		assert.ErrorContains(t, err, want)
		said := <-seen
		assert.False(t, bytes.Contains(said, []byte("canary")), "no login is sent")
		assert.Len(t, said, 256+256+4+len("xiggysink")+3*len("x-")+4)
	}
	address, _ := newer(t, nil, pong()) // and nothing more
	_, err := iggy.Identify(t.Context(), settings(address))
	assert.ErrorContains(t, err, "is Iggy 0.9 or later; over TCP")
}

func TestIdentifyKnowsWhatThisBuildSpeaks(t *testing.T) {
	generation, err := iggy.Identify(t.Context(), settings(iggytest.Address(t)))
	require.NoError(t, err)
	assert.Equal(t, "Iggy 0.8", generation)
	_, err = iggy.Identify(t.Context(), settings("127.0.0.1:1"))
	assert.ErrorContains(t, err, "connection refused")
}
