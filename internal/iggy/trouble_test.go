package iggy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggy"
	"iggysink/schema"
)

// through puts a proxy between the sources of w and its server.
func (w *world) through() *proxy {
	p := newProxy(w.t, w.server.Address, nil)
	w.server = settings(p.address())
	return p
}

func once(_ *recorder, o *iggy.SourceOptions) { o.Once = true }

func TestADropRevokesEverythingAndAssignsItAgain(t *testing.T) {
	w := testWorld(t, 2)
	network := w.through()
	w.send(0, "a", "b")
	run := w.start(committing)
	run.until(t, "delivery", func(r *recorder) bool { return r.count() == 2 })
	network.drop()
	run.until(t, "revocation", func(r *recorder) bool { return len(r.lost) == 2 })
	run.until(t, "assignment", func(r *recorder) bool { return len(r.owned) == 2 && r.joins >= 2 })
	w.send(1, "c")
	run.until(t, "new message", func(r *recorder) bool { return len(r.messages[1]) == 1 })
	assert.Equal(t, uint64(1), run.source.Status().Reconnects)
	assert.True(t, run.source.Status().Joined)
	assert.False(t, run.owned[0].Truncated)
}

func TestASilentServerIsLeft(t *testing.T) {
	w := testWorld(t, 1)
	network := w.through()
	run := w.start()
	run.until(t, "join", func(r *recorder) bool { return len(r.owned) == 1 })
	network.set(func(p *proxy) { p.silent = true })
	run.until(t, "revocation", func(r *recorder) bool { return len(r.lost) == 1 })
	assert.Contains(t, run.source.Status().Err, "the server does not answer")
	network.set(func(p *proxy) { p.silent = false })
	run.until(t, "assignment", func(r *recorder) bool { return len(r.owned) == 1 })
}

func TestTheEndDoesNotWaitForASilentServer(t *testing.T) {
	w := testWorld(t, 1)
	network := w.through()
	run := w.start()
	run.until(t, "join", func(r *recorder) bool { return len(r.owned) == 1 })
	network.set(func(p *proxy) { p.silent = true })
	require.NoError(t, run.stop())
}

func TestAServerThatIsNotThereYetIsWaitedFor(t *testing.T) {
	w := testWorld(t, 1)
	network := w.through()
	network.set(func(p *proxy) { p.refuse = true })
	run := w.start()
	run.logs.await(t, "trying again")
	assert.False(t, run.source.Status().Joined)
	assert.NotEmpty(t, run.source.Status().Err)
	network.set(func(p *proxy) { p.refuse = false })
	run.until(t, "join", func(r *recorder) bool { return len(r.owned) == 1 })
}

func TestAMissingTopicIsWaitedFor(t *testing.T) {
	w := testWorld(t, 0)
	run := w.start()
	run.logs.await(t, "waiting for a topic")
	assert.Contains(t, run.source.Status().Err, `topic "orders" of stream`)
	require.NoError(t, w.client.EnsureTopic(t.Context(), w.stream.Name, topicName, 1))
	run.until(t, "join", func(r *recorder) bool { return len(r.owned) == 1 })
}

func TestOnceFailsWithoutTheTopic(t *testing.T) {
	w := testWorld(t, 0)
	run := w.start(once)
	assert.ErrorIs(t, run.end(), iggy.ErrNotFound)
}

func TestWrongCredentialsEndTheStart(t *testing.T) {
	w := testWorld(t, 1)
	w.server = settings(w.server.Address)
	w.server.Password = schema.NewSecret("not-the-password")
	_, err := iggy.Connect(t.Context(), w.server)
	require.ErrorIs(t, err, iggy.ErrCredentials)
	run := w.start()
	err = run.end()
	require.ErrorIs(t, err, iggy.ErrCredentials)
	assert.NotContains(t, err.Error()+run.logs.String(), "not-the-password")
}

func TestTLS(t *testing.T) {
	w := testWorld(t, 1)
	w.send(0, "a")
	config, file := certificate(t, "iggy.test")
	network := newProxy(t, w.server.Address, config)

	w.server = settings(network.address())
	w.server.TLS = &schema.IggyTLS{CAFile: file, ServerName: "iggy.test"}
	run := w.start()
	run.until(t, "delivery", func(r *recorder) bool { return r.count() == 1 })
	require.NoError(t, run.stop())

	for name, wrong := range map[string]schema.IggyTLS{
		"another name":   {CAFile: file},
		"no trust in it": {ServerName: "iggy.test"},
	} {
		t.Run(name, func(t *testing.T) {
			server := settings(network.address())
			server.TLS = &wrong
			_, err := iggy.Connect(t.Context(), server)
			assert.ErrorContains(t, err, "TLS: ")
		})
	}
}

func TestAServerWithAnotherCertificateEndsTheStart(t *testing.T) {
	w := testWorld(t, 1)
	config, _ := certificate(t, "iggy.test")
	w.server = settings(newProxy(t, w.server.Address, config).address())
	w.server.TLS = &schema.IggyTLS{ServerName: "iggy.test"}
	assert.ErrorContains(t, w.start().end(), "certificate")
}

func TestADeletedGroupIsCreatedAgain(t *testing.T) {
	w := testWorld(t, 1)
	w.send(0, "a", "b")
	run := w.start(committing)
	run.until(t, "delivery", func(r *recorder) bool { return r.count() == 2 })
	require.NoError(t, w.client.DeleteGroup(t.Context(), w.stream.Name, topicName, groupName))
	run.until(t, "everything once more", func(r *recorder) bool { return r.count() == 4 })
	assert.True(t, run.source.Status().Joined)
}

// Only members of a group may store its offsets: that is why a source does it over its own connection.
func TestAStrangerCannotStore(t *testing.T) {
	w := testWorld(t, 1)
	w.send(0, "a")
	run := w.start()
	run.until(t, "delivery", func(r *recorder) bool { return r.count() == 1 })
	err := w.client.StoreOffset(t.Context(), w.stream.Name, topicName, groupName, 0, 0)
	var status *iggy.StatusError
	require.ErrorAs(t, err, &status)
	assert.Equal(t, uint32(5006), status.Code)
}
