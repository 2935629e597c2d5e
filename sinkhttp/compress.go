package sinkhttp

import (
	"bytes"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"iggysink/schema"
)

// compressor makes bodies smaller. It may be used from several goroutines; each compression takes an encoder of its own.
type compressor struct {
	algorithm schema.CompressionAlgorithm
	least     int // min_bytes
	level     int // of gzip
	zstd      *zstd.Encoder
	encoders  sync.Pool // of *gzip.Writer
}

func newCompressor(b *schema.Compression) (*compressor, error) {
	c := &compressor{algorithm: b.Algorithm, least: b.MinBytes, level: gzip.DefaultCompression}
	speed := zstd.SpeedDefault
	switch b.Level {
	case schema.CompressionLevelFastest:
		c.level, speed = gzip.BestSpeed, zstd.SpeedFastest
	case schema.CompressionLevelBest:
		c.level, speed = gzip.BestCompression, zstd.SpeedBestCompression
	case schema.CompressionLevelDefault:
	}
	var err error
	if c.algorithm == schema.CompressionAlgorithmZstd {
		// EncodeAll starts no goroutine, and as many may run at once as there are processors.
		c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(speed), zstd.WithLowerEncoderMem(true))
	}
	return c, err
}

// appendCompressed appends body as it goes out. False: it is too small to be worth it, and goes out as it is.
func (c *compressor) appendCompressed(dst, body []byte) ([]byte, bool) {
	if len(body) < c.least || len(body) == 0 {
		return dst, false
	}
	if c.zstd != nil {
		return c.zstd.EncodeAll(body, dst), true
	}
	out := bytes.NewBuffer(dst)
	w, ok := c.encoders.Get().(*gzip.Writer)
	if !ok {
		var err error
		if w, err = gzip.NewWriterLevel(out, c.level); err != nil {
			return dst, false // newCompressor has only levels that there are
		}
	}
	w.Reset(out)
	_, _ = w.Write(body) // a bytes.Buffer gives no error
	_ = w.Close()
	c.encoders.Put(w)
	return out.Bytes(), true
}
