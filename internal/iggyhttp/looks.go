package iggyhttp

import (
	"errors"
	"time"

	"iggysink/internal/relay"
)

// cutTime is how long a log must end too early to be believed: the numbers of a topic may lag behind.
const cutTime = 500 * time.Millisecond

// startLooks looks at the topic when it is time, or when a partition that was read to its end may have got messages. The wait
// between these looks starts at poll_interval and doubles up to max_poll_interval while nothing comes.
func (v *visit) startLooks(now time.Time) {
	if v.looking {
		return
	}
	for id, r := range v.away {
		if !r.checking && !now.Before(r.check) && v.under < cap(v.results)-1 {
			v.checkReleased(id, r)
		}
	}
	if now.Before(v.look) && (!v.hungry || now.Before(v.idleAt)) {
		return
	}
	v.looking = true
	begin(v, func() (*topicState, error) {
		return v.link.topicState(v.reading, v.place)
	}, func(topic *topicState, err error) error {
		v.looking = false
		if v.ending {
			return nil
		}
		if errors.Is(err, ErrNotFound) {
			return v.source.missing()
		}
		if err != nil {
			return err
		}
		return v.notice(topic)
	})
}

// notice acts on what is in the topic.
func (v *visit) notice(topic *topicState) error {
	now := time.Now()
	v.startVerify(now)
	v.look = now.Add(lookInterval)
	if !isSame(v.source.created, topic.CreatedAt) {
		return errRecreated
	}
	var lost, cut []*part
	found := false
	for _, p := range v.order {
		state, there := topic.partition(p.id)
		switch {
		case !there:
			lost = append(lost, p)
		case v.isCut(p, state):
			cut = append(cut, p)
		default:
			found = v.noticeEnd(p, state) || found
		}
	}
	if found {
		v.idle, v.idleAt = v.source.options.Stream.PollInterval.Std(), time.Time{}
	} else if v.hungry {
		stream := v.source.options.Stream
		v.idleAt = now.Add(v.idle)
		v.idle = min(2*v.idle, max(stream.MaxPollInterval.Std(), stream.PollInterval.Std()))
	}
	if len(lost) > 0 {
		v.source.log.Warn("partitions are gone", "partitions", idsOf(lost))
		v.revoke(lost)
	}
	if len(cut) > 0 {
		if err := v.assignAgain(cut); err != nil {
			return err
		}
	}
	var gained []uint32
	for _, id := range v.shareOf(topic) {
		if v.parts[id] == nil && v.away[id] == nil {
			gained = append(gained, id)
		}
	}
	if len(gained) > 0 {
		if err := v.takeOver(gained); err != nil {
			return err
		}
	}
	return v.reclaim(topic)
}

// isCut reports whether a log ends before what was read or stored. If it stays that way the partition is assigned anew, so
// that reading goes on where messages come again.
func (v *visit) isCut(p *part, state partitionState) bool {
	if p.polling {
		return false // the numbers are older than what the poll brings
	}
	next, _ := v.handler.Demand(p.name)
	reached := max(next, p.polledTo)
	if p.stored.there {
		reached = max(reached, p.stored.value+1)
	}
	if state.end() >= reached {
		p.cutSince = time.Time{}
		return false
	}
	if p.cutSince.IsZero() {
		p.cutSince = time.Now()
	}
	return time.Since(p.cutSince) > cutTime
}

// noticeEnd brings the end of a partition up to date and tells the handler. It reports whether there is more to read than
// was known.
func (v *visit) noticeEnd(p *part, state partitionState) bool {
	if state.Messages == 0 {
		p.end = 0 // retention deleted all
		return false
	}
	end := state.end()
	if end <= p.end {
		return false
	}
	p.end = end
	v.handler.Polled(relay.Poll{Partition: p.name, Current: state.Current})
	return true
}

func idsOf(parts []*part) []uint32 {
	ids := make([]uint32, len(parts))
	for i, p := range parts {
		ids[i] = p.id
	}
	return ids
}
