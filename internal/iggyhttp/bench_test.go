//go:build unix

package iggyhttp_test

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"iggysink/internal/iggyhttp"
	"iggysink/internal/iggyserver/iggytest"
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

func (e *endless) Demand(p schema.Partition) (next uint64, bytes int) {
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

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkSource reads messages of 200 bytes in polls of 1000. One operation is one message. With the server in this process
// the processor time is that of both; IGGYSINK_TEST_SERVER_HTTP names one whose time does not count.
func BenchmarkSource(b *testing.B) {
	for name, partitions := range map[string]int{"one partition": 1, "four partitions": 4} {
		b.Run(name, func(b *testing.B) { benchmarkSource(b, partitions) })
	}
}

func benchmarkSource(b *testing.B, partitions int) {
	w := testWorld(b, partitions)
	payload := strings.Repeat("x", 200)
	many := make([]string, 50_000)
	for i := range many {
		many[i] = payload
	}
	for p := range uint32(partitions) {
		w.send(p, many...)
	}
	source := w.source(func(o *iggyhttp.SourceOptions) { o.Logger = nil })
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	handler := &endless{
		next: map[schema.Partition]uint64{}, end: map[schema.Partition]uint64{}, left: b.N, finish: cancel,
	}
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu()
	if err := source.Run(ctx, handler); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	if iggytest.RealHTTP() {
		b.ReportMetric(float64((cpu()-before).Nanoseconds())/float64(b.N), "our-cpu-ns/message")
	}
}
