package iggy

import (
	"context"
	"errors"
	"fmt"
	"math"

	iggcon "github.com/apache/iggy/foreign/go/contracts"
	ierror "github.com/apache/iggy/foreign/go/errors"

	"iggysink/schema"
)

// target names a topic and a consumer group of it, in the SDK's terms.
type target struct {
	stream, topic iggcon.Identifier
	group         iggcon.Identifier
	consumer      iggcon.Consumer
	reader        iggcon.Consumer // a single consumer: its polls move nothing of the group
	groupName     string
}

// newTarget checks the names: 1 to 255 bytes each. An empty group is left out.
func newTarget(stream, topic, group string) (target, error) {
	t := target{groupName: group}
	var err error
	if t.stream, err = iggcon.NewIdentifier(stream); err != nil {
		return target{}, fmt.Errorf("stream name %q: it needs 1 to 255 bytes", stream)
	}
	if t.topic, err = iggcon.NewIdentifier(topic); err != nil {
		return target{}, fmt.Errorf("topic name %q: it needs 1 to 255 bytes", topic)
	}
	if group == "" {
		return t, nil
	}
	if t.group, err = iggcon.NewIdentifier(group); err != nil {
		return target{}, fmt.Errorf("consumer group %q: it needs 1 to 255 bytes", group)
	}
	t.consumer, t.reader = iggcon.NewGroupConsumer(t.group), iggcon.NewSingleConsumer(t.group)
	return t, nil
}

// ping tells the server that this connection lives.
func (l *link) ping(ctx context.Context) error {
	return l.call(ctx, "ping", controlLimit, l.sdk.Ping)
}

// topicState reads what is in a topic. ErrNotFound is in the chain of its error if the stream or topic is missing.
func (l *link) topicState(ctx context.Context, t target) (*iggcon.TopicDetails, error) {
	var topic *iggcon.TopicDetails
	err := l.call(ctx, "get topic", listLimit, func() (err error) {
		topic, err = l.sdk.GetTopic(t.stream, t.topic)
		return err
	})
	if err != nil && isNotFound(err) {
		return nil, fmt.Errorf("stream or topic %w: %w", ErrNotFound, err)
	}
	if err != nil {
		return nil, err
	}
	for _, p := range topic.Partitions {
		if p.CurrentOffset == math.MaxUint64 {
			l.wire.broken = true // one more than an offset must be a number
			return nil, &LinkError{"get topic", errMalformed}
		}
	}
	return topic, nil
}

// members reads who is in the group; nil if there is no such group.
func (l *link) members(ctx context.Context, t target) (*iggcon.ConsumerGroupDetails, error) {
	var group *iggcon.ConsumerGroupDetails
	err := l.call(ctx, "get consumer group", listLimit, func() (err error) {
		group, err = l.sdk.GetConsumerGroup(t.stream, t.topic, t.group)
		return err
	})
	if errors.Is(err, ierror.ErrConsumerGroupIdNotFound) || hasStatus(err, codeNoGroup) {
		return nil, nil
	}
	return group, err
}

// createGroup creates the group and reports whether it was this call that did.
func (l *link) createGroup(ctx context.Context, t target) (bool, error) {
	err := l.call(ctx, "create consumer group", controlLimit, func() error {
		_, err := l.sdk.CreateConsumerGroup(t.stream, t.topic, t.groupName)
		return err
	})
	if hasStatus(err, codeGroupExists) {
		return false, nil
	}
	return err == nil, err
}

// join makes this connection a member.
func (l *link) join(ctx context.Context, t target) error {
	return l.call(ctx, "join consumer group", controlLimit, func() error {
		return l.sdk.JoinConsumerGroup(t.stream, t.topic, t.group)
	})
}

// leave ends the membership.
func (l *link) leave(ctx context.Context, t target) error {
	return l.call(ctx, "leave consumer group", controlLimit, func() error {
		return l.sdk.LeaveConsumerGroup(t.stream, t.topic, t.group)
	})
}

// stored reads the group's offset of a partition; false if there is none.
func (l *link) stored(ctx context.Context, t target, partition uint32) (uint64, bool, error) {
	var info *iggcon.ConsumerOffsetInfo
	err := l.call(ctx, "get consumer offset", controlLimit, func() (err error) {
		info, err = l.sdk.GetConsumerOffset(t.consumer, t.stream, t.topic, &partition)
		return err
	})
	if err != nil || info == nil {
		return 0, false, err
	}
	return info.StoredOffset, true, nil
}

// store stores the group's offset of a partition. The partition is always named: the server would choose one.
func (l *link) store(ctx context.Context, t target, partition uint32, offset uint64) error {
	return l.call(ctx, "store consumer offset", controlLimit, func() error {
		return l.sdk.StoreConsumerOffset(t.consumer, t.stream, t.topic, offset, &partition)
	})
}

// poll reads up to count messages from offset on. A reply longer than limit bytes is errTooLarge. Nothing is stored:
// auto-commit stores before the reply is sent, which loses what a crash leaves undelivered. The reply is decoded here: the
// SDK's decoder drops an empty payload at the end, panics on a cut reply, and takes an allocation a message.
func (l *link) poll(ctx context.Context, t target, partition uint32, offset uint64, count, limit int) (polled, error) {
	return l.pollAs(ctx, t, t.consumer, partition, offset, count, limit)
}

// peek reads the message at offset, or the first behind it, without the group: no member's ownership and no polled
// offset matters to it or is moved by it.
func (l *link) peek(ctx context.Context, t target, partition uint32, offset uint64) (polled, error) {
	return l.pollAs(ctx, t, t.reader, partition, offset, 1, maxMessage)
}

func (l *link) pollAs(
	ctx context.Context, t target, who iggcon.Consumer, partition uint32, offset uint64, count, limit int,
) (polled, error) {
	err := l.call(ctx, "poll messages", limit, func() error {
		l.wire.keep = true
		_, err := l.sdk.PollMessages(t.stream, t.topic, who, iggcon.OffsetPollingStrategy(offset),
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
	return reply, nil
}

// owns reports whether this connection's member owns a partition.
func (l *link) owns(ctx context.Context, t target, partition uint32) (bool, error) {
	reply, err := l.poll(ctx, t, partition, 0, 0, controlLimit)
	if err != nil {
		return false, err
	}
	if reply.partition != partition {
		return false, nil
	}
	if partition != 0 || reply.current != 0 {
		return true, nil
	}
	err = l.store(ctx, t, partition, math.MaxUint64) // beyond any end: refused in either case, nothing is stored
	switch {
	case hasStatus(err, codeInvalidOffset):
		return true, nil
	case hasStatus(err, codeNotOwned):
		return false, nil
	case err == nil:
		return false, &LinkError{"probe partition 0", errors.New("the server stored an offset beyond the end")}
	}
	return false, err
}

// appendHeaders writes a block of user headers with text keys, as userheader.Decode reads it.
func appendHeaders(b []byte, headers []schema.Header) []byte {
	entries := make([]iggcon.HeaderEntry, len(headers))
	for i, h := range headers {
		entries[i] = iggcon.HeaderEntry{
			Key:   iggcon.HeaderKey{Kind: iggcon.String, Value: h.Key},
			Value: iggcon.HeaderValue{Kind: iggcon.HeaderKind(h.Kind), Value: h.Value},
		}
	}
	return append(b, iggcon.GetHeadersBytes(entries)...)
}
