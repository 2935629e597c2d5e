package iggyhttp

import (
	"context"
	"net/http"
)

// Version returns the server's version as it says it, such as 0.9.0, in at most 64 bytes that may be anything; empty where it
// does not, as to a user without the right read_servers.
func (c *Client) Version(ctx context.Context) string {
	var stats struct {
		Version string `json:"iggy_server_version"`
	}
	r := request{op: "get stats", method: http.MethodGet, path: "/stats"}
	if err := c.link.ask(ctx, &r, &stats); err != nil || len(stats.Version) > 64 {
		return ""
	}
	return stats.Version
}
