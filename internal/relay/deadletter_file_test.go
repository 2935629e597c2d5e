package relay

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"iggysink/schema"
)

// letterOf reads a line back: what a replay has to be able to do.
func letterOf(t require.TestingT, line []byte) DeadLetter {
	var r letterRecord
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&r))
	data := func(text *string, raw []byte) []byte {
		if text != nil {
			return []byte(*text)
		}
		return raw
	}
	id, err := hex.DecodeString(r.ID)
	require.NoError(t, err)
	slices.Reverse(id)
	l := DeadLetter{
		Sink: r.Sink, Time: r.Time, Partition: schema.Partition{Stream: r.Stream, Topic: r.Topic, ID: r.Partition},
		Schema: schema.PayloadSchema(r.Schema), Kind: r.Kind, Reason: r.Reason, Status: r.Status, Attempts: r.Attempts,
		Message: schema.Message{
			ID: schema.MessageID(id), Offset: r.Offset, Timestamp: r.Timestamp, OriginTimestamp: r.OriginTimestamp,
			Checksum: r.Checksum, Payload: data(r.Payload, r.PayloadBase64),
		},
	}
	for _, h := range r.Headers {
		l.Message.Headers = append(l.Message.Headers, schema.Header{
			Key: data(h.Key, h.KeyBase64), Kind: schema.HeaderKind(h.Kind), Value: data(h.Value, h.ValueBase64),
		})
	}
	return l
}

func someLetter(offset uint64) DeadLetter {
	return DeadLetter{
		Sink: "s", Time: time.Unix(1, 0).UTC(), Partition: schema.Partition{Stream: "st", Topic: "to", ID: 3},
		Schema: schema.PayloadSchemaJSON, Kind: "rejected", Reason: "status 400", Status: 400, Attempts: 1,
		Message: schema.Message{ID: schema.MessageID{1}, Offset: offset, Payload: []byte(`{"a":1}`)},
	}
}

func openLetters(t *testing.T, path string) *DeadLetterFile {
	d, err := OpenDeadLetterFile(path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

func linesOf(t *testing.T, path string) []DeadLetter {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var letters []DeadLetter
	for line := range bytes.Lines(raw) {
		letters = append(letters, letterOf(t, line))
	}
	return letters
}

func TestADeadLetterIsALineThatSaysWhatAndWhy(t *testing.T) {
	l := someLetter(7)
	l.Message.Headers = []schema.Header{
		{Key: []byte("k"), Kind: schema.HeaderString, Value: []byte("v")},
		{Key: []byte("n"), Kind: schema.HeaderUint8, Value: []byte{1}},
	}
	line, err := letterLine(&l)
	require.NoError(t, err)
	assert.Equal(t, `{"time":"1970-01-01T00:00:01Z","sink":"s","stream":"st","topic":"to","partition":3,"offset":7,`+
		`"id":"00000000000000000000000000000001","kind":"rejected","reason":"status 400","status":400,"attempts":1,`+
		`"timestamp":0,"origin_timestamp":0,"checksum":0,"schema":"json","headers":[{"key":"k","kind":2,"value":"v"},`+
		`{"key":"n","kind":9,"value_base64":"AQ=="}],"payload":"{\"a\":1}"}`+"\n", string(line))
}

func TestADeadLetterCanBeReplayedExactly(t *testing.T) {
	content := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Map(rapid.String(), func(s string) []byte {
		return []byte(s)
	}))
	rapid.Check(t, func(t *rapid.T) {
		l := someLetter(rapid.Uint64().Draw(t, "offset"))
		l.Time = time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "time"), 5).UTC()
		copy(l.Message.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		l.Message.Checksum = rapid.Uint64().Draw(t, "checksum")
		l.Message.Payload = content.Draw(t, "payload")
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			l.Message.Headers = append(l.Message.Headers, schema.Header{
				Key: content.Draw(t, "key"), Value: content.Draw(t, "value"),
				Kind: schema.HeaderKind(rapid.Uint8Range(1, 15).Draw(t, "kind")),
			})
		}
		line, err := letterLine(&l)
		require.NoError(t, err)
		assert.Equal(t, 1, bytes.Count(line, []byte{'\n'}), "one line")
		if diff := cmp.Diff(l, letterOf(t, line), cmp.Comparer(bytes.Equal)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestDeadLetterFileIsPrivateAndItsFolderIsCreated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead", "letters.ndjson")
	d := openLetters(t, path)
	require.NoError(t, d.Write(t.Context(), []DeadLetter{someLetter(1), someLetter(2)}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.Len(t, linesOf(t, path), 2)
}

func TestDeadLetterFileRepairsATornTail(t *testing.T) {
	whole, err := letterLine(&DeadLetter{Kind: "rejected"})
	require.NoError(t, err)
	long := bytes.Repeat([]byte("x"), 200<<10)
	for _, tt := range []struct {
		name       string
		tail       []byte
		want       int
		whileInUse bool
	}{
		{name: "nothing", want: 1},
		{name: "half a record", tail: whole[:len(whole)/2], want: 1},
		{name: "half a record that is longer than one read", tail: append([]byte(`{"payload":"`), long...), want: 1},
		{name: "a record without its line break", tail: whole[:len(whole)-1], want: 2},
		{name: "half a record of another process", tail: whole[:9], want: 1, whileInUse: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "dead.ndjson")
			before := append(bytes.Clone(whole), tt.tail...)
			var d *DeadLetterFile
			if tt.whileInUse {
				d = openLetters(t, path)
			}
			require.NoError(t, os.WriteFile(path, before, 0o600))
			if d == nil {
				d = openLetters(t, path)
			}
			require.NoError(t, d.Write(t.Context(), []DeadLetter{someLetter(5)}))
			letters := linesOf(t, path)
			require.Len(t, letters, tt.want+1)
			assert.EqualValues(t, 5, letters[tt.want].Message.Offset)
		})
	}
}

func TestDeadLetterFileWithOnlyATornRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(`{"time":`), 0o600))
	openLetters(t, path)
	assert.Empty(t, linesOf(t, path))
}

func TestDeadLetterFileIsSharedWithoutMixingLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	var wg sync.WaitGroup
	for range 2 { // two handles conflict in flock as two processes do
		d := openLetters(t, path)
		for range 3 {
			wg.Go(func() {
				for i := range uint64(10) {
					assert.NoError(t, d.Write(t.Context(), []DeadLetter{someLetter(i), someLetter(i + 100)}))
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
	require.NoError(t, d.Write(t.Context(), []DeadLetter{someLetter(1)}))
	require.NoError(t, os.Rename(path, path+".1"))
	require.NoError(t, d.Write(t.Context(), []DeadLetter{someLetter(2)}))
	assert.EqualValues(t, 1, linesOf(t, path+".1")[0].Message.Offset)
	assert.EqualValues(t, 2, linesOf(t, path)[0].Message.Offset)
	require.NoError(t, os.Remove(path))
	require.NoError(t, d.Write(t.Context(), []DeadLetter{someLetter(3)}))
	assert.EqualValues(t, 3, linesOf(t, path)[0].Message.Offset)
}

func TestDeadLetterFileWaitsForTheLockWithinItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	d := openLetters(t, path)
	other, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer func() { assert.NoError(t, other.Close()) }()
	require.NoError(t, syscall.Flock(int(other.Fd()), syscall.LOCK_EX))
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() { failed <- d.Write(ctx, []DeadLetter{someLetter(1)}) }()
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	assert.Empty(t, linesOf(t, path))
	require.NoError(t, unlock(other))
	require.NoError(t, d.Write(t.Context(), []DeadLetter{someLetter(1)}))
}

// A process that hangs while it writes holds the lock for ever. The others have to say so, and pause.
func TestDeadLetterFileDoesNotWaitForTheLockForEver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	other, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	require.NoError(t, err)
	defer func() { assert.NoError(t, other.Close()) }()
	synctest.Test(t, func(t *testing.T) {
		d := openLetters(t, path)
		require.NoError(t, syscall.Flock(int(other.Fd()), syscall.LOCK_EX))
		err := d.Write(t.Context(), []DeadLetter{someLetter(1)})
		require.ErrorContains(t, err, "another process holds it")
		require.NoError(t, unlock(other))
		require.NoError(t, d.Write(t.Context(), []DeadLetter{someLetter(1)}))
	})
	assert.Len(t, linesOf(t, path), 1)
}

func TestDeadLetterFileThatCannotBeOpened(t *testing.T) {
	_, err := OpenDeadLetterFile(t.TempDir())
	require.ErrorContains(t, err, "open dead letters")
}

func BenchmarkDeadLetterFile(b *testing.B) {
	d, err := OpenDeadLetterFile(filepath.Join(b.TempDir(), "dead.ndjson"))
	require.NoError(b, err)
	defer func() { assert.NoError(b, d.Close()) }()
	for _, n := range []int{1, 100} {
		letters := make([]DeadLetter, n)
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
