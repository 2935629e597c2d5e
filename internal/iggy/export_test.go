package iggy

import "context"

// DeleteGroup deletes a consumer group, as an administrator would.
func (c *Client) DeleteGroup(ctx context.Context, stream, topic, group string) error {
	t, err := newPlace(stream, topic, group)
	if err != nil {
		return err
	}
	return c.link.call(ctx, "delete consumer group", controlLimit, func() error {
		return c.link.sdk.DeleteConsumerGroup(identifier(t.stream), identifier(t.topic), identifier(t.group))
	})
}

// StoreOffset tries to store an offset without being a member.
func (c *Client) StoreOffset(ctx context.Context, stream, topic, group string, partition uint32, offset uint64) error {
	t, err := newPlace(stream, topic, group)
	if err != nil {
		return err
	}
	return c.link.store(ctx, t, partition, offset)
}
