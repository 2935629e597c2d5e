package network

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"iggysink/schema"
)

// RefusedError says that network.deny lets no connection go to an address.
type RefusedError struct {
	Target string // the address as it was dialled, or the name that a proxy would have got
	Range  string // the element of network.deny
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("network.deny refuses %s (%s); add it to network.allow if it is meant", e.Target, e.Range)
}

// guard decides which addresses may be dialled. It is never written to after it was made.
type guard struct {
	deny  []denied
	allow []netip.Prefix
}

// denied is one element of network.deny.
type denied struct {
	text     string
	prefixes []netip.Prefix
}

func newGuard(cfg *schema.Network) (*guard, error) {
	g := &guard{}
	for _, text := range cfg.Deny {
		prefixes, err := schema.ParseAddressRange(text)
		if err != nil {
			return nil, fmt.Errorf("deny: an element %w", err)
		}
		g.deny = append(g.deny, denied{text, prefixes})
	}
	for _, text := range cfg.Allow {
		prefixes, err := schema.ParseAddressRange(text)
		if err != nil {
			return nil, fmt.Errorf("allow: an element %w", err)
		}
		g.allow = append(g.allow, prefixes...)
	}
	return g, nil
}

// address returns a *RefusedError if a may not be dialled. Every address that a stands for must pass by itself: an allowed
// NAT64 prefix allows no metadata service behind it.
func (g *guard) address(a netip.Addr) error {
	for _, one := range standsFor(a) {
		if contains(g.allow, one) {
			continue
		}
		for _, d := range g.deny {
			if contains(d.prefixes, one) {
				return &RefusedError{a.WithZone("").String(), d.text}
			}
		}
	}
	return nil
}

// dialled is address for what a net.Dialer is about to connect to.
func (g *guard) dialled(address string) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return &RefusedError{"an address that cannot be read", "every element"}
	}
	return g.address(a.Addr())
}

// name is address for a host that is not resolved here: a proxy does. An address is known in every notation that a resolver
// takes, also one in other digits and dots of Unicode, and so are names that mean one and the same everywhere.
func (g *guard) name(host string) error {
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	host = strings.ToLower(strings.TrimRight(host, "."))
	if a, ok := literalAddress(host); ok {
		return g.address(a)
	}
	group := ""
	switch {
	case host == "localhost", strings.HasSuffix(host, ".localhost"):
		group = "loopback"
	case host == "metadata", host == "metadata.google.internal", host == "metadata.goog", host == "instance-data",
		host == "instance-data.ec2.internal", host == "metadata.tencentyun.com", host == "metadata.platformequinix.com":
		group = "metadata"
	}
	for _, d := range g.deny {
		if d.text == group {
			return &RefusedError{host, d.text}
		}
	}
	return nil
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// standsFor returns a and the IPv4 addresses that may be reached through it.
func standsFor(a netip.Addr) []netip.Addr {
	a = a.WithZone("").Unmap()
	all := []netip.Addr{a}
	if a.Is4() {
		return all
	}
	b := a.As16()
	add := func(w, x, y, z byte) { all = append(all, netip.AddrFrom4([4]byte{w, x, y, z})) }
	has := func(prefix string) bool { return netip.MustParsePrefix(prefix).Contains(a) }
	switch {
	case has("64:ff9b::/96"), has("::/96") && !a.IsUnspecified() && !a.IsLoopback(): // NAT64 (RFC 6052); IPv4-compatible (RFC 4291)
		add(b[12], b[13], b[14], b[15])
	case has("64:ff9b:1::/48"): // NAT64 of a site (RFC 8215): the length of its prefix is not known
		add(b[6], b[7], b[9], b[10])
		add(b[7], b[9], b[10], b[11])
		add(b[9], b[10], b[11], b[12])
		add(b[12], b[13], b[14], b[15])
	case has("2002::/16"): // 6to4 (RFC 3056)
		add(b[2], b[3], b[4], b[5])
	case has("2001::/32"): // Teredo (RFC 4380): its server, and the client, whose bits are turned over
		add(b[4], b[5], b[6], b[7])
		add(^b[12], ^b[13], ^b[14], ^b[15])
	}
	if b[8]&0xfd == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe { // ISATAP (RFC 5214)
		add(b[12], b[13], b[14], b[15])
	}
	return all
}

// literalAddress reads an address as resolvers do: also in the notations of inet_aton, with fewer parts than four, in octal
// and hexadecimal.
func literalAddress(host string) (netip.Addr, bool) {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if a, err := netip.ParseAddr(host); err == nil {
		return a, true
	}
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var value uint64
	for i, part := range parts {
		n, err := strconv.ParseUint(octal(part), 0, 32)
		if err != nil {
			return netip.Addr{}, false
		}
		if last := i == len(parts)-1; last { // it fills what is left
			if bits := 8 * (4 - i); n >= 1<<bits {
				return netip.Addr{}, false
			}
			value = value<<(8*(4-i)) | n
		} else if n > 255 {
			return netip.Addr{}, false
		} else {
			value = value<<8 | n
		}
	}
	return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}), true
}

// octal spells a number so that strconv reads it as inet_aton does: no 0b, no 0o, no underscore.
func octal(part string) string {
	hex := strings.HasPrefix(part, "0x")
	if !hex && strings.Trim(part, "0123456789") != "" || strings.Contains(part, "_") {
		return "" // which is no number
	}
	return part
}

// hostOf returns the host of host:port.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
