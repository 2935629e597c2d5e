package relay

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
	"unicode/utf8"

	"iggysink/schema"
)

// DeadLetterFile appends dead letters to a file, one JSON object a line. Several processes may share the file: every
// append is made under a lock of it (flock), and a line that a crash left unfinished is repaired by whoever comes next.
// A file that was moved away or deleted is created again. It implements DeadLetters and is safe for concurrent use.
type DeadLetterFile struct {
	path string
	turn chan struct{} // holds a token while somebody uses file
	file *os.File
}

const (
	lockRetry = 5 * time.Millisecond // between two attempts to lock a file that another process is writing to
	// lockPatience is how long they go on. A process that hangs holds the lock for ever, and who waits for it has to say
	// so.
	lockPatience = 10 * time.Second
)

// errLocked is why a lock was given up.
var errLocked = errors.New("another process holds it")

// OpenDeadLetterFile opens the file, or creates it with mode 0600, and its folder if need be with mode 0700. It repairs
// an unfinished last line: a whole record gets its line break, a part of one was never acknowledged and is cut off.
func OpenDeadLetterFile(path string) (*DeadLetterFile, error) {
	d := &DeadLetterFile{path: path, turn: make(chan struct{}, 1)}
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("open dead letters: %w", err)
	}
	if err := d.open(); err != nil {
		return nil, fmt.Errorf("open dead letters: %w", err)
	}
	err := d.locked(context.Background(), func() error { return nil })
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open dead letters: %w", err), d.file.Close())
	}
	return d, nil
}

// open opens or creates the file, and makes its name durable.
func (d *DeadLetterFile) open() error {
	f, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if err := syncFolder(filepath.Dir(d.path)); err != nil {
		return errors.Join(err, f.Close())
	}
	d.file = f
	return nil
}

// makeFolder creates a folder with its parents and makes their names durable: without them the file is lost as well.
func makeFolder(path string) error {
	var parents []string
	for dir := path; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		parents = append(parents, filepath.Dir(dir))
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for _, dir := range parents {
		if err := syncFolder(dir); err != nil {
			return err
		}
	}
	return nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Write implements DeadLetters: one append a letter, then one fsync. After an error the file ends as it did before,
// unless that cannot be written either.
func (d *DeadLetterFile) Write(ctx context.Context, letters []DeadLetter) error {
	lines := make([][]byte, 0, len(letters))
	for i := range letters {
		line, err := letterLine(&letters[i])
		if err != nil {
			return fmt.Errorf("encode dead letter: %w", err)
		}
		lines = append(lines, line)
	}
	err := d.locked(ctx, func() error {
		before, err := d.file.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		for _, line := range lines {
			if _, err = d.file.Write(line); err != nil {
				return errors.Join(err, d.file.Truncate(before)) // a full disk must not leave half a line
			}
		}
		return d.file.Sync()
	})
	if err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	return nil
}

// Close implements DeadLetters. No Write may be under way or follow.
func (d *DeadLetterFile) Close() error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	if err := d.file.Close(); err != nil {
		return fmt.Errorf("close dead letters: %w", err)
	}
	return nil
}

// locked calls do with the file that the path names now, locked and with a whole last line.
func (d *DeadLetterFile) locked(ctx context.Context, do func() error) (err error) {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		if err := flock(ctx, d.file); err != nil {
			return err
		}
		// Only under the lock: whoever rotates the file can do it between our look and our write otherwise.
		same, err := d.current()
		if err == nil && same {
			break
		}
		if err := errors.Join(err, d.reopen(same)); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, unlock(d.file)) }()
	if err := repairTail(d.file); err != nil {
		return fmt.Errorf("repair the last line: %w", err)
	}
	return do()
}

// current reports whether the path still names the open file.
func (d *DeadLetterFile) current() (bool, error) {
	mine, err := d.file.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(d.path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(mine, there), err
}

// reopen unlocks and, unless the file is still the right one, opens what the path names now.
func (d *DeadLetterFile) reopen(same bool) error {
	err := unlock(d.file)
	if same || err != nil {
		return err
	}
	old := d.file
	if err := d.open(); err != nil {
		return err
	}
	return old.Close()
}

// flock locks f. It gives up when ctx ends, or after lockPatience.
func flock(ctx context.Context, f *os.File) error {
	ctx, cancel := context.WithTimeoutCause(ctx, lockPatience, errLocked)
	defer cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("lock %s: %w", f.Name(), context.Cause(ctx))
		case <-timer.C:
		}
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
		timer.Reset(lockRetry)
	}
}

func unlock(f *os.File) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_UN); err != nil {
		return &os.PathError{Op: "unlock", Path: f.Name(), Err: err}
	}
	return nil
}

// repairTail makes the file end with a line break: after a record that lacks only that, otherwise by cutting off what
// follows the last one.
func repairTail(f *os.File) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return err
	}
	var tail []byte
	for start := size; ; {
		n := min(start, 64<<10)
		if size == start {
			n = 1 // nearly always the line break is there
		}
		start -= n
		part := make([]byte, n, int(n)+len(tail))
		if _, err := f.ReadAt(part, start); err != nil {
			return err
		}
		tail = append(part, tail...)
		i := bytes.LastIndexByte(part, '\n')
		if i < 0 && start > 0 {
			continue
		}
		if tail = tail[i+1:]; len(tail) == 0 {
			return nil
		}
		if json.Valid(tail) {
			_, err := f.Write([]byte{'\n'})
			return err
		}
		return f.Truncate(size - int64(len(tail)))
	}
}

// letterRecord is a line of the file. Bytes that are UTF-8 are text, others base64 under a name of their own, so that
// every message can be sent again exactly as it was.
type letterRecord struct {
	Time            time.Time      `json:"time"`
	Sink            string         `json:"sink"`
	Stream          string         `json:"stream"`
	Topic           string         `json:"topic"`
	Partition       uint32         `json:"partition"`
	Offset          uint64         `json:"offset"`
	ID              string         `json:"id"` // as in the envelope: 32 hexadecimal digits, the highest first
	Kind            string         `json:"kind"`
	Reason          string         `json:"reason"`
	Status          int            `json:"status,omitzero"`
	Attempts        int            `json:"attempts"`
	Timestamp       uint64         `json:"timestamp"`
	OriginTimestamp uint64         `json:"origin_timestamp"`
	Checksum        uint64         `json:"checksum"`
	Schema          string         `json:"schema"`
	Headers         []letterHeader `json:"headers,omitempty"`
	Payload         *string        `json:"payload,omitempty"`
	PayloadBase64   []byte         `json:"payload_base64,omitempty"`
}

type letterHeader struct {
	Key         *string `json:"key,omitempty"`
	KeyBase64   []byte  `json:"key_base64,omitempty"`
	Kind        uint8   `json:"kind"` // as on Iggy's wire: 1 raw, 2 string, 3 bool, ...
	Value       *string `json:"value,omitempty"`
	ValueBase64 []byte  `json:"value_base64,omitempty"`
}

// letterLine returns the line of a dead letter.
func letterLine(l *DeadLetter) ([]byte, error) {
	m := &l.Message
	id := m.ID
	slices.Reverse(id[:])
	r := letterRecord{
		Time: l.Time.UTC(), Sink: l.Sink, Stream: l.Partition.Stream, Topic: l.Partition.Topic,
		Partition: l.Partition.ID, Offset: m.Offset, ID: hex.EncodeToString(id[:]), Kind: l.Kind, Reason: l.Reason,
		Status: l.Status, Attempts: l.Attempts, Timestamp: m.Timestamp, OriginTimestamp: m.OriginTimestamp,
		Checksum: m.Checksum, Schema: string(l.Schema),
	}
	r.Payload, r.PayloadBase64 = text(m.Payload)
	for i := range m.Headers {
		h := letterHeader{Kind: uint8(m.Headers[i].Kind)}
		h.Key, h.KeyBase64 = text(m.Headers[i].Key)
		if m.Headers[i].Kind == schema.HeaderString {
			h.Value, h.ValueBase64 = text(m.Headers[i].Value)
		} else {
			h.ValueBase64 = m.Headers[i].Value // a number that happens to be UTF-8 would only puzzle
		}
		r.Headers = append(r.Headers, h)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf) // ends the line
	enc.SetEscapeHTML(false)
	if err := enc.Encode(&r); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// text returns b as text, or b itself where it is not UTF-8.
func text(b []byte) (*string, []byte) {
	if !utf8.Valid(b) {
		return nil, b
	}
	s := string(b)
	return &s, nil
}
