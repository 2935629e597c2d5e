package iggy_test

import (
	"context"
	"strings"
	"testing"

	"iggysink/internal/iggy"
	"iggysink/internal/relay"
	"iggysink/schema"
)

// endless is a handler that reads each partition over and over and does nothing with it.
type endless struct {
	next   map[schema.Partition]uint64
	end    map[schema.Partition]uint64
	left   int // messages to go
	finish func()
}

func (e *endless) Assigned(owned []relay.Assignment) {
	for _, a := range owned {
		e.end[a.Partition] = a.End
	}
}

func (e *endless) Demand(p schema.Partition) (uint64, int) {
	if e.next[p] >= e.end[p] {
		e.next[p] = 0
	}
	return e.next[p], 1 << 20
}

func (e *endless) Polled(b relay.Poll) {
	if len(b.Messages) == 0 {
		return
	}
	e.next[b.Partition] = b.Messages[len(b.Messages)-1].Offset + 1
	if e.left -= len(b.Messages); e.left <= 0 {
		e.finish()
	}
}

func (*endless) Revoked([]schema.Partition) {}

// BenchmarkSource reads messages of 200 bytes from four partitions. One operation is one message.
func BenchmarkSource(b *testing.B) {
	w := testWorld(b, 4)
	payload := strings.Repeat("x", 200)
	many := make([]string, 5000)
	for i := range many {
		many[i] = payload
	}
	for p := range uint32(4) {
		w.send(p, many...)
	}
	source, err := iggy.NewSource(iggy.SourceOptions{
		Server: w.server, Stream: &w.stream, Topic: topicName, Group: groupName,
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	handler := &endless{
		next: map[schema.Partition]uint64{}, end: map[schema.Partition]uint64{}, left: b.N, finish: cancel,
	}
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	b.ResetTimer()
	if err := source.Run(ctx, handler); err != nil {
		b.Fatal(err)
	}
}
