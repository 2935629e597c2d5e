package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// The bounds of a batch of lines, and of one line.
const (
	maxLineBytes  = 16 << 20
	maxBatchLines = 1000
	maxBatchBytes = 1 << 20
)

// eachBatch hands the lines of r to send, without their line breaks and without empty lines, in batches. It never sits
// on lines while r has nothing more to give, so that what is piped into it goes out at once.
func eachBatch(r io.Reader, send func(lines [][]byte) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var batch [][]byte
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := send(batch)
		batch, size = nil, 0
		return err
	}
	for number := 1; ; number++ {
		line, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return errors.Join(flush(), fmt.Errorf("reading line %d: %w", number, err))
		}
		if len(line) > 0 {
			batch = append(batch, line)
			size += len(line)
		}
		if err != nil {
			return flush()
		}
		if in.Buffered() == 0 || len(batch) >= maxBatchLines || size >= maxBatchBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

// readLine returns the next line, which the caller may keep, without \n or \r\n. A last line needs no line break; it
// comes with io.EOF.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			if len(line) > maxLineBytes {
				return nil, fmt.Errorf("a line is longer than %d bytes", maxLineBytes)
			}
			continue
		}
		return trimBreak(line), err
	}
}

func trimBreak(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
		if n > 1 && line[n-2] == '\r' {
			line = line[:n-2]
		}
	}
	return line
}
