package iggyserver

import (
	"slices"
	"time"
)

// HandOverTimeout is how long a partition with unsettled messages stays with its old member after a join.
const HandOverTimeout = 30 * time.Second

// group is a consumer group: which connection owns which partition.
type group struct {
	id         int
	name       string
	partitions []int
	members    slab[member]
}

// member is one connection in a group.
type member struct {
	slot       int // in the slab
	id         int // one above the largest at the time of the join; what get_group shows
	client     uint32
	partitions []int
	turn       int // round robin over partitions, moved by polls only
	leaving    []handOver
}

// handOver is a partition that a member keeps until what was polled of it is settled, or the time is up.
type handOver struct {
	partition int
	slot, id  int // of the member that waits for it
	since     time.Time
}

func (g *group) member(client uint32) *member {
	for _, m := range g.members.all() {
		if m.client == client {
			return m
		}
	}
	return nil
}

func (m *member) isLeaving(partition int) bool {
	return slices.ContainsFunc(m.leaving, func(h handOver) bool { return h.partition == partition })
}

// rebalance deals all partitions anew, in turn. It happens at once when a member leaves: nobody waits for a settle.
func (g *group) rebalance() {
	if g.members.len() == 0 {
		return
	}
	var members []*member
	for _, m := range g.members.all() {
		m.partitions, m.leaving = nil, nil
		members = append(members, m)
	}
	for i, partition := range g.partitions {
		m := members[i%len(members)]
		m.partitions = append(m.partitions, partition)
	}
}

// join adds a member and marks partitions of the others for it. A joiner gets one partition at most, whatever its fair
// share is: 0.8.0 pairs every excess partition with one idle member, and there is only one.
func (g *group) join(client uint32, now time.Time) {
	if g.member(client) != nil {
		return
	}
	next := 0
	for _, m := range g.members.all() {
		next = max(next, m.id+1)
	}
	joiner := &member{id: next, client: client}
	joiner.slot = g.members.insert(joiner)
	if len(g.partitions) == 0 {
		return
	}
	g.dealUnassigned()
	g.markExcess(now)
}

func (g *group) dealUnassigned() {
	assigned := map[int]bool{}
	var idle []*member
	for _, m := range g.members.all() {
		for _, partition := range m.partitions {
			assigned[partition] = true
		}
		if len(m.partitions) == 0 {
			idle = append(idle, m)
		}
	}
	if len(idle) == 0 {
		return
	}
	turn := 0
	for _, partition := range g.partitions {
		if !assigned[partition] {
			m := idle[turn%len(idle)]
			m.partitions = append(m.partitions, partition)
			turn++
		}
	}
}

func (g *group) markExcess(now time.Time) {
	share, remainder := len(g.partitions)/g.members.len(), len(g.partitions)%g.members.len()
	idle := g.idle()
	for _, m := range g.members.all() {
		if len(idle) == 0 {
			return
		}
		kept := len(m.partitions) - len(m.leaving)
		allowed := share
		if remainder > 0 {
			allowed++
		}
		if kept > share && remainder > 0 {
			remainder--
		}
		for i := len(m.partitions) - 1; i >= 0 && kept > allowed && len(idle) > 0; i-- {
			if m.isLeaving(m.partitions[i]) {
				continue
			}
			m.leaving = append(m.leaving, handOver{m.partitions[i], idle[0].slot, idle[0].id, now})
			idle = idle[1:]
			kept--
		}
	}
}

// idle are the members without a partition that no hand-over is meant for yet.
func (g *group) idle() []*member {
	awaited := map[int]bool{}
	for _, m := range g.members.all() {
		for _, h := range m.leaving {
			awaited[h.slot] = true
		}
	}
	var idle []*member
	for slot, m := range g.members.all() {
		if len(m.partitions) == 0 && !awaited[slot] {
			idle = append(idle, m)
		}
	}
	return idle
}

// leave removes a member and returns what it owned.
func (g *group) leave(client uint32) (owned []int, wasMember bool) {
	m := g.member(client)
	if m == nil {
		return nil, false
	}
	g.members.remove(m.slot)
	owned = m.partitions
	g.rebalance()
	return owned, true
}

// handOver moves a partition from its old member to the one that waits for it.
func (g *group) handOver(from *member, partition int) {
	i := slices.IndexFunc(from.leaving, func(h handOver) bool { return h.partition == partition })
	if i < 0 {
		return
	}
	h := from.leaving[i]
	from.leaving = slices.Delete(from.leaving, i, i+1)
	from.partitions = slices.DeleteFunc(from.partitions, func(p int) bool { return p == partition })
	to := g.members.get(uint32(h.slot))
	if to == nil || to.id != h.id {
		g.rebalance()
		return
	}
	to.partitions = append(to.partitions, partition)
}

// next picks the partition of a poll or a store without one. Only a poll moves the turn on.
func (m *member) next(move bool) (partition int, found bool) {
	kept := m.partitions
	if len(m.leaving) > 0 {
		kept = slices.DeleteFunc(slices.Clone(kept), m.isLeaving)
	}
	if len(kept) == 0 {
		return 0, false
	}
	partition = kept[m.turn%len(kept)]
	if move {
		m.turn = (m.turn + 1) % len(kept)
	}
	return partition, true
}

// settled tells whether a group stored everything that it polled of a partition.
func (p *partition) settled(group int) bool {
	polled, any := p.polled[group]
	if !any {
		return true
	}
	stored, any := p.groups[group]
	return any && stored >= polled
}
