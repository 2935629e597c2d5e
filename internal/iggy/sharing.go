package iggy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"iggysink/schema"
)

// The rhythm of sharing.
const (
	holdTime   = 40 * time.Second // longest hold for a hand-over; the server forces it after 30 to 35 s
	evenAfter  = 5 * time.Second  // how long shares must be uneven and unchanged before they are evened out
	evenPeriod = time.Minute      // between two attempts of one member to even out
)

// layoutMoving stands for a layout that changed while it was read.
const layoutMoving = "moving"

// groupState is the server's description of a consumer group.
type groupState struct {
	partitions uint32 // of the topic
	members    []groupMember
}

// groupMember is one connection in a group.
type groupMember struct {
	id         uint32
	partitions []uint32
}

// membership is this connection in its group. It does what a member of 0.8 must do for its group and what nothing above
// the seam knows of: it learns its own id, says which partitions the server will hand over, and evens out the shares.
type membership struct {
	link   *link
	place  place
	server *schema.Iggy // for the second connection that evens out
	log    *slog.Logger

	self      uint32 // this member's id in the group's description
	known     bool   // self is known
	layout    string // members and partitions of the last look
	changed   time.Time
	uneven    bool // at the last look, and this member is the one to mend it
	evenedOut time.Time
}

// newMembership is the membership of a link that has joined the group of t.
func newMembership(l *link, t place, server *schema.Iggy, log *slog.Logger) *membership {
	return &membership{link: l, place: t, server: server, log: log}
}

// look reads the group and tells what the member owns. errOutside is its error where the server does not list it.
func (g *membership) look(ctx context.Context) (ownership, error) {
	state, err := g.link.members(ctx, g.place)
	if err != nil {
		return ownership{}, err
	}
	if state == nil {
		return ownership{}, errOutside
	}
	moving := false
	if layout := layoutOf(state); layout != g.layout {
		g.layout, g.changed = layout, time.Now()
		if moving, err = g.learnSelf(ctx, state); err != nil {
			return ownership{}, err
		}
	}
	owned, err := g.owned(state)
	if err != nil {
		return ownership{}, err
	}
	g.uneven = g.known && uneven(state, g.self)
	return ownership{partitions: owned, keep: len(owned) - g.excess(state, len(owned)), again: moving}, nil
}

// learnSelf finds the member's id in the description of its group: the holder of a partition that answers to this
// connection. The description is read again afterwards, because a partition may move in between. Without a partition the
// id stays unknown, and so does nothing that matters: a member nobody can name owns nothing.
func (g *membership) learnSelf(ctx context.Context, state *groupState) (moving bool, err error) {
	if g.known {
		return false, nil
	}
	if len(state.members) == 1 {
		g.self, g.known = state.members[0].id, true
		return false, nil
	}
	for _, holder := range state.members {
		for _, partition := range holder.partitions {
			mine, err := g.link.owns(ctx, g.place, partition)
			if err != nil {
				return false, err
			}
			if !mine {
				continue
			}
			again, err := g.link.members(ctx, g.place)
			if err != nil {
				return false, err
			}
			if again != nil && layoutOf(again) == layoutOf(state) {
				g.self, g.known = holder.id, true
			} else {
				g.layout = layoutMoving
			}
			return !g.known, nil
		}
	}
	return false, nil
}

// owned returns the member's partitions in the order of the server.
func (g *membership) owned(state *groupState) ([]uint32, error) {
	if !g.known {
		return nil, nil
	}
	for _, one := range state.members {
		if one.id == g.self {
			return one.partitions, nil
		}
	}
	return nil, errOutside
}

// excess returns how many partitions at the end of its list the member will lose to members without any. A hand-over that
// does not come is not waited for longer than holdTime.
func (g *membership) excess(state *groupState, owned int) int {
	if time.Since(g.changed) > holdTime {
		return 0
	}
	return excessOf(state, owned)
}

// excessOf returns how many of its owned partitions a member has to give to members that have none.
func excessOf(state *groupState, owned int) int {
	waiting := 0
	for _, one := range state.members {
		if len(one.partitions) == 0 {
			waiting++
		}
	}
	if waiting == 0 {
		return 0
	}
	share := int(state.partitions) / len(state.members)
	return min(waiting, max(owned-max(share, 1), 0))
}

// evenOut makes the server deal the partitions anew where a member has two more than another: a second connection joins
// and leaves. Only the member with the smallest share and the lowest id does it, after the shares were the same for a
// while, and not while a hand-over is under way. It reports whether it did.
func (g *membership) evenOut(ctx context.Context) bool {
	if !g.uneven || time.Since(g.changed) < evenAfter || time.Since(g.evenedOut) < evenPeriod {
		return false
	}
	g.evenedOut = time.Now()
	g.log.Info("partitions are shared unevenly: a second member joins and leaves to deal them anew")
	if err := g.passThrough(ctx); err != nil {
		g.log.Warn("cannot even out the shares", "error", err)
	}
	return true
}

// passThrough joins and leaves with a connection of its own. The end of ctx ends that connection, which leaves as well.
func (g *membership) passThrough(ctx context.Context) error {
	second, err := connect(ctx, g.server, false) // g.link is up, so the server speaks our protocol
	if err != nil {
		return err
	}
	defer second.close()
	if err := second.join(ctx, g.place); err != nil {
		return err
	}
	return second.leave(ctx, g.place)
}

// uneven reports whether self is the one to even out: it has the smallest share, at least one partition, and somebody
// has two more.
func uneven(state *groupState, self uint32) bool {
	if len(state.members) < 2 {
		return false
	}
	smallest, largest := state.members[0], 0
	for _, one := range state.members {
		largest = max(largest, len(one.partitions))
		if n := len(one.partitions); n < len(smallest.partitions) ||
			n == len(smallest.partitions) && one.id < smallest.id {
			smallest = one
		}
	}
	return smallest.id == self && len(smallest.partitions) > 0 && largest-len(smallest.partitions) >= 2
}

// layoutOf writes down who owns what.
func layoutOf(state *groupState) string {
	text := fmt.Appendf(nil, "%d:", state.partitions)
	for _, one := range state.members {
		text = fmt.Appendf(text, "%d%v", one.id, one.partitions)
	}
	return string(text)
}

// owns reports whether this connection's member owns a partition.
func (l *link) owns(ctx context.Context, t place, partition uint32) (bool, error) {
	reply, err := l.poll(ctx, t, partition, 0, 0, controlLimit)
	if err != nil {
		return false, err
	}
	if reply.foreign {
		return false, nil
	}
	if partition != 0 || reply.current != 0 {
		return true, nil
	}
	err = l.store(ctx, t, partition, math.MaxUint64) // beyond any end: refused in either case, nothing is stored
	switch {
	case hasStatus(err, codeInvalidOffset):
		return true, nil
	case hasStatus(err, codeNotOwned):
		return false, nil
	case err == nil:
		return false, &LinkError{"probe partition 0", errors.New("the server stored an offset beyond the end")}
	}
	return false, err
}

// errOutside means that the server does not list this connection as a member any more.
var errOutside = errors.New("the server dropped this member from the consumer group")
