package relay

import (
	"context"
	"errors"
	"time"

	"iggysink/schema"
)

// ErrNotStored is in the chain of a Source's error that says that offsets which Commit asked for are not stored.
var ErrNotStored = errors.New("settled offsets are not stored")

// Source feeds the messages of one topic's partitions, as one member of one consumer group, and stores offsets.
//
// The relay owns the position: before each poll the source asks the handler's Demand where to read and how much. A
// demand of no bytes is the only throttle there is: a full queue, a paused sink, a blocked partition and a drain all
// say so. The source keeps probing ownership and pinging meanwhile.
type Source interface {
	// Run joins the group and calls h until ctx ends, rebuilding the connection as often as it takes: a drop revokes
	// every partition, a new join assigns them again. When ctx ends it stores what Commit asked for, leaves the group
	// and closes, in bounded time. All calls to h come from one goroutine, one at a time; none after Run has returned.
	// It returns nil after ctx, or ErrNotStored if the last stores failed, as when the server is gone; and another error
	// only for what waiting cannot mend.
	Run(ctx context.Context, h Handler) error
	// Commit asks for offset, the last settled one of p, to be stored; later calls for p supersede earlier ones that
	// are not stored yet. It never blocks. A partition that is not owned any more is ignored.
	Commit(p schema.Partition, offset uint64)
	// Wake makes a source that found no demand or no messages ask again now. It never blocks.
	Wake()
	// Status says how the member is doing.
	Status() SourceStatus
}

// Handler is what a Source calls. Its methods return quickly: none waits for a request, so that the source can always
// ping and serve its other partitions.
type Handler interface {
	// Assigned tells which partitions the member now owns in addition. The first call after a join comes even if there
	// are none: the member is then in the group. From its begin on the source takes commits for them. A partition whose
	// former request is still in flight has no demand until that is over.
	Assigned(owned []Assignment)
	// Demand tells the next offset to read of p and how many bytes of messages the relay takes; 0: none now. Asking
	// changes nothing.
	Demand(p schema.Partition) (next uint64, bytes int)
	// Polled hands over what a poll brought, at least one message or only a newer Current. It may bring more than the
	// demand where one message is larger than it. There is one poll of a partition at a time.
	Polled(b Poll)
	// Revoked tells which partitions the member does not own any more. Their requests in flight go on, no other attempt
	// is made, and nothing more is stored.
	Revoked(lost []schema.Partition)
}

// Assignment is a partition that the member owns, and the part of it that is there to read.
type Assignment struct {
	Partition schema.Partition
	Start     uint64 // first offset to deliver: behind the stored one, or where start_from says
	End       uint64 // one more than the partition's last offset at this moment; Start or less if there is nothing to read
	Truncated bool   // the server lost messages that were there: Start is below what was settled before

	// Sum is Message.Checksum of the message before Start, 0 where it is unknown. It tells this log from another one with
	// the same offsets, as a purge leaves it, before anything of it was settled here.
	Sum uint64
}

// Poll is what one poll of a partition brought.
type Poll struct {
	Partition schema.Partition
	Messages  []schema.Message // in offset order; may be empty
	Asked     uint64           // where Demand said to read as the poll was made; of no meaning without messages
	Bytes     int              // sum of Message.Size
	Current   uint64           // the partition's last offset as the server saw it
}

// SourceStatus is a snapshot of a Source.
type SourceStatus struct {
	Stream, Topic, Group string
	Joined               bool      // in the group
	Err                  string    // why not, for a person; no secret
	Since                time.Time // of Joined or Err
	Reconnects           uint64    // connections rebuilt
	Commits              uint64    // offsets stored
	Polls                uint64
	Skipped              uint64   // offsets that retention deleted before they were read
	Released             []uint32 // partitions left alone because somebody else stores their offsets too; sorted
}
