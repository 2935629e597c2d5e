package iggytest

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"iggysink/internal/iggyserver"
)

// flushUnsaved is a command that only the real server knows.
const flushUnsaved = 102

// Admin does to a server what an operator does, with commands that no client of this project sends.
type Admin struct {
	tb   testing.TB
	conn net.Conn
	real bool // the server is the one of IGGYSINK_TEST_SERVER
}

// NewAdmin logs in to the server at address. The connection ends with the test.
func NewAdmin(tb testing.TB, address string) *Admin {
	tb.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		tb.Fatalf("connecting to %s: %v", address, err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute)) // a server that falls silent fails the test
	a := &Admin{tb, conn, address == os.Getenv(Variable)}
	login := append(name(name(nil, "iggy"), "iggy"), make([]byte, 8)...)
	a.must(iggyserver.CodeLoginUser, login)
	return a
}

// DeleteGroup deletes a consumer group with its offsets.
func (a *Admin) DeleteGroup(stream, topic, group string) {
	a.tb.Helper()
	a.must(iggyserver.CodeDeleteGroup, idents(stream, topic, group))
}

// DeleteTopic deletes a topic with its messages and groups.
func (a *Admin) DeleteTopic(stream, topic string) {
	a.tb.Helper()
	a.must(iggyserver.CodeDeleteTopic, idents(stream, topic))
}

// DeletePartitions deletes the last n partitions of a topic.
func (a *Admin) DeletePartitions(stream, topic string, n uint32) {
	a.tb.Helper()
	a.must(iggyserver.CodeDeletePartitions, binary.LittleEndian.AppendUint32(idents(stream, topic), n))
}

// CreatePartitions adds n partitions to a topic.
func (a *Admin) CreatePartitions(stream, topic string, n uint32) {
	a.tb.Helper()
	a.must(iggyserver.CodeCreatePartitions, binary.LittleEndian.AppendUint32(idents(stream, topic), n))
}

// PurgeTopic deletes the messages and the stored offsets of a topic with so many partitions. A real server writes to disk
// first what it has in memory: 0.8.0 would go on serving that, and hide new messages behind it.
func (a *Admin) PurgeTopic(stream, topic string, partitions uint32) {
	a.tb.Helper()
	for id := range partitions {
		flush := binary.LittleEndian.AppendUint32(idents(stream, topic), id)
		if status := a.call(flushUnsaved, append(flush, 1)); status != 0 && a.real {
			a.tb.Fatalf("flushing partition %d: status %d", id, status)
		}
	}
	a.must(iggyserver.CodePurgeTopic, idents(stream, topic))
}

func (a *Admin) must(code uint32, payload []byte) {
	a.tb.Helper()
	if status := a.call(code, payload); status != 0 {
		a.tb.Fatalf("command %d: status %d", code, status)
	}
}

func (a *Admin) call(code uint32, payload []byte) uint32 {
	a.tb.Helper()
	frame := binary.LittleEndian.AppendUint32(nil, uint32(4+len(payload)))
	frame = append(binary.LittleEndian.AppendUint32(frame, code), payload...)
	if _, err := a.conn.Write(frame); err != nil {
		a.tb.Fatalf("command %d: %v", code, err)
	}
	var head [8]byte
	if _, err := io.ReadFull(a.conn, head[:]); err != nil {
		a.tb.Fatalf("command %d: %v", code, err)
	}
	if _, err := io.CopyN(io.Discard, a.conn, int64(binary.LittleEndian.Uint32(head[4:]))); err != nil {
		a.tb.Fatalf("command %d: %v", code, err)
	}
	return binary.LittleEndian.Uint32(head[:])
}

func name(b []byte, text string) []byte { return append(append(b, byte(len(text))), text...) }

func idents(names ...string) (b []byte) {
	for _, one := range names {
		b = name(append(b, 2), one)
	}
	return b
}
