package deadletter

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"

	"iggysink/internal/relay"
)

// File appends dead letters to a file, one JSON object a line. Several processes may share the file: every append is
// made under a lock of it, and a record that a crash left unfinished is repaired by whoever comes next. A file that was
// moved away or deleted is created again, and so is its folder. It implements relay.DeadLetters and is safe for
// concurrent use.
type File struct {
	path string
	log  *slog.Logger
	turn chan struct{} // holds a token while somebody uses file
	file *os.File      // nil after it was lost, until the next use
}

const (
	lockRetry = 5 * time.Millisecond // between two attempts to lock a file that another process is writing to
	// lockPatience is how long they go on. A process that hangs holds the lock for ever, and who waits for it has to say
	// so.
	lockPatience = 10 * time.Second
	writeBuffer  = 64 << 10
	mode         = 0o600 // of the file: dead letters hold payloads
	folderMode   = 0o700
)

var (
	// errLocked is why a lock was given up.
	errLocked = errors.New("another process holds it")
	// errNotFile is why a path is not opened.
	errNotFile = errors.New("it is a folder, a pipe or a device, and no file")
)

// OpenFile opens the file, or creates it with mode 0600, and its folder if need be with mode 0700. It repairs an
// unfinished last record: a whole one gets its line break, a part of one was never acknowledged and is cut off. It
// refuses a file that holds anything else than dead letters, and leaves it as it is. logger tells of a repair and of a
// mode that lets others read; nil discards.
func OpenFile(path string, logger *slog.Logger) (*File, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	d := &File{path: path, log: logger, turn: make(chan struct{}, 1)}
	err := d.locked(context.Background(), func() error { return nil })
	if err != nil {
		return nil, fmt.Errorf("open dead letters: %w", errors.Join(err, d.drop()))
	}
	return d, nil
}

// Write implements relay.DeadLetters: the records, then one fsync. After an error the file ends as it did before, unless
// that cannot be written either.
func (d *File) Write(ctx context.Context, letters []relay.DeadLetter) error {
	err := d.locked(ctx, func() error {
		before, err := d.file.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		if err := writeAll(d.file, letters); err != nil {
			return errors.Join(err, d.file.Truncate(before)) // a full disk must not leave half a record
		}
		return d.file.Sync()
	})
	if err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	return nil
}

func writeAll(f *os.File, letters []relay.DeadLetter) error {
	w := bufio.NewWriterSize(f, writeBuffer)
	for i := range letters {
		if err := writeRecord(w, &letters[i]); err != nil {
			return err
		}
	}
	return w.Flush()
}

// Close implements relay.DeadLetters. No Write may be under way or follow.
func (d *File) Close() error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	if err := d.drop(); err != nil {
		return fmt.Errorf("close dead letters: %w", err)
	}
	return nil
}

// locked calls do with the file that the path names now, locked and with a whole last record.
func (d *File) locked(ctx context.Context, do func() error) (err error) {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	lock, err := d.acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if err := d.repair(); err != nil {
		return err
	}
	return do()
}

// acquire opens what the path names, if it is not open, and locks it.
func (d *File) acquire(ctx context.Context) (*flock.Flock, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lockPatience, errLocked)
	defer cancel()
	for {
		if err := d.ensure(); err != nil {
			return nil, err
		}
		lock, err := d.lock(ctx)
		if err != nil {
			return nil, err
		}
		// Only under the lock: whoever rotates the file can do it between our look and our write otherwise.
		same, err := d.current(lock)
		if err == nil && same {
			return lock, nil
		}
		if err := errors.Join(err, lock.Unlock()); err != nil {
			return nil, err
		}
	}
}

// ensure opens what the path names, unless that is open already.
func (d *File) ensure() error {
	there, err := os.Stat(d.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := makeFolder(filepath.Dir(d.path)); err != nil {
			return err
		}
	case err != nil:
		return err
	case !there.Mode().IsRegular():
		return &os.PathError{Op: "open", Path: d.path, Err: errNotFile}
	}
	if d.file != nil {
		if mine, err := d.file.Stat(); err == nil && there != nil && os.SameFile(mine, there) {
			return nil
		}
		if err := d.drop(); err != nil {
			return err
		}
	}
	return d.open()
}

// open opens or creates the file, and makes its name durable.
func (d *File) open() error {
	f, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE|os.O_APPEND|nonBlocking, mode)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() { // it was put there since we looked
		err = &os.PathError{Op: "open", Path: d.path, Err: errNotFile}
	}
	if err == nil {
		err = syncFolder(filepath.Dir(d.path))
	}
	if err == nil {
		err = checkBegin(f)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != mode { // there a mode says nothing about other accounts
		d.log.Warn("the dead-letter file has not mode 0600: it holds payloads that others may read or change",
			"path", d.path, "mode", fmt.Sprintf("%04o", info.Mode().Perm()))
	}
	d.file = f
	return nil
}

// drop closes the file.
func (d *File) drop() error {
	if d.file == nil {
		return nil
	}
	err := d.file.Close()
	d.file = nil
	return err
}

// lock locks what the path names. It gives up when ctx ends.
func (d *File) lock(ctx context.Context) (*flock.Flock, error) {
	lock := flock.New(d.path+lockSuffix, flock.SetFlag(lockFlags), flock.SetPermissions(mode))
	_, err := lock.TryLockContext(ctx, lockRetry)
	switch {
	case errors.Is(err, fs.ErrNotExist): // moved away since we looked: current sees it
		return lock, nil
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("lock %s: %w", d.path, context.Cause(ctx))
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", d.path, err)
	}
	return lock, nil
}

// current reports whether the path still names the open file, and lock is a lock of it.
func (d *File) current(lock *flock.Flock) (bool, error) {
	mine, err := d.file.Stat()
	if err != nil || !lock.Locked() {
		return false, err
	}
	there, err := os.Stat(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || !os.SameFile(mine, there) || lockSuffix != "" {
		return err == nil && os.SameFile(mine, there), err
	}
	locked, err := lock.Stat()
	return err == nil && os.SameFile(mine, locked), err
}

// repair makes the file end with a whole record.
func (d *File) repair() error {
	end, err := judge(d.file)
	switch {
	case err != nil || end.whole():
		return err
	case end.complete:
		if _, err := d.file.Write([]byte{'\n'}); err != nil {
			return fmt.Errorf("end the last record: %w", err)
		}
		d.log.Info("the last dead letter got the line break that it lacked", "path", d.path)
		return nil
	}
	if err := d.file.Truncate(end.from); err != nil {
		return fmt.Errorf("cut off an unfinished record: %w", err)
	}
	d.log.Warn("an unfinished dead letter was cut off: a crash left it, and its message is delivered or written again",
		"path", d.path, "bytes", end.size-end.from)
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
	if err := os.MkdirAll(path, folderMode); err != nil {
		return err
	}
	for _, dir := range parents {
		if err := syncFolder(dir); err != nil {
			return err
		}
	}
	return nil
}
