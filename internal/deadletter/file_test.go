package deadletter

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/relay"
	"iggysink/schema"
)

func someLetter(offset uint64) relay.DeadLetter {
	return relay.DeadLetter{
		Sink: "s", Time: time.Unix(1, 0).UTC(), Partition: schema.Partition{Stream: "st", Topic: "to", ID: 3},
		Schema: schema.PayloadFormatJSON, Kind: "rejected", Reason: "status 400", Status: 400, Attempts: 1,
		Message: schema.Message{ID: schema.MessageID{1}, Offset: offset, Payload: []byte(`{"a":1}`)},
	}
}

func openLetters(t *testing.T, path string) *File {
	d, err := OpenFile(path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

func linesOf(t *testing.T, path string) []relay.DeadLetter {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var letters []relay.DeadLetter
	for line := range bytes.Lines(raw) {
		letters = append(letters, letterOf(t, line))
	}
	return letters
}

func TestDeadLetterFileIsPrivateAndItsFolderIsCreated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead", "letters.ndjson")
	d := openLetters(t, path)
	require.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(1), someLetter(2)}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.Len(t, linesOf(t, path), 2)
}

func TestDeadLetterFileRepairsATornTail(t *testing.T) {
	whole := lineOf(t, &relay.DeadLetter{Kind: "rejected"})
	long := bytes.Repeat([]byte("x"), 200<<10)
	for _, tt := range []struct {
		name       string
		tail       []byte
		want       int
		whileInUse bool
	}{
		{name: "nothing", want: 1},
		{name: "half a record", tail: whole[:len(whole)/2], want: 1},
		{name: "half a record that is longer than one read", tail: append(bytes.Clone(whole[:len(whole)-2]), append([]byte(`,"payload":"`), long...)...), want: 1},
		{name: "a record without its line break", tail: whole[:len(whole)-1], want: 2},
		{name: "half a record of another process", tail: whole[:9], want: 1, whileInUse: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "dead.ndjson")
			before := append(bytes.Clone(whole), tt.tail...)
			var d *File
			if tt.whileInUse {
				d = openLetters(t, path)
			}
			require.NoError(t, os.WriteFile(path, before, 0o600))
			if d == nil {
				d = openLetters(t, path)
			}
			require.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(5)}))
			letters := linesOf(t, path)
			require.Len(t, letters, tt.want+1)
			assert.EqualValues(t, 5, letters[tt.want].Message.Offset)
		})
	}
}

func TestDeadLetterFileWithOnlyATornRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(`{"time":`), 0o600))
	_, err := OpenFile(path, nil)
	require.ErrorIs(t, err, errAlone, "nothing before it says that it is ours")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, `{"time":`, string(after))
	require.NoError(t, os.Remove(path))
	d := openLetters(t, path)
	require.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(1)}))
	assert.Len(t, linesOf(t, path), 1)
}

func TestDeadLetterFileIsSharedWithoutMixingLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	var wg sync.WaitGroup
	for range 2 { // two handles conflict in flock as two processes do
		d := openLetters(t, path)
		for range 3 {
			wg.Go(func() {
				for i := range uint64(10) {
					assert.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(i), someLetter(i + 100)}))
				}
			})
		}
	}
	wg.Wait()
	letters := linesOf(t, path)
	require.Len(t, letters, 120)
	for i := 0; i < len(letters); i += 2 {
		assert.Equal(t, letters[i].Message.Offset+100, letters[i+1].Message.Offset, "a batch stays together")
	}
}

func TestDeadLetterFileIsCreatedAgainAfterARotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	d := openLetters(t, path)
	require.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(1)}))
	require.NoError(t, os.Rename(path, path+".1"))
	require.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(2)}))
	assert.EqualValues(t, 1, linesOf(t, path+".1")[0].Message.Offset)
	assert.EqualValues(t, 2, linesOf(t, path)[0].Message.Offset)
	require.NoError(t, os.Remove(path))
	require.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(3)}))
	assert.EqualValues(t, 3, linesOf(t, path)[0].Message.Offset)
}

func TestDeadLetterFileWaitsForTheLockWithinItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	d := openLetters(t, path)
	other := lockedByAnother(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() { failed <- d.Write(ctx, []relay.DeadLetter{someLetter(1)}) }()
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	assert.Empty(t, linesOf(t, path))
	require.NoError(t, other.Unlock())
	require.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(1)}))
}

// A process that hangs while it writes holds the lock for ever. The others have to say so, and pause.
func TestDeadLetterFileDoesNotWaitForTheLockForEver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	synctest.Test(t, func(t *testing.T) {
		d := openLetters(t, path)
		other := lockedByAnother(t, path)
		err := d.Write(t.Context(), []relay.DeadLetter{someLetter(1)})
		require.ErrorContains(t, err, "another process holds it")
		require.NoError(t, other.Unlock())
		require.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(1)}))
	})
	assert.Len(t, linesOf(t, path), 1)
}

// lockedByAnother locks the file as another process does: two handles conflict as two processes do.
func lockedByAnother(t *testing.T, path string) *flock.Flock {
	other := flock.New(path+lockSuffix, flock.SetFlag(lockFlags))
	locked, err := other.TryLock()
	require.NoError(t, err)
	require.True(t, locked)
	t.Cleanup(func() { assert.NoError(t, other.Unlock()) })
	return other
}

func TestDeadLetterFileThatCannotBeOpened(t *testing.T) {
	_, err := OpenFile(t.TempDir(), nil)
	require.ErrorContains(t, err, "open dead letters")
}

func BenchmarkDeadLetterFile(b *testing.B) {
	d, err := OpenFile(filepath.Join(b.TempDir(), "dead.ndjson"), nil)
	require.NoError(b, err)
	defer func() { assert.NoError(b, d.Close()) }()
	for _, n := range []int{1, 100} {
		letters := make([]relay.DeadLetter, n)
		for i := range letters {
			letters[i] = someLetter(uint64(i))
		}
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				require.NoError(b, d.Write(b.Context(), letters))
			}
		})
	}
}
