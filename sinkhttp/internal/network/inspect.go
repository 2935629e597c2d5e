package network

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
)

// Address is an address of a name, and what network.deny says of it.
type Address struct {
	Address netip.Addr
	Refused *RefusedError // nil: it may be dialled
}

// Route is how requests reach an endpoint.
type Route struct {
	Endpoint string // host:port
	Proxy    string // host:port; empty: none
	Socket   string // the Unix socket; empty: none
	Refused  error  // why the proxy is not asked for the endpoint: *RefusedError
	proxy    *url.URL
	encrypts bool // the endpoint is https
}

// RouteTo returns how requests reach an endpoint. Its error says what is wrong with the proxy.
func (d *Dialer) RouteTo(endpoint *url.URL) (Route, error) {
	port := endpoint.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[endpoint.Scheme]
	}
	r := Route{
		Endpoint: net.JoinHostPort(endpoint.Hostname(), port), Socket: d.socket, encrypts: endpoint.Scheme == "https",
	}
	var err error
	if r.proxy, err = d.proxy.of(endpoint); err != nil || r.proxy == nil {
		return r, err
	}
	r.Proxy = proxyAddress(r.proxy)
	r.Refused = d.guard.name(endpoint.Hostname())
	return r, nil
}

// Resolve returns the addresses that the first connection of a route may go to: those of the proxy, if there is one. It takes at
// most connect_timeout.
func (d *Dialer) Resolve(ctx context.Context, r Route) ([]Address, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout, ErrConnectTimeout)
	defer cancel()
	host := hostOf(r.Endpoint)
	if r.Proxy != "" {
		host = hostOf(r.Proxy)
	}
	resolver := d.resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	found, err := resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	all := make([]Address, 0, len(found))
	for _, a := range found {
		next := Address{Address: a.Unmap()}
		var refused *RefusedError
		if errors.As(d.guard.address(a), &refused) {
			next.Refused = refused
		}
		all = append(all, next)
	}
	return all, nil
}

// Connect connects as requests do, up to TLS with the endpoint. The proxy of http requests is connected to and not asked.
func (d *Dialer) Connect(ctx context.Context, r Route) (net.Conn, error) {
	if !r.encrypts {
		u := &url.URL{Scheme: "http", Host: r.Endpoint}
		proxy, err := d.ForTransport(&http.Request{URL: u})
		switch {
		case err != nil:
			return nil, err
		case proxy != nil && proxy.Scheme == "https":
			return d.Encrypted(ctx, "tcp", r.Proxy)
		case proxy != nil:
			return d.Plain(ctx, "tcp", r.Proxy)
		}
		return d.Plain(ctx, "tcp", r.Endpoint)
	}
	return d.within(ctx, func(ctx context.Context) (net.Conn, error) { return d.through(ctx, "https", r.Endpoint) })
}

// Handshake makes TLS with the endpoint of a route, and ends the connection if that fails. The certificates are what the
// endpoint has shown, also where they are not trusted.
func (d *Dialer) Handshake(ctx context.Context, c net.Conn, r Route) (secure *tls.Conn, shown []*x509.Certificate, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout, ErrConnectTimeout)
	defer cancel()
	config := d.secrets.current().Clone()
	if d.http2 {
		config.NextProtos = []string{"h2"}
	}
	secure, err = handshake(ctx, c, config, r.Endpoint)
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &untrusted):
		return nil, untrusted.UnverifiedCertificates, err
	case err != nil:
		return nil, nil, err
	}
	state := secure.ConnectionState()
	if d.http2 && state.NegotiatedProtocol != "h2" {
		_ = secure.Close()
		return nil, state.PeerCertificates, ErrNotHTTP2
	}
	return secure, state.PeerCertificates, nil
}
