package relay

import (
	"context"
	"hash/crc32"
	"slices"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"iggysink/schema"
)

// fakeTopic is a topic in memory with the offsets of one consumer group. Sources come and go, the topic stays.
type fakeTopic struct {
	happened event // something was stored, asked for, handed over or logged

	t      testing.TB
	stream string
	topic  string
	// onStore, if set, is called before an offset is stored.
	onStore func(id uint32, offset uint64)

	mu      sync.Mutex
	logs    [][]schema.Message // by partition
	stored  map[uint32]uint64
	sources []*fakeSource
}

func newFakeTopic(t testing.TB, partitions int) *fakeTopic {
	return &fakeTopic{
		t: t, stream: "shop", topic: "orders", logs: make([][]schema.Message, partitions), stored: map[uint32]uint64{},
	}
}

func (f *fakeTopic) partition(id uint32) schema.Partition {
	return schema.Partition{Stream: f.stream, Topic: f.topic, ID: id}
}

// publish appends payloads to a partition. gap leaves out so many offsets before each of them.
func (f *fakeTopic) publish(id uint32, gap uint64, payloads ...string) {
	f.mu.Lock()
	for _, payload := range payloads {
		offset := gap
		if log := f.logs[id]; len(log) > 0 {
			offset += log[len(log)-1].Offset + 1
		}
		f.logs[id] = append(f.logs[id], schema.Message{
			Offset: offset, Payload: []byte(payload), Timestamp: uint64(time.Now().UnixMicro()),
			Checksum: uint64(crc32.ChecksumIEEE([]byte(payload))), ID: schema.MessageID{0: byte(offset), 1: byte(offset >> 8), 2: byte(id)},
		})
	}
	sources := f.sources
	f.mu.Unlock()
	for _, s := range sources {
		s.Wake()
	}
}

// retain deletes the messages of a partition below offset.
func (f *fakeTopic) retain(id uint32, offset uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logs[id] = slices.DeleteFunc(f.logs[id], func(m schema.Message) bool { return m.Offset < offset })
}

// storedOffset returns the stored offset of a partition, and whether there is one.
func (f *fakeTopic) storedOffset(id uint32) (uint64, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	offset, ok := f.stored[id]
	return offset, ok
}

// read copies the messages from offset next on: as many as fit into bytes, at least one.
func (f *fakeTopic) read(id uint32, next uint64, bytes int) Poll {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := Poll{Partition: f.partition(id), Asked: next}
	log := f.logs[id]
	if len(log) > 0 {
		b.Current = log[len(log)-1].Offset
	}
	from := sort.Search(len(log), func(i int) bool { return log[i].Offset >= next })
	for _, m := range log[from:] {
		if len(b.Messages) > 0 && b.Bytes+m.Size() > bytes || len(b.Messages) == 1000 {
			break
		}
		m.Payload = slices.Clone(m.Payload)
		b.Bytes += m.Size()
		b.Messages = append(b.Messages, m)
	}
	return b
}

// assignment describes a partition as a joining member finds it.
func (f *fakeTopic) assignment(id uint32) Assignment {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := Assignment{Partition: f.partition(id)}
	if stored, ok := f.stored[id]; ok {
		a.Start = stored + 1
	}
	if log := f.logs[id]; len(log) > 0 {
		a.End = log[len(log)-1].Offset + 1
	}
	return a
}

// fakeSource is a member that owns the partitions it is told to own.
type fakeSource struct {
	topic   *fakeTopic
	wake    chan struct{}
	control chan func(h Handler) error

	mu     sync.Mutex
	owned  map[uint32]bool
	joined bool
	late   bool // Commit is counted and not stored, as by a connection that has just dropped
	first  []uint32
	last   error // what Run returns after ctx
}

func (f *fakeTopic) source(owned ...uint32) *fakeSource {
	s := &fakeSource{
		topic: f, wake: make(chan struct{}, 1), owned: map[uint32]bool{}, first: owned,
		control: make(chan func(Handler) error),
	}
	f.mu.Lock()
	f.sources = append(f.sources, s)
	f.mu.Unlock()
	return s
}

// Run implements Source.
func (s *fakeSource) Run(ctx context.Context, h Handler) error {
	s.assign(h, s.first...)
	for ctx.Err() == nil {
		brought := s.poll(h)
		s.topic.happened.fire()
		if brought {
			select {
			case do := <-s.control:
				if err := do(h); err != nil {
					return err
				}
			default:
			}
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case do := <-s.control:
			if err := do(h); err != nil {
				return err
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *fakeSource) poll(h Handler) (brought bool) {
	s.mu.Lock()
	var ids []uint32
	for id := range s.owned {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	for _, id := range ids {
		next, bytes := h.Demand(s.topic.partition(id))
		if bytes == 0 {
			continue
		}
		b := s.topic.read(id, next, bytes)
		h.Polled(b)
		brought = brought || len(b.Messages) > 0
	}
	return brought
}

func (s *fakeSource) assign(h Handler, ids ...uint32) {
	var owned []Assignment
	s.mu.Lock()
	s.joined = true
	for _, id := range ids {
		s.owned[id] = true
		owned = append(owned, s.topic.assignment(id))
	}
	s.mu.Unlock()
	h.Assigned(owned)
}

func (s *fakeSource) revoke(h Handler, ids ...uint32) {
	var lost []schema.Partition
	s.mu.Lock()
	for _, id := range ids {
		delete(s.owned, id)
		lost = append(lost, s.topic.partition(id))
	}
	s.mu.Unlock()
	h.Revoked(lost)
}

// do runs f on the source's goroutine and waits for it.
func (s *fakeSource) do(t testing.TB, f func(h Handler) error) {
	done := make(chan struct{})
	select {
	case s.control <- func(h Handler) error { defer close(done); return f(h) }:
		<-done
	case <-time.After(10 * time.Second):
		t.Fatal("the source does not run")
	}
}

// reconnect loses all partitions and gets them again.
func (s *fakeSource) reconnect(t testing.TB, ids ...uint32) {
	s.do(t, func(h Handler) error {
		s.revoke(h, ids...)
		s.assign(h, ids...)
		return nil
	})
}

// Commit implements Source: it stores at once.
func (s *fakeSource) Commit(p schema.Partition, offset uint64) {
	defer s.topic.happened.fire() // also where nothing is stored: it is settled
	s.mu.Lock()
	owned, late := s.owned[p.ID] && p == s.topic.partition(p.ID), s.late
	s.mu.Unlock()
	if !owned || late {
		return
	}
	s.topic.mu.Lock()
	defer s.topic.mu.Unlock()
	if s.topic.onStore != nil {
		s.topic.onStore(p.ID, offset)
	}
	before, any := s.topic.stored[p.ID]
	assert.False(s.topic.t, any && offset < before, "the stored offset went back from %d to %d", before, offset)
	s.topic.stored[p.ID] = offset
}

func (s *fakeSource) setLate(late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = late
}

// Wake implements Source.
func (s *fakeSource) Wake() {
	s.topic.happened.fire()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Status implements Source.
func (s *fakeSource) Status() SourceStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SourceStatus{Stream: s.topic.stream, Topic: s.topic.topic, Joined: s.joined}
}
