package iggyhttp

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// TakeBackAfter sets how long the source leaves a released partition alone before it runs.
func (s *Source) TakeBackAfter(check, quiet time.Duration) { s.leave = leave{check, quiet} }

// DeleteTopic deletes a topic, as an administrator would.
func (c *Client) DeleteTopic(ctx context.Context, stream, topic string) error {
	t, err := c.place(ctx, stream, topic, "")
	if err != nil {
		return err
	}
	return c.link.ask(ctx, &request{op: "delete topic", method: http.MethodDelete, path: t.path}, nil)
}

// DeleteOffset deletes what a consumer has stored.
func (c *Client) DeleteOffset(ctx context.Context, stream, topic, consumer string, partition uint32) error {
	t, err := c.place(ctx, stream, topic, consumer)
	if err != nil {
		return err
	}
	path := fmt.Sprintf("%s/consumer-offsets/%s?partition_id=%d", t.path, url.PathEscape(consumer), partition)
	return c.link.ask(ctx, &request{op: "delete offset", method: http.MethodDelete, path: path}, nil)
}

// AddPartitions adds partitions to a topic.
func (c *Client) AddPartitions(ctx context.Context, stream, topic string, n int) error {
	t, err := c.place(ctx, stream, topic, "")
	if err != nil {
		return err
	}
	body := fmt.Appendf(nil, `{"partitions_count":%d}`, n)
	return c.link.ask(ctx, &request{op: "add partitions", method: http.MethodPost, path: t.path + "/partitions", body: body}, nil)
}
