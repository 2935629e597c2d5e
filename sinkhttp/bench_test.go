package sinkhttp

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// plainEndpoint answers every request with 200 and allocates nothing for it, so that the figures are the client's.
func plainEndpoint(b *testing.B) (url string) {
	b.Helper()
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	require.NoError(b, err)
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				serve(c)
				_ = c.Close()
			})
		}
	})
	b.Cleanup(func() {
		_ = l.Close()
		conns.Wait()
	})
	return "http://" + l.Addr().String() + "/in"
}

func serve(c net.Conn) {
	name, answer := []byte("Content-Length: "), []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	for r := bufio.NewReaderSize(c, 64<<10); ; {
		length := 0
		for {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return
			}
			if line = bytes.TrimSpace(line); len(line) == 0 {
				break
			}
			if value, is := bytes.CutPrefix(line, name); is {
				if length, err = strconv.Atoi(string(value)); err != nil {
					return
				}
			}
		}
		if _, err := io.CopyN(io.Discard, r, int64(length)); err != nil {
			return
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

// benchModes are the four modes with the messages of a batch.
func benchModes(b *testing.B, run func(b *testing.B, mode schema.BatchMode, messages int)) {
	b.Helper()
	for _, m := range []struct {
		mode     schema.BatchMode
		messages int
	}{
		{schema.BatchModeIndividual, 1}, {schema.BatchModeRaw, 1},
		{schema.BatchModeNDJSON, 500}, {schema.BatchModeJSONArray, 500},
	} {
		b.Run(fmt.Sprintf("%s/%d", m.mode, m.messages), func(b *testing.B) { run(b, m.mode, m.messages) })
	}
}

// benchBatch has payloads of 200 bytes.
func benchBatch(messages int) Batch {
	list := make([]string, messages)
	for i := range list {
		list[i] = `{"order":"` + strings.Repeat("x", 200-len(`{"order":""}`)) + `"}`
	}
	return batch(0, list...)
}

func BenchmarkPrepare(b *testing.B) {
	benchModes(b, func(b *testing.B, mode schema.BatchMode, messages int) {
		s := startAt(b, "http://127.0.0.1:1/in", func(c *schema.Sink) { c.BatchMode = mode })
		list := benchBatch(messages)
		b.ReportAllocs()
		for b.Loop() {
			p, refused := s.Prepare(list)
			if len(refused) > 0 {
				b.Fatal(refused)
			}
			s.give(p)
		}
		b.ReportMetric(float64(b.N*messages)/b.Elapsed().Seconds(), "msg/s")
	})
}

// BenchmarkSend is Prepare and Send to an endpoint on the loopback, one request after the other and 8 at a time.
func BenchmarkSend(b *testing.B) {
	benchModes(b, func(b *testing.B, mode schema.BatchMode, messages int) {
		for _, lanes := range []int{1, 8} {
			b.Run(fmt.Sprintf("lanes=%d", lanes), func(b *testing.B) {
				s := startAt(b, plainEndpoint(b), func(c *schema.Sink) { c.BatchMode = mode })
				benchLanes(b, s, benchBatch(messages), lanes)
				b.ReportMetric(float64(b.N*messages)/b.Elapsed().Seconds(), "msg/s")
			})
		}
	})
}

// benchLanes sends b.N batches over so many lanes.
func benchLanes(b *testing.B, s *Sink, list Batch, lanes int) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for lane := range lanes {
		all.Go(func() {
			for i := lane; i < b.N; i += lanes {
				p, _ := s.Prepare(list)
				outcomes := s.Send(b.Context(), nil, p)
				for _, o := range outcomes {
					if o.Kind != Accepted {
						b.Error(o)
						return
					}
				}
				s.Release(outcomes)
			}
		})
	}
	all.Wait()
	b.StopTimer()
}
