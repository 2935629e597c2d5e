package iggy

import (
	"context"
	"errors"
	"fmt"
)

// ErrInUse is in the chain of an error that says that members are in the consumer group.
var ErrInUse = errors.New("the consumer group has members: stop what runs with it first")

// StoreOffsets stores offsets of a consumer group by partition, as its only member: the server takes them from members alone.
// The group is created if it is missing. ErrInUse is in the chain of the error where others are in it.
func (c *Client) StoreOffsets(ctx context.Context, stream, topic, group string, offsets map[uint32]uint64) error {
	t, err := newTarget(stream, topic, group)
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
	for id, value := range offsets {
		if err := c.link.store(ctx, t, id, value); err != nil {
			if isNotOwned(err) {
				err = ErrInUse // somebody joined at the same time
			}
			return errors.Join(fmt.Errorf("partition %d: %w", id, err), c.link.leave(ctx, t))
		}
	}
	return c.link.leave(ctx, t)
}
