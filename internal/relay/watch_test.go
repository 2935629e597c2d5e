package relay_test

import (
	"context"
	"testing"
	"time"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// watched is a source of which everything that changes what the relay has is an event: a poll, a commit, a partition that
// comes or goes. With the lines of the log and the requests at the endpoint nobody has to look again and again.
type watched struct {
	relay.Source
	happened *relay.Event
}

func (w watched) Run(ctx context.Context, h relay.Handler) error {
	return w.Source.Run(ctx, watching{h, w.happened})
}

func (w watched) Commit(p schema.Partition, offset uint64) {
	w.Source.Commit(p, offset)
	w.happened.Fire()
}

func (w watched) Wake() {
	w.Source.Wake()
	w.happened.Fire()
}

type watching struct {
	relay.Handler
	happened *relay.Event
}

func (w watching) Assigned(owned []relay.Assignment) {
	w.Handler.Assigned(owned)
	w.happened.Fire()
}

func (w watching) Polled(b relay.Poll) {
	w.Handler.Polled(b)
	w.happened.Fire()
}

func (w watching) Revoked(lost []schema.Partition) {
	w.Handler.Revoked(lost)
	w.happened.Fire()
}

// await waits until something is true that an event makes true.
func await(t *testing.T, what string, happened *relay.Event, is func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		next := happened.Next()
		if is() {
			return
		}
		select {
		case <-next:
		case <-deadline:
			t.Fatalf("it never happened: %s", what)
		}
	}
}
