// Package sourcetest is the contract of relay.Source as a test: Contract runs it against any implementation. Recorder is the
// handler that its tests, and those of the implementations, look through.
package sourcetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// Patience bounds every wait; none of them waits for time to pass.
const Patience = 60 * time.Second

// Recorder is a handler that keeps what it is given. It asks for Demand bytes at a time, from where it is.
type Recorder struct {
	tb     testing.TB
	source relay.Source
	inside atomic.Int32 // calls under way
	over   atomic.Bool  // Run has returned

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each event
	demand  int
	commit  bool

	Owned    map[uint32]relay.Assignment // by partition; those of now
	Next     map[uint32]uint64           // what is asked for next
	Messages map[uint32][]schema.Message
	Batches  []relay.Poll // those with messages
	Current  map[uint32]uint64
	Joins    int      // calls of Assigned
	Lost     []uint32 // all partitions that were ever revoked
}

// Settings are what a Recorder does beside recording.
type Settings struct {
	Demand int  // bytes; 0: 1 MiB, negative: none
	Commit bool // commit each batch at once
}

// NewRecorder returns a handler for source.
func NewRecorder(tb testing.TB, source relay.Source, s Settings) *Recorder {
	if s.Demand == 0 {
		s.Demand = 1 << 20
	}
	return &Recorder{
		tb: tb, source: source, demand: max(s.Demand, 0), commit: s.Commit, changed: make(chan struct{}),
		Owned: map[uint32]relay.Assignment{}, Next: map[uint32]uint64{}, Messages: map[uint32][]schema.Message{},
		Current: map[uint32]uint64{},
	}
}

// enter checks what a source promises of every call: one at a time, none after its end.
func (r *Recorder) enter() func() {
	if r.inside.Add(1) != 1 {
		r.tb.Error("the handler is called by two goroutines at once")
	}
	if r.over.Load() {
		r.tb.Error("the handler is called after Run has returned")
	}
	return func() { r.inside.Add(-1) }
}

// Update changes the recorder as an event does.
func (r *Recorder) Update(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	close(r.changed)
	r.changed = make(chan struct{})
}

// Assigned implements relay.Handler.
func (r *Recorder) Assigned(owned []relay.Assignment) {
	defer r.enter()()
	r.Update(func() {
		r.Joins++
		for _, a := range owned {
			if _, twice := r.Owned[a.Partition.ID]; twice {
				r.tb.Errorf("partition %d is assigned twice", a.Partition.ID)
			}
			r.Owned[a.Partition.ID], r.Next[a.Partition.ID] = a, a.Start
		}
	})
}

// Demand implements relay.Handler.
func (r *Recorder) Demand(p schema.Partition) (next uint64, bytes int) {
	defer r.enter()()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, owned := r.Owned[p.ID]; !owned {
		return 0, 0
	}
	return r.Next[p.ID], r.demand
}

// Polled implements relay.Handler.
func (r *Recorder) Polled(b relay.Poll) {
	defer r.enter()()
	r.Update(func() { r.take(b) })
}

func (r *Recorder) take(b relay.Poll) {
	id := b.Partition.ID
	if _, owned := r.Owned[id]; !owned {
		r.tb.Errorf("a batch of partition %d, which is not owned", id)
	}
	r.Current[id] = b.Current
	if len(b.Messages) > 0 && b.Asked != r.Next[id] {
		r.tb.Errorf("partition %d: a batch says that offset %d was asked for, and it was %d", id, b.Asked, r.Next[id])
	}
	size := 0
	for i := range b.Messages {
		m := &b.Messages[i]
		size += m.Size()
		if m.Offset < r.Next[id] {
			r.tb.Errorf("partition %d: offset %d came where %d or more was asked for", id, m.Offset, r.Next[id])
		}
		r.Next[id] = m.Offset + 1
	}
	if size != b.Bytes {
		r.tb.Errorf("a batch of %d bytes says %d", size, b.Bytes)
	}
	if len(b.Messages) == 0 {
		return
	}
	r.Batches = append(r.Batches, b)
	r.Messages[id] = append(r.Messages[id], b.Messages...)
	if r.commit {
		r.source.Commit(b.Partition, r.Next[id]-1)
	}
}

// Revoked implements relay.Handler.
func (r *Recorder) Revoked(lost []schema.Partition) {
	defer r.enter()()
	r.Update(func() {
		for _, p := range lost {
			if _, owned := r.Owned[p.ID]; !owned {
				r.tb.Errorf("partition %d is revoked and was not owned", p.ID)
			}
			delete(r.Owned, p.ID)
			r.Lost = append(r.Lost, p.ID)
		}
	})
}

// SetDemand changes how much is asked for.
func (r *Recorder) SetDemand(bytes int) { r.Update(func() { r.demand = bytes }) }

// Until waits for a state that condition accepts. condition may read the exported fields.
func (r *Recorder) Until(what string, condition func(*Recorder) bool) {
	r.tb.Helper()
	timeout := time.After(Patience)
	for {
		r.mu.Lock()
		met, changed := condition(r), r.changed
		r.mu.Unlock()
		if met {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			r.tb.Fatalf("no %s within %v; status %+v", what, Patience, r.source.Status())
		}
	}
}

// UntilCount waits for so many messages, all partitions together.
func (r *Recorder) UntilCount(n int) {
	r.tb.Helper()
	r.Until("delivery", func(r *Recorder) bool { return r.count() >= n })
}

func (r *Recorder) count() int {
	n := 0
	for _, messages := range r.Messages {
		n += len(messages)
	}
	return n
}

// Count returns how many messages came.
func (r *Recorder) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count()
}

// Payloads lists what came of a partition.
func (r *Recorder) Payloads(id uint32) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := []string{}
	for _, m := range r.Messages[id] {
		all = append(all, string(m.Payload))
	}
	return all
}

// Assignment returns how a partition was assigned that is owned now.
func (r *Recorder) Assignment(id uint32) relay.Assignment {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Owned[id]
}

// OwnedIDs lists the partitions that are owned now.
func (r *Recorder) OwnedIDs() []uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.Owned))
}

// Running is a source under way.
type Running struct {
	*Recorder
	Source relay.Source
	cancel context.CancelFunc
	end    func() error
}

// Start runs a source. The test's end stops it, if the test has not.
func Start(tb testing.TB, source relay.Source, s Settings) *Running {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	r := &Running{Recorder: NewRecorder(tb, source, s), Source: source, cancel: cancel}
	ended := make(chan error, 1)
	go func() { // end waits for it
		err := source.Run(ctx, r.Recorder)
		r.over.Store(true)
		ended <- err
	}()
	r.end = sync.OnceValue(func() error {
		select {
		case err := <-ended:
			return err
		case <-time.After(Patience):
			return errors.New("the source does not end")
		}
	})
	tb.Cleanup(func() { _ = r.Stop() }) // its error is that of the test that stops it
	return r
}

// Stop ends the source and returns what Run did.
func (r *Running) Stop() error {
	r.cancel()
	return r.end()
}

// End waits until Run ends by itself and returns its error.
func (r *Running) End() error { return r.end() }
