package relay

import (
	"sync/atomic"

	"iggysink/schema"
)

// The default bounds on what is polled and not settled, in bytes. Encoded copies, the poll buffers of the client and
// the garbage collector's headroom come on top: with these a process whose endpoint hangs stays under 160 MB.
const (
	defaultPartitionBytes = 2 * schema.MaxRequestMemory // one is under way, the next is there
	defaultSinkBytes      = 16 << 20
)

// budget bounds the memory of one sink. Each partition has an equal share of it, so that none can starve another; the
// sum says no only after a message that is larger than its share.
type budget struct {
	partition int // bound of one partition, in bytes
	sink      int // bound of all of them
	share     atomic.Int64
	used      atomic.Int64
}

// divide sets the share of each of n partitions.
func (b *budget) divide(n int) {
	b.share.Store(int64(min(b.partition, b.sink/max(n, 1))))
}

// grant says how many bytes a partition that holds used may take; 0: none now. A poll is at most a quarter of the
// share: a chunk is released as a whole, so that a larger one would leave the lane idle until the next has come. An
// empty partition always gets a byte, and with it one message of any size.
func (b *budget) grant(used int) int {
	if !b.hasRoom(used) || b.used.Load() >= int64(b.sink) {
		return 0
	}
	return b.step()
}

// hasRoom reports whether the share of a partition that holds used has room for a poll.
func (b *budget) hasRoom(used int) bool { return used == 0 || int(b.share.Load())-used >= b.step() }

func (b *budget) step() int { return max(int(b.share.Load())/4, 1) }

// take counts bytes as held.
func (b *budget) take(bytes int) { b.used.Add(int64(bytes)) }

// release gives bytes back and reports whether the sum said no before and does not any more: whoever was refused can ask
// again.
func (b *budget) release(bytes int) bool {
	left := b.used.Add(-int64(bytes))
	return left < int64(b.sink) && left+int64(bytes) >= int64(b.sink)
}
