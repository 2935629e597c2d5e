package iggy

import (
	"context"
	"fmt"
	"slices"
	"time"

	iggcon "github.com/apache/iggy/foreign/go/contracts"

	"iggysink/internal/relay"
)

// The rhythm of sharing.
const (
	holdTime   = 40 * time.Second       // longest hold for a hand-over; the server forces it after 30 to 35 s
	evenAfter  = 5 * time.Second        // how long shares must be uneven and unchanged before they are evened out
	evenPeriod = time.Minute            // between two attempts of one member to even out
	cutTime    = 500 * time.Millisecond // how long a log must end too early to be believed
)

// layoutMoving stands for a layout that changed while it was read.
const layoutMoving = "moving"

// groupView is what a member knows about its group.
type groupView struct {
	self      uint32 // this member's id in the group's description
	known     bool   // self is known
	layout    string // members and partitions of the last look
	changed   time.Time
	evenedOut time.Time
}

// lookAround finds out which partitions the member owns and what is in the topic, and tells the handler what changed.
func (m *member) lookAround(ctx context.Context) error {
	m.look = time.Now().Add(lookInterval)
	m.verify, m.verifies = m.verify+1, false
	details, err := m.link.members(m.work, m.source.target)
	if err != nil {
		return err
	}
	if details == nil {
		return errOutside
	}
	first := m.group.layout == ""
	if layout := layoutOf(details); layout != m.group.layout {
		m.group.layout, m.group.changed = layout, time.Now()
		if err := m.learnSelf(details); err != nil {
			return err
		}
	}
	owned, err := m.group.owned(details)
	if err != nil {
		return err
	}
	still := make(map[uint32]bool, len(owned))
	for _, id := range owned {
		still[id] = true
	}
	var lost []*part
	for _, p := range m.order {
		if !still[p.id] {
			lost = append(lost, p)
		}
	}
	if len(lost) > 0 {
		m.source.log.Info("partitions went to another member", "partitions", ids(lost))
		m.revoke(lost)
	}
	if err := m.takeOver(owned, first); err != nil {
		return err
	}
	m.hold(details, owned)
	return m.evenOut(ctx, details)
}

// takeOver assigns what is new among owned, and reads what is in the topic.
func (m *member) takeOver(owned []uint32, first bool) error {
	topic, err := m.link.topicState(m.work, m.source.target)
	if err != nil {
		return err
	}
	if err := m.noticeAll(topic); err != nil {
		return err
	}
	gained := slices.DeleteFunc(slices.Clone(owned), func(id uint32) bool { return m.parts[id] != nil })
	slices.Sort(gained)
	if len(gained) == 0 && !first {
		return nil
	}
	m.source.log.Info("partitions are assigned", "partitions", gained)
	return m.assign(gained, topic)
}

// observe reads what is in the topic, for all partitions in one request.
func (m *member) observe() error {
	topic, err := m.link.topicState(m.work, m.source.target)
	if err != nil {
		return err
	}
	return m.noticeAll(topic)
}

// noticeAll brings the ends of the partitions up to date and tells the handler. A log that ends before what was read
// has lost its end, unless the topic's numbers lag behind: if they stay that way the partition is revoked and assigned
// anew, so that reading goes on where messages come again.
func (m *member) noticeAll(topic *iggcon.TopicDetails) error {
	var cut []*part
	states := partitionStates(topic)
	for _, p := range m.order {
		state, found := states[p.id]
		if !found {
			continue
		}
		end := endOf(state)
		if next, _ := m.handler.Demand(p.name); end < max(next, p.polledTo) {
			if p.cutSince.IsZero() {
				p.cutSince = time.Now()
			}
			if time.Since(p.cutSince) > cutTime {
				cut = append(cut, p)
			}
			continue
		}
		p.cutSince = time.Time{}
		same, err := m.sameLog(p, state)
		if err != nil {
			return err
		}
		if !same {
			cut = append(cut, p)
			continue
		}
		if end > p.end && state.MessagesCount > 0 {
			p.end = end
			m.handler.Batch(relay.Batch{Partition: p.name, Current: state.CurrentOffset})
		}
	}
	if len(cut) == 0 {
		return nil
	}
	for _, p := range cut {
		m.source.doubt(p.id)
	}
	m.revoke(cut)
	return m.assign(ids(cut), topic)
}

// learnSelf finds the member's id in the description of its group: the holder of a partition that answers to this
// connection. The description is read again afterwards, because a partition may move in between. Without a partition the
// id stays unknown, and so does nothing that matters: a member nobody can name owns nothing.
func (m *member) learnSelf(details *iggcon.ConsumerGroupDetails) error {
	if m.group.known {
		return nil
	}
	if len(details.Members) == 1 {
		m.group.self, m.group.known = details.Members[0].ID, true
		return nil
	}
	for _, holder := range details.Members {
		for _, partition := range holder.Partitions {
			mine, err := m.link.owns(m.work, m.source.target, partition)
			if err != nil {
				return err
			}
			if !mine {
				continue
			}
			again, err := m.link.members(m.work, m.source.target)
			if err != nil {
				return err
			}
			if again != nil && layoutOf(again) == layoutOf(details) {
				m.group.self, m.group.known = holder.ID, true
			} else {
				m.group.layout, m.look = layoutMoving, time.Time{} // look again
			}
			return nil
		}
	}
	return nil
}

// owned returns the member's partitions in the order of the server.
func (g *groupView) owned(details *iggcon.ConsumerGroupDetails) ([]uint32, error) {
	if !g.known {
		return nil, nil
	}
	for _, one := range details.Members {
		if one.ID == g.self {
			return one.Partitions, nil
		}
	}
	return nil, errOutside
}

// hold stops polling ahead in the partitions that the server will hand over to members without any: the last ones of
// this member's list, as many as it has too many. A hand-over that does not come is not waited for longer than holdTime.
func (m *member) hold(details *iggcon.ConsumerGroupDetails, owned []uint32) {
	excess := excessOf(details, len(owned))
	if time.Since(m.group.changed) > holdTime {
		excess = 0
	}
	for i, id := range owned {
		if p := m.parts[id]; p != nil {
			p.held = i >= len(owned)-excess
		}
	}
}

// excessOf returns how many of its owned partitions a member has to give to members that have none.
func excessOf(details *iggcon.ConsumerGroupDetails, owned int) int {
	waiting := 0
	for _, one := range details.Members {
		if len(one.Partitions) == 0 {
			waiting++
		}
	}
	if waiting == 0 {
		return 0
	}
	share := int(details.PartitionsCount) / len(details.Members)
	return min(waiting, max(owned-max(share, 1), 0))
}

// evenOut makes the server deal the partitions anew where a member has two more than another: a second connection joins
// and leaves. Only the member with the smallest share and the lowest id does it, after the shares were the same for a
// while, and not while a hand-over is under way.
func (m *member) evenOut(ctx context.Context, details *iggcon.ConsumerGroupDetails) error {
	g := &m.group
	if !g.known || !uneven(details, g.self) || time.Since(g.changed) < evenAfter || time.Since(g.evenedOut) < evenPeriod {
		return nil
	}
	g.evenedOut = time.Now()
	m.source.log.Info("partitions are shared unevenly: a second member joins and leaves to deal them anew")
	if err := m.passThrough(ctx); err != nil {
		m.source.log.Warn("cannot even out the shares", "err", err)
	}
	m.look = time.Time{}
	return nil
}

// passThrough joins and leaves with a connection of its own.
func (m *member) passThrough(ctx context.Context) error {
	second, err := connect(ctx, m.source.options.Server, false)
	if err != nil {
		return err
	}
	defer second.close()
	if err := second.join(m.work, m.source.target); err != nil {
		return err
	}
	return second.leave(m.work, m.source.target)
}

// uneven reports whether self is the one to even out: it has the smallest share, at least one partition, and somebody
// has two more.
func uneven(details *iggcon.ConsumerGroupDetails, self uint32) bool {
	if len(details.Members) < 2 {
		return false
	}
	smallest, largest := details.Members[0], 0
	for _, one := range details.Members {
		largest = max(largest, len(one.Partitions))
		if n := len(one.Partitions); n < len(smallest.Partitions) ||
			n == len(smallest.Partitions) && one.ID < smallest.ID {
			smallest = one
		}
	}
	return smallest.ID == self && len(smallest.Partitions) > 0 && largest-len(smallest.Partitions) >= 2
}

// layoutOf writes down who owns what.
func layoutOf(details *iggcon.ConsumerGroupDetails) string {
	text := fmt.Appendf(nil, "%d:", details.PartitionsCount)
	for _, one := range details.Members {
		text = fmt.Appendf(text, "%d%v", one.ID, one.Partitions)
	}
	return string(text)
}

// ids returns the partition ids of parts.
func ids(parts []*part) []uint32 {
	all := make([]uint32, len(parts))
	for i, p := range parts {
		all[i] = p.id
	}
	return all
}
