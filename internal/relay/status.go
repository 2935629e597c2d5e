package relay

import (
	"cmp"
	"slices"
	"time"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// Status is a snapshot of a Relay, for people and for metrics.
type Status struct {
	Sink     string
	Ready    bool   // the health check has passed
	Draining bool   // Run is about to end
	Crashed  string // the internal error that ended the sink; only the counters are known then
	Gate     State  // whether the sink is paused, and why
	Pauses   uint64
	Stats    sinkhttp.Stats // of the endpoint's side

	// Messages since the start.
	Delivered    uint64 // accepted by the endpoint
	Rejected     uint64 // by the endpoint or before; a blocked one counts once
	DeadLettered uint64
	Dropped      uint64
	Filtered     uint64

	Sources    []SourceStatus
	Partitions []PartitionStatus // those that are owned, sorted
}

// PartitionStatus is a snapshot of one owned partition.
type PartitionStatus struct {
	Partition schema.Partition
	Next      uint64        // offset that is polled next
	Settled   uint64        // every offset below is settled
	End       uint64        // one more than the last offset that the server has, as far as is known
	Lag       uint64        // offsets that are not settled
	OldestAge time.Duration // since the oldest undelivered message was appended; 0 if none is known
	InHand    int           // bytes polled and not settled

	Blocked       bool
	BlockedOffset uint64
	Reason        string    // why it is blocked; no secret, no payload
	Until         time.Time // when the blocked message is tried again
}

// Status returns a snapshot. It may be called at any time.
func (r *Relay) Status() Status {
	s := Status{
		Sink: r.cfg.Name, Ready: r.ready.Load(), Draining: r.closing.on(), Stats: r.engine.Stats(),
		Rejected: r.counters.rejected.Load(), DeadLettered: r.counters.deadLettered.Load(),
		Dropped: r.counters.dropped.Load(), Filtered: r.counters.filtered.Load(),
	}
	s.Delivered = s.Stats.Accepted
	if err := r.crash.err.Load(); err != nil { // whatever lock is held may be held for ever
		s.Crashed, s.Ready = (*err).Error(), false
		return s
	}
	s.Gate, s.Pauses, _ = r.judge.now()
	if held, _ := r.engine.Held(); held.After(s.Gate.Until) && !s.Gate.Manual {
		s.Gate.Until = held
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.feeds {
		s.Sources = append(s.Sources, f.source.Status())
	}
	now := time.Now()
	for _, p := range r.owned {
		s.Partitions = append(s.Partitions, p.status(now))
	}
	slices.SortFunc(s.Partitions, func(a, b PartitionStatus) int {
		return cmp.Or(cmp.Compare(a.Partition.Stream, b.Partition.Stream),
			cmp.Compare(a.Partition.Topic, b.Partition.Topic), cmp.Compare(a.Partition.ID, b.Partition.ID))
	})
	return s
}
