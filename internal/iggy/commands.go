package iggy

import (
	"context"
	"errors"
	"fmt"
	"math"

	iggcon "github.com/apache/iggy/foreign/go/contracts"
	ierror "github.com/apache/iggy/foreign/go/errors"
)

// identifier is a name in the SDK's terms. newPlace has checked its length.
func identifier(name string) iggcon.Identifier {
	return iggcon.Identifier{Kind: iggcon.StringId, Length: len(name), Value: []byte(name)}
}

// groupOf is the group in the SDK's terms, as who polls and stores.
func groupOf(t place) iggcon.Consumer { return iggcon.NewGroupConsumer(identifier(t.group)) }

// ping tells the server that this connection lives.
func (l *link) ping(ctx context.Context) error {
	return l.call(ctx, "ping", controlLimit, l.sdk.Ping)
}

// topicState reads what is in a topic. ErrNotFound is in the chain of its error if the stream or topic is missing.
func (l *link) topicState(ctx context.Context, t place) (*topicState, error) {
	var topic *iggcon.TopicDetails
	err := l.call(ctx, "get topic", listLimit, func() (err error) {
		topic, err = l.sdk.GetTopic(identifier(t.stream), identifier(t.topic))
		return err
	})
	if err != nil && isNotFound(err) {
		return nil, fmt.Errorf("stream or topic %w: %w", ErrNotFound, err)
	}
	if err != nil {
		return nil, err
	}
	state := &topicState{messages: topic.MessagesCount, partitions: make([]partitionState, len(topic.Partitions))}
	for i, p := range topic.Partitions {
		if p.CurrentOffset == math.MaxUint64 {
			l.wire.broken = true // one more than an offset must be a number
			return nil, &LinkError{"get topic", errMalformed}
		}
		state.partitions[i] = partitionState{p.Id, p.CreatedAt, p.CurrentOffset, p.MessagesCount, p.SizeBytes}
	}
	return state, nil
}

// members reads who is in the group; nil if there is no such group.
func (l *link) members(ctx context.Context, t place) (*groupState, error) {
	var group *iggcon.ConsumerGroupDetails
	err := l.call(ctx, "get consumer group", listLimit, func() (err error) {
		group, err = l.sdk.GetConsumerGroup(identifier(t.stream), identifier(t.topic), identifier(t.group))
		return err
	})
	if errors.Is(err, ierror.ErrConsumerGroupIdNotFound) || isNoGroup(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	state := &groupState{partitions: group.PartitionsCount, members: make([]groupMember, len(group.Members))}
	for i, m := range group.Members {
		state.members[i] = groupMember{m.ID, m.Partitions}
	}
	return state, nil
}

// groupSize tells how many members the group has, and whether it is there.
func (l *link) groupSize(ctx context.Context, t place) (members int, there bool, err error) {
	group, err := l.members(ctx, t)
	if group == nil {
		return 0, false, err
	}
	return len(group.members), true, nil
}

// createGroup creates the group and reports whether it was this call that did.
func (l *link) createGroup(ctx context.Context, t place) (bool, error) {
	err := l.call(ctx, "create consumer group", controlLimit, func() error {
		_, err := l.sdk.CreateConsumerGroup(identifier(t.stream), identifier(t.topic), t.group)
		return err
	})
	if hasStatus(err, codeGroupExists) {
		return false, nil
	}
	return err == nil, err
}

// join makes this connection a member.
func (l *link) join(ctx context.Context, t place) error {
	return l.call(ctx, "join consumer group", controlLimit, func() error {
		return l.sdk.JoinConsumerGroup(identifier(t.stream), identifier(t.topic), identifier(t.group))
	})
}

// leave ends the membership.
func (l *link) leave(ctx context.Context, t place) error {
	return l.call(ctx, "leave consumer group", controlLimit, func() error {
		return l.sdk.LeaveConsumerGroup(identifier(t.stream), identifier(t.topic), identifier(t.group))
	})
}

// stored reads the group's offset of a partition; false if there is none.
func (l *link) stored(ctx context.Context, t place, partition uint32) (uint64, bool, error) {
	var info *iggcon.ConsumerOffsetInfo
	err := l.call(ctx, "get consumer offset", controlLimit, func() (err error) {
		info, err = l.sdk.GetConsumerOffset(groupOf(t), identifier(t.stream), identifier(t.topic), &partition)
		return err
	})
	if err != nil || info == nil {
		return 0, false, err
	}
	return info.StoredOffset, true, nil
}

// store stores the group's offset of a partition. The partition is always named: the server would choose one.
func (l *link) store(ctx context.Context, t place, partition uint32, offset uint64) error {
	return l.call(ctx, "store consumer offset", controlLimit, func() error {
		return l.sdk.StoreConsumerOffset(groupOf(t), identifier(t.stream), identifier(t.topic), offset, &partition)
	})
}

// forget deletes the group's offset of a partition; there need be none.
func (l *link) forget(ctx context.Context, t place, partition uint32) error {
	err := l.call(ctx, "delete consumer offset", controlLimit, func() error {
		return l.sdk.DeleteConsumerOffset(groupOf(t), identifier(t.stream), identifier(t.topic), &partition)
	})
	if hasStatus(err, codeNoOffset) {
		return nil
	}
	return err
}

// poll reads up to count messages from offset on. A reply longer than limit bytes is errTooLarge. Nothing is stored:
// auto-commit stores before the reply is sent, which loses what a crash leaves undelivered. The reply is decoded here: the
// SDK's decoder drops an empty payload at the end, panics on a cut reply, and takes an allocation a message.
func (l *link) poll(ctx context.Context, t place, partition uint32, offset uint64, count, limit int) (polled, error) {
	return l.pollAs(ctx, t, groupOf(t), partition, offset, count, limit)
}

// peek reads the message at offset, or the first behind it, without the group: no member's ownership and no polled
// offset matters to it or is moved by it.
func (l *link) peek(ctx context.Context, t place, partition uint32, offset uint64) (polled, error) {
	return l.pollAs(ctx, t, iggcon.NewSingleConsumer(identifier(t.group)), partition, offset, 1, maxMessage)
}

func (l *link) pollAs(
	ctx context.Context, t place, who iggcon.Consumer, partition uint32, offset uint64, count, limit int,
) (polled, error) {
	err := l.call(ctx, "poll messages", limit, func() error {
		l.wire.keep = true
		_, err := l.sdk.PollMessages(identifier(t.stream), identifier(t.topic), who, iggcon.OffsetPollingStrategy(offset),
			uint32(min(count, math.MaxUint32)), false, &partition)
		return err
	})
	if err != nil {
		return polled{}, err
	}
	reply, err := decodePolled(l.wire.body)
	if err != nil {
		l.wire.broken = true
		return polled{}, &LinkError{"poll messages", err}
	}
	reply.foreign = reply.partition != partition
	return reply, nil
}
