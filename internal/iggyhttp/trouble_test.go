package iggyhttp_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyhttp"
	"iggysink/internal/iggyserver"
	"iggysink/internal/iggyserver/iggytest"
	"iggysink/internal/relay"
	"iggysink/internal/relay/sourcetest"
	"iggysink/schema"
)

// A fault that ends the connection shows at once, one that leaves it silent after the answer timeout.
func TestFaultsOfTheServerAreSurvived(t *testing.T) {
	routes := []uint32{
		iggyserver.CodeLoginUser, iggyserver.CodeGetTopic, iggyserver.CodeGetOffset, iggyserver.CodePollMessages,
		iggyserver.CodeStoreOffset,
	}
	for _, c := range []struct {
		name  string
		fault iggyserver.Fault
		on    []uint32
	}{
		{"cut", iggyserver.Fault{Kind: iggyserver.Cut}, routes},
		{"hangup", iggyserver.Fault{Kind: iggyserver.Hangup}, routes},
		{"mute", iggyserver.Fault{Kind: iggyserver.Mute}, []uint32{iggyserver.CodePollMessages, iggyserver.CodeStoreOffset}},
		{"half", iggyserver.Fault{Kind: iggyserver.Half}, []uint32{iggyserver.CodePollMessages}},
		{"500", iggyserver.Fault{Kind: iggyserver.Refuse, HTTP: 500, Count: 2}, routes},
		{"504", iggyserver.Fault{Kind: iggyserver.Refuse, HTTP: 504, Count: 3}, routes[1:]},
		{"503", iggyserver.Fault{Kind: iggyserver.Refuse, HTTP: 503}, routes[1:]},
		{"429", iggyserver.Fault{Kind: iggyserver.Refuse, HTTP: 429}, []uint32{iggyserver.CodeStoreOffset}},
		{"not the leader", iggyserver.Fault{Kind: iggyserver.Refuse, HTTP: 503, Status: 58}, []uint32{iggyserver.CodeStoreOffset}},
		{"401", iggyserver.Fault{Kind: iggyserver.Refuse, HTTP: 401}, routes[1:]},
	} {
		for _, code := range c.on {
			t.Run(fmt.Sprint(c.name, " of ", code), func(t *testing.T) {
				w, server := faultyWorld(t, 2)
				w.send(0, lines("a", 100)...)
				w.send(1, lines("b", 100)...)
				fault := c.fault
				fault.Code = code
				fired := server.Inject(fault)
				run := w.start(committing)
				run.Until("delivery", func(r *sourcetest.Recorder) bool {
					return len(r.Messages[0]) >= 100 && len(r.Messages[1]) >= 100
				})
				<-fired
				run.Until("assignment", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 2 })
				w.send(0, "a last one")
				run.Until("the last one", func(r *sourcetest.Recorder) bool { return r.Next[0] == 101 })
				w.awaitStored(0, 100)
				w.awaitStored(1, 99)
			})
		}
	}
}

func TestAStopSaysThatAnOffsetIsNotStored(t *testing.T) {
	w, server := faultyWorld(t, 2)
	w.send(0, "a")
	w.send(1, "b")
	run := w.start(sourcetest.Settings{})
	run.UntilCount(2)
	fired := server.Inject(iggyserver.Fault{Kind: iggyserver.Mute, Code: iggyserver.CodeStoreOffset, Count: -1})
	run.Source.Commit(w.Partition(1), 0)
	<-fired
	err := run.Stop()
	require.ErrorIs(t, err, relay.ErrNotStored)
	assert.Contains(t, err.Error(), "of partitions [1]")
}

func TestTheEndDoesNotWaitForASilentServer(t *testing.T) {
	w, server := faultyWorld(t, 1)
	run := w.start(sourcetest.Settings{})
	run.Until("assignment", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 1 })
	<-server.Inject(iggyserver.Fault{Kind: iggyserver.Stall, Count: -1})
	require.NoError(t, run.Stop())
}

// A restart voids the token and ends the connections: everything is assigned anew, and nothing is lost.
func TestARestartLosesNothing(t *testing.T) {
	for name, options := range map[string]iggyserver.RestartOptions{"with goodbye": {}, "by a kill": {Kill: true}} {
		t.Run(name, func(t *testing.T) {
			w, server := faultyWorld(t, 2)
			w.send(0, lines("a", 10)...)
			run := w.start(committing)
			run.UntilCount(10)
			require.NoError(t, server.Restart(options))
			w.connect()
			w.send(0, "b")
			w.send(1, "c")
			run.Until("delivery", func(r *sourcetest.Recorder) bool { return len(r.Messages[1]) == 1 && r.Next[0] == 11 })
			assert.NotEmpty(t, run.Lost, "a restart is noticed")
			require.NoError(t, run.Stop())
			assert.Equal(t, 10, w.Stored(0))
		})
	}
}

func TestAServerThatIsAwayIsWaitedFor(t *testing.T) {
	w, server := faultyWorld(t, 1)
	w.send(0, "a")
	run := w.start(committing)
	w.awaitStored(0, 0)
	require.NoError(t, server.Restart(iggyserver.RestartOptions{Kill: true, Down: func() { w.logs.await(t, "refused") }}))
	w.connect()
	w.send(0, "b")
	run.UntilCount(2)
	assert.Equal(t, []string{"a", "b"}, run.Payloads(0))
}

// The log lost its end, and new messages have its offsets.
func TestALostEndIsReadAgainFromTheStoredOffset(t *testing.T) {
	for _, fresh := range []int{0, 3, 10, 12} {
		t.Run(fmt.Sprint(fresh, " new before the source is back"), func(t *testing.T) {
			w, server := faultyWorld(t, 1)
			w.send(0, lines("old", 10)...)
			run := w.start(committing)
			run.UntilCount(10)
			w.awaitStored(0, 9)
			want := make([]string, 15)
			for i := range want {
				want[i] = fmt.Sprint("new", i)
			}
			// The source gets no answer about the topic until the new messages are there.
			server.Inject(iggyserver.Fault{Kind: iggyserver.Refuse, HTTP: 500, Code: iggyserver.CodeGetTopic, Count: 1000})
			require.NoError(t, server.Restart(iggyserver.RestartOptions{Kill: true, LoseTail: 10}))
			server.ClearFaults()
			w.connect()
			if fresh > 0 {
				w.send(0, want[:fresh]...)
			}
			run.Until("another assignment", func(r *sourcetest.Recorder) bool { return r.Joins > 1 && len(r.Owned) == 1 })
			w.send(0, want[fresh:]...)
			run.Until("all new messages", func(r *sourcetest.Recorder) bool {
				m := r.Messages[0]
				return len(m) >= 25 && string(m[len(m)-1].Payload) == "new14"
			})
			payloads := run.Payloads(0)
			assert.Equal(t, want, payloads[len(payloads)-15:])
			assert.Zero(t, run.Assignment(0).Start)
		})
	}
}

// The topic is deleted and made again under its name: another topic, whose offsets have nothing to do with the former.
func TestARecreatedTopicIsReadFromItsFirstMessage(t *testing.T) {
	for name, change := range map[string]func(*iggyserver.Options){"0.8": func(*iggyserver.Options) {}, "0.9": newer} {
		t.Run(name, func(t *testing.T) {
			w, _ := faultyWorld(t, 1, change)
			w.send(0, lines("old", 5)...)
			run := w.start(committing)
			run.UntilCount(5)
			w.awaitStored(0, 4)
			w.recreate(1)
			w.send(0, "new1", "new2", "new3", "new4", "new5", "new6", "new7")
			// What came before it was noticed comes again, in order.
			run.Until("the new messages", func(r *sourcetest.Recorder) bool {
				m := r.Messages[0]
				return len(m) >= 12 && string(m[len(m)-1].Payload) == "new7"
			})
			payloads := run.Payloads(0)
			assert.Equal(t, []string{"new1", "new2", "new3", "new4", "new5", "new6", "new7"}, payloads[len(payloads)-7:])
			w.awaitStored(0, 6)
		})
	}
}

// recreate deletes the topic and makes it again.
func (w *world) recreate(partitions int) {
	w.t.Helper()
	require.NoError(w.t, w.client.DeleteTopic(w.t.Context(), w.stream.Name, w.topic))
	w.t.Helper()
	require.NoError(w.t, w.client.EnsureTopic(w.t.Context(), w.stream.Name, w.topic, partitions))
}

func TestRetentionIsCounted(t *testing.T) {
	w, server := faultyWorld(t, 1)
	w.send(0, lines("a", 10)...)
	run := w.start(sourcetest.Settings{Demand: -1})
	run.Until("assignment", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 1 })
	require.NoError(t, server.DeleteHead(w.stream.Name, w.topic, 0, 7))
	run.SetDemand(1 << 20)
	run.Source.Wake()
	run.UntilCount(3)
	assert.Equal(t, uint64(7), run.Source.Status().Skipped)
	w.logs.await(t, `level=WARN msg="messages are lost: retention deleted them before they were read; `+
		`a retention that is shorter than an outage loses messages"`)
	w.logs.await(t, "partition=0 from=0 to=6 messages=7")
}

// All that was there is deleted: what comes next is read as soon as it is there.
func TestAPartitionThatRetentionEmptiedGoesOn(t *testing.T) {
	w, server := faultyWorld(t, 1)
	w.send(0, lines("a", 10)...)
	run := w.start(sourcetest.Settings{Demand: -1})
	run.Until("assignment", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 1 })
	require.NoError(t, server.DeleteHead(w.stream.Name, w.topic, 0, 10))
	run.SetDemand(1 << 20)
	run.Source.Wake()
	w.send(0, "b")
	run.UntilCount(1)
	assert.Equal(t, []string{"b"}, run.Payloads(0))
}

func TestWrongCredentialsEndTheStart(t *testing.T) {
	w := testWorld(t, 1)
	w.server = settings(w.server.Address)
	w.server.Password = schema.NewSecret("not-the-password")
	w.account = iggyhttp.NewAccount(w.server)
	_, err := iggyhttp.Connect(t.Context(), w.account)
	require.ErrorIs(t, err, iggyhttp.ErrCredentials)
	err = w.start(sourcetest.Settings{}).End()
	require.ErrorIs(t, err, iggyhttp.ErrCredentials)
	assert.NotContains(t, err.Error()+w.logs.String(), "not-the-password")
}

// The server repeats an unknown token in its answer; it must not get into ours.
func TestAnUnknownTokenIsNotRepeated(t *testing.T) {
	w := testWorld(t, 1)
	w.server = settings(w.server.Address)
	w.server.Token = schema.NewSecret("secret-token")
	w.account = iggyhttp.NewAccount(w.server)
	err := w.start(sourcetest.Settings{}).End()
	require.ErrorIs(t, err, iggyhttp.ErrCredentials)
	assert.NotContains(t, err.Error()+w.logs.String(), "secret-token")
}

func TestAMissingTopicIsWaitedFor(t *testing.T) {
	w := testWorld(t, 0)
	run := w.start(sourcetest.Settings{})
	w.logs.await(t, "waiting for a topic")
	assert.Contains(t, run.Source.Status().Err, `topic "orders" of stream`)
	require.NoError(t, w.client.EnsureTopic(t.Context(), w.stream.Name, topicName, 1))
	run.Until("assignment", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 1 })
}

func TestOnceFailsWithoutTheTopic(t *testing.T) {
	w := testWorld(t, 0)
	assert.ErrorIs(t, w.start(sourcetest.Settings{}, once).End(), iggyhttp.ErrNotFound)
}

func TestAnotherServerIsNamed(t *testing.T) {
	w, server := faultyWorld(t, 1)
	w.server = settings(server.Addr()) // of the TCP listener
	w.account = iggyhttp.NewAccount(w.server)
	w.start(sourcetest.Settings{})
	w.logs.await(t, "not connected to iggy")
}

// A follower names its leader, and takes no stores itself.
func TestTheLeaderOfAClusterIsAsked(t *testing.T) {
	w, leader := faultyWorld(t, 1)
	follower := iggytest.With(t, iggyserver.Options{Leader: leader.HTTPAddr()}).HTTPAddr()
	w.send(0, "a")
	w.server = settings(follower)
	w.account = iggyhttp.NewAccount(w.server)
	run := w.start(committing)
	run.UntilCount(1)
	require.NoError(t, run.Stop())
}

// A purge keeps the topic and its age. New messages take the offsets of the old ones, and may be as many.
func TestAPurgeLosesNothing(t *testing.T) {
	for _, fresh := range []int{0, 3, 5, 8} {
		t.Run(fmt.Sprint(fresh, " new at once"), func(t *testing.T) {
			w, server := faultyWorld(t, 1)
			admin := iggytest.NewAdmin(t, server.Addr())
			w.send(0, lines("old", 5)...)
			run := w.start(committing)
			run.UntilCount(5)
			w.awaitStored(0, 4)
			admin.PurgeTopic(w.stream.Name, w.topic, 1)
			want := make([]string, 9)
			for i := range want {
				want[i] = fmt.Sprint("new", i)
			}
			if fresh > 0 {
				w.send(0, want[:fresh]...)
			}
			run.Until("another assignment", func(r *sourcetest.Recorder) bool { return r.Joins > 1 && len(r.Owned) == 1 })
			w.send(0, want[fresh:]...)
			run.Until("all new messages", func(r *sourcetest.Recorder) bool {
				m := r.Messages[0]
				return len(m) >= 14 && string(m[len(m)-1].Payload) == "new8"
			})
			payloads := run.Payloads(0)
			assert.Equal(t, want, payloads[len(payloads)-9:])
			w.awaitStored(0, 8)
		})
	}
}
