// Package network makes the connections to an endpoint: which addresses may be dialled, through which proxy, and with which
// TLS files.
//
//	network.go   Dialer: to http and to https endpoints, over TCP or a Unix socket
//	guard.go     deny and allow, on the address that is dialled
//	proxy.go     http, https and socks5 proxies, and what the environment says
//	inspect.go   the steps of a connection one by one, for people
//	tls.go       certificates, which are read again when they change
//
// # Non-obvious
//
// An address is judged in the callback of net.Dialer that comes between socket() and connect(), for every address of a name
// and every connection. A check of the name before would be about another answer of the resolver than the one that is
// dialled.
//
// A proxy resolves the endpoint's name, so what it connects to cannot be judged here. The proxy's own address is, and of the
// endpoint what its name tells: addresses in all notations, localhost, the names of metadata services.
//
// The transport speaks to an http endpoint through an http proxy by itself, with the whole url in the request line; all else
// is a tunnel that is made here. The transport would put its TLS around the connection that watches the bytes of answers, and
// not inside of it.
package network

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"syscall"
	"time"

	"iggysink/schema"
)

// DialFunc makes a connection, as (*net.Dialer).DialContext does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// ErrConnectTimeout is the error of a connection that took longer than connect_timeout.
var ErrConnectTimeout = errors.New("no connection within connect_timeout")

// ErrNotHTTP2 is the error of a connection to an endpoint that does not offer HTTP/2.
var ErrNotHTTP2 = errors.New("the endpoint does not offer HTTP/2")

// ConnectError says that a connection was not made, so that the endpoint has seen nothing of a request.
type ConnectError struct{ err error }

// Error implements error.
func (e *ConnectError) Error() string { return e.err.Error() }

// Unwrap returns why.
func (e *ConnectError) Unwrap() error { return e.err }

// Dialer makes the connections of one sink. Its methods are safe for concurrent use.
type Dialer struct {
	dial    DialFunc // to the endpoint, or to the proxy; checks the address
	guard   *guard
	proxy   *proxies
	secrets *secrets
	timeout time.Duration
	maxAge  time.Duration
	http2   bool
	wrap    func(net.Conn) net.Conn

	tcp       DialFunc // dial without the Unix socket
	forTokens bool

	// Of inspect.go.
	socket   string
	resolver *net.Resolver // nil: Go's default
}

// Wrap puts f around every connection to the endpoint, below TLS. It is called before the first connection.
func (d *Dialer) Wrap(f func(net.Conn) net.Conn) { d.wrap = f }

// New reads the network and tls blocks of cfg, and the files that they name. Errors name the attribute at fault. dial takes
// the place of a net.Dialer, and of the check of addresses, where it is not nil: tests connect inside of the process.
func New(cfg *schema.Sink, log *slog.Logger, dial DialFunc) (*Dialer, error) {
	block := schema.DefaultNetwork()
	if cfg.Network != nil {
		block = *cfg.Network
	}
	d := &Dialer{
		timeout: cfg.Timeout.Std(), maxAge: block.MaxConnectionAge.Std(), http2: block.HTTPVersion == schema.HTTPVersion2,
	}
	if block.ConnectTimeout > 0 {
		d.timeout = min(d.timeout, block.ConnectTimeout.Std())
	}
	var err error
	if d.guard, err = newGuard(&block); err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	if d.proxy, err = newProxies(block.Proxy.Reveal()); err != nil {
		return nil, fmt.Errorf("network: proxy: %w", err)
	}
	if block.UnixSocket != "" && d.proxy != nil {
		return nil, errors.New("network: proxy and unix_socket exclude each other")
	}
	if d.secrets, err = newSecrets(cfg, log); err != nil {
		return nil, err
	}
	d.dial, d.tcp, d.socket = dial, dial, block.UnixSocket
	if dial == nil {
		d.dial, d.tcp = d.dialer(block.UnixSocket, nil), d.dialer("", nil)
	}
	return d, nil
}

// ForTokens returns a Dialer for the requests for tokens. The rules for addresses, the proxy and the files of tls are those of
// d. What belongs to the endpoint is not: its Unix socket, its version of HTTP, its name in TLS, and what Wrap is for.
func (d *Dialer) ForTokens() *Dialer {
	t := *d
	t.dial, t.http2, t.wrap, t.forTokens = d.tcp, false, nil, true
	return &t
}

// dialer returns what connects over TCP, or to a Unix socket.
func (d *Dialer) dialer(socket string, resolver *net.Resolver) DialFunc {
	tcp := &net.Dialer{KeepAlive: 15 * time.Second, Resolver: resolver}
	if socket != "" {
		return func(ctx context.Context, _, _ string) (net.Conn, error) { return tcp.DialContext(ctx, "unix", socket) }
	}
	tcp.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error { return d.guard.dialled(address) }
	return tcp.DialContext
}

// Expires returns when a connection that is made now ends, at its greatest age or up to a fifth earlier; zero: never.
func (d *Dialer) Expires() time.Time {
	if d.maxAge <= 0 {
		return time.Time{}
	}
	return time.Now().Add(d.maxAge - time.Duration(rand.Float64()*float64(d.maxAge)/5))
}

// Plain connects to an http endpoint, or to the proxy of ForTransport.
func (d *Dialer) Plain(ctx context.Context, _, address string) (net.Conn, error) {
	return d.within(ctx, func(ctx context.Context) (net.Conn, error) {
		if d.proxy.isTransports(address) {
			return d.dial(ctx, "tcp", address)
		}
		return d.through(ctx, "http", address)
	})
}

// Encrypted connects to an https endpoint, or to the https proxy of ForTransport, and makes the handshake.
func (d *Dialer) Encrypted(ctx context.Context, _, address string) (net.Conn, error) {
	return d.within(ctx, func(ctx context.Context) (net.Conn, error) {
		if d.proxy.isTransports(address) {
			return d.toProxy(ctx, "https", address)
		}
		c, err := d.through(ctx, "https", address)
		if err != nil {
			return nil, err
		}
		config := d.secrets.current().Clone()
		if d.forTokens {
			config.ServerName = ""
		}
		if d.http2 {
			config.NextProtos = []string{"h2"}
		}
		secure, err := handshake(ctx, c, config, address)
		if err == nil && d.http2 && secure.ConnectionState().NegotiatedProtocol != "h2" {
			_ = secure.Close()
			return nil, ErrNotHTTP2
		}
		return secure, err
	})
}

// within gives a connection its time. The transport dials apart from the attempt, whose end does not end it.
func (d *Dialer) within(ctx context.Context, connect func(context.Context) (net.Conn, error)) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout, ErrConnectTimeout)
	defer cancel()
	c, err := connect(ctx)
	switch {
	case err == nil:
		return c, nil
	case errors.Is(context.Cause(ctx), ErrConnectTimeout):
		return nil, &ConnectError{fmt.Errorf("%w: %w", ErrConnectTimeout, err)}
	}
	return nil, &ConnectError{err}
}

// through connects to an endpoint, by its proxy if it has one.
func (d *Dialer) through(ctx context.Context, scheme, address string) (net.Conn, error) {
	proxy, err := d.proxy.of(&url.URL{Scheme: scheme, Host: address})
	if err != nil {
		return nil, fmt.Errorf("proxy of the environment: %w", err)
	}
	var c net.Conn
	if proxy == nil {
		c, err = d.dial(ctx, "tcp", address)
	} else if err = d.guard.name(hostOf(address)); err == nil {
		c, err = d.tunnel(ctx, proxy, address)
	}
	if err != nil || d.wrap == nil {
		return c, err
	}
	return d.wrap(c), nil
}

// handshake makes TLS of a connection, and ends it if that fails.
func handshake(ctx context.Context, c net.Conn, config *tls.Config, address string) (*tls.Conn, error) {
	if config.ServerName == "" {
		config.ServerName = hostOf(address)
	}
	secure := tls.Client(c, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = c.Close() // the handshake's error is the one to tell
		return nil, err
	}
	return secure, nil
}
