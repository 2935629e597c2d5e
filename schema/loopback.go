package schema

import (
	"net"
	"net/netip"
	"strings"
)

// IsLoopback reports whether a host, which is a name or an address without a port, is this machine.
func IsLoopback(host string) bool {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// LoginInClear reports whether a login would cross the network in clear text: the server is beyond this machine, and there
// is no tls block. It is the same over both transports.
func (i *Iggy) LoginInClear() bool {
	host, _, err := net.SplitHostPort(i.Address)
	return err == nil && i.TLS == nil && !IsLoopback(host)
}
