package sinkhttp

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"iggysink/schema"
)

// dialFunc makes a connection.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// dialers return what connects to http and to https endpoints. Each dial, its handshake included, has the time of an
// attempt: the transport dials apart from the attempt, whose end does not end it. TLS is ours and not the transport's
// because conn has to see plain bytes.
func dialers(cfg *schema.Sink, dial dialFunc) (plain, encrypted dialFunc, err error) {
	config, err := newTLS(cfg)
	if err != nil {
		return nil, nil, err
	}
	timeout := cfg.Timeout.Std()
	if dial == nil {
		dial = (&net.Dialer{Timeout: timeout, KeepAlive: 15 * time.Second}).DialContext
	}
	plain = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: c}, nil
	}
	encrypted = func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		config := config.Clone()
		if config.ServerName == "" {
			if config.ServerName, _, err = net.SplitHostPort(addr); err != nil {
				config.ServerName = addr
			}
		}
		secure := tls.Client(c, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = c.Close() // the handshake's error is the one to tell
			return nil, err
		}
		return &conn{Conn: secure}, nil
	}
	return plain, encrypted, nil
}
