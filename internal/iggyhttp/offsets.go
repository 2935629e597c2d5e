package iggyhttp

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"iggysink/schema"
)

// SetNext stores, by partition, which offset a consumer reads next, whoever else does. At 0 what is stored is deleted, and the
// consumer group that marks the decision of start_from = "latest" is created: the consumer begins with the first message there
// is. Partitions before the one that the error names are set.
func (c *Client) SetNext(ctx context.Context, stream, topic, consumer string, next map[uint32]uint64) error {
	t, err := c.place(ctx, stream, topic, consumer)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(next)) {
		if next[id] > 0 {
			err = c.link.store(ctx, t, id, next[id]-1, false)
		} else if err = c.link.forget(ctx, t, id); err == nil {
			_, err = c.link.createGroup(ctx, t)
		}
		if err != nil {
			return fmt.Errorf("partition %d: %w", id, err)
		}
	}
	return nil
}

// MessageFrom reads the message at offset, or the first behind it; false if there is none. consumer only names who asks: its
// offsets do not move.
func (c *Client) MessageFrom(
	ctx context.Context, stream, topic, consumer string, partition uint32, offset uint64,
) (m schema.Message, found bool, err error) {
	t, err := c.place(ctx, stream, topic, consumer)
	if err != nil {
		return m, false, err
	}
	answer, _, err := c.link.poll(ctx, t, query{partition: partition, offset: offset, count: 1, limit: longestAnswer}, nil)
	if err != nil || len(answer.messages) == 0 {
		return m, false, err
	}
	return answer.messages[0], true, nil
}
