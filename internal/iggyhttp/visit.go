package iggyhttp

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// Requests of one source at once.
const (
	pollsAtOnce  = 4
	storesAtOnce = 4
)

// visit is the time between two doubts whether the server is still the one that it was: from finding the topic to an error
// or a restart. One goroutine runs it and alone touches what is here; requests run beside it and come back as results.
type visit struct {
	source  *Source
	handler relay.Handler
	work    context.Context // of stores; ends a moment after the context of run
	reading context.Context // of everything else; ends with the visit
	stop    context.CancelFunc

	link    *link
	place   place
	joined  bool
	refused uint64 // tokens and connections that were lost before the visit
	dropped uint64
	parts   map[uint32]*part
	order   []*part // parts by id
	turn    int     // where in order the next polls begin
	away    map[uint32]*released

	results chan func() error // what to do about a request that has ended; room for all that can be under way
	under   int               // requests under way
	polling int
	storing int
	ending  bool // results of polls mean nothing any more
	buffers [][]byte

	look      time.Time // when to look at the topic next
	looking   bool
	verify    int       // number of the comparison: whose anchor is the next
	verifyAt  time.Time // when the next one may be
	verifying bool
	hungry    bool          // a partition that was read to its end has demand
	idleAt    time.Time     // when to look for it next
	idle      time.Duration // wait after the next look that brings nothing
}

// part is a partition that is read.
type part struct {
	id   uint32
	name schema.Partition
	end  uint64 // one more than the last offset that is there to read
	log  uint64 // one more than the last offset at the assignment, whatever of it is still there
	size sizer

	anchor anchor

	polling  bool
	polledTo uint64        // one more than the last offset that a poll brought
	pollAt   time.Time     // not to be polled before
	dry      time.Duration // wait after the next poll that brings nothing though something should be there
	cutSince time.Time     // since when the log ends before what was read

	storing bool
	floor   offset    // no store goes below: what is stored, unless the log has lost it
	stored  offset    // what the server is known to have stored
	maybe   offset    // what it may have stored: a store without a clear answer
	storeAt time.Time // when the next store may go out
	doubt   time.Time // since when another offset is stored
}

func newVisit(work context.Context, s *Source, h relay.Handler) *visit {
	reading, stop := context.WithCancel(work)
	return &visit{
		source: s, handler: h, work: work, reading: reading, stop: stop,
		parts: map[uint32]*part{}, away: map[uint32]*released{},
		results: make(chan func() error, pollsAtOnce+storesAtOnce+3), idle: s.options.Stream.PollInterval.Std(),
	}
}

// run reads until ctx ends (nil, or why the last offsets are not stored) or until there is doubt (an error). It revokes what
// it assigned, except at the end of ctx.
func (v *visit) run(ctx context.Context) error {
	unwatch := context.AfterFunc(ctx, v.stop)
	defer unwatch()
	defer v.stop()
	err := v.serve(ctx)
	v.ending = true
	v.stop()
	for v.under > 0 { // each ends with its context or its time, and what was stored has to be known
		v.under--
		if late := (<-v.results)(); err == nil {
			err = late
		}
	}
	if v.link != nil {
		defer v.link.close()
	}
	if ctx.Err() == nil {
		v.source.book.noteUnstored(v.revoke(v.order))
		v.source.book.count(func(st *relay.SourceStatus) { st.Released = nil })
		return err
	}
	return v.storeLast()
}

// storeLast stores what Commit asked for, at the end of ctx.
func (v *visit) storeLast() error {
	var failed error
	for _, p := range v.order {
		settled, found := v.source.book.takeCommit(p.id)
		if !found || p.floor.there && settled <= p.floor.value {
			continue
		}
		_, err := v.storeChecked(p.stored, p.maybe, p.id, settled)
		for isPassing(err) && v.work.Err() == nil {
			sleep(v.work, pauseOf(err))
			_, err = v.storeChecked(p.stored, offset{settled, true}, p.id, settled)
		}
		var other *otherStoreError
		switch {
		case err == nil:
			v.source.book.tookStore(p.id, settled)
		case errors.As(err, &other) && other.offset.there && other.offset.value >= settled, errors.Is(err, ErrNotFound):
			// Somebody else has gone further, or nothing is left that an offset could be stored for.
		default:
			failed = errors.Join(failed, err)
			v.source.book.noteUnstored([]uint32{p.id})
		}
	}
	return failed
}

// serve is run without the end.
func (v *visit) serve(ctx context.Context) error {
	if err := v.enter(v.reading); err != nil {
		return err
	}
	for ctx.Err() == nil {
		now := time.Now()
		v.startStores(now)
		v.startPolls(now)
		v.startLooks(now)
		if err := v.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// errRestarted ends a visit: the server may have lost the end of its log, so nothing that is known counts any more.
var errRestarted = errors.New("the server ended the connection or took the token no more: it may have restarted")

// errRecreated ends a visit: another topic has the name.
var errRecreated = errors.New("the topic was deleted and created again")

// inDoubt says whether the server may have restarted since the visit began.
func (v *visit) inDoubt() error {
	if v.link.tokens.refusals() != v.refused || v.link.drops.count.Load() != v.dropped {
		return errRestarted
	}
	return nil
}

// begin starts a request. done is called with its result, by the visit's own goroutine.
func begin[T any](v *visit, ask func() (T, error), done func(T, error) error) {
	v.under++
	go func() { // run waits for it
		result, err := ask()
		v.results <- func() error { return done(result, err) }
	}()
}

// wait sleeps until something is due, a request has ended, or Commit, Wake or ctx want attention.
func (v *visit) wait(ctx context.Context) error {
	timer := time.NewTimer(time.Until(v.due()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-v.source.wake:
		if v.source.book.takeWoken() {
			v.idleAt = time.Time{}
		}
	case done := <-v.results:
		return v.finish(done)
	}
	return v.inDoubt()
}

// finish acts on the results that are there. Nothing is handed over that may come from another log than what came before.
func (v *visit) finish(done func() error) error {
	for {
		v.under--
		doubt := v.inDoubt()
		v.ending = v.ending || doubt != nil
		if err := done(); doubt != nil {
			return doubt // which explains err
		} else if err != nil {
			return err
		}
		select {
		case done = <-v.results:
		default:
			return nil
		}
	}
}

// due returns when the next thing is to be done that no event announces.
func (v *visit) due() time.Time {
	until := time.Now().Add(lookInterval)
	sooner := func(at time.Time) {
		if at.Before(until) {
			until = at
		}
	}
	if !v.looking {
		sooner(v.look)
		if v.hungry {
			sooner(v.idleAt)
		}
		for _, r := range v.away {
			sooner(r.check)
		}
	}
	for _, p := range v.order {
		if !p.storing && v.storing < storesAtOnce && v.source.book.waitingCommit(p.id) {
			sooner(p.storeAt)
		}
		if p.dry > 0 && !p.polling {
			sooner(p.pollAt)
		}
	}
	return until
}

// revoke takes partitions away from the handler and from the visit. It returns those that had an offset to store.
func (v *visit) revoke(lost []*part) (unstored []uint32) {
	if len(lost) == 0 {
		return nil
	}
	names := make([]schema.Partition, len(lost))
	for i, p := range lost {
		names[i] = p.name
		delete(v.parts, p.id)
	}
	v.sort()
	v.handler.Revoked(names)
	for _, p := range lost {
		if value, found := v.source.book.takeCommit(p.id); found && (!p.floor.there || value > p.floor.value) {
			unstored = append(unstored, p.id)
		}
	}
	return unstored
}

// sort brings order up to date with parts.
func (v *visit) sort() {
	v.order = v.order[:0:0]
	for _, p := range v.parts {
		v.order = append(v.order, p)
	}
	slices.SortFunc(v.order, func(a, b *part) int { return int(a.id) - int(b.id) })
}

// sizer guesses how many messages fit into a number of bytes. Iggy bounds a poll by messages only.
type sizer struct {
	guess int // bytes of a message; 0: nothing known
	most  int // messages of a poll after an answer that was too large; 0: no bound but mostMessages
}

// count returns how many messages to ask for.
func (s *sizer) count(bytes int) int {
	guess := s.guess
	if guess == 0 {
		guess = firstGuess
	}
	n := min(max(bytes/guess, 1), mostMessages)
	if s.most > 0 {
		n = min(n, s.most)
	}
	return n
}

// seen learns from a batch: up at once, down slowly. A bound from an answer that was too large is lifted step by step.
func (s *sizer) seen(messages, bytes int) {
	s.guess = max(bytes/messages+1, s.guess-s.guess/8)
	if s.most > 0 {
		if s.most *= 2; s.most >= mostMessages {
			s.most = 0
		}
	}
}

// tooLarge learns from an answer of count messages that was not read.
func (s *sizer) tooLarge(count int) { s.most = max(count/4, 1) }

// answerLimit is how many bytes of JSON as many messages take as a demand of so many bytes allows: base64 is a third longer
// than the bytes, and a small message has up to four times its size around it.
func answerLimit(bytes, count int) int {
	if count == 1 {
		return longestAnswer // a message alone is taken, whatever its size
	}
	return min(4*min(bytes, math.MaxInt32)+answerSlack, longestAnswer)
}
