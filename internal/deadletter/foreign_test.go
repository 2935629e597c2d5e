package deadletter

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/relay"
)

// A path is a person's word: whatever it names that is not a file of dead letters stays as it is, byte for byte, and the
// start is refused.
func TestAForeignFileIsRefusedAndStaysAsItIs(t *testing.T) {
	l := someLetter(1)
	line := string(lineOf(t, &l))
	for name, content := range map[string]string{
		"text without a line break":             strings.Repeat("x", 196_000),
		"text":                                  "first\nsecond\n",
		"text that ends in the middle":          "first\nsecond",
		"a database":                            "SQLite format 3\x00" + strings.Repeat("\x00\xff", 5000),
		"other JSON":                            `{"time":"2026-01-01T00:00:00Z","level":"info"}` + "\n" + `{"time":"2026`,
		"the same names in another order":       `{"sink":"a","time":"b"}` + "\n",
		"JSON over several lines":               "{\n  \"time\": \"x\"\n}",
		"records behind something else":         "# dead letters\n" + line,
		"something else behind records":         line + "oops",
		"a torn record behind something else":   line + "oops\n" + line[:40],
		"a torn record behind a torn record":    line + line[:40] + "\n" + line[:40],
		"an empty line":                         "\n",
		"zeros":                                 strings.Repeat("\x00", 100),
		"a number where a text has to be":       `{"time":1`,
		"a record with a line break in a value": line + `{"time":"2026` + "\n" + `"}`,
	} {
		for _, link := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				target := filepath.Join(dir, "precious")
				require.NoError(t, os.WriteFile(target, []byte(content), 0o600))
				path := target
				if link {
					path = filepath.Join(dir, "dead.ndjson")
					require.NoError(t, os.Symlink(target, path))
				}
				_, err := OpenFile(path, nil)
				require.ErrorIs(t, err, errForeign)
				require.ErrorContains(t, err, path)
				after, err := os.ReadFile(target)
				require.NoError(t, err)
				require.True(t, content == string(after), "the file was changed: %d bytes, now %d", len(content), len(after))
			})
		}
	}
}

// A foreign file that takes the place of ours while we run fails the write, as a full disk does.
func TestAForeignFileThatComesLaterIsNotWrittenTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	d := openLetters(t, path)
	require.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(1)}))
	for _, content := range []string{"theirs", "theirs\n"} {
		require.NoError(t, os.Remove(path))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		require.ErrorIs(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(2)}), errForeign)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, content, string(after))
	}
	require.NoError(t, os.Remove(path))
	require.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(3)}), "it goes on once the file is out of the way")
	assert.EqualValues(t, 3, linesOf(t, path)[0].Message.Offset)
}

// A record can be torn anywhere. What is left behind records is cut off, and said, wherever that was; the records stay.
// Without a record before it, it may be of something else, and the file stays as it is.
func TestARecordTornAnywhereIsCutOff(t *testing.T) {
	l := someLetter(1)
	l.Reason, l.Message.Payload = `"quoted" \ é`, []byte("{\"a\":\"}]\"}")
	line := lineOf(t, &l)
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	for _, before := range [][]byte{nil, line} {
		for cut := 1; cut < len(line)-2; cut++ {
			for _, end := range []string{"", "\x00\x00\x00"} {
				require.NoError(t, os.WriteFile(path, append(bytes.Clone(before), append(bytes.Clone(line[:cut]), end...)...), 0o600))
				var log bytes.Buffer
				d, err := OpenFile(path, slog.New(slog.NewTextHandler(&log, nil)))
				if before == nil {
					require.Error(t, err)
					after, readErr := os.ReadFile(path)
					require.NoError(t, readErr)
					require.Equal(t, string(line[:cut])+end, string(after), "the file was changed")
					if end == "" {
						require.ErrorIs(t, err, errAlone)
					}
					continue
				}
				if err != nil && end != "" { // in the middle of a name or a number zeros are nothing of ours
					require.ErrorIs(t, err, errForeign)
					continue
				}
				require.NoError(t, err, "%s", line[:cut])
				require.NoError(t, d.Close())
				after, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Equal(t, string(before), string(after), "cut at %d", cut)
				require.Contains(t, log.String(), "cut off")
				require.Contains(t, log.String(), path)
			}
		}
	}
}

// The length of a file can reach the disk before its bytes do: after a power cut it ends in zeros.
func TestZerosBehindRecordsAreCutOff(t *testing.T) {
	l := someLetter(1)
	line := lineOf(t, &l)
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	require.NoError(t, os.WriteFile(path, append(bytes.Clone(line), make([]byte, 4096)...), 0o600))
	openLetters(t, path)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(line), string(after))
}

func TestAModeThatLetsOthersReadIsAWarningThatNamesIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.ndjson")
	for perm, said := range map[fs.FileMode]string{0o600: "", 0o644: "mode=0644", 0o660: "mode=0660", 0o400: "mode=0400"} {
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Chmod(path, perm))
		var log bytes.Buffer
		d, err := OpenFile(path, slog.New(slog.NewTextHandler(&log, nil)))
		if os.Geteuid() != 0 && perm == 0o400 {
			require.ErrorIs(t, err, fs.ErrPermission)
			continue
		}
		require.NoError(t, err)
		require.NoError(t, d.Close())
		require.Contains(t, log.String(), said)
		require.Equal(t, said == "", log.Len() == 0, log.String())
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, perm, info.Mode().Perm(), "the mode is the operator's")
		require.NoError(t, os.Remove(path))
	}
}

// Somebody tidied the folder up: the next dead letter makes it again.
func TestADeletedFolderIsMadeAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(dir, "dead.ndjson")
	d := openLetters(t, path)
	require.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(1)}))
	require.NoError(t, os.RemoveAll(filepath.Dir(dir)))
	require.NoError(t, d.Write(t.Context(), []relay.DeadLetter{someLetter(2)}))
	require.Len(t, linesOf(t, path), 1)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(folderMode), info.Mode().Perm())
}
