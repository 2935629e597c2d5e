package relay

import (
	"slices"

	"iggysink/sinkhttp"
)

// lane carries one request of its partition at a time. The next one is prepared while it is under way.
type lane struct {
	queue  *queue
	flight *flight // in Send, or its outcomes are being dealt with
	next   *flight // prepared; nil Prepared if Prepare rejected all of it
	send   chan *flight
	spare  []*flight
}

// flight is one batch on its way. Lanes use their flights again, so that a message costs no allocation here.
type flight struct {
	lane     *lane
	entries  []entry // those that are settled or given up are zero
	prepared *sinkhttp.Prepared
	stop     <-chan struct{}    // no further attempt
	probe    bool               // one message, one attempt: the sink is paused
	accepted uint64             // what the endpoint had accepted before
	local    []sinkhttp.Outcome // of Prepare
	sent     []sinkhttp.Outcome // of Send
}

// end is one more than the last offset of the flight that is not settled.
func (f *flight) end() uint64 {
	for _, e := range slices.Backward(f.entries) {
		if e.chunk != nil {
			return e.message().Offset + 1
		}
	}
	return 0
}

// fly sends the lane's flights, one after the other, until the worker closes send.
func (l *lane) fly(p *partition) {
	defer p.relay.catch("lane of a partition")
	for f := range l.send {
		if f.probe {
			f.sent = p.relay.engine.Probe(p.relay.work, f.stop, f.prepared)
		} else {
			f.sent = p.relay.engine.Send(p.relay.work, f.stop, f.prepared)
		}
		f.prepared = nil // the bytes are not needed while the outcomes are dealt with
		p.results <- f   // has room for one of every lane
	}
}

// take returns an empty flight.
func (l *lane) take() *flight {
	if n := len(l.spare); n > 0 {
		f := l.spare[n-1]
		l.spare = l.spare[:n-1]
		return f
	}
	return &flight{lane: l}
}

// recycle keeps a flight that is over for the next batch.
func (l *lane) recycle(f *flight) {
	clear(f.entries)
	*f = flight{lane: l, entries: f.entries[:0]}
	l.spare = append(l.spare, f)
}
