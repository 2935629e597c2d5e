package iggyhttp

import (
	"slices"
	"sync"
	"time"

	"iggysink/internal/relay"
)

// book is what a source remembers across visits and what others ask it for: offsets to store, what was settled and stored
// before, the status. Its methods may be called from any goroutine; none of them blocks.
type book struct {
	mu      sync.Mutex
	status  relay.SourceStatus
	commits map[uint32]uint64 // asked for and not stored yet
	past    map[uint32]past   // by partition
	lost    []uint32          // partitions that had an offset to store when a visit ended
	woken   bool              // Wake was called since the last wait
}

// past is what this process knows of a partition from before: it finds a server that lost the end of its log.
type past struct {
	settled offset // largest that Commit ever got
	stored  offset // largest that the server ever took from here
	doubted bool   // the log was found to be another one than what was read of it
}

// offset is an offset that may be missing.
type offset struct {
	value uint64
	there bool
}

// raise makes o at least value.
func (o *offset) raise(value uint64) {
	if !o.there || value > o.value {
		*o = offset{value, true}
	}
}

func (b *book) init(status relay.SourceStatus) {
	b.status, b.commits, b.past = status, map[uint32]uint64{}, map[uint32]past{}
}

func (b *book) commit(id uint32, value uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.commits[id] = value
	before := b.past[id]
	before.settled.raise(value)
	b.past[id] = before
}

func (b *book) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.woken = true
}

// takeWoken reports whether Wake was called since the last time.
func (b *book) takeWoken() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	woken := b.woken
	b.woken = false
	return woken
}

func (b *book) snapshot() relay.SourceStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	status := b.status
	status.Released = slices.Clone(status.Released)
	return status
}

// count changes the counters of the status.
func (b *book) count(change func(*relay.SourceStatus)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.status)
}

// isIn says in the status that the source reads.
func (b *book) isIn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Joined, b.status.Err, b.status.Since = true, "", time.Now()
	b.lost = nil
}

// fail says in the status why the source does not read. Commits that are not stored are dropped: the next visit begins at
// what is stored then. It reports whether this is news.
func (b *book) fail(err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.status.Joined {
		b.status.Reconnects++
	}
	news := b.status.Joined || b.status.Err != err.Error()
	if news {
		b.status.Since = time.Now()
	}
	b.status.Joined, b.status.Err = false, err.Error()
	clear(b.commits)
	return news
}

// left says in the status that the source has ended, and keeps the error it ended with.
func (b *book) left() {
	b.count(func(st *relay.SourceStatus) {
		if st.Joined || st.Err == "" {
			st.Joined, st.Err, st.Since = false, "stopped", time.Now()
		}
	})
}

// noteUnstored remembers what a visit left unstored, until the next one.
func (b *book) noteUnstored(ids []uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost = append(b.lost, ids...)
}

func (b *book) lostStores() []uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lost
}

// takeCommit returns and forgets the offset to store for a partition.
func (b *book) takeCommit(id uint32) (uint64, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	value, found := b.commits[id]
	delete(b.commits, id)
	return value, found
}

// keepCommit lets an offset wait that could not be stored, unless a newer one does.
func (b *book) keepCommit(id uint32, value uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, newer := b.commits[id]; !newer {
		b.commits[id] = value
	}
}

// waitingCommit reports whether an offset waits to be stored for a partition.
func (b *book) waitingCommit(id uint32) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, found := b.commits[id]
	return found
}

// tookStore counts a store that the server took.
func (b *book) tookStore(id uint32, value uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Commits++
	before := b.past[id]
	before.stored.raise(value)
	b.past[id] = before
}

// forget drops what was settled in a partition whose log has lost its end.
func (b *book) forget(id uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.past, id)
	delete(b.commits, id)
}

// doubt notes that a partition's log is another one.
func (b *book) doubt(id uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.past[id]
	before.doubted = true
	b.past[id] = before
}

// before returns what this process knows of a partition.
func (b *book) before(id uint32) past {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.past[id]
}
