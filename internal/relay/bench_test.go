package relay

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// BenchmarkRelay is the whole path from a source in memory to an endpoint on this machine, over four partitions with
// messages of 200 bytes. An operation is a message.
func BenchmarkRelay(b *testing.B) {
	for _, mode := range []struct {
		name   string
		mode   schema.BatchMode
		length int
	}{{"individual", schema.BatchModeIndividual, 1}, {"nd_json-500", schema.BatchModeNDJSON, 500}} {
		b.Run(mode.name, func(b *testing.B) {
			endpoint := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			defer endpoint.Close()
			topic := newFakeTopic(b, 4)
			payload := `{"text":"` + strings.Repeat("a", 180) + `"}`
			for i := range b.N {
				id := uint32(i % 4)
				topic.logs[id] = append(topic.logs[id], schema.Message{Offset: uint64(i / 4), Payload: []byte(payload)})
			}
			cfg, stream := schema.DefaultSink(), schema.DefaultStream()
			url, err := schema.ParseTemplate(endpoint.URL)
			require.NoError(b, err)
			cfg.Name, cfg.URL, cfg.BatchMode = "bench", url, mode.mode
			stream.BatchLength = max(mode.length, 1)
			engine, err := sinkhttp.New(&cfg, sinkhttp.Options{})
			require.NoError(b, err)
			defer engine.Close()
			r := New(&cfg, engine, nil, Options{Once: true})
			runtime.GC()
			b.ReportAllocs()
			b.ResetTimer()
			res, err := r.Run(context.Background(), []Feed{{
				Stream: &stream, Topic: topic.topic, Source: topic.source(0, 1, 2, 3),
			}})
			b.StopTimer()
			require.NoError(b, err)
			require.True(b, res.Settled)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
