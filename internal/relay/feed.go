package relay

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"iggysink/schema"
)

// feed is one topic at work: the Handler of its source.
type feed struct {
	relay  *Relay
	stream *schema.Stream
	topic  string
	source Source
	length int          // messages in a request
	joined atomic.Bool  // the first Assigned has come
	lostAt atomic.Int64 // as elapsed has it; 0: never
}

// regain is how long Once waits after the loss of a partition that it has not finished: a dropped connection loses all
// of them, and the next join brings them back.
const regain = 2 * time.Second

// run runs the source.
func (f *feed) run(ctx context.Context) error {
	err := f.source.Run(ctx, f)
	if err == nil && ctx.Err() == nil {
		err = errors.New("the source ended by itself")
	}
	if err != nil {
		return fmt.Errorf("topic %q of stream %q: %w", f.topic, f.stream.Name, err)
	}
	return nil
}

// Assigned implements Handler: it starts a worker for each partition.
func (f *feed) Assigned(owned []Assignment) {
	for _, a := range owned {
		f.assign(a)
	}
	f.joined.Store(true)
	f.relay.touch()
}

// assign starts the worker of one partition. It begins when the former one has ended: two would send its messages out
// of order.
func (f *feed) assign(a Assignment) {
	r := f.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	p := newPartition(f, a, r.former[a.Partition])
	if p.former != nil {
		p.former.revoke()
	}
	r.owned[p.id], r.former[p.id] = p, p
	r.budget.divide(len(r.owned))
	go func() { // drain and the partition's next worker wait for done
		defer p.disband()
		defer r.catch("worker of a partition")
		p.run()
	}()
}

// Revoked implements Handler: the workers make no further attempt and store nothing. What is in flight goes on; its
// result counts if the partition comes back.
func (f *feed) Revoked(lost []schema.Partition) {
	r := f.relay
	var gone []*partition
	r.mu.Lock()
	for _, id := range lost {
		p, ok := r.owned[id]
		if !ok {
			continue
		}
		delete(r.owned, id)
		gone = append(gone, p)
		if !p.fulfilled() {
			f.lostAt.Store(max(int64(r.elapsed()), 1))
		}
	}
	r.budget.divide(len(r.owned))
	r.mu.Unlock()
	for _, p := range gone {
		p.revoke()
	}
	r.wakeAll() // what the others may hold has grown
	r.touch()
}

// Demand implements Handler.
func (f *feed) Demand(id schema.Partition) (next uint64, bytes int) {
	if p := f.partition(id); p != nil {
		return p.demand()
	}
	return 0, 0
}

// Polled implements Handler.
func (f *feed) Polled(b Poll) {
	if p := f.partition(b.Partition); p != nil {
		p.take(b)
	}
}

func (f *feed) partition(id schema.Partition) *partition {
	f.relay.mu.Lock()
	defer f.relay.mu.Unlock()
	return f.relay.owned[id]
}

// settledIn reports whether the feed knows what it owns: it has joined, and what it lost it will not get back at once.
func (f *feed) settledIn() bool {
	lost := f.lostAt.Load()
	if !f.joined.Load() {
		return false
	}
	return lost == 0 || f.source.Status().Joined && f.relay.elapsed()-time.Duration(lost) >= regain
}
