package iggyserver

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func textIdent(name string) []byte { return putName([]byte{2}, name) }

func loginRequest() []byte { return putText(putText(putName(putName(nil, "iggy"), "iggy"), "v"), "c") }

// prepared logs in and makes stream "s" with topic "t".
func prepared(t *testing.T, s *Server, partitions uint32) *wire {
	t.Helper()
	w := dial(t, s)
	code, _ := w.call(CodeLoginUser, loginRequest())
	require.Zero(t, code)
	code, _ = w.call(CodeCreateStream, putName(nil, "s"))
	require.Zero(t, code)
	topic := append(put32(textIdent("s"), partitions), 1)
	topic = putName(append(put64(put64(topic, 0), 0), 1), "t")
	code, _ = w.call(CodeCreateTopic, topic)
	require.Zero(t, code)
	return w
}

// sendRequest carries messages to a partition. An empty payload is fine on the wire.
func sendRequest(partition uint32, payloads ...string) []byte {
	metadata := append(append(textIdent("s"), textIdent("t")...), 2, 4)
	metadata = put32(put32(metadata, partition), uint32(len(payloads)))
	b := append(put32(nil, uint32(len(metadata))), metadata...)
	end := uint32(0)
	for _, payload := range payloads {
		end += uint32(headerSize + len(payload))
		b = put64(put32(put32(b, 0), end), 0)
	}
	for _, payload := range payloads {
		header := make([]byte, headerSize)
		binary.LittleEndian.PutUint32(header[payloadLenAt:], uint32(len(payload)))
		b = append(append(b, header...), payload...)
	}
	return b
}

func single() []byte { return append([]byte{1}, textIdent("reader")...) }

func pollRequest(strategy byte, value uint64, count uint32) []byte {
	b := append(append(single(), textIdent("s")...), textIdent("t")...)
	b = append(put32(append(b, 1), 0), strategy)
	return append(put32(put64(b, value), count), 0)
}

// polled parses a reply into the offsets and payloads of its messages.
func polled(t *testing.T, b []byte) (offsets []uint64, payloads []string) {
	t.Helper()
	r := &reader{rest: b}
	r.u32()
	r.u64()
	for range r.u32() {
		header := r.bytes(headerSize)
		require.NotNil(t, header)
		offsets = append(offsets, binary.LittleEndian.Uint64(header[offsetAt:]))
		payloads = append(payloads, string(r.bytes(int(binary.LittleEndian.Uint32(header[payloadLenAt:])))))
	}
	require.Equal(t, ok, r.err)
	require.Empty(t, r.rest)
	return offsets, payloads
}

func wait(t *testing.T, fired <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	select {
	case <-fired:
	case <-ctx.Done():
		t.Fatal("the fault did not fire")
	}
}

func TestXXH32(t *testing.T) {
	for text, want := range map[string]uint32{
		"": 0x02cc5d05, "a": 0x550d7456, "abc": 0x32d153ff, "Nobody inspects the spammish repetition": 0xe2293b2f,
	} {
		require.Equal(t, want, xxh32([]byte(text)), text)
	}
}

func TestEmptyPayloadsAreKept(t *testing.T) {
	w := prepared(t, startAt(t, newClock()), 1)
	code, _ := w.call(CodeSendMessages, sendRequest(0, "a", "", ""))
	require.Zero(t, code)
	_, b := w.call(CodePollMessages, pollRequest(byOffset, 0, 9))
	_, got := polled(t, b)
	require.Equal(t, []string{"a", "", ""}, got)
}

func TestAFullServerRefuses(t *testing.T) {
	s, err := Start(Options{MaxStored: 200})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	w := prepared(t, s, 1)
	code, _ := w.call(CodeSendMessages, sendRequest(0, strings.Repeat("x", 100)))
	require.Zero(t, code)
	code, _ = w.call(CodeSendMessages, sendRequest(0, "y"))
	require.EqualValues(t, topicFull, code)
	require.NoError(t, s.DeleteHead("s", "t", 0, 1))
	code, _ = w.call(CodeSendMessages, sendRequest(0, "y"))
	require.Zero(t, code, "room again after retention")
}

func TestDeleteHeadLeavesAGap(t *testing.T) {
	s := startAt(t, newClock())
	w := prepared(t, s, 1)
	w.call(CodeSendMessages, sendRequest(0, "0", "1", "2"))
	w.call(CodeSendMessages, sendRequest(0, "3"))
	require.NoError(t, s.DeleteHead("s", "t", 0, 2))
	for _, strategy := range []byte{byOffset, byFirst, byNext} {
		_, b := w.call(CodePollMessages, pollRequest(strategy, 0, 9))
		offsets, got := polled(t, b)
		require.Equal(t, []uint64{2, 3}, offsets)
		require.Equal(t, []string{"2", "3"}, got)
	}
	require.NoError(t, s.DeleteHead("s", "t", 0, 99))
	w.call(CodeSendMessages, sendRequest(0, "4"))
	_, b := w.call(CodePollMessages, pollRequest(byFirst, 0, 9))
	offsets, _ := polled(t, b)
	require.Equal(t, []uint64{4}, offsets, "offsets go on where they were")
	require.Error(t, s.DeleteHead("s", "t", 9, 1))
	require.Error(t, s.DeleteHead("s", "missing", 0, 1))
}

func TestCloseSaysGoodbye(t *testing.T) {
	s := startAt(t, newClock())
	w := dial(t, s)
	w.call(CodePing, nil) // the session runs
	require.NoError(t, s.Close())
	code, payload := w.receive()
	require.EqualValues(t, disconnected, code)
	require.Empty(t, payload)
	_, err := w.conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, s.Close(), "a second call does nothing")
	require.ErrorIs(t, s.Restart(RestartOptions{}), net.ErrClosed)
}

func TestRestart(t *testing.T) {
	store := put64(put32(append(append(append(single(), textIdent("s")...), textIdent("t")...), 1), 0), 2)
	load := store[:len(store)-8]
	for _, c := range []struct {
		name   string
		opts   RestartOptions
		left   []uint64
		stored uint64
	}{
		{"keeps what there is", RestartOptions{}, []uint64{0, 1, 2}, 2},
		{"killed", RestartOptions{Kill: true}, []uint64{0, 1, 2}, 2},
		{"away for a while", RestartOptions{Down: func() {}}, []uint64{0, 1, 2}, 2},
		{"loses the tail", RestartOptions{Kill: true, LoseTail: 2}, []uint64{0}, 0},
		{"loses everything", RestartOptions{Kill: true, LoseTail: 9}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startAt(t, newClock())
			w := prepared(t, s, 1)
			w.call(CodeSendMessages, sendRequest(0, "0", "1", "2"))
			code, _ := w.call(CodeStoreOffset, store)
			require.Zero(t, code)
			require.NoError(t, s.Restart(c.opts))
			again := dial(t, s)
			code, _ = again.call(CodeLoginUser, loginRequest())
			require.Zero(t, code)
			_, b := again.call(CodePollMessages, pollRequest(byOffset, 0, 9))
			offsets, _ := polled(t, b)
			require.Equal(t, c.left, offsets)
			_, b = again.call(CodeGetOffset, load)
			require.Equal(t, c.stored, binary.LittleEndian.Uint64(b[12:]))
			if !c.opts.Kill {
				code, _ = w.receive()
				require.EqualValues(t, disconnected, code)
			}
		})
	}
}

func TestRestartRefusesConnectionsWhileItIsAway(t *testing.T) {
	s := startAt(t, newClock())
	require.NoError(t, s.Restart(RestartOptions{Down: func() {
		_, err := net.Dial("tcp", s.Addr())
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	}}))
	dial(t, s).call(CodePing, nil)
}

func TestFaults(t *testing.T) {
	ended := func(t *testing.T, w *wire) {
		t.Helper()
		_, err := w.conn.Read(make([]byte, 1))
		require.True(t, errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET), "%v", err)
	}
	silent := func(t *testing.T, w *wire) {
		t.Helper()
		// The client says that it goes; only then the connection ends, and nothing came before.
		require.NoError(t, w.conn.(*net.TCPConn).CloseWrite())
		rest, err := io.ReadAll(w.conn)
		require.NoError(t, err)
		require.Empty(t, rest)
	}
	half := func(t *testing.T, w *wire) {
		t.Helper()
		_, err := io.ReadFull(w.conn, make([]byte, 4)) // of the 8 bytes of an empty reply
		require.NoError(t, err)
	}
	for _, c := range []struct {
		kind  FaultKind
		check func(t *testing.T, w *wire)
		runs  bool
	}{
		{Stall, silent, false},
		{Mute, silent, true},
		{Hangup, ended, false},
		{Half, func(t *testing.T, w *wire) { half(t, w); silent(t, w) }, true},
		{Cut, func(t *testing.T, w *wire) { half(t, w); ended(t, w) }, true},
		{Drip, func(t *testing.T, w *wire) { code, _ := w.receive(); require.Zero(t, code) }, true},
		{Refuse, func(t *testing.T, w *wire) { code, _ := w.receive(); require.EqualValues(t, 3022, code) }, false},
	} {
		s := startAt(t, newClock())
		w := prepared(t, s, 1)
		fired := s.Inject(Fault{Kind: c.kind, Code: CodeSendMessages, Skip: 1, Status: 3022, Pause: time.Microsecond})
		code, _ := w.call(CodeSendMessages, sendRequest(0, "passes"))
		require.Zero(t, code)
		w.send(CodeSendMessages, sendRequest(0, "hit"))
		wait(t, fired)
		c.check(t, w)
		require.NoError(t, w.conn.Close())
		waitSessions(t, s, 0)
		require.Equal(t, c.runs, s.state.streams.values[0].topics.values[0].partitions[0].messages == 2, c.kind)
	}
}

func TestClearedFaultsDoNotFire(t *testing.T) {
	s := startAt(t, newClock())
	w := dial(t, s)
	s.Inject(Fault{Kind: Refuse, Status: 30, Count: -1})
	for range 3 {
		code, _ := w.call(CodePing, nil)
		require.EqualValues(t, 30, code)
	}
	s.ClearFaults()
	code, _ := w.call(CodePing, nil)
	require.Zero(t, code)
}

func TestOversizeAndUndersizeFrames(t *testing.T) {
	s := startAt(t, newClock())
	w := dial(t, s)
	_, err := w.conn.Write(put32(put32(nil, 3), CodePing))
	require.NoError(t, err)
	code, _ := w.receive()
	require.EqualValues(t, invalidCommand, code)
	code, _ = w.call(CodePing, nil)
	require.Zero(t, code, "too short a length leaves the connection usable")
	_, err = w.conn.Write(put32(put32(nil, ^uint32(0)), CodeSendMessages))
	require.NoError(t, err)
	code, _ = w.receive()
	require.EqualValues(t, invalidCommand, code)
}

// FuzzRequest feeds any payload to any command of a server with a member, messages and stored offsets.
func FuzzRequest(f *testing.F) {
	f.Add(CodeSendMessages, sendRequest(0, "a", ""))
	f.Add(CodePollMessages, pollRequest(byLast, 0, 3))
	f.Add(CodeLoginUser, loginRequest())
	for _, code := range []uint32{CodeGetTopic, CodeJoinGroup, CodeLeaveGroup, CodeDeleteGroup, CodeCreateGroup} {
		f.Add(code, append(append(textIdent("s"), textIdent("t")...), textIdent("g")...))
	}
	f.Fuzz(func(t *testing.T, code uint32, payload []byte) {
		s := &Server{opts: Options{Now: newClock().Now, Username: "iggy", Password: "iggy"}, log: discard(),
			sessions: map[uint32]*session{}, state: state{limit: 1 << 20, maxItems: 1000}}
		conn, _ := net.Pipe()
		defer func() { _ = conn.Close() }()
		c := &session{id: 1, conn: conn, loggedIn: true, code: code}
		s.sessions[1] = c
		topic := putName(append(put64(put64(append(put32(textIdent("s"), 2), 1), 0), 0), 1), "t")
		place := append(textIdent("s"), textIdent("t")...)
		for _, step := range []struct {
			code    uint32
			payload []byte
		}{
			{CodeCreateStream, putName(nil, "s")},
			{CodeCreateTopic, topic},
			{CodeCreateGroup, putName(append([]byte(nil), place...), "g")},
			{CodeJoinGroup, append(append([]byte(nil), place...), textIdent("g")...)},
			{CodeSendMessages, sendRequest(0, "a", "b")},
		} {
			require.Equal(t, ok, s.run(c, step.code, step.payload).status, step.code)
		}
		r := s.run(c, code, payload)
		if r.status != ok && r.payloadLength() != 0 {
			t.Errorf("status %d with a payload", r.status)
		}
		s.state.disconnect(1)
	})
}
