package relay

import (
	"time"

	"iggysink/schema"
)

// chunk is what one poll brought. Its messages alias one buffer, so its memory is held until the last of them is
// settled or given up, and is counted as a whole.
type chunk struct {
	messages []schema.Message
	bytes    int
	left     int // messages in hand
	arrived  time.Time
}

// entry is one message of a chunk.
type entry struct {
	chunk *chunk
	index int
}

func (e entry) message() *schema.Message { return &e.chunk.messages[e.index] }

// queue is the messages of one lane, or of all lanes that share one, in offset order.
type queue struct {
	entries []entry
	head    int
}

// first returns the head; the queue must not be empty.
func (q *queue) first() entry { return q.entries[q.head] }

func (q *queue) push(e entry) { q.entries = append(q.entries, e) }

// cut says how many entries the next batch takes: at most n messages and, if it is more than one, at most size bytes.
// full is false where more messages would still fit.
func (q *queue) cut(n, size int) (count int, full bool) {
	bytes := 0
	for _, e := range q.entries[q.head:] {
		if count == n {
			return count, true
		}
		if n > 1 {
			if bytes += e.message().Size(); bytes > size && count > 0 {
				return count, true
			}
		}
		count++
	}
	return count, count == n || bytes >= size && count > 0
}

// before says how many of the first n entries lie before offset.
func (q *queue) before(n int, offset uint64) int {
	for i, e := range q.entries[q.head : q.head+n] {
		if e.message().Offset >= offset {
			return i
		}
	}
	return n
}

// pop moves n entries to dst.
func (q *queue) pop(dst []entry, n int) []entry {
	taken := q.entries[q.head : q.head+n]
	dst = append(dst, taken...)
	clear(taken) // a queue that goes on must not hold chunks that are settled
	q.head += n
	switch {
	case q.head == len(q.entries):
		q.entries, q.head = q.entries[:0], 0
	case q.head >= 1024 && q.head*2 >= len(q.entries):
		rest := copy(q.entries, q.entries[q.head:])
		clear(q.entries[rest:])
		q.entries, q.head = q.entries[:rest], 0
	}
	return dst
}

// drop empties the queue and calls release for each entry.
func (q *queue) drop(release func(entry)) {
	for _, e := range q.entries[q.head:] {
		release(e)
	}
	clear(q.entries)
	q.entries, q.head = q.entries[:0], 0
}
