package hclconfig

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
func (l *loader) transportRules(config *schema.Config) {
	iggy, share := config.Iggy, l.places["/iggy/share"]
	known := l.places.Known("/iggy/transport")
	if _, err := schema.ParseShare(iggy.Share); share != nil && err != nil && l.places.Known("/iggy/share") {
		l.At(share.Value, "invalid-share", "", "Write k/n with k from 0 to n, such as \"1/3\".")
	}
	if share != nil && known && iggy.Transport != schema.IggyTransportHTTP {
		l.At(share.Name, "share-transport", "", "Set transport = \"http\", or leave share out.")
	}
	if known && l.places.Known("/iggy/address") {
		l.usualPort(iggy)
	}
	if !known || iggy.Transport != schema.IggyTransportHTTP {
		return
	}
	for i := range config.Sinks {
		s := &config.Sinks[i]
		pointer := "/sink/" + strconv.Itoa(i)
		l.Instance = l.InstanceAt(pointer + "/")
		for j := range s.Streams {
			at := pointer + "/stream/" + strconv.Itoa(j) + "/consumer_group"
			if _, err := strconv.ParseUint(s.Streams[j].ConsumerGroup, 10, 64); err == nil && l.places.Known(at) {
				l.At(l.places.Find(at).Value, "http-consumer-name", "", "Put a letter into it.")
			}
		}
	}
}

// usualPort warns of an address with the usual port of the other transport, written or by default.
func (l *loader) usualPort(iggy *schema.Iggy) {
	_, port, err := net.SplitHostPort(iggy.Address)
	if err != nil {
		return
	}
	here := l.places.Find("/iggy/address").Value
	if l.places["/iggy/address"] == nil {
		here = l.places.Find("/iggy/transport").Value
	}
	switch {
	case port == usualTCPPort && iggy.Transport == schema.IggyTransportHTTP:
		l.At(here, "iggy-port", "", "transport = \"http\" needs the address of the HTTP listener, usually port "+usualHTTPPort+".")
	case port == usualHTTPPort && iggy.Transport == schema.IggyTransportTCP:
		l.At(here, "iggy-port", "", "This is the usual port of the HTTP listener. Set transport = \"http\", or take that of the "+
			"TCP listener, usually "+usualTCPPort+".")
	}
}
