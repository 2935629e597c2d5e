package network

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"golang.org/x/net/http/httpproxy"
	"golang.org/x/net/proxy"
)

// ProxyError is what a proxy answered instead of making a connection.
type ProxyError struct{ Status int }

// Error implements error.
func (e *ProxyError) Error() string { return fmt.Sprintf("the proxy answered %d", e.Status) }

// ErrSOCKS is the error of a connection that a socks5 proxy did not make.
var ErrSOCKS = errors.New("the socks5 proxy made no connection")

// proxies knows the proxy of an endpoint. nil knows none.
type proxies struct {
	fixed       *url.URL
	environment func(*url.URL) (*url.URL, error)
}

// newProxies reads network.proxy. Its errors tell nothing of the text, which may hold a password.
func newProxies(text string) (*proxies, error) {
	switch text {
	case "":
		return nil, nil //nolint:nilnil // no proxy is no error
	case "environment":
		return &proxies{environment: httpproxy.FromEnvironment().ProxyFunc()}, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || !isProxyScheme(u.Scheme) {
		return nil, errors.New("is not an http, https or socks5 URL")
	}
	return &proxies{fixed: u}, nil
}

func isProxyScheme(scheme string) bool {
	return scheme == "http" || scheme == "https" || scheme == "socks5" || scheme == "socks5h"
}

// of returns the proxy of an endpoint; nil: none.
func (p *proxies) of(endpoint *url.URL) (*url.URL, error) {
	switch {
	case p == nil:
		return nil, nil //nolint:nilnil // no proxy is no error
	case p.fixed != nil:
		return p.fixed, nil
	}
	u, err := p.environment(endpoint)
	if err != nil || u != nil && !isProxyScheme(u.Scheme) {
		return nil, errors.New("it is not an http, https or socks5 URL") // the text may hold a password
	}
	return u, nil
}

// HasProxy reports whether ForTransport may return one.
func (d *Dialer) HasProxy() bool { return d.proxy != nil }

// ForTransport returns the proxy to which the transport itself sends requests, with the whole url in the request line: that
// of an http endpoint, if it speaks http. It refuses an endpoint that network.deny does.
func (d *Dialer) ForTransport(r *http.Request) (*url.URL, error) {
	if d.proxy == nil || r.URL.Scheme != "http" {
		return nil, nil //nolint:nilnil // no proxy is no error
	}
	u, err := d.proxy.of(r.URL)
	if err != nil || u == nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, err
	}
	if err := d.guard.name(r.URL.Hostname()); err != nil {
		return nil, err
	}
	return u, nil
}

// isTransports reports whether address is that of the proxy of ForTransport.
func (p *proxies) isTransports(address string) bool {
	u, err := p.of(&url.URL{Scheme: "http", Host: "endpoint.invalid"})
	return err == nil && u != nil && (u.Scheme == "http" || u.Scheme == "https") && proxyAddress(u) == address
}

func proxyAddress(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if port == "" {
		port = "1080"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// toProxy connects to a proxy, with TLS if it asks for that: with the authorities of the tls block and neither its name nor
// its client certificate, which are for the endpoint.
func (d *Dialer) toProxy(ctx context.Context, scheme, address string) (net.Conn, error) {
	c, err := d.dial(ctx, "tcp", address)
	if err != nil || scheme != "https" {
		return c, err
	}
	config := d.secrets.current().Clone()
	config.ServerName, config.Certificates = "", nil
	return handshake(ctx, c, config, address)
}

// tunnel connects to address by a proxy.
func (d *Dialer) tunnel(ctx context.Context, u *url.URL, address string) (net.Conn, error) {
	if u.Scheme == "socks5" || u.Scheme == "socks5h" {
		return d.socks(ctx, u, address)
	}
	c, err := d.toProxy(ctx, u.Scheme, proxyAddress(u))
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	err = connect(c, u.User, address)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// connect asks an http proxy for a tunnel (RFC 9110 section 9.3.6).
func connect(c net.Conn, user *url.Userinfo, address string) error {
	request := "CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\nUser-Agent: iggysink\r\n"
	if user != nil {
		password, _ := user.Password()
		request += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)) + "\r\n"
	}
	if _, err := io.WriteString(c, request+"\r\n"); err != nil {
		return fmt.Errorf("ask the proxy: %w", err)
	}
	const maxHead = 16 << 10
	reader := bufio.NewReader(io.LimitReader(c, maxHead))
	response, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
	if err != nil {
		return errors.Join(errProxyAnswer, ignoreText(err))
	}
	_ = response.Body.Close() // a successful answer has none, and another one ends the connection
	switch {
	case response.StatusCode < 200 || response.StatusCode > 299:
		return &ProxyError{response.StatusCode}
	case reader.Buffered() > 0: // nobody may speak before we do
		return errProxyAnswer
	}
	return nil
}

var errProxyAnswer = errors.New("the proxy's answer is not HTTP")

// ignoreText keeps an end of the connection, and no text that the proxy sent.
func ignoreText(err error) error {
	var netErr net.Error
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &netErr) {
		return err
	}
	return nil
}

// forward lets a socks5 client connect with d.dial.
type forward struct{ dial DialFunc }

// Dial implements proxy.Dialer.
func (f forward) Dial(network, address string) (net.Conn, error) {
	return f.dial(context.Background(), network, address)
}

// DialContext implements proxy.ContextDialer.
func (f forward) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f.dial(ctx, network, address)
}

// socks connects by a socks5 proxy (RFC 1928), which resolves the name.
func (d *Dialer) socks(ctx context.Context, u *url.URL, address string) (net.Conn, error) {
	var auth *proxy.Auth
	if u.User != nil {
		password, _ := u.User.Password()
		auth = &proxy.Auth{User: u.User.Username(), Password: password}
	}
	dialer, err := proxy.SOCKS5("tcp", proxyAddress(u), auth, forward{d.dial})
	if err != nil {
		return nil, ErrSOCKS
	}
	withContext, ok := dialer.(proxy.ContextDialer)
	if !ok {
		return nil, ErrSOCKS
	}
	c, err := withContext.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSOCKS, err)
	}
	return c, nil
}
