package relay

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestLedgerMovesOnlyOverAContiguousPrefix(t *testing.T) {
	l := newLedger(10)
	for _, offset := range []uint64{10, 11, 12} {
		assert.True(t, l.add(item{offset: offset, stamp: 0}))
	}
	l.settle(11)
	assert.EqualValues(t, 10, l.settled)
	l.settle(10)
	assert.EqualValues(t, 12, l.settled)
	l.settle(99) // never polled
	assert.EqualValues(t, 12, l.settled)
	l.settle(12)
	assert.EqualValues(t, 13, l.settled)
	assert.EqualValues(t, 13, l.next)
}

func TestLedgerPassesOverGaps(t *testing.T) {
	l := newLedger(0)
	l.add(item{offset: 5, stamp: 0})
	l.add(item{offset: 9, stamp: 0})
	l.settle(5)
	assert.EqualValues(t, 6, l.settled)
	l.settle(9)
	assert.EqualValues(t, 10, l.settled)
}

func TestLedgerNeverPassesWhatIsToBePolledAgain(t *testing.T) {
	l := newLedger(0)
	for offset := range uint64(4) {
		l.add(item{offset: offset, stamp: 100 + offset})
	}
	l.settle(3)
	first, any := l.rewind(func(offset uint64) bool { return offset == 0 })
	assert.True(t, any)
	assert.Equal(t, item{offset: 1, stamp: 101}, first)
	assert.EqualValues(t, 1, l.next)
	l.settle(0)
	assert.EqualValues(t, 1, l.settled, "1 and 2 were given up, 3 is settled")
	assert.True(t, l.add(item{offset: 1, stamp: 0}))
	assert.True(t, l.add(item{offset: 2, stamp: 0}))
	assert.False(t, l.add(item{offset: 3, stamp: 0}), "settled already")
	l.settle(1)
	l.settle(2)
	assert.EqualValues(t, 4, l.settled)
}

func TestLedgerGoesOnWhereRetentionDeletedWhatWasGivenUp(t *testing.T) {
	l := newLedger(0)
	l.add(item{offset: 0, stamp: 0})
	l.add(item{offset: 1, stamp: 0})
	l.settle(1)
	l.rewind(func(uint64) bool { return false })
	assert.True(t, l.add(item{offset: 7, stamp: 0}))
	assert.EqualValues(t, 2, l.settled)
	l.settle(7)
	assert.EqualValues(t, 8, l.settled)
}

// ledgerModel says the same in the plainest way: a log with gaps, and what is known of each of its offsets.
type ledgerModel struct {
	log     []uint64
	state   map[uint64]string // in hand, settled; absent: to be polled
	ledger  ledger
	settled uint64
}

// poll brings the messages from next on, up to n of them.
func (m *ledgerModel) poll(t *rapid.T) {
	n := rapid.IntRange(1, 5).Draw(t, "n")
	for _, offset := range m.log {
		if offset < m.ledger.next || n == 0 {
			continue
		}
		n--
		_, known := m.state[offset]
		if got := m.ledger.add(item{offset: offset, stamp: offset}); got == known {
			t.Fatalf("add(%d) = %v, known: %v", offset, got, known)
		}
		if !known {
			m.state[offset] = "in hand"
		}
	}
}

func (m *ledgerModel) settle(t *rapid.T) {
	if len(m.log) == 0 {
		return
	}
	offset := rapid.SampledFrom(m.log).Draw(t, "offset")
	if m.state[offset] == "" {
		return
	}
	m.ledger.settle(offset)
	m.state[offset] = "settled"
}

func (m *ledgerModel) rewind(t *rapid.T) {
	keep := func(offset uint64) bool { return offset%3 == 0 }
	m.ledger.rewind(keep)
	for offset, state := range m.state {
		if state == "in hand" && !keep(offset) {
			delete(m.state, offset)
		}
	}
}

// check holds the mark against the model: the end of the settled prefix of the log.
func (m *ledgerModel) check(t *rapid.T) {
	var want uint64
	for _, offset := range m.log {
		if m.state[offset] != "settled" {
			break
		}
		want = offset + 1
	}
	if m.ledger.settled < m.settled {
		t.Fatalf("the mark went back from %d to %d", m.settled, m.ledger.settled)
	}
	m.settled = m.ledger.settled
	if m.ledger.settled > want {
		t.Fatalf("mark %d, but only %d is a settled prefix of %v: %v", m.ledger.settled, want, m.log, m.state)
	}
	if m.ledger.settled < want && m.ledger.next >= want {
		t.Fatalf("mark %d stays behind the settled prefix %d", m.ledger.settled, want)
	}
	for _, offset := range m.log {
		if m.state[offset] == "" && offset < m.ledger.next {
			t.Fatalf("offset %d is in nobody's hand and will not be polled: next is %d", offset, m.ledger.next)
		}
	}
}

func TestLedgerAgreesWithItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps := rapid.SliceOfN(rapid.Uint64Range(1, 3), 1, 40).Draw(t, "gaps")
		m := &ledgerModel{state: map[uint64]string{}, ledger: newLedger(0)}
		var offset uint64
		for _, gap := range gaps {
			m.log = append(m.log, offset)
			offset += gap
		}
		if !slices.IsSorted(m.log) {
			t.Fatal("the log is not sorted")
		}
		t.Repeat(map[string]func(*rapid.T){"poll": m.poll, "settle": m.settle, "rewind": m.rewind, "": m.check})
	})
}

func BenchmarkLedger(b *testing.B) {
	b.ReportAllocs()
	l := newLedger(0)
	var offset uint64
	for b.Loop() {
		l.add(item{offset: offset, stamp: 0})
		if offset >= 1000 {
			l.settle(offset - 1000)
		}
		offset++
	}
}
