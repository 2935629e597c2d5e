package iggyhttp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"iggysink/internal/relay"
)

// How a partition is left to another process, and taken back.
const (
	doubtTime     = 500 * time.Millisecond // how long another offset must be stored to be believed
	releasedCheck = 5 * time.Second        // between two looks at what is stored for a released partition
	takeBack      = 30 * time.Second       // how long messages must wait there and nobody store; plus up to a half, by chance
)

// leave is how long a source leaves a released partition alone.
type leave struct{ check, quiet time.Duration }

// otherStoreError says that something else is stored than this process stored last.
type otherStoreError struct{ offset offset }

// Error says what is stored.
func (e *otherStoreError) Error() string {
	if !e.offset.there {
		return "no offset is stored any more"
	}
	return fmt.Sprintf("another process stored offset %d", e.offset.value)
}

// startStores stores the offsets that wait, one at a time for a partition. An offset at or below the stored one is not sent:
// it comes from a former visit, and a store may go backwards.
func (v *visit) startStores(now time.Time) {
	for _, p := range v.order {
		if v.storing == storesAtOnce {
			return
		}
		if p.storing || now.Before(p.storeAt) {
			continue
		}
		settled, found := v.source.book.takeCommit(p.id)
		if !found || p.floor.there && settled <= p.floor.value {
			continue
		}
		p.storeAt = now.Add(storeInterval)
		v.startStore(p, settled)
	}
}

func (v *visit) startStore(p *part, settled uint64) {
	p.storing = true
	v.storing++
	expected, maybe := p.stored, p.maybe
	begin(v, func() (offset, error) {
		return v.storeChecked(expected, maybe, p.id, settled)
	}, func(found offset, err error) error {
		p.storing = false
		v.storing--
		return v.endStore(p, settled, found, err)
	})
}

// storeChecked stores an offset if what is stored is what this process stored last, and returns what was stored before.
//
// The store is one request, with the token of the visit and without repetition: one that reaches a server which lost the end
// of its log in between would pass over the messages that took their places.
func (v *visit) storeChecked(expected, maybe offset, id uint32, settled uint64) (offset, error) {
	value, there, err := v.link.stored(v.work, v.place, id)
	if err != nil {
		return expected, err
	}
	found := offset{value, there}
	if found != expected && (!maybe.there || found != maybe) {
		return expected, &otherStoreError{found}
	}
	if err := v.inDoubt(); err != nil {
		return found, err
	}
	return found, v.link.store(v.work, v.place, id, settled, true)
}

// endStore notes what became of a store. What could not be stored waits on.
func (v *visit) endStore(p *part, settled uint64, found offset, err error) error {
	var other *otherStoreError
	if err == nil {
		p.floor, p.stored, p.maybe, p.doubt = offset{settled, true}, offset{settled, true}, offset{}, time.Time{}
		v.source.book.tookStore(p.id, settled)
		return nil
	}
	if v.parts[p.id] != p {
		return nil // not ours any more
	}
	v.source.book.keepCommit(p.id, settled)
	switch {
	case errors.As(err, &other):
		return v.endDoubt(p, other)
	case hasID(err, idInvalidOffset) || errors.Is(err, ErrNotFound):
		// Truncated, or gone: the look finds out, and a revocation drops the offset.
		v.look, p.storeAt = time.Time{}, time.Now().Add(lookInterval)
		return nil
	case isPassing(err):
		p.stored = found
		if hasStatus(err, http.StatusGatewayTimeout) {
			p.maybe = offset{settled, true} // it may have come through
		}
		p.storeAt = time.Now().Add(pauseOf(err))
		return nil
	}
	return err
}

// pauseOf returns how long to wait after passing trouble.
func pauseOf(err error) time.Duration {
	var status *StatusError
	if errors.As(err, &status) && status.After > 0 {
		return min(status.After, patience)
	}
	return storeInterval
}

// endDoubt acts on an offset that this process did not store. It is read once more after a while: a look at the topic comes
// first and finds a log that lost its end. An offset that is gone, as after a purge, is no sign of anybody else.
func (v *visit) endDoubt(p *part, other *otherStoreError) error {
	now := time.Now()
	if v.ending {
		return nil
	}
	if p.doubt.IsZero() {
		p.doubt, p.storeAt, v.look = now, now.Add(doubtTime), time.Time{}
		return nil
	}
	if !other.offset.there {
		return v.assignAgain([]*part{p})
	}
	v.release(p, other.offset)
	return nil
}

// assignAgain reads where partitions begin now.
func (v *visit) assignAgain(parts []*part) error {
	v.revoke(parts)
	ids := make([]uint32, len(parts))
	for i, p := range parts {
		ids[i] = p.id
	}
	return v.takeOver(ids)
}

// takeOver assigns partitions that are not read yet.
func (v *visit) takeOver(ids []uint32) error {
	topic, err := v.link.topicState(v.reading, v.place)
	if err != nil {
		return err
	}
	stored, err := v.storedOf(v.reading, ids)
	if err != nil {
		return err
	}
	if err := v.inDoubt(); err != nil {
		return err
	}
	if !isSame(v.source.created, topic.CreatedAt) {
		return errRecreated
	}
	v.source.log.Info("partitions are assigned", "partitions", ids)
	return v.assign(ids, stored, topic)
}

// released is a partition that is left to somebody else.
type released struct {
	stored   offset
	since    time.Time // when that was stored, as far as is known
	check    time.Time // when to look next
	checking bool
	quiet    time.Duration // how long nobody must store before it is taken back
}

// release leaves a partition to whoever else stores its offsets. To fight over it would deliver everything twice, and over
// HTTP nothing can decide who is right.
func (v *visit) release(p *part, stored offset) {
	now := time.Now()
	v.source.log.Warn("another process stores offsets of this partition for the same consumer: leaving it to that one; "+
		"does it have the same share?", "partition", p.id, "stored", stored.value, "expected", p.stored.value)
	v.revoke([]*part{p})
	v.away[p.id] = &released{
		stored: stored, since: now, check: now.Add(v.source.leave.check), quiet: v.source.leave.quiet + rand.N(v.source.leave.quiet/2),
	}
	v.showReleased()
}

func (v *visit) showReleased() {
	var ids []uint32
	for id := range v.away {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	v.source.book.count(func(st *relay.SourceStatus) { st.Released = ids })
}

// checkReleased looks whether somebody still stores the offsets of a released partition.
func (v *visit) checkReleased(id uint32, r *released) {
	r.checking = true
	begin(v, func() (offset, error) {
		value, there, err := v.link.stored(v.reading, v.place, id)
		return offset{value, there}, err
	}, func(found offset, err error) error {
		r.checking, r.check = false, time.Now().Add(v.source.leave.check)
		switch {
		case v.ending || v.away[id] != r:
			return nil
		case err != nil:
			return err
		case found != r.stored:
			r.stored, r.since = found, time.Now()
		}
		return nil
	})
}

// reclaim takes back the released partitions in which messages wait that nobody delivers.
func (v *visit) reclaim(topic *topicState) error {
	var ids []uint32
	for id, r := range v.away {
		p, found := topic.partition(id)
		if !found {
			delete(v.away, id)
			continue
		}
		waiting := p.Messages > 0 && (!r.stored.there || p.end() > r.stored.value+1)
		if !waiting {
			r.since = time.Now() // all is delivered: whoever does that may wait for more
		}
		if time.Since(r.since) >= r.quiet {
			delete(v.away, id)
			ids = append(ids, id)
		}
	}
	v.showReleased()
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	v.source.log.Warn("nobody else delivers these partitions any more: taking them back", "partitions", ids)
	return v.takeOver(ids)
}
