package deadletter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// errForeign is why a file is not touched.
var errForeign = errors.New("it holds something else than dead letters of iggysink; it was left as it is. " +
	"Set dead_letter.path to a file of its own, or move this one away")

// errAlone is why an unfinished line is not cut off that has no record before it.
var errAlone = errors.New("it holds nothing but the begin of a record, of a crash or of something else; it was left as it is. " +
	"Remove it if no other program needs it, or set dead_letter.path to another file")

// headSize is how much of a line is looked at to tell whose it is.
const headSize = 8 << 10

// ending says how a file ends.
type ending struct {
	size     int64
	from     int64 // where the unfinished line begins; size if there is none
	complete bool  // it lacks nothing but its line break
}

func (e ending) whole() bool { return e.from == e.size }

// checkBegin returns an error if f begins with anything else than a record of ours.
func checkBegin(f *os.File) error {
	head, err := readHead(f, 0)
	if err != nil {
		return err
	}
	if _, ours := begins(head); !ours {
		return &os.PathError{Op: "open", Path: f.Name(), Err: errForeign}
	}
	return nil
}

// judge finds out how f ends. An unfinished line, and the whole line before it, have to be ours: it returns an error
// otherwise, since what is not ours must not be cut. Without a line before it, an unfinished one is cut by nobody: a few
// bytes do not tell whose they are. Memory is bounded, however long a line is.
func judge(f *os.File) (ending, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return ending{}, err
	}
	e := ending{size: size, from: size}
	var last [1]byte
	if _, err := f.ReadAt(last[:], size-1); err != nil {
		return e, fmt.Errorf("read the last record: %w", err)
	}
	if last[0] == '\n' { // nearly always
		return e, nil
	}
	if e.from, err = lineStart(f, size); err != nil {
		return e, fmt.Errorf("read the last record: %w", err)
	}
	blank, err := isBlank(io.NewSectionReader(f, e.from, size-e.from))
	if err != nil {
		return e, err
	}
	if !blank || e.from == 0 {
		if e.complete, err = isOurs(f, e.from, size); err != nil || e.complete && e.from == 0 {
			return e, err
		}
	}
	if e.from == 0 {
		return e, &os.PathError{Op: "repair", Path: f.Name(), Err: errAlone}
	}
	before, err := lineStart(f, e.from-1)
	if err != nil {
		return e, fmt.Errorf("read the last record: %w", err)
	}
	whole, err := isOurs(f, before, e.from-1)
	if err == nil && !whole {
		err = &os.PathError{Op: "repair", Path: f.Name(), Err: errForeign}
	}
	return e, err
}

// lineStart returns where the line begins that ends before end.
func lineStart(f io.ReaderAt, end int64) (int64, error) {
	buffer := make([]byte, 64<<10)
	for end > 0 {
		n := min(end, int64(len(buffer)))
		if _, err := f.ReadAt(buffer[:n], end-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buffer[:n], '\n'); i >= 0 {
			return end - n + int64(i) + 1, nil
		}
		end -= n
	}
	return 0, nil
}

// isOurs reports whether the line from here to there is a whole record. The error says that it is not even the begin of
// one.
func isOurs(f *os.File, from, to int64) (complete bool, err error) {
	head, err := readHead(f, from)
	if err != nil {
		return false, err
	}
	head = head[:min(int64(len(head)), to-from)]
	headComplete, ours := begins(head)
	if !ours {
		return false, &os.PathError{Op: "repair", Path: f.Name(), Err: errForeign}
	}
	if !headComplete {
		return false, nil
	}
	return isWhole(io.NewSectionReader(f, from, to-from))
}

func readHead(f io.ReaderAt, from int64) ([]byte, error) {
	head := make([]byte, headSize)
	n, err := f.ReadAt(head, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read a record: %w", err)
	}
	return head[:n], nil
}

// isBlank reports whether r is nothing but zeros: what a file system leaves of an append whose length reached the disk
// before the power went, and its bytes did not.
func isBlank(r io.Reader) (bool, error) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := r.Read(buffer)
		if len(bytes.TrimLeft(buffer[:n], "\x00")) > 0 {
			return false, nil
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("read a record: %w", err)
		}
	}
}

// isWhole reports whether r is one object, from its first brace to its last. It does not parse: a part of what we have
// written never comes to the last one.
func isWhole(r io.Reader) (bool, error) {
	buffer := make([]byte, 64<<10)
	depth, inText, escaped, done := 0, false, false, false
	for {
		n, err := r.Read(buffer)
		for _, c := range buffer[:n] {
			switch {
			case done:
				return false, nil
			case escaped:
				escaped = false
			case inText:
				escaped, inText = c == '\\', c != '"'
			case c == '"':
				inText = true
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				depth--
				done = depth == 0
			}
		}
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return false, fmt.Errorf("read a record: %w", err)
		}
	}
}

// begins reports whether line begins as every record does, as far as it goes: with these names in this order. complete
// is whether it has all of them. What comes after them may differ from version to version.
func begins(line []byte) (complete, ours bool) {
	for _, part := range []struct {
		name   string
		number bool
	}{
		{`{"time":`, false}, {`,"sink":`, false}, {`,"stream":`, false}, {`,"topic":`, false}, {`,"partition":`, true},
		{`,"offset":`, true}, {`,"id":`, false}, {`,"kind":`, false}, {`,"reason":`, false},
	} {
		if n := min(len(part.name), len(line)); string(line[:n]) != part.name[:n] {
			return false, false
		} else if line = line[n:]; n < len(part.name) || len(line) == 0 {
			return false, true
		}
		value := endOfText(line)
		if part.number {
			value = len(line) - len(bytes.TrimLeft(line, "0123456789"))
		}
		if value == 0 {
			return false, false
		}
		line = line[value:]
	}
	return true, true
}

// endOfText returns the length of the JSON text that b begins with, or of b if it does not end in it; 0 if there is none.
func endOfText(b []byte) int {
	if b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		case '\n':
			return 0
		}
	}
	return len(b)
}
