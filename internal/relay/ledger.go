package relay

import "slices"

// ledger knows which offsets of a partition are in hand and which of them are settled. Its low-water mark, settled,
// moves only over a contiguous prefix: it is the one number that may be stored.
//
// Offsets may have gaps. A gap is an offset below next that no poll brought; the mark passes over it. An offset that
// was polled and given up again (rewind) is not a gap: next goes back below it, and the mark never passes next.
type ledger struct {
	items   []item // sorted by offset; items[:head] are gone
	head    int
	next    uint64 // everything below has been polled
	settled uint64 // everything below is settled
	sum     uint64 // Message.Checksum of offset settled - 1; 0 at the begin
}

// item is one offset that was polled and is not yet below the mark.
type item struct {
	offset  uint64
	stamp   uint64 // Message.Timestamp
	sum     uint64 // Message.Checksum
	settled bool
}

// newLedger returns a ledger that begins at offset start.
func newLedger(start uint64) ledger { return ledger{next: start, settled: start} }

// add takes a polled message in hand and reports whether it is new. A message that is settled, or still in hand from an
// earlier poll, is not: after a rewind the poll brings those a second time.
func (l *ledger) add(it item) bool {
	offset := it.offset
	if offset < l.settled {
		l.next = max(l.next, offset+1)
		return false
	}
	found := false
	if n := len(l.items); n == l.head || l.items[n-1].offset < offset {
		l.items = append(l.items, it)
	} else {
		var i int
		if i, found = l.find(offset); !found {
			l.items = slices.Insert(l.items, i, it)
		}
	}
	// Only now: the mark follows next, and must not pass a message that is just coming in.
	l.next = max(l.next, offset+1)
	l.collapse()
	return !found
}

// settle marks one offset in hand and moves the mark as far as it goes. Other offsets are ignored.
func (l *ledger) settle(offset uint64) {
	if i, found := l.find(offset); found {
		l.items[i].settled = true
		l.collapse()
	}
}

// collapse moves the mark over the settled prefix, but never over what has to be polled again.
func (l *ledger) collapse() {
	for l.head < len(l.items) && l.items[l.head].settled && l.items[l.head].offset < l.next {
		l.settled, l.sum = l.items[l.head].offset+1, l.items[l.head].sum
		l.head++
	}
	switch {
	case l.head == len(l.items):
		l.items, l.head = l.items[:0], 0
	case l.head >= 1024 && l.head*2 >= len(l.items):
		l.items = slices.Delete(l.items, 0, l.head)
		l.head = 0
	}
}

// rewind gives up every unsettled offset but those that keep names, so that they are polled again. It returns the first
// that it gave up.
func (l *ledger) rewind(keep func(offset uint64) bool) (first item, any bool) {
	kept := l.items[:l.head]
	for _, it := range l.items[l.head:] {
		if it.settled || keep(it.offset) {
			kept = append(kept, it)
			continue
		}
		if !any {
			first, any = it, true
		}
	}
	l.items = kept
	if any {
		l.next = min(l.next, first.offset)
	}
	return first, any
}

// lastSettled returns the last offset that is settled, or the mark.
func (l *ledger) lastSettled() uint64 {
	for _, it := range slices.Backward(l.items[l.head:]) {
		if it.settled {
			return it.offset
		}
	}
	return l.settled
}

// stranded counts the offsets that are settled and that the mark does not reach.
func (l *ledger) stranded() (n int) {
	for _, it := range l.items[l.head:] {
		if it.settled {
			n++
		}
	}
	return n
}

// oldest returns the first unsettled offset in hand.
func (l *ledger) oldest() (item, bool) {
	for _, it := range l.items[l.head:] {
		if !it.settled {
			return it, true
		}
	}
	return item{}, false
}

// find returns where offset is, or would be, in items.
func (l *ledger) find(offset uint64) (int, bool) {
	if l.head < len(l.items) && l.items[l.head].offset == offset {
		return l.head, true // in offset order it always is
	}
	i, found := slices.BinarySearchFunc(l.items[l.head:], offset, func(it item, offset uint64) int {
		switch {
		case it.offset < offset:
			return -1
		case it.offset > offset:
			return 1
		}
		return 0
	})
	return l.head + i, found
}
