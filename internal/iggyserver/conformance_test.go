package iggyserver_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/apache/iggy/foreign/go/client/tcp"
	iggcon "github.com/apache/iggy/foreign/go/contracts"
	ierror "github.com/apache/iggy/foreign/go/errors"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
)

// These tests drive the unmodified SDK. With IGGYSINK_TEST_SERVER they hold a real server to the same clauses.

func named(t testing.TB, name string) iggcon.Identifier {
	t.Helper()
	id, err := iggcon.NewIdentifier(name)
	require.NoError(t, err)
	return id
}

func login(t testing.TB, address string) *tcp.IggyTcpClient {
	t.Helper()
	client, err := tcp.NewIggyTcpClient(tcp.WithServerAddress(address))
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	_, err = client.LoginUser("iggy", "iggy")
	require.NoError(t, err)
	return client
}

// place is a fresh topic and a client of it.
type place struct {
	*tcp.IggyTcpClient
	t             testing.TB
	address       string
	stream, topic iggcon.Identifier
}

func newPlace(t testing.TB, partitions uint32) place {
	t.Helper()
	address := iggytest.Address(t)
	client := login(t, address)
	name := iggytest.Unique(t, "s")
	_, err := client.CreateStream(name)
	require.NoError(t, err)
	p := place{client, t, address, named(t, name), named(t, "topic")}
	_, err = client.CreateTopic(p.stream, "topic", partitions, iggcon.CompressionAlgorithmNone, 0, 0, nil)
	require.NoError(t, err)
	return p
}

func message(t testing.TB, payload string, opts ...iggcon.IggyMessageOpt) iggcon.IggyMessage {
	t.Helper()
	m, err := iggcon.NewIggyMessage([]byte(payload), opts...)
	require.NoError(t, err)
	return m
}

func (p place) put(to iggcon.Partitioning, payloads ...string) {
	p.t.Helper()
	var messages []iggcon.IggyMessage
	for _, payload := range payloads {
		messages = append(messages, message(p.t, payload))
	}
	require.NoError(p.t, p.SendMessages(p.stream, p.topic, to, messages))
}

func (p place) get(who iggcon.Consumer, from iggcon.PollingStrategy, n uint32, commit bool, at uint32) *iggcon.PolledMessage {
	p.t.Helper()
	polled, err := p.PollMessages(p.stream, p.topic, who, from, n, commit, &at)
	require.NoError(p.t, err)
	return polled
}

func payloads(polled *iggcon.PolledMessage) (list []string) {
	for _, m := range polled.Messages {
		list = append(list, string(m.Payload))
	}
	return list
}

func (p place) counts() (messages []uint64) {
	p.t.Helper()
	details, err := p.GetTopic(p.stream, p.topic)
	require.NoError(p.t, err)
	for _, partition := range details.Partitions {
		messages = append(messages, partition.MessagesCount)
	}
	return messages
}

func TestMessagesArriveAsTheyWereSent(t *testing.T) {
	p := newPlace(t, 1)
	key, err := iggcon.NewHeaderKeyString("k")
	require.NoError(t, err)
	headers := []iggcon.HeaderEntry{{Key: key, Value: iggcon.HeaderValue{Kind: iggcon.String, Value: []byte("v")}}}
	large := string(bytes.Repeat([]byte("x"), 3<<20))
	require.NoError(t, p.SendMessages(p.stream, p.topic, iggcon.PartitionId(0), []iggcon.IggyMessage{
		message(t, "first", iggcon.WithID([16]byte{7})),
		message(t, "second", iggcon.WithUserHeaders(headers)),
		message(t, large),
	}))
	who := iggcon.NewSingleConsumer(named(t, "reader"))
	polled := p.get(who, iggcon.OffsetPollingStrategy(0), 10, false, 0)
	require.Equal(t, []string{"first", "second", large}, payloads(polled))
	require.EqualValues(t, 2, polled.CurrentOffset)
	for i, m := range polled.Messages {
		require.EqualValues(t, i, m.Header.Offset)
		require.NotZero(t, m.Header.Timestamp)
		require.NotZero(t, m.Header.Checksum)
		require.NotZero(t, m.Header.Id, "an id of 0 is replaced by the server")
	}
	require.EqualValues(t, [16]byte{7}, polled.Messages[0].Header.Id)
	read, err := iggcon.DeserializeHeaders(polled.Messages[1].UserHeaders)
	require.NoError(t, err)
	require.Equal(t, headers, read)
}

func TestPollingStrategies(t *testing.T) {
	p := newPlace(t, 1)
	p.put(iggcon.PartitionId(0), "0", "1", "2")
	p.put(iggcon.PartitionId(0), "3", "4")
	who := iggcon.NewSingleConsumer(named(t, "reader"))
	second := p.get(who, iggcon.OffsetPollingStrategy(3), 1, false, 0).Messages[0].Header.Timestamp
	for _, c := range []struct {
		name  string
		from  iggcon.PollingStrategy
		count uint32
		want  []string
	}{
		{"first", iggcon.FirstPollingStrategy(), 2, []string{"0", "1"}},
		{"last", iggcon.LastPollingStrategy(), 2, []string{"3", "4"}},
		{"last, more than there are", iggcon.LastPollingStrategy(), 9, []string{"0", "1", "2", "3", "4"}},
		{"across two sends", iggcon.OffsetPollingStrategy(2), 2, []string{"2", "3"}},
		{"beyond the end", iggcon.OffsetPollingStrategy(5), 2, nil},
		{"nothing asked", iggcon.OffsetPollingStrategy(0), 0, nil},
		{"next, nothing stored", iggcon.NextPollingStrategy(), 1, []string{"0"}},
		{"next, nothing stored since", iggcon.NextPollingStrategy(), 1, []string{"0"}},
		{"timestamp", iggcon.TimestampPollingStrategy(second), 9, []string{"3", "4"}},
		{"timestamp of the future", iggcon.TimestampPollingStrategy(second + 1e12), 9, nil},
	} {
		polled := p.get(who, c.from, c.count, false, 0)
		require.Equal(t, c.want, payloads(polled), c.name)
		require.EqualValues(t, 4, polled.CurrentOffset, c.name)
	}
}

func TestAutoCommitStoresBeforeTheReply(t *testing.T) {
	p := newPlace(t, 1)
	p.put(iggcon.PartitionId(0), "0", "1", "2")
	who := iggcon.NewSingleConsumer(named(t, "reader"))
	require.Equal(t, []string{"0", "1"}, payloads(p.get(who, iggcon.NextPollingStrategy(), 2, true, 0)))
	partition := uint32(0)
	offset, err := p.GetConsumerOffset(who, p.stream, p.topic, &partition)
	require.NoError(t, err)
	require.EqualValues(t, 1, offset.StoredOffset)
	require.Equal(t, []string{"2"}, payloads(p.get(who, iggcon.NextPollingStrategy(), 2, true, 0)))
	require.Empty(t, payloads(p.get(who, iggcon.NextPollingStrategy(), 2, true, 0)))
}

func TestOffsetsAreStoredWithinTheLog(t *testing.T) {
	p := newPlace(t, 2)
	p.put(iggcon.PartitionId(0), "0", "1", "2")
	who := iggcon.NewSingleConsumer(named(t, "reader"))
	full, empty := uint32(0), uint32(1)
	require.NoError(t, p.StoreConsumerOffset(who, p.stream, p.topic, 2, &full))
	require.NoError(t, p.StoreConsumerOffset(who, p.stream, p.topic, 0, &full), "a store may go backwards")
	require.ErrorIs(t, p.StoreConsumerOffset(who, p.stream, p.topic, 3, &full), ierror.ErrInvalidOffset)
	require.ErrorIs(t, p.StoreConsumerOffset(who, p.stream, p.topic, 0, &empty), ierror.ErrInvalidOffset)
	none, err := p.GetConsumerOffset(who, p.stream, p.topic, &empty)
	require.NoError(t, err)
	require.Nil(t, none)
	require.NoError(t, p.DeleteConsumerOffset(who, p.stream, p.topic, &full))
	require.Error(t, p.DeleteConsumerOffset(who, p.stream, p.topic, &full), "nothing is stored any more")
}

func TestPartitioning(t *testing.T) {
	t.Run("balanced takes turns", func(t *testing.T) {
		p := newPlace(t, 3)
		for range 6 {
			p.put(iggcon.None(), "x")
		}
		require.Equal(t, []uint64{2, 2, 2}, p.counts())
	})
	t.Run("a partition that is not there", func(t *testing.T) {
		p := newPlace(t, 1)
		err := p.SendMessages(p.stream, p.topic, iggcon.PartitionId(1), []iggcon.IggyMessage{message(t, "x")})
		require.ErrorIs(t, err, ierror.ErrPartitionNotFound)
	})
	t.Run("by key", func(t *testing.T) {
		p := newPlace(t, 7)
		// The partitions that a real 0.8.0 server chose; the keys are shorter and longer than one stripe of the hash.
		var got []int
		before := p.counts()
		for _, key := range []string{"a", "abc", "order-1", "0123456789abcdef", "Nobody inspects the spammish repetition"} {
			to, err := iggcon.EntityIdString(key)
			require.NoError(t, err)
			p.put(to, key)
			after := p.counts()
			for partition := range after {
				if after[partition] > before[partition] {
					got = append(got, partition)
				}
			}
			before = after
		}
		require.Equal(t, []int{3, 5, 1, 5, 3}, got)
	})
}

func TestManyPartitions(t *testing.T) {
	p := newPlace(t, 1000)
	p.put(iggcon.PartitionId(999), "last")
	who := iggcon.NewSingleConsumer(named(t, "reader"))
	require.Equal(t, []string{"last"}, payloads(p.get(who, iggcon.FirstPollingStrategy(), 1, false, 999)))
}

func TestAMemberIsAConnection(t *testing.T) {
	p := newPlace(t, 2)
	for partition := range uint32(2) {
		p.put(iggcon.PartitionId(partition), fmt.Sprint(partition))
	}
	_, err := p.CreateConsumerGroup(p.stream, p.topic, "g")
	require.NoError(t, err)
	g := named(t, "g")
	who := iggcon.NewGroupConsumer(g)
	zero := uint32(0)
	_, err = p.PollMessages(p.stream, p.topic, who, iggcon.NextPollingStrategy(), 1, false, &zero)
	require.Error(t, err, "not a member")
	require.NoError(t, p.JoinConsumerGroup(p.stream, p.topic, g))
	require.Equal(t, []string{"1"}, payloads(p.get(who, iggcon.NextPollingStrategy(), 1, false, 1)))
	other := place{login(t, p.address), t, p.address, p.stream, p.topic}
	require.NoError(t, other.JoinConsumerGroup(p.stream, p.topic, g))
	require.Empty(t, payloads(other.get(who, iggcon.NextPollingStrategy(), 1, false, 1)), "not settled, so not moved")
	one := uint32(1)
	require.NoError(t, p.StoreConsumerOffset(who, p.stream, p.topic, 0, &one))
	require.EqualValues(t, 1, other.get(who, iggcon.OffsetPollingStrategy(0), 0, false, 1).PartitionId, "settled, so moved")
	require.Empty(t, payloads(p.get(who, iggcon.OffsetPollingStrategy(0), 1, false, 1)), "gone without an error")
	require.NoError(t, p.LeaveConsumerGroup(p.stream, p.topic, g))
	require.Equal(t, []string{"0"}, payloads(other.get(who, iggcon.NextPollingStrategy(), 1, false, 0)))
	clients, err := p.GetClients()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(clients), 2)
	var memberships uint32
	for _, client := range clients {
		memberships += client.ConsumerGroupsCount
	}
	require.GreaterOrEqual(t, memberships, uint32(1))
}

func TestWrongPassword(t *testing.T) {
	client, err := tcp.NewIggyTcpClient(tcp.WithServerAddress(iggytest.Address(t)))
	require.NoError(t, err)
	defer func() { require.NoError(t, client.Close()) }()
	_, err = client.LoginUser("iggy", "wrong-password")
	require.True(t, errors.Is(err, ierror.ErrInvalidCredentials), "%v", err)
}

func BenchmarkPoll(b *testing.B) {
	p := newPlace(b, 1)
	batch := make([]string, 1000)
	for i := range batch {
		batch[i] = string(make([]byte, 200))
	}
	for range 10 {
		p.put(iggcon.PartitionId(0), batch...)
	}
	who := iggcon.NewSingleConsumer(named(b, "reader"))
	b.ResetTimer()
	read := 0
	for i := 0; b.Loop(); i++ {
		read += len(p.get(who, iggcon.OffsetPollingStrategy(uint64(i%10)*1000), 1000, false, 0).Messages)
	}
	b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "messages/s")
}
