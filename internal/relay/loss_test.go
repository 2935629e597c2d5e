package relay_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
	"iggysink/internal/relay"
	"iggysink/schema"
)

// deletion is a broker whose operator deletes things under a relay that runs.
type deletion struct {
	*broker
	admin *iggytest.Admin
	relay *relay.Relay
}

func newDeletion(t *testing.T, partitions int, startFrom schema.StartFrom) *deletion {
	address := iggytest.Address(t)
	d := &deletion{broker: newBrokerAt(t, address, partitions), admin: iggytest.NewAdmin(t, address)}
	d.stream.StartFrom, d.stream.BatchLength = startFrom, 10
	return d
}

// run starts a relay, which ends with the test.
func (d *deletion) run() {
	d.t.Helper()
	r, feeds := d.broker.relay(relay.Options{})
	d.relay = r
	ctx, cancel := context.WithCancel(d.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := r.Run(ctx, feeds)
		assert.NoError(d.t, err)
	}()
	d.t.Cleanup(func() {
		cancel()
		<-done
	})
	d.soon("in the group", func(s relay.Status) bool { return len(s.Sources) > 0 && s.Sources[0].Joined && len(s.Partitions) > 0 })
}

func (d *deletion) soon(what string, is func(relay.Status) bool) {
	d.t.Helper()
	await(d.t, what, &d.happened, func() bool { return is(d.relay.Status()) })
}

// arrives waits until the messages of partition 0 are exactly these, each once.
func (d *deletion) arrives(ranges ...[2]int) {
	d.t.Helper()
	var want []string
	for _, r := range ranges {
		want = append(want, expected(0, r[1])[r[0]:]...)
	}
	await(d.t, fmt.Sprintf("%d messages arrive", len(want)), &d.happened, func() bool { return len(d.of(0)) >= len(want) })
	d.settled(len(want))
	require.Equal(d.t, want, d.of(0))
}

// settled waits until so many messages are delivered and stored.
func (d *deletion) settled(delivered int) {
	d.t.Helper()
	d.soon("settled", func(s relay.Status) bool {
		return int(s.Delivered) >= delivered && !slices.ContainsFunc(s.Partitions, func(p relay.PartitionStatus) bool {
			return p.Settled < p.End
		})
	})
}

func (d *deletion) deleteGroup() {
	d.admin.DeleteGroup(d.stream.Name, d.topic, d.cfg.Group(&d.stream))
	d.soon("in the group again", func(s relay.Status) bool {
		return s.Sources[0].Reconnects > 0 && s.Sources[0].Joined && len(s.Partitions) > 0
	})
}

func TestLatestIsDecidedOnce(t *testing.T) {
	for _, before := range []int{0, 20} {
		d := newDeletion(t, 1, schema.StartFromLatest)
		if before > 0 {
			d.publish(0, 0, before, 0)
		}
		held := make(chan struct{})
		d.held = held
		d.run()
		d.publish(0, before, before+50, 0)
		d.soon("a request at the dead endpoint", func(s relay.Status) bool { return s.Stats.Requests > 0 })
		d.deleteGroup()
		d.mu.Lock()
		d.held = nil
		d.mu.Unlock()
		close(held)
		d.arrives([2]int{before, before + 50})
	}
}

func TestLatestReadsANewLogFromItsStart(t *testing.T) {
	d := newDeletion(t, 1, schema.StartFromLatest)
	d.publish(0, 0, 20, 0)
	d.run()
	d.publish(0, 20, 40, 0)
	d.arrives([2]int{20, 40})
	d.admin.DeleteTopic(d.stream.Name, d.topic)
	require.NoError(t, d.client.EnsureTopic(t.Context(), d.stream.Name, d.topic, 1))
	d.publish(0, 100, 200, 0)
	d.arrives([2]int{20, 40}, [2]int{100, 200})
}

func TestADeletedGroupDeliversNothingTwice(t *testing.T) {
	d := newDeletion(t, 1, schema.StartFromEarliest)
	d.publish(0, 0, 40, 0)
	d.run()
	d.arrives([2]int{0, 40})
	d.deleteGroup()
	d.publish(0, 40, 60, 0)
	d.arrives([2]int{0, 60})
	// A source stores when it comes round, and only the server knows when it has: it is asked.
	require.Eventually(t, func() bool { return d.stored(0) == 59 }, 30*time.Second, 20*time.Millisecond, "it is stored again")
}

// The log is replaced and filled up again before anybody looks: with fewer, as many and more messages than were read.
func TestAnotherLogWithTheSameOffsetsIsReadFromItsStart(t *testing.T) {
	replace := map[string]func(*deletion){
		"purged": func(d *deletion) { d.admin.PurgeTopic(d.stream.Name, d.topic, 2) },
		"topic created again": func(d *deletion) {
			d.admin.DeleteTopic(d.stream.Name, d.topic)
			require.NoError(d.t, d.client.EnsureTopic(d.t.Context(), d.stream.Name, d.topic, 2))
		},
		"partition created again": func(d *deletion) {
			d.admin.DeletePartitions(d.stream.Name, d.topic, 2)
			d.admin.CreatePartitions(d.stream.Name, d.topic, 2)
		},
	}
	for name, f := range replace {
		for _, fresh := range []int{10, 40, 90} {
			t.Run(name, func(t *testing.T) {
				d := newDeletion(t, 2, schema.StartFromEarliest)
				d.publish(0, 0, 40, 0)
				d.run()
				d.arrives([2]int{0, 40})
				f(d)
				d.publish(0, 100, 100+fresh, 0)
				d.arrives([2]int{0, 40}, [2]int{100, 100 + fresh})
			})
		}
	}
}

// Retention shrinks a log as well. It is the same one.
func TestRetentionIsNotAnotherLog(t *testing.T) {
	server := iggytest.Faulty(t)
	d := &deletion{broker: newBrokerAt(t, server.Addr(), 1)}
	d.publish(0, 0, 40, 0)
	d.run()
	d.arrives([2]int{0, 40})
	for _, before := range []uint64{10, 40} {
		require.NoError(t, server.DeleteHead(d.stream.Name, d.topic, 0, before))
		d.publish(0, 40+int(before), 50+int(before), 0)
	}
	d.arrives([2]int{0, 40}, [2]int{50, 60}, [2]int{80, 90})
}
