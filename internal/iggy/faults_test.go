package iggy_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggy"
	"iggysink/internal/iggyserver"
	"iggysink/internal/iggyserver/iggytest"
	"iggysink/internal/relay"
	"iggysink/schema"
)

// faultyWorld gives a test a server in this process, whatever server the others talk to.
func faultyWorld(t *testing.T, partitions int) (*world, *iggyserver.Server) {
	t.Helper()
	t.Parallel()
	server := iggytest.Faulty(t)
	return newWorld(t, server.Addr(), "faulty", partitions), server
}

// again connects the world's own client after a restart.
func (w *world) again() {
	w.t.Helper()
	require.NoError(w.t, w.client.Close())
	client, err := iggy.Connect(w.t.Context(), w.server)
	require.NoError(w.t, err)
	w.client = client
	w.t.Cleanup(func() { _ = client.Close() })
}

// A fault that ends the connection shows at once, one that leaves it silent after the answer timeout.
func TestFaultsOfTheServerAreSurvived(t *testing.T) {
	for _, c := range []struct {
		name string
		kind iggyserver.FaultKind
		on   []uint32
	}{
		{"cut", iggyserver.Cut, []uint32{
			iggyserver.CodeLoginUser, iggyserver.CodeGetTopic, iggyserver.CodeGetGroup, iggyserver.CodeCreateGroup,
			iggyserver.CodeJoinGroup, iggyserver.CodeGetOffset, iggyserver.CodePollMessages, iggyserver.CodeStoreOffset,
		}},
		{"hangup", iggyserver.Hangup, []uint32{
			iggyserver.CodeLoginUser, iggyserver.CodeGetTopic, iggyserver.CodeGetGroup, iggyserver.CodeCreateGroup,
			iggyserver.CodeJoinGroup, iggyserver.CodeGetOffset, iggyserver.CodePollMessages, iggyserver.CodeStoreOffset,
		}},
		{"mute", iggyserver.Mute, []uint32{iggyserver.CodeJoinGroup, iggyserver.CodeStoreOffset}},
	} {
		for _, code := range c.on {
			t.Run(fmt.Sprint(c.name, " of ", code), func(t *testing.T) {
				w, server := faultyWorld(t, 2)
				w.send(0, lines("a", 100)...)
				w.send(1, lines("b", 100)...)
				fired := server.Inject(iggyserver.Fault{Kind: c.kind, Code: code})
				run := w.start(committing)
				run.until(t, "delivery", func(r *recorder) bool {
					return len(r.messages[0]) >= 100 && len(r.messages[1]) >= 100
				})
				<-fired
				run.until(t, "ownership", func(r *recorder) bool { return len(r.owned) == 2 })
				w.send(0, "a last one")
				run.until(t, "the last one", func(r *recorder) bool { return r.next[0] == 101 })
				w.awaitStored(0, 100)
			})
		}
	}
}

func TestAStopSaysThatAnOffsetIsNotStored(t *testing.T) {
	w, server := faultyWorld(t, 2)
	w.send(0, "a")
	w.send(1, "b")
	run := w.start()
	run.until(t, "delivery", func(r *recorder) bool { return r.count() == 2 })
	fired := server.Inject(iggyserver.Fault{Kind: iggyserver.Mute, Code: iggyserver.CodeStoreOffset})
	run.source.Commit(run.owned[1].Partition, 0)
	<-fired
	err := run.stop()
	require.ErrorIs(t, err, relay.ErrNotStored)
	assert.Contains(t, err.Error(), "of partitions [1]")
}

func TestAStopIsCleanWhereThePartitionHasMoved(t *testing.T) {
	w, server := faultyWorld(t, 1)
	w.send(0, "a")
	run := w.start()
	run.until(t, "delivery", func(r *recorder) bool { return r.count() == 1 })
	server.Inject(iggyserver.Fault{Kind: iggyserver.Refuse, Code: iggyserver.CodeStoreOffset, Status: 3022, Count: -1})
	run.source.Commit(run.owned[0].Partition, 0)
	assert.NoError(t, run.stop())
}

func TestStartFromLatestIsFinishedAfterADrop(t *testing.T) {
	for name, code := range map[string]uint32{
		"at the first store": iggyserver.CodeStoreOffset, "at the join": iggyserver.CodeJoinGroup,
		"the answer of the creation is lost": iggyserver.CodeCreateGroup,
	} {
		t.Run(name, func(t *testing.T) {
			w, server := faultyWorld(t, 2)
			w.stream.StartFrom = schema.StartFromLatest
			w.send(0, "old")
			w.send(1, "old", "old")
			fired := server.Inject(iggyserver.Fault{Kind: iggyserver.Cut, Code: code})
			run := w.start()
			<-fired
			run.until(t, "join", func(r *recorder) bool { return len(r.owned) == 2 })
			w.send(0, "new")
			w.send(1, "new")
			run.until(t, "new messages", func(r *recorder) bool { return r.count() >= 2 })
			assert.Equal(t, []string{"new"}, run.payloads(0))
			assert.Equal(t, []string{"new"}, run.payloads(1))
		})
	}
}

func TestALoginWithoutAnswerIsExplained(t *testing.T) {
	w, server := faultyWorld(t, 1)
	server.Inject(iggyserver.Fault{Kind: iggyserver.Stall, Code: 38})
	run := w.start()
	run.logs.await(t, "iggysink speaks the protocol of 0.8")
	run.until(t, "join", func(r *recorder) bool { return len(r.owned) == 1 })
}

func TestAfterTheStartRefusedCredentialsAreWaitedFor(t *testing.T) {
	w, server := faultyWorld(t, 1)
	network := w.through()
	run := w.start()
	run.until(t, "join", func(r *recorder) bool { return len(r.owned) == 1 })
	server.Inject(iggyserver.Fault{Kind: iggyserver.Refuse, Code: 38, Status: 42})
	network.drop()
	run.logs.await(t, "iggy answered 42")
	run.until(t, "join", func(r *recorder) bool { return r.joins == 2 })
}

func TestARestartLosesNothing(t *testing.T) {
	for name, restart := range map[string]struct {
		kill   bool
		missed bool // the source has found nobody there
	}{
		"with goodbye": {}, "by a kill": {kill: true}, "after it was missed": {missed: true},
	} {
		t.Run(name, func(t *testing.T) {
			w, server := faultyWorld(t, 2)
			w.send(0, lines("a", 10)...)
			run := w.start(committing)
			run.until(t, "delivery", func(r *recorder) bool { return r.count() == 10 })
			options := iggyserver.RestartOptions{Kill: restart.kill}
			if restart.missed {
				options.Down = func() { run.logs.await(t, "dial tcp") }
			}
			require.NoError(t, server.Restart(options))
			w.again()
			w.send(0, "b")
			w.send(1, "c")
			run.until(t, "delivery", func(r *recorder) bool {
				return len(r.messages[1]) == 1 && len(r.messages[0]) > 10
			})
			run.until(t, "the last one", func(r *recorder) bool {
				return string(r.messages[0][len(r.messages[0])-1].Payload) == "b"
			})
			require.NoError(t, run.stop())
			assert.Equal(t, 10, w.stored(0))
		})
	}
}

// The log lost its end, and new messages have its offsets.
func TestALostEndIsReadAgainFromTheStoredOffset(t *testing.T) {
	for _, fresh := range []int{0, 3, 10, 12} {
		t.Run(fmt.Sprint(fresh, " new before the source is back"), func(t *testing.T) {
			w, server := faultyWorld(t, 1)
			direct := w.server
			network := w.through()
			w.send(0, lines("old", 10)...)
			run := w.start(committing)
			run.until(t, "delivery", func(r *recorder) bool { return r.count() == 10 })
			w.awaitStored(0, 9)
			network.set(func(p *proxy) { p.refuse = true })
			require.NoError(t, server.Restart(iggyserver.RestartOptions{Kill: true, LoseTail: 10}))
			run.until(t, "revocation", func(r *recorder) bool { return len(r.lost) == 1 })
			proxied := w.server
			w.server = direct
			w.again()
			w.server = proxied
			want := make([]string, 15)
			for i := range want {
				want[i] = fmt.Sprint("new", i)
			}
			if fresh > 0 {
				w.send(0, want[:fresh]...)
			}
			network.set(func(p *proxy) { p.refuse = false })
			run.until(t, "assignment", func(r *recorder) bool { return len(r.owned) == 1 })
			assert.Equal(t, fresh < 10, run.owned[0].Truncated, "a longer log is compared by the handler")
			assert.Zero(t, run.owned[0].Start)
			w.send(0, want[fresh:]...)
			run.until(t, "all new messages", func(r *recorder) bool { return r.count() >= 25 })
			assert.Equal(t, want, run.payloads(0)[10:])
		})
	}
}

func TestRetentionIsCounted(t *testing.T) {
	w, server := faultyWorld(t, 1)
	w.send(0, lines("a", 10)...)
	run := w.start(func(r *recorder, _ *iggy.SourceOptions) { r.demand = 0 })
	run.until(t, "join", func(r *recorder) bool { return len(r.owned) == 1 })
	require.NoError(t, server.DeleteHead("faulty", topicName, 0, 7))
	run.update(func() { run.demand = 1 << 20 })
	run.source.Wake()
	run.until(t, "delivery", func(r *recorder) bool { return r.count() == 3 })
	assert.Equal(t, uint64(7), run.source.Status().Skipped)
	assert.Equal(t, uint64(7), run.messages[0][0].Offset)
}
