package iggyhttp

import (
	"context"
	"net/http"
)

// DeleteTopic deletes a topic, as an administrator would.
func (c *Client) DeleteTopic(ctx context.Context, stream, topic string) error {
	t, err := c.target(ctx, stream, topic, "")
	if err != nil {
		return err
	}
	return c.link.ask(ctx, &request{op: "delete topic", method: http.MethodDelete, path: t.path}, nil)
}
