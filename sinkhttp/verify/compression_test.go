package verify

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/DataDog/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unpacked is the body of a request, decoded by the standard library and by the reference implementation of zstd: neither
// packed it.
func unpacked(t *testing.T, r request) string {
	t.Helper()
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "gzip":
		reader, err := gzip.NewReader(bytes.NewReader(r.body))
		require.NoError(t, err)
		body, err := io.ReadAll(reader)
		require.NoError(t, err)
		return string(body)
	case "zstd":
		body, err := zstd.Decompress(nil, r.body)
		require.NoError(t, err)
		return string(body)
	default:
		require.Empty(t, encoding)
		return string(r.body)
	}
}

// What is packed comes out as it was, and a body that is smaller than min_bytes goes out as it is.
func TestCompressedBodiesAreReadByOthers(t *testing.T) {
	for _, algorithm := range []string{"gzip", "zstd"} {
		for _, level := range []string{"fastest", "default", "best"} {
			t.Run(algorithm+" "+level, func(t *testing.T) {
				e := serve(t, nil, nil)
				s := newSink(t, fmt.Sprintf(`
  url              = %q
  include_metadata = false
  compression {
    algorithm = %q
    level     = %q
    min_bytes = 100
  }`, e.url, algorithm, level), options{})
				payloads := []string{large(), `{"n": 1}`, `"` + string(bytes.Repeat([]byte("ü\u2028"), 300_000)) + `"`}
				accepted(t, s, batch(0, payloads...))
				got := e.requests()
				require.Len(t, got, 3)
				for i, r := range got {
					assert.True(t, payloads[i] == unpacked(t, r), "message %d", i)
					assert.Equal(t, int64(len(r.body)), r.ContentLength)
				}
				assert.Equal(t, algorithm, got[0].Header.Get("Content-Encoding"))
				assert.Less(t, len(got[0].body), len(payloads[0])/10)
				assert.Empty(t, got[1].Header.Get("Content-Encoding"))
				assert.Equal(t, payloads[1], string(got[1].body))
			})
		}
	}
}

// An endpoint that answers 415 to a content coding pauses: no message is at fault.
func TestAnEndpointWithoutTheCodingPauses(t *testing.T) {
	e := serve(t, nil, func(w http.ResponseWriter, r request, _ int) {
		if r.Header.Get("Content-Encoding") != "" {
			w.Header().Set("Accept-Encoding", "identity")
			w.WriteHeader(http.StatusUnsupportedMediaType)
		}
	})
	s := newSink(t, fmt.Sprintf("  url = %q\n  compression {\n    algorithm = \"zstd\"\n    min_bytes = 0\n  }", e.url), options{})
	out := s.Deliver(t.Context(), batch(0, `{"n": 1}`))
	assert.Equal(t, "answered 415 Unsupported Media Type: it does not take the Content-Encoding of the request", out[0].Reason)
	assert.False(t, out[0].Exhausted)
}
