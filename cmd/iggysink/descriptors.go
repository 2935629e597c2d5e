package main

import (
	"log/slog"

	"iggysink/internal/admin"
	"iggysink/schema"
)

// What a run holds open beside the requests of its sinks.
const (
	ownDescriptors  = 24 // the standard streams, what the runtime polls with, files that are being read
	feedDescriptors = 3  // of a topic: its member, a second one that evens out the shares, one that is being built
	sinkDescriptors = 3  // of a sink: its dead letters, their lock and folder
)

// neededDescriptors is how many descriptors a run of sinks can need at once.
func neededDescriptors(cfg *schema.Config, sinks []*schema.Sink) uint64 {
	n := ownDescriptors
	if cfg.Admin != nil {
		n += admin.MaxConnections + 1
	}
	for _, sink := range sinks {
		n += sinkDescriptors + sink.MaxConnections
		for i := range sink.Streams {
			n += feedDescriptors * len(sink.Streams[i].Topics)
		}
	}
	return uint64(n)
}

// warnOfDescriptors says so where a sink could find none left for a connection: it would then be taken for a dead
// endpoint.
func warnOfDescriptors(log *slog.Logger, needed uint64) {
	if limit, known := descriptorLimit(); known && limit < needed {
		log.Warn("the limit on open files is lower than what this configuration can need: raise it (ulimit -n, LimitNOFILE), "+
			"or lower max_connections", "limit", limit, "needed", needed)
	}
}
