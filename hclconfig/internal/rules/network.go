package rules

import (
	"net/url"
	"strconv"

	"iggysink/schema"
)

// network checks what the schema cannot say of the network block.
func (r sinkRules) network() {
	block := r.sink.Network
	if block == nil {
		return
	}
	for name, list := range map[string][]string{"network/deny": block.Deny, "network/allow": block.Allow} {
		for i, text := range list {
			if at := name + "/" + strconv.Itoa(i); r.known(name, at) {
				if _, err := schema.ParseAddressRange(text); err != nil {
					r.tell(at, "network-range", "", "An IPv4 CIDR ends in /0 to /32, an IPv6 one in /0 to /128.")
				}
			}
		}
	}
	if block.UnixSocket != "" && !block.Proxy.IsZero() && r.known("network/proxy", "network/unix_socket") {
		r.tell("network/proxy", "network-socket", "", "Remove one of the two.")
	}
	u, err := url.Parse(block.Proxy.Reveal())
	if err != nil || u.User == nil || !r.known("network/proxy") {
		return
	}
	_, hasPassword := u.User.Password()
	if hasPassword && u.Scheme != "https" && !schema.IsLoopback(u.Hostname()) {
		r.tell("network/proxy", "cleartext-credentials", "", "Use a proxy of https, or of this machine.")
	}
	if hasPassword && r.Places.Find(r.pointer+"/network/proxy").Literal {
		r.tell("network/proxy", "literal-secret", "",
			"The url of the proxy contains a password, and everyone who can read the configuration can read it. "+
				"Take it from env() or file().")
	}
}
