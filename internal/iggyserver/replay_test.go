package iggyserver

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// recorded is one line of a file in testdata, recorded with a real Iggy 0.8.0 server.
type recorded struct {
	Scenario, Note, Event, Command string
	Conn                           int
	Code, Status                   uint32
	Request, Reply                 string
}

const recordedLines = 257

func recording(t *testing.T, name string) (lines []recorded) {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var line recorded
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &line))
		lines = append(lines, line)
	}
	require.NoError(t, scanner.Err())
	return lines
}

// clock is the server's time in a test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func startAt(t *testing.T, c *clock) *Server {
	t.Helper()
	s, err := Start(Options{Now: c.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// wire is a client that knows frames and nothing else.
type wire struct {
	t    *testing.T
	conn net.Conn
}

func dial(t *testing.T, s *Server) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	// A server that falls silent must fail the test, not hang it.
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	return &wire{t, conn}
}

func (w *wire) send(code uint32, payload []byte) {
	w.t.Helper()
	_, err := w.conn.Write(append(put32(put32(nil, uint32(len(payload)+4)), code), payload...))
	require.NoError(w.t, err)
}

func (w *wire) receive() (uint32, []byte) {
	w.t.Helper()
	var header [8]byte
	_, err := io.ReadFull(w.conn, header[:])
	require.NoError(w.t, err)
	payload := make([]byte, binary.LittleEndian.Uint32(header[4:]))
	_, err = io.ReadFull(w.conn, payload)
	require.NoError(w.t, err)
	return binary.LittleEndian.Uint32(header[:]), payload
}

func (w *wire) call(code uint32, payload []byte) (uint32, []byte) {
	w.t.Helper()
	w.send(code, payload)
	return w.receive()
}

// waitSessions waits until the server has noticed that connections ended.
func waitSessions(t *testing.T, s *Server, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.sessions) == n
	}, time.Minute, time.Millisecond)
}

func TestReplaysWhatARealServerAnswered(t *testing.T) {
	lines := recording(t, "exchanges.jsonl")
	require.Len(t, lines, recordedLines)
	exchanges, compared := replay(t, lines)
	require.Greater(t, exchanges, 200)
	require.Greater(t, compared, 100)
}

// Deleting and purging. The record flushed its messages before each purge: a real 0.8.0 server goes on serving what it
// had not written yet, and hides new messages behind it.
func TestReplaysWhatARealServerAnsweredToDeletions(t *testing.T) {
	exchanges, compared := replay(t, recording(t, "deletions.jsonl"))
	require.Greater(t, exchanges, 80)
	require.Greater(t, compared, 20)
}

// replay asks what a record asked and compares the answers. It returns how many there were, and how many had a body.
func replay(t *testing.T, lines []recorded) (exchanges, compared int) {
	t.Helper()
	clock := newClock()
	server := startAt(t, clock)
	conns := map[int]*wire{}
	for i, line := range lines {
		switch line.Event {
		case "open":
			conns[line.Conn] = dial(t, server)
			continue
		case "close":
			require.NoError(t, conns[line.Conn].conn.Close())
			delete(conns, line.Conn)
			waitSessions(t, server, len(conns))
			continue
		case "":
		default:
			t.Fatalf("line %d: unknown event %q", i+1, line.Event)
		}
		passTime(server, clock, line.Note)
		request, err := hex.DecodeString(line.Request)
		require.NoError(t, err)
		want, err := hex.DecodeString(line.Reply)
		require.NoError(t, err)
		gotStatus, got := conns[line.Conn].call(line.Code, request)
		exchanges++
		require.Equalf(t, line.Status, gotStatus, "line %d: %s: %s %s", i+1, line.Scenario, line.Command, line.Note)
		require.Equalf(t, len(want), len(got), "line %d: %s: %s %s: length\nwant %x\ngot  %x",
			i+1, line.Scenario, line.Command, line.Note, want, got)
		ids := assignedIDs(lines[:i])
		mask(t, line.Code, want, ids)
		mask(t, line.Code, got, ids)
		require.Truef(t, bytes.Equal(want, got), "line %d: %s: %s %s:\nwant %x\ngot  %x",
			i+1, line.Scenario, line.Command, line.Note, want, got)
		if len(want) > 0 {
			compared++
		}
	}
	return exchanges, compared
}

// passTime follows the notes "3 s after the join". The real server checked 4 s, 9 s, ... 34 s after the join of the
// record, which is where its hand-over shows.
func passTime(s *Server, c *clock, note string) {
	count, found := strings.CutSuffix(note, " s after the join")
	if !found {
		return
	}
	c.advance(time.Second)
	if last := count[len(count)-1]; last == '4' || last == '9' {
		s.Tick()
	}
}

// assignedIDs tells whether a send with the id 0 came before: then ids in polls differ from the record.
func assignedIDs(lines []recorded) bool {
	for _, line := range lines {
		if strings.HasPrefix(line.Note, "id 0") {
			return true
		}
	}
	return false
}

// masker walks over a reply and blanks what differs from run to run: times, checksums, assigned ids, the port, the
// number of segments. Sizes in bytes are sums of what was sent and the same here.
type masker struct {
	t    *testing.T
	rest []byte
}

func (m *masker) keep(n int) []byte {
	require.LessOrEqual(m.t, n, len(m.rest), "a field is missing")
	field := m.rest[:n]
	m.rest = m.rest[n:]
	return field
}

func (m *masker) blank(n int) { clear(m.keep(n)) }
func (m *masker) name()       { m.keep(int(m.keep(1)[0])) }
func (m *masker) text()       { m.keep(int(binary.LittleEndian.Uint32(m.keep(4)))) }

func (m *masker) stream() {
	m.keep(4)
	m.blank(8) // created
	m.keep(4)
	m.keep(8) // size
	m.keep(8)
	m.name()
}

func (m *masker) topic() (partitions uint32) {
	m.keep(4)
	m.blank(8) // created
	partitions = binary.LittleEndian.Uint32(m.keep(4))
	m.keep(8 + 1 + 8 + 1)
	m.keep(8) // size
	m.keep(8)
	m.name()
	return partitions
}

func (m *masker) partition() {
	m.keep(4)
	m.blank(8 + 4) // created, segments
	m.keep(8)
	m.keep(8) // size
	m.keep(8)
}

func (m *masker) message(assigned bool) {
	m.blank(8) // checksum
	id := m.keep(16)
	if assigned && [8]byte(id[8:]) != [8]byte{} { // the recording's own ids are small; an assigned one is random
		clear(id)
	}
	m.keep(8)
	m.blank(8) // timestamp
	m.keep(8)
	headers, payload := binary.LittleEndian.Uint32(m.keep(4)), binary.LittleEndian.Uint32(m.keep(4))
	m.keep(8)
	m.keep(int(headers) + int(payload))
}

func mask(t *testing.T, code uint32, b []byte, assigned bool) {
	t.Helper()
	m := &masker{t, b}
	if len(b) == 0 {
		return
	}
	switch code {
	case CodeGetClusterMetadata:
		m.text()
		m.keep(4)
		m.text()
		m.text()
		m.blank(2) // the port
		m.keep(8)
	case CodeGetStream, CodeGetStreams, CodeCreateStream:
		m.stream()
		for len(m.rest) > 0 {
			if code == CodeGetStream {
				m.topic()
			} else {
				m.stream()
			}
		}
	case CodeGetTopic, CodeCreateTopic:
		for range m.topic() {
			m.partition()
		}
	case CodeGetTopics:
		for len(m.rest) > 0 {
			m.topic()
		}
	case CodePollMessages:
		m.keep(4 + 8)
		for range binary.LittleEndian.Uint32(m.keep(4)) {
			m.message(assigned)
		}
	default:
		return // nothing varies
	}
	require.Empty(t, m.rest, "the reply is longer than its fields")
}
