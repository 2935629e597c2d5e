package schema

import (
	"errors"
	"net/netip"
)

// errAddressRange is what ParseAddressRange fails with. It does not repeat the text.
var errAddressRange = errors.New("is neither metadata, link_local, private or loopback, nor a CIDR, nor an address")

// ParseAddressRange returns the addresses of an element of network.deny or network.allow: those of a group, a CIDR, or one
// address. IPv4 addresses are in their own form, never inside an IPv6 one.
func ParseAddressRange(text string) ([]netip.Prefix, error) {
	if group := addressGroup(text); group != nil {
		prefixes := make([]netip.Prefix, len(group))
		for i, p := range group {
			prefixes[i] = netip.MustParsePrefix(p)
		}
		return prefixes, nil
	}
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}, nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return nil, errAddressRange
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return nil, errAddressRange
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return []netip.Prefix{p.Masked()}, nil
}

// addressGroup returns the CIDRs of a group, nil for another name.
func addressGroup(name string) []string {
	switch name {
	case "metadata": // services that give a machine its credentials
		return []string{
			"169.254.169.254/32", "fd00:ec2::254/128", // AWS, and the first of them Azure, Google, DigitalOcean, OpenStack and others
			"169.254.170.2/32", "169.254.170.23/32", "fd00:ec2::23/128", // AWS: containers, EKS
			"fd20:ce::254/128",                    // Google
			"168.63.129.16/32",                    // Azure's wire server
			"100.100.100.200/32",                  // Alibaba
			"192.0.0.192/32",                      // Oracle, the older one
			"169.254.42.42/32", "fd00:42::42/128", // Scaleway
		}
	case "link_local": // RFC 3927, RFC 4291 section 2.5.6; multicast on one link
		return []string{"169.254.0.0/16", "fe80::/10", "224.0.0.0/24", "ff02::/16"}
	case "private": // RFC 1918, RFC 6598, RFC 4193, and site-local (RFC 3879)
		return []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"}
	case "loopback": // and this host (RFC 1122 section 3.2.1.3), which leads there
		return []string{"127.0.0.0/8", "::1/128", "0.0.0.0/8", "::/128"}
	}
	return nil
}
