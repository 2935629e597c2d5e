package rules

import (
	"net"
	"strconv"

	"iggysink/schema"
)

// The ports on which Iggy listens unless it is told otherwise.
const (
	usualTCPPort  = "8090"
	usualHTTPPort = "3000"
)

// transportRules ask that what stands in the iggy block fits the transport.
func (rv *review) transportRules(config *schema.Config) {
	iggy, share := config.Iggy, rv.Places["/iggy/share"]
	known := rv.Places.Known("/iggy/transport")
	if _, err := schema.ParseShare(iggy.Share); share != nil && err != nil && rv.Places.Known("/iggy/share") {
		rv.At(share.Value, "invalid-share", "", "Write k/n with k from 0 to n, such as \"1/3\".")
	}
	if share != nil && known && iggy.Transport != schema.IggyTransportHTTP {
		rv.At(share.Name, "share-transport", "", "Set transport = \"http\", or leave share out.")
	}
	if known && rv.Places.Known("/iggy/address") {
		rv.usualPort(iggy)
	}
	if o := rv.Places["/iggy/address"]; o != nil && rv.Places.Known("/iggy/address", "/iggy/tls") && iggy.LoginInClear() {
		rv.At(o.Value, "cleartext-credentials", "the login travels in clear text", "Add tls {}, and a ca_file where the authority is your own.")
	}
	if !known || iggy.Transport != schema.IggyTransportHTTP {
		return
	}
	for i := range config.Sinks {
		s := &config.Sinks[i]
		pointer := "/sink/" + strconv.Itoa(i)
		rv.Instance = rv.InstanceAt(pointer + "/")
		for j := range s.Streams {
			at := pointer + "/stream/" + strconv.Itoa(j) + "/consumer_group"
			if _, err := strconv.ParseUint(s.Streams[j].ConsumerGroup, 10, 64); err == nil && rv.Places.Known(at) {
				rv.At(rv.Places.Find(at).Value, "http-consumer-name", "", "Put a letter into it.")
			}
		}
	}
}

// usualPort warns of an address with the usual port of the other transport, written or by default.
func (rv *review) usualPort(iggy *schema.Iggy) {
	_, port, err := net.SplitHostPort(iggy.Address)
	if err != nil {
		return
	}
	here := rv.Places.Find("/iggy/address").Value
	if rv.Places["/iggy/address"] == nil {
		here = rv.Places.Find("/iggy/transport").Value
	}
	switch {
	case port == usualTCPPort && iggy.Transport == schema.IggyTransportHTTP:
		rv.At(here, "iggy-port", "", "transport = \"http\" needs the address of the HTTP listener, usually port "+usualHTTPPort+".")
	case port == usualHTTPPort && iggy.Transport == schema.IggyTransportTCP:
		rv.At(here, "iggy-port", "", "This is the usual port of the HTTP listener. Set transport = \"http\", or take that of the "+
			"TCP listener, usually "+usualTCPPort+".")
	}
}
