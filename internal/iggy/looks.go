package iggy

import (
	"context"
	"slices"
	"time"

	"iggysink/internal/relay"
)

// cutTime is how long a log must end too early to be believed.
const cutTime = 500 * time.Millisecond

// lookAround finds out which partitions the member owns and what is in the topic, and tells the handler what changed.
func (m *member) lookAround(ctx context.Context) error {
	m.look = time.Now().Add(lookInterval)
	m.verify, m.verifies = m.verify+1, false
	share, err := m.group.look(m.work)
	if err != nil {
		return err
	}
	still := make(map[uint32]bool, len(share.partitions))
	for _, id := range share.partitions {
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
	if err := m.takeOver(share.partitions); err != nil {
		return err
	}
	for i, id := range share.partitions {
		if p := m.parts[id]; p != nil {
			p.held = i >= share.keep
		}
	}
	if changed := m.group.evenOut(ctx); changed || share.again {
		m.look = time.Time{}
	}
	return nil
}

// takeOver assigns what is new among owned, and reads what is in the topic.
func (m *member) takeOver(owned []uint32) error {
	first := !m.looked
	m.looked = true
	topic, err := m.link.topicState(m.work, m.source.place)
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
	topic, err := m.link.topicState(m.work, m.source.place)
	if err != nil {
		return err
	}
	return m.noticeAll(topic)
}

// noticeAll brings the ends of the partitions up to date and tells the handler. A log that ends before what was read
// has lost its end, unless the topic's numbers lag behind: if they stay that way the partition is revoked and assigned
// anew, so that reading goes on where messages come again.
func (m *member) noticeAll(topic *topicState) error {
	var cut []*part
	states := topic.byID()
	for _, p := range m.order {
		state, found := states[p.id]
		if !found {
			continue
		}
		end := state.end()
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
		if end > p.end && state.messages > 0 {
			p.end = end
			m.handler.Polled(relay.Poll{Partition: p.name, Current: state.current})
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

// ids returns the partition ids of parts.
func ids(parts []*part) []uint32 {
	all := make([]uint32, len(parts))
	for i, p := range parts {
		all[i] = p.id
	}
	return all
}
