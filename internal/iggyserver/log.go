package iggyserver

import (
	"crypto/rand"
	"encoding/binary"
	"sort"

	"github.com/zeebo/xxh3"
)

// Layout of a stored message: checksum u64, id [16], offset u64, timestamp u64, origin timestamp u64, length of the user
// headers u32, length of the payload u32, reserved u64; then the payload, then the user headers.
const (
	headerSize     = 64
	idAt           = 8
	offsetAt       = 24
	timestampAt    = 32
	headersLenAt   = 48
	payloadLenAt   = 52
	maxPayload     = 64 * 1000 * 1000 // bytes, as the real server
	maxUserHeaders = 100 * 1000       // bytes, as the real server
)

// batch is what one send brought: the bytes as they go to a poller, and where each message ends. Its bytes never change
// once it is in a log, so polls hand out slices of them after the lock is released.
type batch struct {
	first uint64 // offset of the first message
	data  []byte
	ends  []int
}

// newBatch checks the messages of a send and finds their bounds. It takes over data.
func newBatch(data []byte, count uint32) (batch, status) {
	if count == 0 {
		return batch{}, invalidMessagesCount
	}
	// The count is the client's claim: the bytes bound it before anything is allocated for it.
	if uint64(count)*headerSize > uint64(len(data)) {
		return batch{}, invalidMessagesSize
	}
	ends := make([]int, 0, count)
	at := 0
	for range count {
		if len(data)-at < headerSize {
			return batch{}, invalidMessagesSize
		}
		headers := binary.LittleEndian.Uint32(data[at+headersLenAt:])
		payload := binary.LittleEndian.Uint32(data[at+payloadLenAt:])
		switch {
		case payload > maxPayload:
			return batch{}, tooBigPayload
		case headers > maxUserHeaders:
			return batch{}, tooBigUserHeaders
		case uint64(len(data)-at-headerSize) < uint64(headers)+uint64(payload):
			return batch{}, invalidMessagesSize
		}
		at += headerSize + int(payload) + int(headers)
		ends = append(ends, at)
	}
	if at != len(data) {
		return batch{}, invalidMessagesSize
	}
	return batch{data: data, ends: ends}, ok
}

func (b *batch) start(i int) int {
	if i == 0 {
		return 0
	}
	return b.ends[i-1]
}

// stamp writes what the server owns into the headers: offset, timestamp, an id where the client left it 0, checksum.
func (b *batch) stamp(first, now uint64) {
	b.first = first
	for i, end := range b.ends {
		m := b.data[b.start(i):end]
		binary.LittleEndian.PutUint64(m[offsetAt:], first+uint64(i))
		binary.LittleEndian.PutUint64(m[timestampAt:], now)
		if id := m[idAt : idAt+16]; [16]byte(id) == [16]byte{} {
			_, _ = rand.Read(id) // never fails
		}
		binary.LittleEndian.PutUint64(m, xxh3.Hash(m[8:]))
	}
}

func (b *batch) timestamp() uint64 { return binary.LittleEndian.Uint64(b.data[timestampAt:]) }

// partition is one log with its stored offsets.
type partition struct {
	created   uint64
	batches   []batch
	current   uint64 // offset of the last message; 0 also when there never was one
	started   bool   // a message was stored, so the next offset is current + 1
	size      uint64
	messages  uint64
	consumers map[uint32]uint64 // stored offsets of single consumers
	groups    map[int]uint64    // stored offsets of groups
	polled    map[int]uint64    // last offset that a group polled; decides when a hand-over may happen
}

func newPartition(created uint64) *partition {
	return &partition{created: created, consumers: map[uint32]uint64{}, groups: map[int]uint64{}, polled: map[int]uint64{}}
}

func (p *partition) next() uint64 {
	if !p.started {
		return 0
	}
	return p.current + 1
}

// head is the offset of the first message that is still there.
func (p *partition) head() uint64 {
	if len(p.batches) == 0 {
		return p.next()
	}
	return p.batches[0].first
}

func (p *partition) append(b batch, now uint64) {
	b.stamp(p.next(), now)
	p.batches = append(p.batches, b)
	p.current = b.first + uint64(len(b.ends)) - 1
	p.started = true
	p.size += uint64(len(b.data))
	p.messages += uint64(len(b.ends))
}

// read returns slices of up to count messages from an offset on, and the offset of the last of them.
func (p *partition) read(from uint64, count uint32) (parts [][]byte, n uint32, last uint64) {
	from = max(from, p.head())
	at := sort.Search(len(p.batches), func(i int) bool {
		return p.batches[i].first+uint64(len(p.batches[i].ends)) > from
	})
	for ; at < len(p.batches) && n < count; at++ {
		b := &p.batches[at]
		i := 0
		if from > b.first {
			i = int(from - b.first)
		}
		j := min(len(b.ends), i+int(count-n))
		parts = append(parts, b.data[b.start(i):b.ends[j-1]])
		n += uint32(j - i)
		last = b.first + uint64(j) - 1
	}
	return parts, n, last
}

// since is the offset of the first message that is not older than a timestamp.
func (p *partition) since(timestamp uint64) uint64 {
	at := sort.Search(len(p.batches), func(i int) bool { return p.batches[i].timestamp() >= timestamp })
	if at == len(p.batches) {
		return p.next()
	}
	return p.batches[at].first
}

// deleteHead removes the messages below an offset, as retention does, and returns the bytes freed.
func (p *partition) deleteHead(before uint64) (freed uint64) {
	before = min(before, p.next())
	for len(p.batches) > 0 && p.batches[0].first < before {
		b := &p.batches[0]
		n := min(len(b.ends), int(before-b.first))
		cut := b.ends[n-1]
		freed += uint64(cut)
		p.messages -= uint64(n)
		if n == len(b.ends) {
			p.batches[0] = batch{}
			p.batches = p.batches[1:]
			continue
		}
		rest := batch{first: before, data: b.data[cut:]}
		for _, end := range b.ends[n:] {
			rest.ends = append(rest.ends, end-cut)
		}
		p.batches[0] = rest
	}
	p.size -= freed
	return freed
}

// deleteTail removes the last n messages, as a kill of a server that writes its log behind does, and returns the bytes
// freed. Stored offsets beyond the new end stay: the next start of the real server cuts them, see loseTail.
func (p *partition) deleteTail(n uint64) (freed uint64) {
	for n > 0 && len(p.batches) > 0 {
		b := &p.batches[len(p.batches)-1]
		drop := int(min(n, uint64(len(b.ends))))
		keep := len(b.ends) - drop
		cut := b.start(keep)
		freed += uint64(len(b.data) - cut)
		n -= uint64(drop)
		p.messages -= uint64(drop)
		if keep == 0 {
			p.current = b.first - min(b.first, 1)
			p.started = b.first > 0
			p.batches = p.batches[:len(p.batches)-1]
			continue
		}
		b.data, b.ends = b.data[:cut:cut], b.ends[:keep]
		p.current = b.first + uint64(keep) - 1
	}
	p.size -= freed
	return freed
}

// loseTail is deleteTail followed by a start: a stored offset beyond the end reads as the end, 0 for an empty log.
func (p *partition) loseTail(n uint64) (freed uint64) {
	freed = p.deleteTail(n)
	for id, offset := range p.consumers {
		p.consumers[id] = min(offset, p.current)
	}
	for id, offset := range p.groups {
		p.groups[id] = min(offset, p.current)
	}
	return freed
}
