package iggy_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggy"
	"iggysink/schema"
)

func TestWhatIsSentArrivesAsItWas(t *testing.T) {
	w := testWorld(t, 1)
	var headers []schema.Header
	for kind := schema.HeaderRaw; kind <= schema.HeaderFloat64; kind++ {
		size := []int{0, 5, 3, 1, 1, 2, 4, 8, 16, 1, 2, 4, 8, 16, 4, 8}[kind]
		headers = append(headers, schema.Header{
			Key: []byte(fmt.Sprint("kind", kind)), Kind: kind, Value: []byte(strings.Repeat("\x01", size)),
		})
	}
	sent := []iggy.Outgoing{
		{ID: schema.MessageID{1, 2, 3}, Headers: headers, Payload: []byte("one")},
		{Payload: []byte("two")},
		{Headers: headers[:1]},
	}
	require.NoError(t, w.client.Send(t.Context(), w.stream.Name, topicName, iggy.Partitioning{}, sent))
	run := w.start()
	run.until(t, "delivery", func(r *recorder) bool { return r.count() == 3 })
	got := run.messages[0]
	assert.Equal(t, sent[0].ID, got[0].ID)
	assert.NotZero(t, got[1].ID, "the server chooses one")
	for i, m := range got {
		assert.Empty(t, cmp.Diff(sent[i].Headers, m.Headers))
		assert.Equal(t, string(sent[i].Payload), string(m.Payload))
		assert.NotZero(t, m.Timestamp)
		assert.NotZero(t, m.OriginTimestamp)
		assert.NotZero(t, m.Checksum)
	}
}

func TestSendCutsLargeRequests(t *testing.T) {
	w := testWorld(t, 2)
	payloads := lines("m", 2500)
	payloads[7] = strings.Repeat("x", 3<<20)
	w.send(1, payloads...)
	info, err := w.client.Topic(t.Context(), w.stream.Name, topicName)
	require.NoError(t, err)
	assert.Equal(t, iggy.TopicInfo{
		Messages: 2500, Partitions: []iggy.PartitionInfo{{ID: 0}, {ID: 1, Messages: 2500, Current: 2499}},
	}, info)
}

func TestSendRefusesWhatIggyCannotTake(t *testing.T) {
	w := testWorld(t, 1)
	long := []schema.Header{{Key: []byte("k"), Kind: schema.HeaderRaw, Value: make([]byte, 100_001)}}
	large := make([]byte, 64_000_001)
	for want, messages := range map[string][]iggy.Outgoing{
		"message 2: a payload of 64000001 bytes; iggy takes 64000000": {{Payload: []byte("a")}, {Payload: large}},
		"message 1: headers of 100012 bytes; iggy takes 100000":       {{Headers: long}},
	} {
		err := w.client.Send(t.Context(), w.stream.Name, topicName, iggy.Partitioning{}, messages)
		assert.EqualError(t, err, want)
	}
	one := []iggy.Outgoing{{Payload: []byte("a")}}
	assert.Error(t, w.client.Send(t.Context(), w.stream.Name, topicName, iggy.ByKey(nil), one))
	assert.ErrorContains(t, w.client.Send(t.Context(), "", topicName, iggy.Partitioning{}, one), "1 to 255 bytes")
	require.NoError(t, w.client.Send(t.Context(), w.stream.Name, topicName, iggy.ByKey([]byte("k")), one))
}

func TestAClientSaysWhatIsNotThere(t *testing.T) {
	w := testWorld(t, 0)
	_, err := w.client.Topic(t.Context(), w.stream.Name, topicName)
	require.ErrorIs(t, err, iggy.ErrNotFound)
	require.NoError(t, w.client.EnsureTopic(t.Context(), w.stream.Name, topicName, 3))
	require.NoError(t, w.client.EnsureTopic(t.Context(), w.stream.Name, topicName, 5), "it is there already")
	require.NoError(t, w.client.EnsureTopic(t.Context(), w.stream.Name, "another", 1), "the stream is there already")
	info, err := w.client.Topic(t.Context(), w.stream.Name, topicName)
	require.NoError(t, err)
	assert.Len(t, info.Partitions, 3)
	assert.Equal(t, -1, w.stored(0), "no such group")
}

func TestAClientEndsWithItsContext(t *testing.T) {
	w := testWorld(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := iggy.Connect(ctx, w.server)
	require.ErrorIs(t, err, context.Canceled)
	_, err = w.client.Topic(ctx, w.stream.Name, topicName)
	require.ErrorIs(t, err, context.Canceled)
	_, err = w.client.Topic(t.Context(), w.stream.Name, topicName)
	require.NoError(t, err, "a call that was never made breaks nothing")
	require.NoError(t, w.client.Close())
	_, err = w.client.Topic(t.Context(), w.stream.Name, topicName)
	assert.ErrorContains(t, err, "use of closed network connection")
}
