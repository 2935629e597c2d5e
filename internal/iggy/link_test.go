package iggy

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/iggy/foreign/go/client/tcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// The SDK's client keeps its connection in a field that is not exported; newLink writes it. Another version of the SDK
// needs a new look at link.go, wire.go and this test.
func TestSDKIsTheOneThatLinkIsMadeFor(t *testing.T) {
	field, found := reflect.TypeFor[tcp.IggyTcpClient]().FieldByName("conn")
	require.True(t, found)
	assert.Equal(t, reflect.TypeFor[net.Conn](), field.Type)
	info, ok := debug.ReadBuildInfo()
	require.True(t, ok)
	for _, module := range info.Deps {
		if module.Path == "github.com/apache/iggy/foreign/go" {
			assert.Equal(t, "v0.8.0", module.Version)
			return
		}
	}
	mod, err := os.ReadFile("../../go.mod") // build information of a test may come without modules
	require.NoError(t, err)
	assert.Contains(t, string(mod), "github.com/apache/iggy/foreign/go v0.8.0\n")
}

// request is one frame that a client sent.
type request struct {
	code    uint32
	payload []byte
}

// script answers each request with raw bytes; nil bytes are no answer.
type script func(request) []byte

func reply(status uint32, payload string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, status)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(payload))), payload...)
}

// serve answers on conn until it ends.
func (s script) serve(conn net.Conn) {
	for {
		var head [8]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		payload := make([]byte, binary.LittleEndian.Uint32(head[:])-4)
		if _, err := io.ReadFull(conn, payload); err != nil {
			return
		}
		if _, err := conn.Write(s(request{binary.LittleEndian.Uint32(head[4:]), payload})); err != nil {
			return
		}
	}
}

// scripted returns a link to a server that answers by s.
func scripted(t *testing.T, s script) *link {
	t.Helper()
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() { defer close(done); s.serve(server) }()
	l, err := newLink(client)
	require.NoError(t, err)
	t.Cleanup(func() { l.close(); _ = server.Close(); <-done })
	return l
}

// answers gives replies in turn.
func answers(replies ...[]byte) script {
	return func(request) []byte {
		next := replies[0]
		replies = replies[1:]
		return next
	}
}

func somePlace(t *testing.T) place {
	t.Helper()
	to, err := newPlace("s", "t", "g")
	require.NoError(t, err)
	return to
}

func TestSilenceEndsACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := scripted(t, func(request) []byte { return nil })
		begin := time.Now()
		err := l.ping(t.Context())
		assert.Equal(t, answerTimeout, time.Since(begin))
		assert.EqualError(t, err, "ping: the server does not answer")
		var broken *LinkError
		require.ErrorAs(t, err, &broken)
		assert.ErrorAs(t, l.ping(t.Context()), &broken, "a connection out of step is not used again")
	})
}

func TestTheEndOfTheContextEndsACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := scripted(t, func(request) []byte { return nil })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		assert.ErrorIs(t, l.ping(ctx), context.Canceled)
		assert.Equal(t, time.Second, time.Since(begin))
	})
}

func TestHalfAReplyAndASlowDripEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := reply(0, strings.Repeat("x", 1000))
		l := scripted(t, answers(whole[:500]))
		_, err := l.poll(t.Context(), somePlace(t), 0, 0, 10, hardLimit)
		assert.EqualError(t, err, "poll messages: the server does not answer")
	})
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		l, err := newLink(client)
		require.NoError(t, err)
		var serving sync.WaitGroup
		serving.Go(func() { _, _ = io.Copy(io.Discard, server) })
		serving.Go(func() {
			drip := reply(0, strings.Repeat("x", 1000))
			_, err := server.Write(drip[:headLength])
			for _, b := range drip[headLength:] {
				if err != nil {
					return
				}
				time.Sleep(time.Second)
				_, err = server.Write([]byte{b})
			}
		})
		begin := time.Now()
		_, err = l.poll(t.Context(), somePlace(t), 0, 0, 10, hardLimit)
		assert.Error(t, err)
		assert.Less(t, time.Since(begin), 2*answerTimeout)
		l.close()
		_ = server.Close()
		serving.Wait()
	})
}

func TestTheStatusIsTheServersOwn(t *testing.T) {
	l := scripted(t, answers(reply(3022, ""), reply(8, ""), reply(4711, "")))
	err := l.store(t.Context(), somePlace(t), 1, 5)
	assert.EqualError(t, err, "store consumer offset: iggy answered 3022 (the partition belongs to another member)")
	assert.True(t, hasStatus(err, codeNotOwned))
	assert.EqualError(t, l.ping(t.Context()), "ping: iggy answered 8 (disconnected)")
	assert.EqualError(t, l.ping(t.Context()), "ping: iggy answered 4711 (unknown status)")
}

// The SDK leaves a body of one byte, and the body of an error, in the stream.
func TestABodyTheSDKDoesNotReadLeavesNoTrace(t *testing.T) {
	l := scripted(t, answers(reply(0, "x"), reply(5, "some text"), reply(0, "")))
	require.NoError(t, l.ping(t.Context()))
	require.Error(t, l.ping(t.Context()))
	require.NoError(t, l.ping(t.Context()))
}

func TestAReplyOverTheLimitIsSkipped(t *testing.T) {
	l := scripted(t, answers(reply(0, strings.Repeat("x", 5000)), reply(0, pollReply(3, 7))))
	_, err := l.poll(t.Context(), somePlace(t), 3, 0, 10, 4999)
	assert.ErrorIs(t, err, errTooLarge)
	got, err := l.poll(t.Context(), somePlace(t), 3, 0, 10, 4999)
	require.NoError(t, err)
	assert.Equal(t, polled{partition: 3, current: 7}, got)
}

func TestAMalformedReplyIsAnError(t *testing.T) {
	for name, body := range map[string]string{
		"cut poll head":      "abc",
		"more than there is": string(binary.LittleEndian.AppendUint32([]byte(pollReply(0, 0)[:12]), 9)),
		"cut message":        string(binary.LittleEndian.AppendUint32([]byte(pollReply(0, 0)[:12]), 1)) + "abc",
	} {
		t.Run(name, func(t *testing.T) {
			l := scripted(t, answers(reply(0, body)))
			_, err := l.poll(t.Context(), somePlace(t), 0, 0, 10, hardLimit)
			var broken *LinkError
			require.ErrorAs(t, err, &broken)
			assert.True(t, l.wire.broken)
		})
	}
	t.Run("group", func(t *testing.T) {
		l := scripted(t, answers(reply(0, "abc")))
		_, err := l.members(t.Context(), somePlace(t))
		assert.ErrorContains(t, err, "malformed reply")
	})
	t.Run("not iggy", func(t *testing.T) {
		l := scripted(t, answers([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), nil))
		assert.Error(t, l.ping(t.Context()))
	})
	t.Run("longer than any reply", func(t *testing.T) {
		l := scripted(t, answers([]byte("\x00\x00\x00\x00\xff\xff\xff\x7f")))
		assert.ErrorContains(t, l.ping(t.Context()), "not Iggy's protocol")
	})
}

// pollReply is a reply without messages.
func pollReply(partition uint32, current uint64) string {
	b := binary.LittleEndian.AppendUint32(nil, partition)
	return string(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(b, current), 0))
}

// listen runs a scripted server on a port of its own and returns its address.
func listen(t *testing.T, s script) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.serve(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener.Addr().String()
}

func cluster(leader string) []byte {
	host, port, _ := net.SplitHostPort(leader)
	b := appendText(nil, "c")
	b = binary.LittleEndian.AppendUint32(b, 2)
	for i, role := range []byte{1, 0} {
		b = appendText(b, "node")
		b = appendText(b, host)
		number, _ := net.LookupPort("tcp", port)
		b = binary.LittleEndian.AppendUint16(b, uint16(number*i))
		b = append(b, 0, 0, 0, 0, 0, 0, role, 0)
	}
	return reply(0, string(b))
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

func TestAFollowerIsLeftForItsLeader(t *testing.T) {
	leader := listen(t, func(r request) []byte {
		if r.code == 1 {
			return reply(42, "")
		}
		return reply(0, "abcd")
	})
	follower := listen(t, func(r request) []byte {
		if r.code == 12 {
			return cluster(leader)
		}
		return reply(0, "abcd")
	})
	l, err := connect(t.Context(), &schema.Iggy{Address: follower, Username: "iggy"}, false)
	require.NoError(t, err)
	defer l.close()
	assert.Equal(t, leader, l.wire.RemoteAddr().String())
	assert.ErrorIs(t, l.ping(t.Context()), ErrCredentials)
}

func TestALoginThatIsNotAnsweredHasAHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := scripted(t, func(request) []byte { return nil })
		err := l.login(t.Context(), &schema.Iggy{Username: "iggy"})
		assert.ErrorContains(t, err, "0.9")
	})
}

func TestALoginSendsTheTokenOrTheUser(t *testing.T) {
	var seen []request
	l := scripted(t, func(r request) []byte { seen = append(seen, r); return reply(0, "abcd") })
	require.NoError(t, l.login(t.Context(), &schema.Iggy{Username: "me", Password: schema.NewSecret("pw")}))
	require.NoError(t, l.login(t.Context(), &schema.Iggy{Token: schema.NewSecret("tok")}))
	assert.Equal(t, []request{
		{38, []byte("\x02me\x02pw\x00\x00\x00\x00\x00\x00\x00\x00")},
		{44, []byte("\x03tok")},
	}, seen)
	unknown := scripted(t, answers(reply(20, "")))
	assert.ErrorIs(t, unknown.login(t.Context(), &schema.Iggy{Token: schema.NewSecret("tok")}), ErrCredentials)
	var wrong *ConfigError
	assert.ErrorAs(t, l.login(t.Context(), &schema.Iggy{Username: strings.Repeat("x", 256)}), &wrong)
	assert.ErrorAs(t, l.login(t.Context(), &schema.Iggy{Token: schema.NewSecret(strings.Repeat("x", 256))}), &wrong)
}

// The SDK prints from its login and its reconnects.
func TestNothingIsPrintedToTheStandardLogger(t *testing.T) {
	var out bytes.Buffer
	log.SetOutput(&out)
	defer log.SetOutput(os.Stderr)
	address := listen(t, func(r request) []byte { return reply(0, "abcd") })
	l, err := connect(t.Context(), &schema.Iggy{Address: address, Username: "iggy"}, false)
	require.NoError(t, err)
	l.close()
	assert.Empty(t, out.String())
}

func TestAClosedPortIsAnError(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	_, err = connect(t.Context(), &schema.Iggy{Address: listener.Addr().String()}, false)
	var broken *LinkError
	require.ErrorAs(t, err, &broken)
	assert.False(t, isHopeless(err), "the server may come")
}

func TestCAFileIsCheckedBeforeTheConnection(t *testing.T) {
	empty := t.TempDir() + "/empty.pem"
	require.NoError(t, os.WriteFile(empty, []byte("no certificate"), 0o600))
	for file, want := range map[string]string{
		empty:          "no PEM certificate in it",
		"/nowhere.pem": "no such file",
	} {
		_, err := connect(t.Context(), &schema.Iggy{Address: "127.0.0.1:1", TLS: &schema.IggyTLS{CAFile: file}}, false)
		assert.ErrorContains(t, err, want)
		assert.True(t, isHopeless(err))
	}
	_, err := connect(t.Context(), &schema.Iggy{Address: "no port"}, false)
	assert.ErrorContains(t, err, `iggy address "no port"`)
	assert.True(t, errors.As(err, new(*ConfigError)))
}
