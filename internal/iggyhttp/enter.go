package iggyhttp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// Waits while a visit begins.
const (
	longestAbsence = 3 * time.Second        // between two looks for a topic that is not there
	latestPatience = 2 * time.Second        // for another process that decides where "latest" begins
	latestPause    = 100 * time.Millisecond // between two looks for what it stored
	sameTopic      = 100 * time.Millisecond // 0.8 moves the time of a topic's creation by a few ms at a restart
)

// enter waits for the topic and takes over its partitions.
func (v *visit) enter(ctx context.Context) error {
	s := v.source
	var err error
	if v.link, err = connect(ctx, s.options.Account); err != nil {
		return err
	}
	// From here on: what connect itself met, such as a token of before a restart, is over.
	v.refused, v.dropped = v.link.tokens.refusals(), v.link.drops.count.Load()
	topic, err := v.awaitTopic(ctx)
	if err != nil {
		return err
	}
	another := s.created != 0 && !isSame(s.created, topic.CreatedAt)
	if s.options.Stream.StartFrom == schema.StartFromLatest {
		if err := v.decideLatest(ctx, topic, another); err != nil {
			return err
		}
	}
	s.created = topic.CreatedAt
	v.look = time.Now().Add(lookInterval)
	ids := v.shareOf(topic)
	stored, err := v.storedOf(ctx, ids)
	if err != nil {
		return err
	}
	v.joined = true
	s.book.isIn()
	s.log.Info("reading over HTTP", "partitions", ids, "share", s.options.Share.String())
	if another {
		for _, id := range ids {
			s.book.doubt(id)
		}
	}
	return v.assign(ids, stored, topic)
}

// isSame reports whether two times of creation, in microseconds, are those of one topic.
func isSame(a, b uint64) bool { return max(a, b)-min(a, b) <= uint64(sameTopic.Microseconds()) }

// awaitTopic waits until the topic is there. In Once mode a missing topic is an error.
func (v *visit) awaitTopic(ctx context.Context) (*topicState, error) {
	s := v.source
	for wait := firstBackoff; ; wait = min(2*wait, longestAbsence) {
		path, err := v.link.resolve(ctx, s.options.Stream.Name, s.options.Topic)
		if err == nil {
			v.place = place{path: path, consumer: s.options.Group}
			var topic *topicState
			if topic, err = v.link.topicState(ctx, v.place); err == nil {
				return topic, nil
			}
		}
		if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if err = s.missing(); s.options.Once {
			return nil, err
		}
		if s.book.fail(err) {
			s.log.Warn("waiting for a topic", "error", err)
		}
		sleep(ctx, wait)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// decideLatest makes start_from = "latest" a decision of one process, once: of the one that creates the consumer group, which
// is otherwise of no use over HTTP. It stores the current offset of each partition that had messages before, for all shares.
// The others wait for that a moment: without a stored offset they would read from the first message.
//
// A topic that is made again while this process reads is new from its first message on: nothing of it is passed over.
func (v *visit) decideLatest(ctx context.Context, topic *topicState, another bool) error {
	s := v.source
	if s.decided {
		if another {
			_, err := v.link.createGroup(ctx, v.place)
			return err
		}
		return nil
	}
	if s.latest == nil {
		there, err := v.link.hasGroup(ctx, v.place)
		if err != nil {
			return err
		}
		if !there {
			s.latest = topic // also where the answer is lost: the group may be there then
			if there, err = v.link.createGroup(ctx, v.place); err != nil {
				return err
			} else if !there {
				s.latest = nil // another process did, and decides
			}
		}
	}
	var err error
	if s.latest != nil {
		err = v.storeLatest(ctx, s.latest)
	} else {
		err = v.awaitLatest(ctx, topic)
	}
	if err == nil {
		s.latest, s.decided = nil, true
	}
	return err
}

// storeLatest stores the end of each partition that has no offset.
func (v *visit) storeLatest(ctx context.Context, topic *topicState) error {
	for _, p := range topic.Partitions {
		if p.Messages == 0 {
			continue
		}
		_, there, err := v.link.stored(ctx, v.place, p.ID)
		if err == nil && !there {
			if err = v.link.store(ctx, v.place, p.ID, p.Current, false); err == nil {
				v.source.book.tookStore(p.ID, p.Current)
			}
		}
		if hasID(err, idInvalidOffset) {
			v.source.log.Warn("a partition does not start from its latest message: its log is new", "partition", p.ID, "error", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("start from the latest message: %w", err)
		}
	}
	return nil
}

// awaitLatest waits for what another process stores, as far as it concerns this one.
func (v *visit) awaitLatest(ctx context.Context, topic *topicState) error {
	for begin := time.Now(); ; {
		stored, err := v.storedOf(ctx, v.shareOf(topic))
		if err != nil {
			return err
		}
		missing := false
		for id, value := range stored {
			p, _ := topic.partition(id)
			missing = missing || p.Messages > 0 && !value.there
		}
		if !missing || time.Since(begin) > latestPatience {
			return nil
		}
		sleep(ctx, latestPause)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// shareOf lists the partitions that this process reads.
func (v *visit) shareOf(topic *topicState) []uint32 {
	var ids []uint32
	for _, p := range topic.Partitions {
		if v.source.options.Share.Owns(p.ID) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// storedOf reads the offsets of partitions, several at once.
func (v *visit) storedOf(ctx context.Context, ids []uint32) (map[uint32]offset, error) {
	var mu sync.Mutex
	var failed error
	stored := make(map[uint32]offset, len(ids))
	var readers sync.WaitGroup
	for i := range min(pollsAtOnce, len(ids)) {
		readers.Go(func() {
			for j := i; j < len(ids); j += pollsAtOnce {
				value, there, err := v.link.stored(ctx, v.place, ids[j])
				mu.Lock()
				stored[ids[j]] = offset{value, there}
				if failed == nil {
					failed = err
				}
				over := failed != nil
				mu.Unlock()
				if over {
					return
				}
			}
		})
	}
	readers.Wait()
	return stored, failed
}

// assign takes over partitions, each from the offset of startOf.
func (v *visit) assign(ids []uint32, stored map[uint32]offset, topic *topicState) error {
	s := v.source
	owned := make([]relay.Assignment, 0, len(ids))
	for _, id := range ids {
		state, found := topic.partition(id)
		if !found {
			continue
		}
		before := s.book.before(id)
		a := startOf(state, stored[id], before)
		a.Partition = s.partition(id)
		p := &part{id: id, name: a.Partition, end: a.End, log: state.end(), stored: stored[id], floor: stored[id]}
		if before.doubted && !a.Truncated {
			a.Start = 0 // unless the message that was settled last is still there, which the handler compares
		}
		if a.Truncated || before.doubted || before.stored.there && !p.stored.there {
			p.floor = offset{}
			s.book.forget(id)
			s.log.Warn("the server lost the end of a partition or its stored offset, or has another log: "+
				"resuming after the settled messages if they are still there, otherwise going back",
				"partition", id, "stored", p.stored.value, "end", p.log, "start", a.Start)
		}
		s.book.takeCommit(id) // of a former visit
		v.parts[id] = p
		owned = append(owned, a)
	}
	if err := v.identify(owned); err != nil {
		for i := range owned {
			delete(v.parts, owned[i].Partition.ID) // the handler does not know them yet
		}
		return err
	}
	v.sort()
	v.idleAt = time.Time{}
	v.handler.Assigned(owned)
	return nil
}

// startOf tells where to read from: behind the stored offset, with exceptions for a log that lost its end, in a crash or
// because somebody deleted the topic or its messages. The server writes its log behind but offsets at once, and cuts a stored
// offset that lies beyond the end.
//
// A partition with nothing in it starts at 0 whatever is stored. Where the log ends before what is stored or before what
// this process has settled, or where less is stored than the server once took from this process, reading starts at the
// stored offset itself, or at 0 if that lies beyond the end: what comes from there on may be new. Where the log is long
// enough to hold what was settled, the handler compares the last settled message first, and goes on behind it if that is
// still there: only its offset was lost.
func startOf(state partitionState, stored offset, before past) relay.Assignment {
	a := relay.Assignment{End: state.end()}
	switch {
	case a.End == 0:
		a.Truncated = stored.there || before.settled.there
	case stored.there && stored.value >= a.End:
		a.Truncated = true
	case before.settled.there && before.settled.value >= a.End:
		a.Start, a.Truncated = stored.value, true // 0 without a stored one
	case before.stored.there && (!stored.there || stored.value < before.stored.value):
		a.Start = stored.value
	case stored.there:
		a.Start = stored.value + 1
	}
	if state.Messages == 0 {
		a.End = 0 // retention deleted all: there is nothing to read
	}
	return a
}
