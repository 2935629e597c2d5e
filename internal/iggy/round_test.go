package iggy

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// collector is a handler that keeps batches.
type collector struct{ batches []relay.Poll }

func (*collector) Assigned([]relay.Assignment)                     {}
func (*collector) Revoked([]schema.Partition)                      {}
func (*collector) Demand(schema.Partition) (next uint64, size int) { return 0, 0 }
func (c *collector) Polled(b relay.Poll)                           { c.batches = append(c.batches, b) }

// scriptedMember returns a member in the middle of its life, whose server answers with replies in turn.
func scriptedMember(t *testing.T, replies ...[]byte) (*member, *part, *collector, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	stream := schema.DefaultStream()
	stream.Name = "s"
	source, err := NewSource(SourceOptions{
		Stream: &stream, Topic: "t", Group: "g", Logger: slog.New(slog.NewTextHandler(&out, nil)),
	})
	require.NoError(t, err)
	c := &collector{}
	p := &part{id: 1, name: source.partition(1), end: 100}
	m := &member{
		source: source, handler: c, work: t.Context(), link: scripted(t, answers(replies...)),
		parts: map[uint32]*part{1: p}, look: time.Now().Add(time.Hour),
	}
	m.sort()
	return m, p, c, &out
}

func TestAGapIsCountedAndReported(t *testing.T) {
	m, p, c, out := scriptedMember(t, reply(0, string(wirePoll(1, 41, wireMessage(40, "a", ""), wireMessage(41, "b", "")))))
	brought, err := m.poll(p, 10, 1<<20)
	require.NoError(t, err)
	assert.True(t, brought)
	assert.Equal(t, uint64(30), m.source.Status().Skipped)
	assert.Contains(t, out.String(), `level=WARN msg="messages are lost: retention deleted them before they were read; `+
		`a retention that is shorter than an outage loses messages"`)
	assert.Contains(t, out.String(), "partition=1 from=10 to=39 messages=30", "which are lost, and how many")
	require.Len(t, c.batches, 1)
	assert.Equal(t, uint64(41), c.batches[0].Current)
	assert.Len(t, c.batches[0].Messages, 2)
}

func TestBrokenHeadersAreReported(t *testing.T) {
	m, p, c, out := scriptedMember(t, reply(0, string(wirePoll(1, 10, wireMessage(10, "a", "broken")))))
	_, err := m.poll(p, 10, 1<<20)
	require.NoError(t, err)
	assert.Contains(t, out.String(), "unreadable user headers")
	assert.Len(t, c.batches, 1)
}

func TestANotOwnedReplyMakesTheMemberLookAtOnce(t *testing.T) {
	m, p, c, _ := scriptedMember(t, reply(0, pollReply(0, 0)))
	brought, err := m.poll(p, 10, 1<<20)
	require.NoError(t, err)
	assert.False(t, brought)
	assert.True(t, m.look.IsZero())
	assert.Empty(t, c.batches)
}

func TestALogThatEndsTooEarlyMakesTheMemberLookAtOnce(t *testing.T) {
	m, p, _, _ := scriptedMember(t, reply(0, pollReply(1, 5)))
	_, err := m.poll(p, 10, 1<<20)
	require.NoError(t, err)
	assert.True(t, m.look.IsZero())
}

func TestAReplyThatIsTooLargeIsAskedForInParts(t *testing.T) {
	large := wireMessage(10, strings.Repeat("x", 200_000), "")
	m, p, c, _ := scriptedMember(t, reply(0, string(wirePoll(1, 12, large, large))), reply(0, string(wirePoll(1, 12, large))))
	for range 2 {
		brought, err := m.poll(p, 10, 2048)
		require.NoError(t, err)
		assert.True(t, brought)
	}
	require.Len(t, c.batches, 1, "the first reply was skipped")
	assert.Len(t, c.batches[0].Messages, 1)
}

func TestAPartitionThatRetentionEmptiedIsIdle(t *testing.T) {
	m, p, c, _ := scriptedMember(t, reply(0, pollReply(1, 200)))
	brought, err := m.poll(p, 10, 1<<20)
	require.NoError(t, err)
	assert.False(t, brought)
	assert.Equal(t, uint64(10), p.end, "not polled again before something is known to be there")
	assert.Equal(t, []relay.Poll{{Partition: p.name, Current: 200}}, c.batches)
}

func TestAStoreNeverGoesBackwards(t *testing.T) {
	m, p, _, _ := scriptedMember(t, reply(0, "")) // one answer: a second request would fail the script
	p.stored = offset{5, true}
	m.source.Commit(p.name, 4)
	require.NoError(t, m.storeCommit(p))
	m.source.Commit(p.name, 6)
	require.NoError(t, m.storeCommit(p))
	assert.Equal(t, uint64(1), m.source.Status().Commits)
	assert.Equal(t, offset{6, true}, p.stored)
}

func TestAStoreThatIsRefusedMakesTheMemberLook(t *testing.T) {
	m, p, _, _ := scriptedMember(t, reply(3022, ""), reply(5006, ""))
	m.source.Commit(p.name, 6)
	require.NoError(t, m.storeCommit(p))
	assert.True(t, m.look.IsZero())
	assert.False(t, p.stored.there)
	m.source.Commit(p.name, 7)
	assert.True(t, hasStatus(m.storeCommit(p), codeNotMember), "no member any more: rebuild")
}
