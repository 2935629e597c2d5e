package iggy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"iggysink/schema"
)

// ErrInUse is in the chain of an error that says that members are in the consumer group.
var ErrInUse = errors.New("the consumer group has members: stop what runs with it first")

// SetNext stores, by partition, which offset a consumer group reads next, as its only member: the server takes offsets from
// members alone. At 0 what is stored is deleted, so that the group begins with the first message there is. The group is
// created if it is missing. ErrInUse is in the chain of the error where others are in it; partitions before the one that the
// error names are set.
func (c *Client) SetNext(ctx context.Context, stream, topic, group string, next map[uint32]uint64) error {
	t, err := newPlace(stream, topic, group)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	members, there, err := c.link.groupSize(ctx, t)
	if err != nil {
		return err
	}
	if !there {
		if _, err := c.link.createGroup(ctx, t); err != nil {
			return err
		}
	} else if members > 0 {
		return ErrInUse
	}
	if err := c.link.join(ctx, t); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(next)) {
		if next[id] == 0 {
			err = c.link.forget(ctx, t, id)
		} else {
			err = c.link.store(ctx, t, id, next[id]-1)
		}
		if err == nil {
			continue
		}
		if isNotOwned(err) {
			err = ErrInUse // somebody joined at the same time
		}
		return errors.Join(fmt.Errorf("partition %d: %w", id, err), c.link.leave(ctx, t))
	}
	return c.link.leave(ctx, t)
}

// MessageFrom reads the message at offset, or the first behind it; false if there is none. group only names who asks: its
// offsets do not move.
func (c *Client) MessageFrom(
	ctx context.Context, stream, topic, group string, partition uint32, offset uint64,
) (m schema.Message, found bool, err error) {
	t, err := newPlace(stream, topic, group)
	if err != nil {
		return m, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	reply, err := c.link.peek(ctx, t, partition, offset)
	if err != nil || len(reply.messages) == 0 {
		return m, false, err
	}
	return reply.messages[0], true, nil
}
